// What the nodes mean: each is turned once into a function of the facts. Total and pure: no fact makes one throw, and none
// waits for anything. What a fact does not say is undetermined (`verdict.ts`).

import { createAddressRanges } from '../addresses.js'
import { claimAt, clientClaims, isText, isTextList } from '../claims/claim-path.js'
import { compileAuthorizationDetails } from './authorization-details.js'
import { compileComparison } from './compile-comparison.js'
import type { CompiledPolicy, Meaning, PolicyFacts } from './compiled.js'
import type { TokenFacts } from './facts.js'
import { type CustomFacts, type CustomTest, type Leaf, type Policy, partsOf, requirePolicyNode } from './policy.js'
import { compileSpiffe } from './spiffe-pattern.js'
import { createTimeWindow } from './time-window.js'
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
  const fresh = Object.freeze({ ...meaning, isTimed })
  compiled.set(policy, fresh)
  return fresh
}

function compileNode(node: Policy): Omit<CompiledPolicy, 'isTimed'> {
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
      return { node, parts, check: opposite(checks[0] as Check<PolicyFacts>) }
    case 'cel':
      return { node, parts, check: checks[0] as Check<PolicyFacts> }
    case 'policy': {
      const [allow, ...forbid] = checks as [Check<PolicyFacts>, ...Check<PolicyFacts>[]]
      return { node, parts, check: every([allow, ...forbid.map(opposite)]) } // INVARIANT: forbid wins, and so does doubt
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
    case 'use':
      return {
        check: (facts) => facts.policies?.get(leaf.name)?.check(facts) ?? isUndetermined,
        why: (facts) => (facts.policies?.has(leaf.name) ? 'that policy is' : 'there is no policy of that name'),
      }
    default:
      return { check: never, why: () => `this version knows no ${String((leaf as { kind: unknown }).kind)}` }
  }
}

function compileScopes(scopes: readonly string[], wildcard: string | undefined): Check<PolicyFacts> {
  const isGranted =
    wildcard === undefined
      ? includes
      : (granted: readonly string[], name: string) => granted.some((scope) => covers(scope, name, wildcard))
  const [only] = scopes
  if (scopes.length === 1 && only !== undefined) {
    return ({ token }) => (isGranted(token.scopes, only) ? isTrue : token.scopesAreKnown ? isFalse : isUndetermined)
  }
  return ({ token }) => {
    for (const name of scopes)
      if (!isGranted(token.scopes, name)) return token.scopesAreKnown ? isFalse : isUndetermined
    return isTrue
  }
}

function includes(granted: readonly string[], name: string): boolean {
  return granted.includes(name)
}

/** Whether a granted scope covers a wanted one: `orders:*` covers one more segment, `orders:**` any number of them. */
function covers(granted: string, wanted: string, separator: string): boolean {
  if (granted === wanted) return true
  const isDeep = granted === '**' || granted.endsWith(`${separator}**`)
  if (!isDeep && granted !== '*' && !granted.endsWith(`${separator}*`)) return false
  const prefix = granted.slice(0, isDeep ? -2 : -1)
  const rest = wanted.slice(prefix.length)
  return wanted.startsWith(prefix) && rest !== '' && (isDeep || !rest.includes(separator))
}

function whyScopes(): string {
  return 'the claims that grant scopes are missing, unreadable, or differ'
}

function compileRoles(roles: readonly string[]): Check<PolicyFacts> {
  const [only] = roles
  if (roles.length === 1 && only !== undefined) {
    return ({ token }) => (token.roles.includes(only) ? isTrue : token.rolesAreKnown ? isFalse : isUndetermined)
  }
  return ({ token }) => {
    for (const name of roles) if (token.roles.includes(name)) return isTrue
    return token.rolesAreKnown ? isFalse : isUndetermined
  }
}

/** How far ahead of our clock that of an issuer may be. */
const futureToleranceSeconds = 60

function compileFreshness(seconds: number): Meaning {
  return {
    check({ token, now }) {
      const at = own(token.issuedClaims, 'auth_time')
      if (typeof at !== 'number' || !Number.isFinite(at) || !Number.isFinite(now)) return isUndetermined
      return at <= now + futureToleranceSeconds && now - at <= seconds ? isTrue : isFalse
    },
    changesAt({ token, now }) {
      const at = own(token.issuedClaims, 'auth_time') as number
      if (now - at > seconds) return Number.POSITIVE_INFINITY
      return at <= now + futureToleranceSeconds ? at + seconds : at - futureToleranceSeconds
    },
    why: whyClaim('auth_time'),
  }
}

function compileLevel(levels: readonly string[], least: number): Meaning {
  return {
    check({ token }) {
      const acr = own(token.issuedClaims, 'acr')
      const rank = typeof acr === 'string' ? levels.indexOf(acr) : -1
      return rank === -1 ? isUndetermined : rank >= least ? isTrue : isFalse
    },
    why: ({ token }) =>
      (own(token.issuedClaims, 'acr') ?? undefined) === undefined
        ? 'claim acr is missing'
        : 'claim acr is none of the known levels',
  }
}

/** RFC 8693 §4.1: an actor is an object, and may have an actor of its own. */
function compareDepth(act: unknown, greatest: number): Verdict {
  let depth = 0
  for (
    let actor = act ?? undefined;
    actor !== undefined;
    actor = claimAt(actor as object as Record<string, unknown>, ['act']) ?? undefined
  ) {
    if (typeof actor !== 'object' || Array.isArray(actor)) return isUndetermined
    depth += 1
    if (depth > greatest) return isFalse
  }
  return isTrue
}

function compileRanges(ranges: readonly string[]): Meaning {
  const contains = createAddressRanges(ranges, 'req.ipIn()')
  return {
    check({ request }) {
      const { clientAddress } = request
      return clientAddress === undefined ? isUndetermined : contains(clientAddress) ? isTrue : isFalse
    },
    why: () => "the client's address is not known: it needs `trustedProxies`",
  }
}

function compileWindow({ from, to, timeZone, days }: Extract<Leaf, { kind: 'between' }>): Meaning {
  const window = createTimeWindow(from, to, timeZone, days)
  const isDate = (now: number): boolean => Math.abs(now) <= 8.64e12
  return {
    check: ({ now }) => (isDate(now) ? (window.isOpen(now) ? isTrue : isFalse) : isUndetermined),
    changesAt: ({ now }) => window.changesAt(now),
    why: () => 'the clock answers no date',
  }
}

function compileCustom(test: CustomTest): Check<PolicyFacts> {
  return ({ token, request, now }) => {
    const { issuedClaims: claims, scopes, roles } = token
    const param: CustomFacts['param'] = (name) => {
      const value = Object.hasOwn(request.params, name) ? request.params[name] : undefined
      return typeof value === 'string' ? value : undefined
    }
    try {
      const answer: unknown = test({ claims, scopes, roles, method: request.method, param, now })
      if (typeof answer === 'object' && answer !== null) settle(answer)
      return answer === true ? isTrue : answer === false ? isFalse : isUndetermined
    } catch {
      return isUndetermined
    }
  }
}

/** A promise is no answer; nor may its rejection end the process. */
function settle(answer: object): void {
  Promise.resolve(answer).catch(() => undefined)
}

/** A claim of the first level; `claimAt` without a path to walk, for what is read most. */
function own(claims: TokenFacts['issuedClaims'], name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function clientOf({ issuedClaims }: TokenFacts): unknown {
  const found = clientClaims
    .map((name) => own(issuedClaims, name))
    .filter((value) => value !== undefined && value !== null)
  return found.every((value) => value === found[0]) ? found[0] : undefined
}

function isOneOf(value: unknown, names: readonly string[]): Verdict {
  if (!isText(value)) return isUndetermined
  return names.includes(value) ? isTrue : isFalse
}

function isAmong(values: unknown, names: readonly string[]): Verdict {
  if (!isTextList(values)) return isUndetermined
  return names.some((name) => values.includes(name)) ? isTrue : isFalse
}

function toList(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value
}

function whyClaim(name: string): (facts: PolicyFacts) => string {
  const path = name.split('.') as [string, ...string[]]
  return ({ token }) =>
    (claimAt(token.issuedClaims, path) ?? undefined) === undefined
      ? `claim ${name} is missing`
      : `claim ${name} is of the wrong type`
}
