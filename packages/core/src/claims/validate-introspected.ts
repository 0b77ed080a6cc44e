// RFC 7662 §4, RFC 9068 §4: a token that its issuer calls active is also an access token, for us, and for now. The issuer need not
// have looked at any of that for us. What a JWT says in its header is said by `token_type` here; what RFC 9068 requires of JWTs is
// not asked of answers. Who holds the token and whether it suffices are judged after this (`binding/`, `policy/`).
import type { ActiveClaims } from '../decision.js'
import { VerificationError } from '../errors.js'
import type { JsonObject } from '../jose/strict-json.js'
import { marksOfOtherTokens } from './token-profile.js'
import {
  type ClaimRules,
  invalid,
  rejectedType,
  requireActor,
  requireAudience,
  requireAuthorizationDetails,
  requireClaim,
  requireCurrent,
  requireIdentifier,
  toAccessToken,
  type ValidatedClaims,
} from './validate-claims.js'

/** What an issuer's record says about its answers, beside what it says about its JWTs. */
export interface IntrospectionRules {
  /** Whether an answer may leave open whom the token is for. */
  readonly allowsMissingAudience: boolean
}

/**
 * Judges what an issuer has answered about an active token.
 *
 * @param now - seconds since the epoch
 * @throws VerificationError `issuer_untrusted`, `token_type_rejected`, `audience_mismatch`, `claim_missing`, `claim_invalid`,
 * `token_expired`, `token_not_active`, `token_too_old`, `binding_missing`
 */
export function validateIntrospected(
  answer: ActiveClaims,
  rules: ClaimRules & IntrospectionRules,
  now: number,
): ValidatedClaims {
  requireIssuer(answer['iss'], rules.issuer) // RFC 7662 §2.2
  requireAccessToken(answer, rules) // RFC 7662 §2.2, RFC 8725 §3.12
  if (isUnaddressed(answer, rules))
    requireClaim(answer, 'token_type') // all that is left to tell it from a refresh token
  else requireAudience(answer, rules) // RFC 9068 §4, RFC 7519 §4.1.3
  const validity = requireCurrent(answer, rules, now) // RFC 7519 §4.1.4 to §4.1.6
  requireIdentifier('sub', answer['sub']) // RFC 7519 §4.1.2
  requireIdentifier('jti', answer['jti']) // RFC 7519 §4.1.7
  requireActor(answer['act']) // RFC 8693 §4.1
  requireAuthorizationDetails(answer['authorization_details']) // RFC 9396 §9.2
  for (const name of rules.requiredClaims) requireClaim(answer, name)
  requireHonestBinding(answer) // RFC 9449 §6.2
  const claims: JsonObject = Object.freeze({ ...answer, iss: rules.issuer }) // whoever was asked is who has issued it
  return { accessToken: toAccessToken(claims, rules, undefined), validity }
}

/** OPTIONAL, and where it is there it is whom we have asked, to the letter. */
function requireIssuer(iss: unknown, issuer: string): void {
  if (iss === undefined || iss === issuer) return
  if (typeof iss !== 'string') throw invalid('iss', '`iss` is not a string')
  throw new VerificationError('issuer_untrusted', 'the answer names another issuer than the one that was asked', {
    claim: 'iss',
  })
}

/** How some servers tell their tokens apart, who call all of them `Bearer`: Ory Hydra, Cognito. */
const accessTokenUses: ReadonlySet<unknown> = new Set([undefined, 'access_token', 'access'])

function requireAccessToken(answer: ActiveClaims, { profile }: ClaimRules): void {
  const type = answer['token_type']
  if (type !== undefined && !(isType(type, 'bearer') || isType(type, 'dpop')))
    throw rejectedType('token_type', '`token_type` is not that of an access token')
  if (!accessTokenUses.has(answer['token_use']))
    throw rejectedType('token_use', '`token_use` is not that of an access token')
  for (const name of marksOfOtherTokens) {
    // `nonce` is in access tokens of some issuers, and their profiles know it.
    if (answer[name] === undefined || (name === 'nonce' && !profile.foreignClaims.includes(name))) continue
    throw rejectedType(name, `\`${name}\` marks another kind of token`)
  }
}

/** RFC 6749 §7.1: compared without case. */
function isType(type: unknown, name: string): boolean {
  return typeof type === 'string' && type.toLowerCase() === name
}

function isUnaddressed(
  answer: ActiveClaims,
  { profile, allowsMissingAudience }: ClaimRules & IntrospectionRules,
): boolean {
  if (!allowsMissingAudience) return false
  return profile.audienceClaims.every((name) => {
    const value = answer[name]
    return value === undefined || (Array.isArray(value) && value.length === 0)
  })
}

/** `token_type` and `cnf` say the same, or one of them is not to be believed: a bound token would pass as one that is not. */
function requireHonestBinding(answer: ActiveClaims): void {
  const { token_type: type, cnf } = answer
  const isBoundToKey = typeof cnf === 'object' && cnf !== null && Object.hasOwn(cnf, 'jkt')
  if (isBoundToKey && type !== undefined && !isType(type, 'dpop'))
    throw invalid('token_type', 'the token is bound to a key, and `token_type` is not DPoP')
  if (isBoundToKey || !isType(type, 'dpop')) return
  throw new VerificationError('binding_missing', '`token_type` is DPoP, and nothing says to which key it is bound', {
    claim: 'cnf',
  })
}
