// Why a policy was not satisfied, in words for the operator.
import type { VerificationError } from './errors.js'
import { list, printable } from './operator-text.js'
import { PolicyDenial } from './policy/policy-denial.js'
import { decisiveParts, formatPart } from './policy/trace.js'

/** What would have passed, what came, and what to do. */
export interface PolicyDiagnosis {
  readonly expected: string
  readonly got: string
  readonly action: string
}

/** The parts that decided are in the explanation's own tree; here is what the client would have to bring. */
export function explainPolicyFailure(error: VerificationError, granted: readonly string[]): PolicyDiagnosis {
  const { requiredScopes = [], acrValues = [], maxAgeSeconds } = error
  if (error.code === 'scope_insufficient') {
    return {
      expected: list(requiredScopes),
      got: list(granted) || 'none',
      action: 'ask the issuer for a token with every scope that is expected here',
    }
  }
  const decisive = error instanceof PolicyDenial ? decisiveParts(error.trace) : []
  const got = printable(decisive.map(formatPart).join('; ')) || error.message
  if (error.code === 'policy_service_unavailable') {
    return {
      expected: 'an answer of the policy service',
      got,
      action:
        'look whether the service can be reached from this host and accepts our credentials; `sallyport:policy-services` says more',
    }
  }
  if (error.code === 'policy_denied') {
    return {
      expected: 'a policy that is true',
      got,
      action: 'no scope and no new login would help: it is about who asks for what',
    }
  }
  const level = acrValues.length > 0 ? `\`acr\` ${list(acrValues)}` : undefined
  const age = maxAgeSeconds === undefined ? undefined : `\`auth_time\` at most ${maxAgeSeconds} s ago`
  return {
    expected: [level, age].filter((part) => part !== undefined).join(', ') || 'a stronger authentication',
    got,
    action: 'let the user log in again, as the challenge asks for',
  }
}
