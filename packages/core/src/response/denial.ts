// A refusal as it goes on the wire: status, headers and the RFC 9457 problem body. The client gets the code; the reason
// is for the operator, through events and `explain`.
import type { Denied, Problem } from '../decision.js'
import { describeCode, type ErrorCode, type VerificationError } from '../errors.js'
import { type ChallengeRules, type ChallengeScheme, toChallenge } from './challenge.js'

/** RFC 9449 §8.2: a nonce for the next proof, on an answer that then must not be cached. */
export function nonceHeaders(nonce: string): Readonly<Record<string, string>> {
  return Object.freeze({
    'DPoP-Nonce': nonce,
    'Cache-Control': 'no-store',
    'Access-Control-Expose-Headers': 'DPoP-Nonce', // a browser client reads it only if told it may
  })
}

/** RFC 9457 §3: the same body for every occurrence of a code, so that it cannot serve as an oracle. */
export function toProblem(code: ErrorCode): Problem {
  const { status, title } = describeCode(code)
  return Object.freeze({ type: `urn:sallyport:problem:${code}`, title, status, code })
}

/**
 * Renders a refusal.
 *
 * @param presented - the schemes that the request has spoken
 * @param nonce - for the next proof, where one is handed out (RFC 9449 §8)
 */
export function toDenied(
  error: VerificationError,
  rules: ChallengeRules,
  presented: readonly ChallengeScheme[] = [],
  nonce?: string | undefined,
): Denied {
  const { code, requiredScopes: scopes, acrValues, maxAgeSeconds, retryAfterSeconds } = error
  const body = toProblem(code)
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store', // the answer depends on the credential
    // A browser client reads these only if told it may.
    'Access-Control-Expose-Headers': nonce === undefined ? 'WWW-Authenticate' : 'WWW-Authenticate, DPoP-Nonce',
  }
  const challenge = toChallenge(code, rules, { presented, scopes, acrValues, maxAgeSeconds })
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge
  if (nonce !== undefined) headers['DPoP-Nonce'] = nonce
  if (body.status === 503 || body.status === 429)
    headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfterSeconds ?? 1))) // RFC 9110 §10.2.3, RFC 6585 §4
  return Object.freeze({ allowed: false, code, status: body.status, headers: Object.freeze(headers), body })
}
