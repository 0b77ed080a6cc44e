// The allow-list of issuers (RFC 9068 §4, RFC 8725 §3.8): a token names one of them, to the letter, before anything is
// fetched, and with an algorithm and a type that this issuer may use. All of it is read from a token that nobody has
// verified: it decides which key may prove it, and nothing else.
import { VerificationError } from '../errors.js'
import type { JwsHeader, UnverifiedJws } from '../jose/compact-jws.js'
import { parseSpiffeId } from '../jose/spiffe-id.js'
import { type JsonObject, parseJsonObject } from '../jose/strict-json.js'
import type { KeySet } from './jwk-set.js'

/** What must be known of an issuer to choose a key for its token. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly algorithms: ReadonlySet<string>
  /** Accepted media types of a token, in lower case and without `application/`; `''` accepts a token without `typ`. */
  readonly tokenTypes: ReadonlySet<string>
  readonly keys: KeySet
  readonly dangerouslyAllowKeyHeaders: boolean
  /** All that a header may hold; absent where it may hold more than is known. */
  readonly headerNames?: ReadonlySet<string>
}

/** A JWS whose payload is a claims set, which nobody has vouched for yet. */
export interface UnverifiedJwt extends UnverifiedJws {
  readonly unverifiedClaims: JsonObject
}

/**
 * Reads the claims set out of a JWS (RFC 7519 §7.2 step 10).
 *
 * @throws VerificationError `token_malformed`
 */
export function readClaimsSet(jws: UnverifiedJws): UnverifiedJwt {
  const { token, unverifiedHeader, unverifiedPayload, signature, signedLength } = jws
  try {
    const unverifiedClaims = parseJsonObject(unverifiedPayload)
    return { token, unverifiedHeader, unverifiedPayload, signature, signedLength, unverifiedClaims }
  } catch (cause) {
    throw new VerificationError('token_malformed', 'the claims set is not one strict JSON object', { cause })
  }
}

/**
 * Finds the trusted issuer of a token, and whether it may sign a token such as this.
 *
 * Does not judge the signature, nor any claim beside `iss`, or `sub` where that says it: a JWT-SVID need not name an issuer, it is the
 * trust domain of its subject that must have signed it.
 *
 * @param trustDomains - whose JWT-SVIDs are taken, by name
 * @throws VerificationError `claim_missing`, `claim_invalid`, `issuer_untrusted`, `token_malformed`, `algorithm_rejected`,
 * `token_type_rejected`
 */
export function trustIssuer<Issuer extends TrustedIssuer>(
  issuers: ReadonlyMap<string, Issuer>,
  jwt: UnverifiedJwt,
  trustDomains: ReadonlyMap<string, Issuer> = new Map(),
): Issuer {
  const { iss, sub } = jwt.unverifiedClaims
  if (iss !== undefined && typeof iss !== 'string')
    throw new VerificationError('claim_invalid', '`iss` is not a string', { claim: 'iss' })
  // INVARIANT: who names an issuer of ours is judged by that issuer's record, whatever else the token says.
  const domain = iss !== undefined && issuers.has(iss) ? undefined : trustDomainOf(trustDomains, sub)
  if (domain !== undefined) {
    requireHeader(jwt.unverifiedHeader, domain)
    return domain
  }
  if (iss === undefined) throw new VerificationError('claim_missing', '`iss` is missing', { claim: 'iss' })
  const issuer = issuers.get(iss) // RFC 7519 §4.1.1, RFC 9068 §4: exact, code point by code point
  if (issuer === undefined)
    throw new VerificationError('issuer_untrusted', 'the token names an issuer that is not trusted')
  requireHeader(jwt.unverifiedHeader, issuer)
  return issuer
}

/** JWT-SVID §3.1, §4: of the workload that a token claims to speak for. */
function trustDomainOf<Issuer>(trustDomains: ReadonlyMap<string, Issuer>, sub: unknown): Issuer | undefined {
  const id = trustDomains.size === 0 || typeof sub !== 'string' ? undefined : parseSpiffeId(sub)
  return id === undefined || id.path === '' ? undefined : trustDomains.get(id.trustDomain)
}

/**
 * Lets a header pass that a token of this issuer may have.
 *
 * @throws VerificationError `token_malformed`, `algorithm_rejected`, `token_type_rejected`
 */
export function requireHeader(header: JwsHeader, issuer: TrustedIssuer): void {
  requireNoKeyHeaders(header, issuer)
  requireKnownHeaders(header, issuer)
  requireNotNested(header)
  if (!issuer.algorithms.has(header.alg)) {
    throw new VerificationError('algorithm_rejected', 'the issuer may not sign with the algorithm of the token')
  }
  requireTokenType(header, issuer)
}

const keyHeaders = ['jku', 'jwk', 'x5u', 'x5c'] as const

/** RFC 8725 §3.10: a token does not bring its own key. They are never followed; here they are not even tolerated. */
function requireNoKeyHeaders(header: JwsHeader, issuer: TrustedIssuer): void {
  if (issuer.dangerouslyAllowKeyHeaders) return
  for (const name of keyHeaders) {
    if (header[name] === undefined) continue
    throw new VerificationError('token_malformed', `\`${name}\` has no place in the header of an access token`, {
      header: name,
    })
  }
}

/** SPIFFE JWT-SVID §2 allows three parameters, and no others. */
function requireKnownHeaders(header: JwsHeader, { headerNames }: TrustedIssuer): void {
  for (const name of headerNames === undefined ? [] : Object.keys(header)) {
    if (headerNames?.has(name)) continue
    throw new VerificationError('token_malformed', 'the header of the token holds what has no place in a JWT-SVID', {
      header: name,
    })
  }
}

/** RFC 7519 §5.2: `cty: JWT` announces a token within the token. */
function requireNotNested({ cty }: JwsHeader): void {
  if (typeof cty !== 'string' || mediaType(cty) !== 'jwt') return
  throw new VerificationError('token_malformed', 'the token holds another token', { header: 'cty' })
}

/** RFC 9068 §4 step 1, RFC 7515 §4.1.9. A `typ` that is written and empty is no absent one. */
function requireTokenType({ typ }: JwsHeader, issuer: TrustedIssuer): void {
  const type = typ === undefined ? '' : mediaType(typ) || typ || '""'
  if (!issuer.tokenTypes.has(type)) {
    throw new VerificationError('token_type_rejected', '`typ` of the header is not a type that the issuer may use')
  }
}

/** RFC 7515 §4.1.9: `application/` may be left out where no other slash is; media types are case-insensitive. */
function mediaType(text: string): string {
  const lower = text.toLowerCase()
  const short = lower.startsWith('application/') ? lower.slice('application/'.length) : lower
  return short.includes('/') ? lower : short
}
