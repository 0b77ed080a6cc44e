// Step 9 of the staircase: does it suffice for this route, and up to when? Nobody waits where nobody has to be asked.
import { Principal } from './decision.js'
import type { VerifierConfiguration } from './options.js'
import type { PolicyFacts } from './policy/compiled.js'
import type { Policy } from './policy/policy.js'
import { requireSatisfied } from './policy/policy-denial.js'
import { PolicyQuestions } from './policy-questions.js'
import { ObservedRequest } from './request/request-facts.js'
import type { VerifiableRequest } from './request/verifiable-request.js'

/** Who satisfies a policy, up to when, and by what. */
export interface Satisfied {
  readonly auth: Principal<unknown>
  /** Seconds since the epoch. */
  readonly validUntil: number
  readonly facts: PolicyFacts
}

export class PolicyStep {
  readonly #configuration: VerifierConfiguration
  readonly #questions: PolicyQuestions

  constructor(configuration: VerifierConfiguration) {
    this.#configuration = configuration
    this.#questions = new PolicyQuestions(configuration.clock, configuration.issuerContext.stopwatch)
  }

  /**
   * @param isFresh - asks policy services, whatever they have said of late
   * @throws PolicyDenial
   */
  judge(
    policy: Policy,
    auth: Principal<unknown>,
    request: VerifiableRequest,
    isFresh = false,
  ): Satisfied | Promise<Satisfied> {
    const facts = this.#questions.answer(policy, this.#factsOf(auth, request), isFresh)
    if (!(facts instanceof Promise)) return this.#conclude(policy, auth, facts)
    return facts.then((answered) => this.#conclude(policy, auth, answered))
  }

  /** Waits for no policy service any more. */
  close(): void {
    this.#questions.close()
  }

  #factsOf(auth: Principal<unknown>, request: VerifiableRequest): PolicyFacts {
    const { clock, policies, isTrustedProxy } = this.#configuration
    const proven = { binding: auth.binding, workload: Principal.workloadOf(auth) }
    const shown = new ObservedRequest(request, isTrustedProxy, proven)
    return { token: Principal.accessTokenOf(auth), request: shown, now: clock(), policies: policies?.current.compiled }
  }

  #conclude(policy: Policy, auth: Principal<unknown>, facts: PolicyFacts): Satisfied {
    this.#configuration.policies?.observe?.(policy, facts)
    return { auth, validUntil: Math.min(auth.expiresAt, requireSatisfied(policy, facts)), facts } // RFC 6750 §3.1, RFC 9470 §3
  }
}
