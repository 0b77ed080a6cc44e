// OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6: a token of the issuer that says who has logged out, and what that takes
// back. Its signature, `iss` and `typ` were judged before; whether it came before is left to the caller (step 7 of §2.6).
import type { JsonObject } from '../jose/strict-json.js'
import type { Revocation } from '../state/revocation.js'
import {
  invalid,
  optionalName,
  type ReceivingRules,
  requireAbsent,
  requireAudience,
  requireEvents,
  requireIssuedAt,
  requireName,
  requireUnexpired,
} from './token-claims.js'

/** A logout token, judged. */
export interface LogoutToken {
  readonly issuer: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly subject: string | undefined
  readonly session: string | undefined
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Judges the claims of a logout token.
 *
 * @param issuer - who has signed it
 * @throws VerificationError
 */
export function validateLogoutToken(claims: JsonObject, issuer: string, rules: ReceivingRules): LogoutToken {
  requireAudience(claims, rules) // §2.6 step 3
  const issuedAt = requireIssuedAt(claims, rules) // step 3
  const expiresAt = requireUnexpired(claims, rules) // step 3
  if (issuedAt > expiresAt) throw invalid('iat', '`iat` is after `exp`')
  const subject = optionalName(claims, 'sub')
  const session = optionalName(claims, 'sid')
  if (subject === undefined && session === undefined) throw invalid('sub', 'neither `sub` nor `sid` is there') // step 4
  if (!Object.hasOwn(requireEvents(claims), logoutEvent)) throw invalid('events', '`events` holds no logout') // step 5
  requireAbsent(claims, 'nonce') // step 6
  return { issuer, jti: requireName(claims, 'jti'), issuedAt, expiresAt, subject, session } // §2.4
}

/**
 * Dates are often cut to whole seconds, and an issuer may have several clocks: what it issued in the second after a logout may
 * be from before it.
 */
export const issuerSkewSeconds = 1

/**
 * What a logout takes back: the session, and everything that the subject was issued up to then. With a session, the latter is
 * left out only where access tokens are known to name their session: else the logout would take back nothing at all.
 *
 * All of it is bounded by the token's own date, never by ours: a logout token that comes twice takes back no more than before.
 */
export function revocationsOfLogout(token: LogoutToken, accessTokensHaveSid: boolean): readonly Revocation[] {
  const { issuer, issuedAt, subject, session } = token
  const revocations: Revocation[] = []
  if (session !== undefined) revocations.push({ session, issuer })
  if (subject !== undefined && !(session !== undefined && accessTokensHaveSid))
    revocations.push({ subject, issuer, before: issuedAt + issuerSkewSeconds })
  return revocations
}
