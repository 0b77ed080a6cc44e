// The private key of a client, for `private_key_jwt` (RFC 7523 §2.2). It comes as what an application has, a JWK, a KeyObject
// or a CryptoKey, is judged at once, and becomes the CryptoKey that signs.
import { createPrivateKey, type JsonWebKey, KeyObject, type webcrypto } from 'node:crypto'
import { ConfigurationError } from '@sallyport/core'

/** A private key as a JWK (RFC 7517). */
export interface PrivateJwk {
  readonly kty?: string | undefined
  readonly kid?: string | undefined
  readonly alg?: string | undefined
  readonly [member: string]: unknown
}

/** A private key, in each of the forms that an application may have. */
export type ClientPrivateKey = PrivateJwk | KeyObject | webcrypto.CryptoKey

/** What signs, and its key id. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey
  readonly kid?: string
}

/** The keys that an algorithm is for, in the words of Node, and how the Web Cryptography API calls it. */
interface Algorithm {
  readonly type: string
  readonly curve: string | undefined
  readonly params: { readonly name: string; readonly hash?: string; readonly namedCurve?: string }
}

const rsa = (name: string, hash: string): Algorithm => ({ type: 'rsa', curve: undefined, params: { name, hash } })
const ec = (curve: string, namedCurve: string): Algorithm => ({
  type: 'ec',
  curve,
  params: { name: 'ECDSA', namedCurve },
})

/** The algorithms that a client may sign with (RFC 7518 §3.1, RFC 9864). Nothing symmetric is among them. */
const algorithms = new Map<string, Algorithm>([
  ['ES256', ec('prime256v1', 'P-256')],
  ['ES384', ec('secp384r1', 'P-384')],
  ['ES512', ec('secp521r1', 'P-521')],
  ['Ed25519', { type: 'ed25519', curve: undefined, params: { name: 'Ed25519' } }],
  ['PS256', rsa('RSA-PSS', 'SHA-256')],
  ['PS384', rsa('RSA-PSS', 'SHA-384')],
  ['PS512', rsa('RSA-PSS', 'SHA-512')],
  ['RS256', rsa('RSASSA-PKCS1-v1_5', 'SHA-256')],
  ['RS384', rsa('RSASSA-PKCS1-v1_5', 'SHA-384')],
  ['RS512', rsa('RSASSA-PKCS1-v1_5', 'SHA-512')],
])

/**
 * Judges a private key and the algorithm it signs with. Importing it, which takes a promise, is left for the first use.
 *
 * @throws ConfigurationError
 */
export function requireSigningKey(
  given: unknown,
  algorithm: string | undefined,
  keyId: string | undefined,
): () => Promise<SigningKey> {
  if (isCryptoKey(given)) {
    if (given.type !== 'private' || !given.usages.includes('sign'))
      throw new ConfigurationError('`privateKey` must be a private key that may sign')
    // Its algorithm is part of a CryptoKey.
    if (algorithm !== undefined) throw new ConfigurationError('`algorithm` is that of the CryptoKey; leave it out')
    const signing = withKid(given, keyId)
    return async () => signing
  }
  const key = given instanceof KeyObject ? given : keyOfJwk(given)
  const jwk = given instanceof KeyObject ? {} : (given as PrivateJwk)
  if (key.type !== 'private') throw new ConfigurationError('`privateKey` must be a private key')
  if (algorithm !== undefined && jwk.alg !== undefined && jwk.alg !== algorithm)
    throw new ConfigurationError('`algorithm` is not the `alg` of the key')
  const params = paramsFor(key, algorithm ?? jwk.alg)
  let imported: Promise<SigningKey> | undefined
  return () => {
    imported ??= crypto.subtle
      .importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), params, false, ['sign'])
      .then((signer) => withKid(signer, keyId ?? jwk.kid))
    return imported
  }
}

function paramsFor(key: KeyObject, algorithm: string | undefined): Algorithm['params'] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  const fitting = [...algorithms].filter(
    ([, { type, curve }]) => type === key.asymmetricKeyType && curve === namedCurve,
  )
  if (key.asymmetricKeyType === 'rsa' && modulusLength < 2048)
    throw new ConfigurationError('an RSA key must have 2048 bits or more') // RFC 7518 §3.3
  // An elliptic curve has one algorithm; RSA has several, and the server must have been told which.
  const [found] =
    algorithm === undefined && fitting.length === 1 ? fitting : fitting.filter(([name]) => name === algorithm)
  if (found !== undefined) return found[1].params
  throw new ConfigurationError('`algorithm` must be one that the private key is for, such as ES256 or PS256')
}

function keyOfJwk(given: unknown): KeyObject {
  try {
    if (typeof given !== 'object' || given === null) throw new TypeError()
    return createPrivateKey({ key: given as JsonWebKey, format: 'jwk' })
  } catch {
    throw new ConfigurationError('`privateKey` must be a private JWK, a KeyObject or a CryptoKey')
  }
}

function withKid(key: webcrypto.CryptoKey, kid: string | undefined): SigningKey {
  return kid === undefined ? { key } : { key, kid }
}

function isCryptoKey(given: unknown): given is webcrypto.CryptoKey {
  return Object.prototype.toString.call(given) === '[object CryptoKey]'
}
