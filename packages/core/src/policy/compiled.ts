// What a policy is judged by, and what it is once it has a meaning (`compile.ts`).
import type { RequestFacts, TokenFacts } from './facts.js'
import type { Policy } from './policy.js'
import type { Check } from './verdict.js'

/** Made once for every decision: one token, one request, one moment, one set of policies. */
export interface PolicyFacts {
  readonly token: TokenFacts
  readonly request: RequestFacts
  /** Seconds since the epoch. */
  readonly now: number
  /** What `use` finds by name. */
  readonly policies: CompiledPolicies | undefined
}

/** Compiled policies by name. */
export type CompiledPolicies = ReadonlyMap<string, CompiledPolicy>

/** What a leaf means. */
export interface Meaning {
  readonly check: Check<PolicyFacts>
  /** Up to when the verdict stays as it is, in seconds since the epoch; absent where time does not matter. */
  readonly changesAt?: (facts: PolicyFacts) => number
  /** Why it is undetermined: half a sentence, without any value of the token. */
  readonly why?: (facts: PolicyFacts) => string
}

/** A node, and what it means. */
export interface CompiledPolicy extends Meaning {
  readonly node: Policy
  readonly parts: readonly CompiledPolicy[]
  /** Whether its verdict can change with nothing but time. */
  readonly isTimed: boolean
}
