// Policies that are replaced while they serve. A new document takes over at once and as a whole, or not at all: whatever is
// wrong with it, the policies in force stay in force. Where that is wanted, it is first judged beside them for a while.
import { ConfigurationError } from '../../errors.js'
import { publishPolicies } from '../../events.js'
import { compilePolicy } from '../compile.js'
import type { PolicyFacts } from '../compiled.js'
import { describePolicy } from '../describe.js'
import { describeShape, type Policy } from '../policy.js'
import type { PolicySet, PolicySource } from '../policy-set.js'
import { supposingYes } from '../services/asking.js'
import { isTrue } from '../verdict.js'
import { parsePolicies } from './load-policies.js'

/** How long new policies are judged beside those in force before they take over. */
export interface ShadowOptions {
  /** So many decisions that ask a named policy. */
  readonly decisions: number
  /** With more disagreements than these, the new policies are refused. @defaultValue no limit: they are counted and told */
  readonly maxDisagreements?: number
}

/** New policies that are judged beside those in force. */
export interface ShadowState {
  /** Decisions so far. */
  readonly decisions: number
  /** Denied now, allowed by the new policies. */
  readonly opened: number
  /** Allowed now, denied by the new policies. */
  readonly closed: number
}

/** What became of a document. */
export type OfferOutcome = 'unchanged' | 'loaded' | 'shadowed' | 'refused'

interface Candidate {
  readonly set: PolicySet
  readonly onTakeOver: (() => void) | undefined
  decisions: number
  opened: number
  closed: number
}

/** Policies from a document that can change. */
export class LivePolicies implements PolicySource {
  readonly #source: string
  readonly #shadowing: ShadowOptions | undefined
  readonly #used = new Set<string>()
  #text: string
  #current: PolicySet
  #candidate: Candidate | undefined
  #refusal: string | undefined

  /**
   * @param source - what events and errors call the document
   * @throws ConfigurationError where there is nothing good to begin with
   */
  constructor(source: string, text: string, shadow?: ShadowOptions) {
    this.#source = source
    this.#shadowing = requireShadow(shadow)
    this.#text = text
    this.#current = parsePolicies(text, { fileName: source })
  }

  get current(): PolicySet {
    return this.#current
  }

  /** The new policies that are on trial; `undefined` where none are. */
  get shadow(): ShadowState | undefined {
    if (this.#candidate === undefined) return undefined
    const { decisions, opened, closed } = this.#candidate
    return { decisions, opened, closed }
  }

  /**
   * Takes over a new document, if it is good. Never throws: what is wrong with it is told by an event.
   *
   * @param onTakeOver - is called when it is in force: at once, or after it was judged beside the one before
   */
  offer(text: string, onTakeOver?: () => void): OfferOutcome {
    if (text === this.#text) return 'unchanged'
    this.#text = text // a bad document is told once
    try {
      const set = parsePolicies(text, { fileName: this.#source })
      this.#requireUsed(set)
      return this.#accept(set, onTakeOver)
    } catch (error) {
      // Whatever it is, a fault of ours too: the policies in force stay, and the operator is told.
      return this.refuse(error instanceof ConfigurationError ? error.message : `${this.#source}: ${String(error)}`)
    }
  }

  /** Says that there is nothing good to take over. */
  refuse(reason: string): 'refused' {
    this.#candidate = undefined
    if (reason === this.#refusal) return 'refused' // told once
    this.#refusal = reason
    publishPolicies({ source: this.#source, outcome: 'refused', reason })
    return 'refused'
  }

  /** Remembers what routes ask for, and gives new policies on trial their say. */
  observe(policy: Policy, facts: PolicyFacts): void {
    const { uses } = describeShape(policy)
    if (uses.length === 0) return
    for (const name of uses) this.#used.add(name)
    if (this.#candidate !== undefined) this.#compare(this.#candidate, policy, facts)
  }

  #accept(set: PolicySet, onTakeOver: (() => void) | undefined): OfferOutcome {
    if (this.#shadowing === undefined) return this.#swap(set, onTakeOver)
    this.#candidate = { set, onTakeOver, decisions: 0, opened: 0, closed: 0 }
    publishPolicies({ source: this.#source, outcome: 'shadowed' })
    return 'shadowed'
  }

  #swap(set: PolicySet, onTakeOver: (() => void) | undefined): 'loaded' {
    this.#current = set
    this.#candidate = undefined
    this.#refusal = undefined
    onTakeOver?.()
    publishPolicies({ source: this.#source, outcome: 'loaded' })
    return 'loaded'
  }

  /** A route that asks for a policy which is gone would let nobody pass. */
  #requireUsed(set: PolicySet): void {
    const gone = [...this.#used].filter((name) => this.#current.get(name) !== undefined && set.get(name) === undefined)
    if (gone.length > 0)
      throw new ConfigurationError(`${this.#source}: it lacks ${gone.join(', ')}, which routes ask for`)
  }

  #compare(candidate: Candidate, policy: Policy, facts: PolicyFacts): void {
    const compiled = compilePolicy(policy)
    const { check } = compiled
    const is = check(facts) === isTrue
    // A policy service that was not asked, because the policies in force do not need it, counts as willing.
    const would = check(supposingYes(compiled, { ...facts, policies: candidate.set.compiled })) === isTrue
    candidate.decisions += 1
    if (would && !is) candidate.opened += 1
    if (is && !would) candidate.closed += 1
    if (would !== is) {
      const reason = `${describePolicy(policy)}: ${is ? 'allowed' : 'denied'} now, ${would ? 'allowed' : 'denied'} by the new policies`
      publishPolicies({ source: this.#source, outcome: 'disagreed', reason })
    }
    this.#judge(candidate)
  }

  #judge({ set, onTakeOver, decisions, opened, closed }: Candidate): void {
    const { decisions: wanted, maxDisagreements = Number.POSITIVE_INFINITY } = this.#shadowing as ShadowOptions
    if (opened + closed > maxDisagreements) {
      this.refuse(
        `the new policies judged ${opened + closed} of ${decisions} requests differently: ${opened} opened, ${closed} closed`,
      )
    } else if (decisions >= wanted) this.#swap(set, onTakeOver)
  }
}

function requireShadow(shadow: ShadowOptions | undefined): ShadowOptions | undefined {
  if (shadow === undefined) return undefined
  const { decisions, maxDisagreements = 0 } = shadow
  if (
    Number.isSafeInteger(decisions) &&
    decisions > 0 &&
    Number.isSafeInteger(maxDisagreements) &&
    maxDisagreements >= 0
  ) {
    return { ...shadow }
  }
  throw new ConfigurationError('`shadow` takes `decisions`, 1 or more, and `maxDisagreements`, 0 or more')
}
