// A policy against the facts of one request. Pure and total: it never throws, and what it does not know it denies.
import type { AccessToken } from '../decision.js'
import type { Policy } from './policy.js'

/** What a policy is judged by. Facts only, taken from a token that has passed every check before. */
export type PolicyFacts = Pick<AccessToken, 'scopes' | 'roles'>

/** The verdict, with the remedy that the client can be told of. */
export type PolicyOutcome =
  | { readonly satisfied: true }
  | {
      readonly satisfied: false
      readonly code: 'scope_insufficient' | 'policy_denied'
      /** All that a token needs here, held or not: what to ask the authorization server for (RFC 6750 §3). */
      readonly requiredScopes: readonly string[]
    }

export function evaluatePolicy(policy: Policy, facts: PolicyFacts): PolicyOutcome {
  switch (policy.kind) {
    case 'scope': {
      if (policy.scopes.every((name) => facts.scopes.includes(name))) return { satisfied: true }
      return { satisfied: false, code: 'scope_insufficient', requiredScopes: policy.scopes }
    }
    default: // a node this version does not know, from JavaScript: deny
      return { satisfied: false, code: 'policy_denied', requiredScopes: [] }
  }
}
