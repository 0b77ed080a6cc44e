// A refusal as it goes on the wire: status, headers and the RFC 9457 problem body. The client gets the code; the reason
// is for the operator, through events and `explain`.
import type { Denied, Problem } from '../decision.js'
import { describeCode, type ErrorCode, type VerificationError } from '../errors.js'
import { toChallenge } from './challenge.js'

/** RFC 9457 §3: the same body for every occurrence of a code, so that it cannot serve as an oracle. */
export function toProblem(code: ErrorCode): Problem {
  const { status, title } = describeCode(code)
  return Object.freeze({ type: `urn:sallyport:problem:${code}`, title, status, code })
}

/** Renders a refusal. */
export function toDenied(error: VerificationError, realm: string): Denied {
  const { code, requiredScopes: scopes, acrValues, maxAgeSeconds, retryAfterSeconds } = error
  const body = toProblem(code)
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store', // the answer depends on the credential
    'Access-Control-Expose-Headers': 'WWW-Authenticate', // a browser client reads the challenge only if told it may
  }
  const challenge = toChallenge(code, { realm, scopes, acrValues, maxAgeSeconds })
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge
  if (body.status === 503 || body.status === 429)
    headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfterSeconds ?? 1))) // RFC 9110 §10.2.3, RFC 6585 §4
  return Object.freeze({ allowed: false, code, status: body.status, headers: Object.freeze(headers), body })
}
