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
   * `skipped`: an entry of a fetched set can't be used · `shared`: a set that another process has fetched is now in force ·
   * `rejected`: such a set is not good, and is not taken.
   */
  readonly outcome: 'refreshed' | 'unchanged' | 'failed' | 'refused' | 'skipped' | 'shared' | 'rejected'
  /** Usable keys in force after this. */
  readonly keys: number
  /** One sentence for the operator; absent when all went well. */
  readonly reason?: string
}

/** `sallyport:policies`: something happened to a set of policies that can be replaced. */
export interface PoliciesEvent {
  /** Where they come from: the path of a file, or the name that a fleet shares them under. */
  readonly source: string
  /**
   * `loaded`: a new set is in force · `refused`: a new document is not good, and the set in force stays · `shadowed`: a new
   * set is judged beside the one in force · `disagreed`: the two judged one request differently · `unsaved`: the set in force
   * could not be written to the file of the last good one.
   */
  readonly outcome: 'loaded' | 'refused' | 'shadowed' | 'disagreed' | 'unsaved'
  /** One sentence for the operator, or several lines of them; absent when all went well. */
  readonly reason?: string
}

/** `sallyport:state`: something happened to a state that many processes share. */
export interface StateEvent {
  /** The region it happened in; absent where it concerns all of them. */
  readonly region?: string
  /**
   * `connected`, `disconnected`: with the servers of a region · `ready`, `degraded`, `stale`: what the state knows of
   * revocations has become so · `resynced`: everything was read again · `reseeded`: revocations that a region had lost were
   * written again · `rejected`: something there is not of this fleet, or was tampered with, and was not believed ·
   * `pending`: a revocation has not reached every region · `warning`: a setting of the server is not safe.
   */
  readonly outcome:
    | 'connected'
    | 'disconnected'
    | 'ready'
    | 'degraded'
    | 'stale'
    | 'resynced'
    | 'reseeded'
    | 'rejected'
    | 'pending'
    | 'warning'
  /** One sentence for the operator. */
  readonly reason: string
}

/** `sallyport:receiver`: somebody has sent a logout token or a security event. */
export interface ReceiverEvent {
  readonly receiver: 'logout' | 'security-events'
  /**
   * `revoked`: it has taken something back · `ignored`: it takes nothing back, or came before · `refused`: it is not genuine, not
   * for us, or malformed · `failed`: the fault is ours, and the sender was told to try again · `alarm`: the transmitter will be
   * silent from now on.
   */
  readonly outcome: 'revoked' | 'ignored' | 'refused' | 'failed' | 'alarm'
  /** Why it was refused or has failed, where there is a code for it. */
  readonly code?: ErrorCode
  /** Who has sent it; absent where nothing is proven. */
  readonly issuer?: string
  /** One sentence for the operator. */
  readonly reason: string
}

/** `sallyport:introspection`: something happened to the questions that an issuer is asked about opaque tokens. */
export interface IntrospectionEvent {
  readonly issuer: string
  /**
   * `failed`: a question had no answer · `refused`: a question was not asked, because too many are under way or the last ones had
   * no answer · `paused`: no question is asked for a moment · `resumed`: the issuer answers again.
   */
  readonly outcome: 'failed' | 'refused' | 'paused' | 'resumed'
  /** One sentence for the operator. */
  readonly reason: string
}

/** `sallyport:policy-services`: something happened to the questions that a policy service is asked. */
export interface PolicyServiceEvent {
  /** The URL of its options, or its name. */
  readonly service: string
  /**
   * `failed`: a question had no answer, or one that is no decision · `refused`: a question was not asked, because too many are
   * under way or the last ones had no answer · `paused`: no question is asked for a moment · `resumed`: the service answers again.
   */
  readonly outcome: 'failed' | 'refused' | 'paused' | 'resumed'
  /** One sentence for the operator. */
  readonly reason: string
}

const decisions = channel('sallyport:decision')
const keys = channel('sallyport:keys')
const policies = channel('sallyport:policies')
const states = channel('sallyport:state')
const receivers = channel('sallyport:receiver')
const introspections = channel('sallyport:introspection')
const policyServices = channel('sallyport:policy-services')

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

export function publishState(event: StateEvent): void {
  if (states.hasSubscribers) states.publish(event)
}

export function publishReceiver(event: ReceiverEvent): void {
  if (receivers.hasSubscribers) receivers.publish(event)
}

export function publishPolicies(event: PoliciesEvent): void {
  if (policies.hasSubscribers) policies.publish(event)
}

export function publishIntrospection(event: IntrospectionEvent): void {
  if (introspections.hasSubscribers) introspections.publish(event)
}

export function publishPolicyService(event: PolicyServiceEvent): void {
  if (policyServices.hasSubscribers) policyServices.publish(event)
}
