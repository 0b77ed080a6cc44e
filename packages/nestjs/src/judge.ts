// The question to the engine that a rule amounts to.
import type { Decision, Policy, VerifiableRequest, Verifier } from '@sallyport/core'
import type { Rule } from './rule.js'

const optional = { optional: true }

/**
 * Decides about a request by a rule: the first policy with the credential, and then who passed by the others. Answers at once
 * where there is nothing to wait for.
 */
export function judge(
  verifier: Verifier<unknown>,
  request: VerifiableRequest,
  { access, policies }: Rule,
): Decision<unknown> | Promise<Decision<unknown>> {
  const decision = verifier.decide(request, policies[0], access === 'optional' ? optional : undefined)
  return policies.length < 2 ? decision : judgeByAll(verifier, request, decision, policies.slice(1))
}

async function judgeByAll(
  verifier: Verifier<unknown>,
  request: VerifiableRequest,
  first: Decision<unknown> | Promise<Decision<unknown>>,
  others: readonly Policy[],
): Promise<Decision<unknown>> {
  let decision = await first
  for (const policy of others) decision = await also(verifier, request, decision, policy)
  return decision
}

async function also(
  verifier: Verifier<unknown>,
  request: VerifiableRequest,
  before: Decision<unknown>,
  policy: Policy,
): Promise<Decision<unknown>> {
  if (!before.allowed) return before
  const decision = await verifier.authorize(before.auth, policy, request)
  if (!decision.allowed) return decision
  return { ...decision, validUntil: Math.min(before.validUntil, decision.validUntil) }
}
