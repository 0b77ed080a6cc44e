// A decision in words, for the operator: every check in order, and for the one that failed what was expected, what came,
// and what to do. It decides nothing. The verifier runs the same steps as for any request, and this file only words the
// error that came of it, so an explanation cannot disagree with a decision.
import type { VerificationError } from './errors.js'
import { type Diagnosis, diagnose, type ExplanationContext } from './explain-failure.js'
import { type CheckName, failedCheck, passedOver, sections } from './explained-checks.js'
import type { PolicyTrace } from './policy/facts.js'
import { PolicyDenial } from './policy/policy-denial.js'
import type { UnverifiedToken } from './staircase.js'

/** One check of an {@link Explanation}. */
export interface ExplainedCheck {
  readonly check: CheckName
  /** Where the check is written down. */
  readonly section: string
  readonly outcome: 'passed' | 'failed' | 'not reached'
  /** For the failed check: what would have passed. */
  readonly expected?: string
  /** For the failed check: what came. May hold values of claims, so it is for the operator alone. */
  readonly got?: string
  /** For the failed check: one sentence of what to do. */
  readonly action?: string
}

/** What {@link Verifier.explain} answers. For logs and consoles of the operator, never for the client. */
export interface Explanation {
  readonly allowed: boolean
  /** The code of the refusal; absent when allowed. */
  readonly code?: VerificationError['code']
  /** One sentence: why not. Absent when allowed. */
  readonly reason?: string
  readonly checks: readonly ExplainedCheck[]
  /** The policy, and what came of each of its parts; absent where it was not reached, or there is none. */
  readonly policy?: PolicyTrace
}

/** The explanation of a request that passed; an anonymous one went no further than its missing credential. */
export function explainAllowed(
  isAnonymous: boolean,
  policy: PolicyTrace | undefined,
  scope: ExplanationScope,
): Explanation {
  const checks = explainChecks(undefined, {}, scope)
  if (!isAnonymous) return { allowed: true, checks, ...(policy !== undefined && { policy }) }
  return {
    allowed: true,
    checks: checks.map((each, index) => (index === 0 ? each : { ...each, outcome: 'not reached' })),
  }
}

/** The explanation of a refusal. */
export function explainDenied(error: VerificationError, context: ExplanationContext): Explanation {
  const diagnosis = diagnose(error, context)
  return {
    allowed: false,
    code: error.code,
    reason: error.message,
    checks: explainChecks(failedCheck(error), diagnosis, { form: formOf(error, context), ...context }),
    ...(error instanceof PolicyDenial && { policy: error.trace }),
  }
}

/** Which checks there are to speak of. */
interface ExplanationScope {
  readonly form: UnverifiedToken['form']
  readonly hasWorkloads: boolean
}

/** Where nothing came at all, what is missing is a token. */
function formOf({ code }: VerificationError, { unverified }: ExplanationContext): UnverifiedToken['form'] {
  return unverified === undefined || code === 'credential_missing' ? 'jwt' : unverified.form
}

function explainChecks(
  failed: CheckName | undefined,
  diagnosis: Partial<Diagnosis>,
  { form, hasWorkloads }: ExplanationScope,
): readonly ExplainedCheck[] {
  const names = (Object.keys(sections) as CheckName[]).filter(
    (name) => !passedOver[form].has(name) && (name !== 'workload' || hasWorkloads),
  )
  const end = failed === undefined ? names.length : names.indexOf(failed)
  return names.map((check, index) => {
    if (index === end) return { check, section: sections[check], outcome: 'failed', ...diagnosis }
    return { check, section: sections[check], outcome: index < end ? 'passed' : 'not reached' }
  })
}
