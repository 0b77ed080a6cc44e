// RFC 7515 §5.1 with Ed25519 (RFC 8037 §3.1): what this package signs itself, for its own documents. Never a token: those
// are made by issuers. The header is the same text for the same members, and so is the whole JWS: Ed25519 needs no randomness.
import { createPrivateKey, type JsonWebKey, KeyObject, sign } from 'node:crypto'
import { importPublicKey, UnusableKeyError, type VerificationKey } from './jwk.js'

/** A private key of Ed25519, and the public one that goes with it. */
export interface SigningKey {
  readonly keyObject: KeyObject
  readonly publicKey: VerificationKey
}

/**
 * Makes a private key ready: a JWK or a KeyObject.
 *
 * @throws UnusableKeyError for any other than a private key of Ed25519
 */
export function importSigningKey(key: KeyObject | object): SigningKey {
  const keyObject = key instanceof KeyObject ? key : createKey(key)
  if (keyObject.type !== 'private' || keyObject.asymmetricKeyType !== 'ed25519')
    throw new UnusableKeyError('it is not a private key of Ed25519')
  return { keyObject, publicKey: importPublicKey(keyObject) }
}

function createKey(jwk: object): KeyObject {
  try {
    return createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch (cause) {
    throw new UnusableKeyError('it is neither a private JWK nor a KeyObject', { cause })
  }
}

/**
 * Makes a public key ready that documents are verified with: a JWK or a KeyObject.
 *
 * @throws UnusableKeyError for any other than a public key of Ed25519, and for a private one: who only verifies has none
 */
export function importDocumentKey(key: KeyObject | object): VerificationKey {
  if (typeof key !== 'object' || key === null) throw new UnusableKeyError('it is neither a JWK nor a KeyObject')
  if (key instanceof KeyObject ? key.type === 'private' : 'd' in key)
    throw new UnusableKeyError('it is a private key, and who verifies needs none')
  const imported = importPublicKey(key as Readonly<Record<string, unknown>> | KeyObject)
  if (imported.algorithms.has('EdDSA')) return imported
  throw new UnusableKeyError('it is not a public key of Ed25519')
}

/** Signs a JSON object as a compact JWS of a type of its own (RFC 8725 §3.11). */
export function signCompactJws(typ: string, payload: object, { keyObject }: SigningKey): string {
  const signingInput = `${encode({ alg: 'EdDSA', typ })}.${encode(payload)}`
  return `${signingInput}.${sign(null, Buffer.from(signingInput), keyObject).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
