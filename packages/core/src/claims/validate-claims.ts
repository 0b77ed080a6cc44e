// RFC 9068 §4 and RFC 7519 §4.1, in their order: a token that its issuer has signed is also an access token, for us, and
// for now. `iss` was matched before there was a key (`keys/trusted-issuer.ts`); who holds the token and whether it
// suffices are judged after this (`binding/`, `policy/`).
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessToken } from '../decision.js'
import { VerificationError } from '../errors.js'
import type { VerifiedJws } from '../jose/signature.js'
import type { JsonObject } from '../jose/strict-json.js'
import { type ClaimPath, clientClaims, grantsAt } from './claim-path.js'
import type { TokenProfile } from './token-profile.js'

/** What an issuer's record says about the claims of its tokens. */
export interface ClaimRules {
  readonly issuer: string
  readonly audiences: ReadonlySet<string>
  readonly profile: TokenProfile
  readonly requiredClaims: readonly string[]
  readonly clockToleranceSeconds: number
  readonly maxTokenAgeSeconds: number | undefined
  readonly maxTokenLifetimeSeconds: number | undefined
  readonly scopes: readonly ClaimPath[]
  readonly roles: readonly ClaimPath[]
}

/** When a token is good, in seconds since the epoch, tolerance included: `notBefore <= now < notAfter`. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

/** The token's own claims, judged, and how long the judgement holds. */
export interface ValidatedClaims {
  readonly accessToken: AccessToken<JsonObject>
  readonly validity: Validity
}

type VerifiedJwt = VerifiedJws & { readonly unverifiedClaims: JsonObject }

/**
 * Judges the claims of a verified token.
 *
 * @param now - seconds since the epoch
 * @param keyId - of the key that has proven it
 * @throws VerificationError `token_type_rejected`, `audience_mismatch`, `claim_missing`, `claim_invalid`, `token_expired`,
 * `token_not_active`, `token_too_old`
 */
export function validateClaims(jwt: VerifiedJwt, rules: ClaimRules, now: number, keyId?: string): ValidatedClaims {
  const claims = jwt.unverifiedClaims // the signature has vouched for them by now: `VerifiedJwt`
  requireAccessToken(claims, rules.profile, jwt.unverifiedHeader.typ) // RFC 9068 §4, RFC 8725 §3.12
  requireAudience(claims, rules) // RFC 9068 §4, RFC 7519 §4.1.3
  const validity = requireCurrent(claims, rules, now) // RFC 7519 §4.1.4 to §4.1.6
  requireSameInHeader(claims, jwt.unverifiedHeader) // RFC 7519 §5.3
  requireIdentifier('sub', claims['sub']) // RFC 7519 §4.1.2
  requireIdentifier('jti', claims['jti']) // RFC 7519 §4.1.7
  requireActor(claims['act']) // RFC 8693 §4.1
  requireAuthorizationDetails(claims['authorization_details']) // RFC 9396 §9.1
  for (const name of rules.profile.requiredClaims) requireClaim(claims, name) // RFC 9068 §2.2
  for (const name of rules.requiredClaims) requireClaim(claims, name)
  return { accessToken: toAccessToken(claims, rules, keyId), validity }
}

/**
 * Runs the application's own schema over the claims.
 *
 * @throws VerificationError `claim_invalid`; it names the claim, never its value
 */
export async function validateSchema(claims: JsonObject, schema: StandardSchemaV1): Promise<unknown> {
  const result = await schema['~standard'].validate(structuredClone(claims)) // a schema may work on them in place
  if (result.issues === undefined) return deepFreeze(result.value)
  const [step] = result.issues[0]?.path ?? []
  const name = typeof step === 'object' ? step.key : step
  throw new VerificationError('claim_invalid', 'the claims do not fit the schema of the application', {
    ...(typeof name === 'string' && { claim: name }),
    bySchema: true,
  })
}

/** RFC 8725 §3.12: kinds of tokens are mutually exclusive. `at+jwt` says it all; other types are told apart by claims. */
function requireAccessToken(claims: JsonObject, profile: TokenProfile, typ: string | undefined): void {
  const { foreignClaims, markedBy } = profile
  for (const name of foreignClaims) {
    if (claims[name] !== undefined && !isAccessTokenType(typ))
      throw rejectedType(name, `\`${name}\` marks another kind of token`)
  }
  if (markedBy === undefined || isAccessTokenType(typ)) return
  const { anyOf, value } = markedBy
  const marked = anyOf.some((name) => (value === undefined ? claims[name] !== undefined : claims[name] === value))
  if (!marked) throw rejectedType(anyOf[0], `\`${anyOf.join('` or `')}\` does not mark it as an access token`)
}

function isAccessTokenType(typ: string | undefined): boolean {
  return typ !== undefined && /^(?:application\/)?at\+jwt$/i.test(typ)
}

/** Claims that are replicated into the header replace nothing, and must not say something else. */
function requireSameInHeader(claims: JsonObject, header: JsonObject): void {
  requireSame('iss', claims['iss'], header['iss'])
  requireSame('sub', claims['sub'], header['sub'])
  requireSame('aud', claims['aud'], header['aud'])
}

function requireSame(name: string, claim: unknown, replica: unknown): void {
  if (replica === undefined || JSON.stringify(replica) === JSON.stringify(claim)) return
  throw new VerificationError('claim_invalid', `\`${name}\` of the header is not that of the claims set`, {
    claim: name,
    header: name,
  })
}

export function requireAudience(claims: JsonObject, { audiences, profile }: ClaimRules): void {
  const name = firstPresent(claims, profile.audienceClaims)
  if (name === undefined) throw missing('aud')
  const value = claims[name]
  let isOurs = false
  for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (typeof item !== 'string') throw invalid(name, `\`${name}\` is not a string or an array of strings`)
    if (audiences.has(item)) isOurs = true
  }
  if (!isOurs)
    throw new VerificationError('audience_mismatch', `\`${name}\` names no audience of ours`, { claim: name })
}

export function requireCurrent(claims: JsonObject, rules: ClaimRules, now: number): Validity {
  const { clockToleranceSeconds: tolerance, maxTokenAgeSeconds: maxAge, maxTokenLifetimeSeconds: maxLifetime } = rules
  // INVARIANT: each comparison is one that a good token makes true, so a clock that answers NaN lets nobody pass.
  const exp = numericDate('exp', claims['exp'])
  if (exp === undefined) throw missing('exp') // RFC 9068 §2.2
  if (!(now < exp + tolerance)) throw new VerificationError('token_expired', '`exp` has passed', { claim: 'exp' })
  if (maxLifetime !== undefined && !(exp <= now + maxLifetime + tolerance))
    throw invalid('exp', '`exp` is too far away')
  const nbf = numericDate('nbf', claims['nbf'])
  if (nbf !== undefined && !(now >= nbf - tolerance)) {
    throw new VerificationError('token_not_active', '`nbf` is yet to come', { claim: 'nbf' })
  }
  const iat = numericDate('iat', claims['iat'])
  if (iat !== undefined && !(now >= iat - tolerance)) {
    throw new VerificationError('token_not_active', '`iat` is yet to come', { claim: 'iat' })
  }
  if (iat !== undefined && iat > exp) throw invalid('iat', '`iat` is after `exp`')
  if (maxAge !== undefined && iat === undefined) throw missing('iat')
  if (maxAge !== undefined && iat !== undefined && !(now < iat + maxAge + tolerance)) {
    throw new VerificationError('token_too_old', '`iat` is longer ago than tokens may be old', { claim: 'iat' })
  }
  const oldest = maxAge === undefined || iat === undefined ? exp : Math.min(exp, iat + maxAge)
  return { notBefore: Math.max(nbf ?? 0, iat ?? 0) - tolerance, notAfter: oldest + tolerance }
}

const greatestDate = 253_402_300_799 // the last second of the year 9999; milliseconds given for seconds lie beyond

/** RFC 7519 §2: a JSON number of seconds, fractions allowed. */
function numericDate(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(Math.abs(value) <= greatestDate))
    throw invalid(name, `\`${name}\` is not a date in seconds`)
  return value
}

export function requireIdentifier(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return
  throw invalid(name, `\`${name}\` is not a string, or empty`)
}

/** Who acts for the subject. What it says of those who acted before is history, and grants nothing. */
export function requireActor(act: unknown): void {
  if (act === undefined || isObject(act)) return
  throw invalid('act', '`act` is not an object')
}

export function requireAuthorizationDetails(details: unknown): void {
  if (details === undefined) return
  if (Array.isArray(details) && details.every((each) => isObject(each) && typeof each['type'] === 'string')) return
  throw invalid('authorization_details', '`authorization_details` is not an array of objects with a `type`')
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function requireClaim(claims: JsonObject, name: string): void {
  if (!Object.hasOwn(claims, name) || claims[name] === null) throw missing(name)
}

export function toAccessToken(
  claims: JsonObject,
  rules: ClaimRules,
  keyId: string | undefined,
): AccessToken<JsonObject> {
  const scopes = grantsAt(claims, rules.scopes, true)
  const roles = grantsAt(claims, rules.roles, false)
  return {
    claims,
    issuedClaims: claims,
    issuer: rules.issuer,
    keyId,
    subject: claims['sub'] as string | undefined,
    clientId: clientIdOf(claims),
    scopes: scopes.values,
    scopesAreKnown: scopes.areKnown,
    roles: roles.values,
    rolesAreKnown: roles.areKnown,
    audiences: audiencesOf(claims, rules),
    expiresAt: claims['exp'] as number,
    confirmation: claims['cnf'],
    ...(rules.profile.namesWorkload && {
      workload: {
        spiffeId: claims['sub'] as string,
        expiresAt: (claims['exp'] as number) + rules.clockToleranceSeconds,
      },
    }),
  }
}

/** Ours that it names; all of ours where it may name none, and does not (RFC 7662 §2.2). */
function audiencesOf(claims: JsonObject, { audiences, profile }: ClaimRules): readonly string[] {
  const name = firstPresent(claims, profile.audienceClaims)
  const named = name === undefined ? [] : [claims[name]].flat()
  return Object.freeze(named.length === 0 ? [...audiences] : [...audiences].filter((each) => named.includes(each)))
}

/** The first of its names that is there. */
function clientIdOf(claims: JsonObject): string | undefined {
  for (const name of clientClaims) {
    const value = claims[name] ?? undefined
    if (value !== undefined) return typeof value === 'string' ? value : undefined
  }
  return undefined
}

function firstPresent(claims: JsonObject, names: readonly string[]): string | undefined {
  for (const name of names) if (claims[name] !== undefined) return name
  return undefined
}

/** Facts are shared by the requests that carry the token: nobody may change them. Views of bytes cannot be frozen. */
function deepFreeze(value: unknown, seen: Set<object> = new Set()): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return value
  seen.add(Object.freeze(value))
  for (const name of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[name], seen)
  return value
}

function missing(claim: string): VerificationError {
  return new VerificationError('claim_missing', `\`${claim}\` is missing`, { claim })
}

export function invalid(claim: string, message: string): VerificationError {
  return new VerificationError('claim_invalid', message, { claim })
}

export function rejectedType(claim: string | undefined, message: string): VerificationError {
  return new VerificationError('token_type_rejected', message, claim === undefined ? {} : { claim })
}
