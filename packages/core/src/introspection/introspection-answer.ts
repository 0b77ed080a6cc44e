// What a server says about a token (RFC 7662 §2.2), by itself or signed (RFC 9701 §5). Here is judged whether it is an answer, to
// us, now; what it says of the token is judged in `claims/validate-introspected.ts`.
import type { ActiveClaims } from '../decision.js'
import type { JsonObject } from '../jose/strict-json.js'

/** What came back is no answer. The fault is not the caller's. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
}

/** What a signed answer is judged by. */
export interface SignedAnswerRules {
  /** Who was asked. */
  readonly issuer: string
  /** Who has asked: our client id. */
  readonly clientId: string
  readonly clockToleranceSeconds: number
  /** Seconds since the epoch. */
  readonly now: number
}

/** An answer is made when it is asked for: an older one is one that somebody has kept. */
export const greatestAgeSeconds = 60

/**
 * What is said of an active token; `undefined` for a token that is not.
 *
 * INVARIANT: `active` is the boolean true. `"true"`, 1 and whatever else are not (RFC 7662 §2.2).
 */
export function readAnswer(answer: JsonObject): ActiveClaims | undefined {
  return Object.hasOwn(answer, 'active') && answer['active'] === true ? (answer as ActiveClaims) : undefined
}

/**
 * The answer inside a signed one: it is by whom we have asked, to us, and of now.
 *
 * @param claims - whose signature has held, of a JWS of the type `token-introspection+jwt`
 * @throws AnswerError
 */
export function openSignedAnswer(claims: JsonObject, rules: SignedAnswerRules): JsonObject {
  const { issuer, clientId, clockToleranceSeconds: tolerance, now } = rules
  const { iss, aud, iat, token_introspection: answer } = claims
  if (iss !== issuer) throw new AnswerError('its `iss` is not the issuer that was asked')
  if (!(aud === clientId || (Array.isArray(aud) && aud.includes(clientId))))
    throw new AnswerError('its `aud` is not our client id')
  // INVARIANT: a comparison that a good answer makes true, so a clock that answers NaN lets nobody pass.
  if (!(typeof iat === 'number' && iat <= now + tolerance && iat >= now - tolerance - greatestAgeSeconds))
    throw new AnswerError('its `iat` is missing, too long ago, or yet to come')
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new AnswerError('its `token_introspection` is not an object')
  return answer as JsonObject
}
