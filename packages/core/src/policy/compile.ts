// What the nodes mean: each is turned once into a function of the facts. Total and pure: no fact makes one throw, and none
// waits for anything. What a fact does not say is undetermined (`verdict.ts`).

import { claimAt } from '../claims/claim-path.js'
import { compileAuthorizationDetails } from './authorization-details.js'
import { compileFreshness, compileLevel } from './compile-authentication.js'
import { compileComparison } from './compile-comparison.js'
import { compileCustom } from './compile-custom.js'
import { compileRoles, compileScopes, whyScopes } from './compile-grants.js'
import { clientOf, compareDepth } from './compile-identity.js'
import { compileRanges, compileWindow } from './compile-request.js'
import type { CompiledPolicy, Meaning, PolicyFacts } from './compiled.js'
import { isAmong, isOneOf, own, toList, whyClaim } from './own-claim.js'
import { type Leaf, type Policy, partsOf, requirePolicyNode } from './policy.js'
import { compilePermitted } from './services/compile-permitted.js'
import { checkUnheard } from './services/unheard.js'
import { compileSpiffe } from './spiffe-pattern.js'
import {
  atLeastOf,
  type Check,
  every,
  isFalse,
  isTrue,
  isUndetermined,
  opposite,
  some,
  type Verdict,
} from './verdict.js'

const compiled = new WeakMap<Policy, CompiledPolicy>()

/**
 * The meaning of a policy, which is found but once.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy)
  if (known !== undefined) return known
  const meaning = compileNode(requirePolicyNode(policy))
  const isTimed = policy.kind === 'use' || meaning.changesAt !== undefined || meaning.parts.some((part) => part.isTimed)
  const mayAsk = policy.kind === 'use' || policy.kind === 'permitted' || meaning.parts.some((part) => part.mayAsk)
  const fresh = Object.freeze({ ...meaning, isTimed, mayAsk })
  compiled.set(policy, fresh)
  return fresh
}

function compileNode(node: Policy): Omit<CompiledPolicy, 'isTimed' | 'mayAsk'> {
  const parts = partsOf(node).map(compilePolicy)
  const checks = parts.map(({ check }) => check)
  switch (node.kind) {
    case 'allOf':
      return { node, parts, check: every(checks) }
    case 'anyOf':
      return { node, parts, check: some(checks) }
    case 'atLeast':
      return { node, parts, check: atLeastOf(node.count, checks) }
    case 'not':
      return { node, parts, check: opposite(checkUnheard(parts[0] as CompiledPolicy)) }
    case 'cel':
      return { node, parts, check: checks[0] as Check<PolicyFacts> }
    case 'policy': {
      const [allow, ...forbid] = parts as [CompiledPolicy, ...CompiledPolicy[]]
      return { node, parts, check: every([allow.check, ...forbid.map((part) => opposite(checkUnheard(part)))]) } // INVARIANT: forbid wins, and so does doubt
    }
    default:
      return { node, parts, ...compileLeaf(node) }
  }
}

const never: Check<PolicyFacts> = () => isUndetermined

function compileLeaf(leaf: Leaf): Meaning {
  switch (leaf.kind) {
    case 'compare':
      return compileComparison(leaf)
    case 'always': {
      const verdict = { allow: isTrue, deny: isFalse, undetermined: isUndetermined }[leaf.verdict] as Verdict
      return { check: () => verdict, why: () => 'an expression that has no value' }
    }
    case 'scope':
      return { check: compileScopes(leaf.scopes, leaf.wildcard), why: whyScopes }
    case 'anyScope':
      return { check: some(leaf.scopes.map((name) => compileScopes([name], leaf.wildcard))), why: whyScopes }
    case 'role':
      return {
        check: compileRoles(leaf.roles),
        why: () => 'the claims that grant roles are missing, or no lists of strings',
      }
    case 'issuer':
      return { check: ({ token }) => isOneOf(token.issuer || undefined, leaf.issuers), why: whyClaim('iss') }
    case 'audience':
      return {
        check: ({ token }) => isAmong(toList(own(token.issuedClaims, 'aud')), leaf.audiences),
        why: whyClaim('aud'),
      }
    case 'subject':
      return {
        check: ({ token }) => isOneOf(own(token.issuedClaims, 'sub'), leaf.subjects),
        why: whyClaim('sub'),
      }
    case 'client':
      return {
        check: ({ token }) => isOneOf(clientOf(token), leaf.clients),
        why: () => 'the claims that name the client are missing, or differ',
      }
    case 'authenticatedWithin':
      return compileFreshness(leaf.seconds)
    case 'acrAtLeast':
      return compileLevel(leaf.levels, leaf.levels.indexOf(leaf.level))
    case 'amr':
      return { check: ({ token }) => isAmong(own(token.issuedClaims, 'amr'), leaf.methods), why: whyClaim('amr') }
    case 'boundBy':
      return {
        check: ({ request: { binding } }) =>
          binding === undefined ? isUndetermined : leaf.methods.includes(binding) ? isTrue : isFalse,
        why: () => 'the token is not bound',
      }
    case 'spiffe':
      return compileSpiffe(leaf.patterns)
    case 'actorNone':
      return {
        check: ({ token }) => ((own(token.issuedClaims, 'act') ?? undefined) === undefined ? isTrue : isFalse), // as absent()
      }
    case 'actorIs':
      return {
        check: ({ token }) => isOneOf(claimAt(token.issuedClaims, ['act', 'sub']), leaf.subjects),
        why: whyClaim('act.sub'),
      }
    case 'actorDepthAtMost':
      return {
        check: ({ token }) => compareDepth(own(token.issuedClaims, 'act'), leaf.depth),
        why: whyClaim('act'),
      }
    case 'authorizationDetails':
      return compileAuthorizationDetails(leaf)
    case 'method':
      return {
        check: ({ request }) => isOneOf(request.method, leaf.methods),
        why: () => 'the method of the request is not known',
      }
    case 'ipIn':
      return compileRanges(leaf.ranges)
    case 'between':
      return compileWindow(leaf)
    case 'custom':
      return { check: compileCustom(leaf.test), why: () => 'its test answered neither true nor false' }
    case 'permitted':
      return compilePermitted(leaf)
    case 'use':
      return {
        check: (facts) => facts.policies?.get(leaf.name)?.check(facts) ?? isUndetermined,
        why: (facts) => (facts.policies?.has(leaf.name) ? 'that policy is' : 'there is no policy of that name'),
      }
    default:
      return { check: never, why: () => `this version knows no ${String((leaf as { kind: unknown }).kind)}` }
  }
}
