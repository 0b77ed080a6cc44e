// What an operator can watch: every decision, every key refresh, every refusal to refresh. Published through
// `node:diagnostics_channel`, so that a logger, a metric or a trace subscribes without this package knowing it.
// Nothing secret is in an event: no token, no claim value, no key; a key id of a token is attacker's text and stays out.
import { channel } from 'node:diagnostics_channel'
import type { ErrorCode } from './errors.js'
import type { PolicyTrace } from './policy/facts.js'

/** `sallyport:decision`: one request or token was judged. */
export interface DecisionEvent {
  readonly allowed: boolean
  /** Why it was denied; absent when allowed. */
  readonly code?: ErrorCode
  /** One sentence for the operator; absent when allowed. */
  readonly reason?: string
  /** Why a policy denied it, part by part, without any value of the token; absent where no policy did. */
  readonly policy?: PolicyTrace
  /** The issuer of the token; absent when denied, for then it is only what the token claims, and when anonymous. */
  readonly issuer?: string
}

/** `sallyport:keys`: something happened to the key set of an issuer. */
export interface KeysEvent {
  readonly issuer: string
  /**
   * `refreshed`: a set was fetched and is now in force · `unchanged`: the issuer answered that the set still holds ·
   * `failed`: it could not be fetched · `refused`: an unknown key id asked for a fetch and the budget said no ·
   * `skipped`: an entry of a fetched set can't be used.
   */
  readonly outcome: 'refreshed' | 'unchanged' | 'failed' | 'refused' | 'skipped'
  /** Usable keys in force after this. */
  readonly keys: number
  /** One sentence for the operator; absent when all went well. */
  readonly reason?: string
}

/** `sallyport:policies`: something happened to a set of policies that can be replaced. */
export interface PoliciesEvent {
  /** Where they come from: the path of a file. */
  readonly source: string
  /**
   * `loaded`: a new set is in force · `refused`: a new document is not good, and the set in force stays · `shadowed`: a new
   * set is judged beside the one in force · `disagreed`: the two judged one request differently.
   */
  readonly outcome: 'loaded' | 'refused' | 'shadowed' | 'disagreed'
  /** One sentence for the operator, or several lines of them; absent when all went well. */
  readonly reason?: string
}

const decisions = channel('sallyport:decision')
const keys = channel('sallyport:keys')
const policies = channel('sallyport:policies')

/** Whether anybody listens; lets the hot path skip building the event. */
export function decisionsAreWatched(): boolean {
  return decisions.hasSubscribers
}

export function publishDecision(event: DecisionEvent): void {
  decisions.publish(event)
}

export function publishKeys(event: KeysEvent): void {
  if (keys.hasSubscribers) keys.publish(event)
}

export function publishPolicies(event: PoliciesEvent): void {
  if (policies.hasSubscribers) policies.publish(event)
}
