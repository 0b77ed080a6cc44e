// A policy against the facts of one request. Pure and total: it never throws, and what it does not know it denies.

import { parseAddress } from '../addresses.js'
import { type ClaimPath, grantsAt } from '../claims/claim-path.js'
import { ConfigurationError } from '../errors.js'
import { compilePolicy } from './compile.js'
import type { CompiledPolicies, CompiledPolicy, PolicyFacts, ServiceAnswers } from './compiled.js'
import type { PolicyTrace, RequestFacts } from './facts.js'
import type { Policy } from './policy.js'
import { type Remedy, remedyFor } from './remedy.js'
import { supposingYes } from './services/asking.js'
import { tracePolicy } from './trace.js'
import { isFalse, isTrue } from './verdict.js'

/** The codes that a policy can end with. */
export type PolicyCode = 'scope_insufficient' | 'step_up_required' | 'policy_denied'

/** The verdict, with the remedy that the client can be told of. */
export type PolicyOutcome =
  | { readonly satisfied: true }
  | {
      readonly satisfied: false
      readonly code: PolicyCode
      /** All that a token needs here, held or not: what to ask the authorization server for (RFC 6750 §3). */
      readonly requiredScopes: readonly string[]
      /** RFC 9470 §3: authentication context classes, any of which will do. */
      readonly acrValues: readonly string[]
      /** RFC 9470 §3: how long ago the user may have authenticated. */
      readonly maxAgeSeconds: number | undefined
    }

const satisfied: PolicyOutcome = Object.freeze({ satisfied: true })
const denied: PolicyOutcome = Object.freeze({
  satisfied: false,
  code: 'policy_denied',
  requiredScopes: [],
  acrValues: [],
  maxAgeSeconds: undefined,
})

/**
 * Whether a policy is satisfied: {@link evaluatePolicy} without what to do about it.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function isSatisfied(policy: Policy, facts: PolicyFacts): boolean {
  return compilePolicy(policy).check(facts) === isTrue
}

/**
 * Judges a policy. It is satisfied if it is true, and by nothing else.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function evaluatePolicy(policy: Policy, facts: PolicyFacts): PolicyOutcome {
  return evaluateCompiled(compilePolicy(policy), facts)
}

/** {@link evaluatePolicy} of a policy whose meaning is known. */
export function evaluateCompiled(compiled: CompiledPolicy, facts: PolicyFacts): PolicyOutcome {
  if (compiled.check(facts) === isTrue) return satisfied
  // Whoever was not asked counts as willing: what the client can bring is what lacks beside.
  return toDenial(remedyFor(compiled, supposingYes(compiled, facts)))
}

/** What {@link explainPolicy} answers. For the operator. */
export interface PolicyExplanation {
  readonly outcome: PolicyOutcome
  readonly tree: PolicyTrace
}

/**
 * Judges a policy, and says what came of each of its parts.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function explainPolicy(policy: Policy, facts: PolicyFacts): PolicyExplanation {
  return { outcome: evaluatePolicy(policy, facts), tree: tracePolicy(compilePolicy(policy), facts) }
}

function toDenial(remedy: Remedy | undefined): PolicyOutcome {
  if (remedy === undefined || !(remedy.lacksScope || remedy.stepUp)) return denied
  const { scopes, lacksScope, stepUp, acrValues = [], maxAgeSeconds } = remedy
  if (!stepUp) {
    return {
      satisfied: false,
      code: 'scope_insufficient',
      requiredScopes: scopes,
      acrValues: [],
      maxAgeSeconds: undefined,
    }
  }
  return {
    satisfied: false,
    code: 'step_up_required',
    requiredScopes: lacksScope ? scopes : [],
    acrValues,
    maxAgeSeconds,
  }
}

/** What {@link policyFacts} takes. What is left out is missing. */
export interface PolicyFactsInput {
  /** The claims set of a token. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Seconds since the epoch. */
  readonly now: number
  readonly method?: string | undefined
  /** Parameters of the matched route. */
  readonly params?: Readonly<Record<string, unknown>> | undefined
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** The client's address. */
  readonly ip?: string | undefined
  readonly binding?: 'dpop' | 'mtls' | undefined
  /** The SPIFFE ID of the workload that calls. */
  readonly workload?: string | undefined
  /** @defaultValue `[['scope'], ['scp']]` */
  readonly scopeClaims?: readonly ClaimPath[] | undefined
  /** @defaultValue `[['roles']]` */
  readonly roleClaims?: readonly ClaimPath[] | undefined
  /** The audiences of ours that the token is for: where `locations` of its authorization details may lie. */
  readonly audiences?: readonly string[] | undefined
  readonly policies?: CompiledPolicies | { readonly compiled: CompiledPolicies } | undefined
  /** What policy services say, by their names: `{ 'https://pdp.example.com': true }`. One that is left out does not answer. */
  readonly services?: Readonly<Record<string, boolean>> | undefined
}

/**
 * The facts of a token and a request, out of plain data: for tests, and for whatever is no HTTP request. The token counts as
 * verified.
 *
 * @throws ConfigurationError where the claims are no object
 */
export function policyFacts(input: PolicyFactsInput): PolicyFacts {
  const { claims, now, method, params = {}, headers = {}, ip, binding, workload, policies } = input
  if (typeof claims !== 'object' || claims === null) throw new ConfigurationError('`claims` must be an object')
  const scopes = grantsAt(claims, input.scopeClaims ?? [['scope'], ['scp']], true)
  const roles = grantsAt(claims, input.roleClaims ?? [['roles']], false)
  const request: RequestFacts = {
    method,
    params,
    header(name) {
      const [found, ...more] = Object.entries(headers).filter(([key]) => key.toLowerCase() === name)
      return more.length === 0 ? textOf(found?.[1]) : undefined
    },
    clientAddress: parseAddress(ip),
    binding,
    workload: workload === undefined ? undefined : { spiffeId: workload, expiresAt: Number.POSITIVE_INFINITY },
  }
  return {
    token: {
      issuedClaims: claims,
      issuer: textOf(claims['iss']) ?? '',
      scopes: scopes.values,
      scopesAreKnown: scopes.areKnown,
      roles: roles.values,
      rolesAreKnown: roles.areKnown,
      audiences: input.audiences,
    },
    request,
    now,
    policies: policies !== undefined && 'compiled' in policies ? policies.compiled : policies,
    ...(input.services !== undefined && { answers: answersOf(input.services) }),
  }
}

function answersOf(services: Readonly<Record<string, boolean>>): ServiceAnswers {
  return {
    get(leaf) {
      if (leaf.kind !== 'permitted' || !Object.hasOwn(services, leaf.by.name)) return undefined
      const verdict = services[leaf.by.name] === true ? isTrue : isFalse
      return { verdict, until: Number.POSITIVE_INFINITY }
    },
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
