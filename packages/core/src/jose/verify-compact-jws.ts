// The engine's jose floor as one call: a compact JWS and one key, no claims. For tools, vectors and callers that bring
// their own trust; an API uses `createVerifier`.
import { KeyObject } from 'node:crypto'
import { ConfigurationError, VerificationError } from '../errors.js'
import { type Algorithm, asymmetricAlgorithms, secretAlgorithms } from './algorithms.js'
import { decodeBase64Url } from './base64url.js'
import { CompactJwsDecoder, type JwsHeader } from './compact-jws.js'
import { importPublicKey, importSecret, requireSigningUse, UnusableKeyError, type VerificationKey } from './jwk.js'
import { verifySignature } from './signature.js'
import type { JsonObject } from './strict-json.js'

/** Options of {@link verifyCompactJws}. */
export interface VerifyCompactJwsOptions {
  /** The algorithms that may have signed. There is no default: the caller says what it trusts (RFC 8725 §3.1). */
  readonly algorithms: readonly Algorithm[]
}

/** What {@link verifyCompactJws} answers: both parts are proven to come from the holder of the key. */
export interface VerifiedCompactJws {
  readonly header: JwsHeader
  readonly payload: Uint8Array
}

/**
 * Verifies a compact JWS (RFC 7515 §5.2) under one key.
 *
 * Does not look at claims, issuer, audience, time, `typ` or `kid`: the caller chose the key. An HMAC algorithm needs an
 * `oct` JWK or a secret KeyObject; a public key never serves as one.
 *
 * @param jws - compact serialization, at most 16,384 bytes
 * @param key - one JWK or one KeyObject of node:crypto
 * @example
 * ```ts
 * const { payload } = verifyCompactJws(jws, jwk, { algorithms: ['ES256'] })
 * ```
 * @throws ConfigurationError for no algorithm, an unknown one, or a key that must not be used
 * @throws VerificationError `token_malformed`, `algorithm_rejected`, `signature_invalid`
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-5.2
 */
export function verifyCompactJws(
  jws: string,
  key: KeyObject | object,
  options: VerifyCompactJwsOptions,
): VerifiedCompactJws {
  const algorithms = requireAlgorithms(options?.algorithms)
  const verificationKey = importAnyKey(key, algorithms)
  if (typeof jws !== 'string') throw new VerificationError('token_malformed', 'the token is not a string')
  const unverified = new CompactJwsDecoder().decode(jws)
  if (!algorithms.has(unverified.unverifiedHeader.alg)) {
    throw new VerificationError('algorithm_rejected', 'the algorithm is not among the accepted ones')
  }
  const verified = verifySignature(unverified, verificationKey)
  return { header: verified.unverifiedHeader, payload: verified.unverifiedPayload }
}

function requireAlgorithms(algorithms: readonly string[] | undefined): ReadonlySet<string> {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    throw new ConfigurationError('`algorithms` must list at least one algorithm')
  }
  for (const name of algorithms) {
    if (!asymmetricAlgorithms.has(name) && !secretAlgorithms.has(name)) {
      throw new ConfigurationError('`algorithms` lists one that does not exist or is never accepted')
    }
  }
  return new Set(algorithms)
}

function importAnyKey(key: KeyObject | object, algorithms: ReadonlySet<string>): VerificationKey {
  const secretNames = [...algorithms].filter((name) => secretAlgorithms.has(name))
  try {
    if (typeof key !== 'object' || key === null) throw new UnusableKeyError('it is neither a JWK nor a KeyObject')
    if (key instanceof KeyObject && key.type === 'secret') return importSecret(key, secretNames)
    if (!(key instanceof KeyObject) && (key as JsonObject)['kty'] === 'oct')
      return importOctKey(key as JsonObject, secretNames)
    return importPublicKey(key as JsonObject | KeyObject)
  } catch (cause) {
    if (cause instanceof UnusableKeyError)
      throw new ConfigurationError(`the key can't be used: ${cause.message}`, { cause })
    throw cause
  }
}

/** RFC 7518 §6.4: the one kind of JWK that is a secret. */
function importOctKey(jwk: JsonObject, accepted: readonly string[]): VerificationKey {
  const { alg, k } = jwk
  const secret = typeof k === 'string' ? decodeBase64Url(k) : undefined
  if (secret === undefined) throw new UnusableKeyError('its `k` is not canonical base64url')
  requireSigningUse(jwk)
  return importSecret(secret, alg === undefined ? accepted : accepted.filter((name) => name === alg))
}
