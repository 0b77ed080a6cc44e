// A request that its policy does not let pass, with the way out for the client and the reasons for the operator.
import { VerificationError } from '../errors.js'
import { compilePolicy } from './compile.js'
import type { PolicyFacts } from './compiled.js'
import { evaluateCompiled } from './evaluate.js'
import type { PolicyTrace } from './facts.js'
import type { Policy } from './policy.js'
import { isHeldUp } from './services/asking.js'
import { tracePolicy } from './trace.js'
import { holdsUntil } from './validity.js'

/** Codes `scope_insufficient`, `step_up_required`, `policy_denied`, `policy_service_unavailable`. */
export class PolicyDenial extends VerificationError {
  readonly #policy: Policy
  readonly #facts: PolicyFacts

  constructor(
    code: PolicyDenial['code'],
    details: ConstructorParameters<typeof VerificationError>[2],
    policy: Policy,
    facts: PolicyFacts,
  ) {
    super(code, code === 'policy_service_unavailable' ? heldUp : describe(policy), details)
    this.#policy = policy
    this.#facts = facts
  }

  /** Why, part by part. Built when it is asked for. */
  get trace(): PolicyTrace {
    return tracePolicy(compilePolicy(this.#policy), this.#facts)
  }
}

/** A service that is left alone is asked again after a second: `guarded-calls.ts`. */
const shortly = Object.freeze({ retryAfterSeconds: 1 })
const heldUp = 'a policy service has not decided'

function describe(policy: Policy): string {
  const name = policy.kind === 'policy' || policy.kind === 'use' ? ` ${policy.name}` : ''
  const message = policy.kind === 'policy' && policy.message !== undefined ? `: ${policy.message}` : ''
  return `the policy${name} is not satisfied${message}`
}

/**
 * Lets pass who satisfies a policy.
 *
 * @returns up to when that holds, in seconds since the epoch
 * @throws PolicyDenial `scope_insufficient`, `step_up_required`, `policy_denied`; `policy_service_unavailable` where nothing but
 * the answer of a policy service lacks
 */
export function requireSatisfied(policy: Policy, facts: PolicyFacts): number {
  const compiled = compilePolicy(policy)
  const outcome = evaluateCompiled(compiled, facts)
  if (outcome.satisfied) return holdsUntil(compiled, facts)
  if (isHeldUp(compiled, facts)) throw new PolicyDenial('policy_service_unavailable', shortly, policy, facts)
  const { code, ...remedy } = outcome
  throw new PolicyDenial(code, remedy, policy, facts)
}
