// What a policy is judged by, and what it is once it has a meaning (`compile.ts`).
import type { RequestFacts, TokenFacts } from './facts.js'
import type { Policy } from './policy.js'
import type { FilledQuestion, ServiceAnswer, Unaskable } from './services/service-answer.js'
import type { Check } from './verdict.js'

/** Made once for every decision: one token, one request, one moment, one set of policies. */
export interface PolicyFacts {
  readonly token: TokenFacts
  readonly request: RequestFacts
  /** Seconds since the epoch. */
  readonly now: number
  /** What `use` finds by name. */
  readonly policies: CompiledPolicies | undefined
  /** What policy services have said, where any were asked. */
  readonly answers?: ServiceAnswers | undefined
}

/** What policy services have said, by the leaf that they were asked for. */
export interface ServiceAnswers {
  get(leaf: Policy): ServiceAnswer | undefined
  /** Why a leaf that is not here was not asked, once that is known. */
  readonly whyUnasked?: string | undefined
}

/** Compiled policies by name. */
export type CompiledPolicies = ReadonlyMap<string, CompiledPolicy>

/** Fills a question with what the facts say, if they say all of it. */
export type Filling = (facts: PolicyFacts) => FilledQuestion | Unaskable

/** What a leaf means. */
export interface Meaning {
  readonly check: Check<PolicyFacts>
  /** Up to when the verdict stays as it is, in seconds since the epoch; absent where time does not matter. */
  readonly changesAt?: (facts: PolicyFacts) => number
  /** Why it is undetermined: half a sentence, without any value of the token. */
  readonly why?: (facts: PolicyFacts) => string
  /** What else the operator should know of a verdict. */
  readonly remark?: (facts: PolicyFacts) => string | undefined
  /** What a policy service is asked, for a leaf that one decides. */
  readonly question?: Filling
}

/** A node, and what it means. */
export interface CompiledPolicy extends Meaning {
  readonly node: Policy
  readonly parts: readonly CompiledPolicy[]
  /** Whether its verdict can change with nothing but time. */
  readonly isTimed: boolean
  /** Whether somebody else may have to be asked: it has a leaf for that, or uses policies which could. */
  readonly mayAsk: boolean
}
