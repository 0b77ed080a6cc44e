// RFC 7523 §2.2, §3: what a client proves itself with, signed with a private key of its own (`private_key_jwt`). The signing
// is jose's.
import { createPrivateKey, createPublicKey, type JsonWebKey, KeyObject, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { AsymmetricAlgorithm } from './algorithms.js'
import { importPublicKey, UnusableKeyError } from './jwk.js'

/** A private key, and how it signs. */
export interface AssertionKey {
  readonly keyObject: KeyObject
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** What is said of a key beside the key itself. */
export interface AssertionKeyFacts {
  readonly algorithm?: AsymmetricAlgorithm | undefined
  readonly keyId?: string | undefined
}

const assertionSeconds = 60

/**
 * Makes a private key ready: a JWK or a KeyObject.
 *
 * @param facts - over `alg` and `kid` of a JWK
 * @throws UnusableKeyError
 */
export function importAssertionKey(key: KeyObject | object, facts: AssertionKeyFacts): AssertionKey {
  const jwk = key instanceof KeyObject ? {} : (key as Readonly<Record<string, unknown>>)
  const keyObject = key instanceof KeyObject ? key : createKey(key)
  if (keyObject.type !== 'private') throw new UnusableKeyError('it is not a private key')
  const served = [...importPublicKey(createPublicKey(keyObject)).algorithms]
  const { algorithm = jwk['alg'], keyId = jwk['kid'] } = facts
  const chosen = algorithm ?? onlyOne(served)
  if (typeof chosen !== 'string' || !served.includes(chosen))
    throw new UnusableKeyError(`it needs an \`algorithm\`, one of ${served.join(', ')}`)
  return { keyObject, algorithm: chosen, keyId: typeof keyId === 'string' ? keyId : undefined }
}

/** A key of RSA serves several, and nobody guesses which. Ed25519 has two names, and the older one is known everywhere. */
function onlyOne(served: readonly string[]): string | undefined {
  return served.includes('EdDSA') ? 'EdDSA' : served.length === 1 ? served[0] : undefined
}

function createKey(jwk: object): KeyObject {
  try {
    return createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch (cause) {
    throw new UnusableKeyError('it is neither a private JWK nor a KeyObject', { cause })
  }
}

/**
 * Signs an assertion for one call: for a minute, and with a `jti` that is used once.
 *
 * @param clientId - who we are: `iss` and `sub`
 * @param issuer - of the authorization server: the one value of `aud` (RFC 7523bis §4)
 * @param now - seconds since the epoch
 */
export function signClientAssertion(
  clientId: string,
  issuer: string,
  now: number,
  { keyObject, algorithm: alg, keyId }: AssertionKey,
): Promise<string> {
  const iat = Math.floor(now)
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg, typ: 'client-authentication+jwt', ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(iat)
    .setExpirationTime(iat + assertionSeconds)
    .sign(keyObject)
}
