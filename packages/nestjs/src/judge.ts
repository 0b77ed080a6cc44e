// The question to the engine that a rule amounts to.
import type { Decision, Policy, VerifiableRequest, Verifier } from '@sallyport/core'
import type { Rule } from './rule.js'

/** Decides about a request by a rule: the first policy with the credential, and then who passed by the others. */
export async function judge(
  verifier: Verifier<unknown>,
  request: VerifiableRequest,
  { access, policies }: Rule,
): Promise<Decision<unknown>> {
  const [first, ...others] = policies
  let decision = await verifier.verify(request, first, { optional: access === 'optional' })
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
