// RFC 7517: a JSON Web Key made ready for verifying, once. A key is what it says it is: its type, curve and `alg` decide
// which algorithms it serves (RFC 8725 §3.1), nothing is guessed from bytes, and a key that is weak or odd is no key.
// Which key verifies which token is chosen in `keys/jwk-set.ts`.
import { createPublicKey, createSecretKey, type JsonWebKey, KeyObject } from 'node:crypto'
import { type AsymmetricRow, asymmetricAlgorithms, secretAlgorithms } from './algorithms.js'
import { decodeBase64Url } from './base64url.js'
import type { JsonObject } from './strict-json.js'

export type { KeyObject }

/** A key that can verify, with all that was said about its use. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** The algorithms it verifies: one if the JWK says `alg`, else all that its type and curve allow. */
  readonly algorithms: ReadonlySet<string>
  readonly keyObject: KeyObject
  /** Length of its signatures where the modulus decides it. */
  readonly modulusBytes: number | undefined
}

/** A key that must not be used. The message says why and holds nothing of the key. */
export class UnusableKeyError extends Error {
  override readonly name = 'UnusableKeyError'
}

const leastModulusBits = 2_048 // RFC 7518 §3.3
const greatestModulusBits = 16_384
const leastDistinctBytes = 8 // fewer, and the secret was typed by a person: RFC 8725 §3.5

/**
 * Makes a public key ready. A JWK's private members are left out of the key.
 *
 * @throws UnusableKeyError
 */
export function importPublicKey(key: JsonObject | KeyObject): VerificationKey {
  if (key instanceof KeyObject) return describePublicKey(key, {})
  requireSigningUse(key)
  return describePublicKey(createKey(publicMembers(key)), key)
}

/**
 * Makes a shared secret ready.
 *
 * @throws UnusableKeyError where it is too short for the algorithm (RFC 7518 §3.2), or a public key
 */
export function importSecret(
  secret: Uint8Array | KeyObject,
  algorithms: Iterable<string>,
  kid?: string,
): VerificationKey {
  const keyObject = secret instanceof KeyObject ? secret : createSecretKey(secret)
  if (keyObject.type !== 'secret') throw new UnusableKeyError('it is not a secret key')
  const bytes = keyObject.export()
  if (isPublicKey(bytes)) throw new UnusableKeyError('it is a public key, which everybody knows; it goes into `jwks`')
  const names = new Set(algorithms)
  for (const name of names) {
    const least = secretAlgorithms.get(name)?.signatureBytes
    if (least === undefined)
      throw new UnusableKeyError('it is a secret, and the algorithm is not one of HS256, HS384, HS512')
    if (bytes.length < least) throw new UnusableKeyError(`it is shorter than the ${least} bytes that ${name} asks for`)
  }
  return Object.freeze({ kid, algorithms: names, keyObject, modulusBytes: undefined })
}

/**
 * Refuses a secret that was plainly typed by a person (RFC 8725 §3.5). For secrets that are to be trusted: published
 * vectors are verified with keys of nothing but zeros.
 *
 * @throws UnusableKeyError
 */
export function requireRandomSecret({ keyObject }: VerificationKey): void {
  if (new Set(keyObject.export()).size >= leastDistinctBytes) return
  throw new UnusableKeyError('it can be guessed; make it of random bytes')
}

/** RFC 8725 §2.1: the text or bytes of a public key, given where a secret belongs. */
function isPublicKey(bytes: Buffer): boolean {
  const text = bytes.toString('latin1')
  if (text.includes('-----BEGIN') || /^\s*\{.*"kty"/s.test(text)) return true
  return ['spki', 'pkcs1'].some((type) => {
    try {
      createPublicKey({ key: bytes, format: 'der', type: type as 'spki' | 'pkcs1' })
      return true
    } catch {
      return false // what is no key is what is asked for here
    }
  })
}

/** RFC 7517 §4.2, §4.3: a key that says what it is for is for that alone. */
export function requireSigningUse(jwk: JsonObject): void {
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') throw new UnusableKeyError('its `use` is not `sig`')
  if (operations === undefined) return
  if (!Array.isArray(operations) || !operations.includes('verify')) {
    throw new UnusableKeyError('its `key_ops` do not include `verify`')
  }
}

const publicMemberNames = ['kty', 'crv', 'x', 'y', 'n', 'e', 'pub'] as const

function publicMembers(jwk: JsonObject): JsonWebKey {
  const members: Record<string, unknown> = jwk['kty'] === 'AKP' ? { alg: jwk['alg'] } : {}
  for (const name of publicMemberNames) {
    const value = jwk[name]
    if (value === undefined) continue
    if (typeof value !== 'string') throw new UnusableKeyError(`its \`${name}\` is not a string`)
    members[name] = value
  }
  requireCanonicalMembers(members)
  return members
}

/** RFC 7518 §6.2.1.2, §6.3.1, RFC 8037 §2: the octets are as long as they must be, written in one way only. */
function requireCanonicalMembers(members: Record<string, unknown>): void {
  for (const name of ['x', 'y', 'n', 'e', 'pub'] as const) {
    const text = members[name]
    if (typeof text !== 'string') continue
    const bytes = decodeBase64Url(text)
    if (bytes === undefined) throw new UnusableKeyError(`its \`${name}\` is not canonical base64url`)
    const wanted = members['kty'] === 'RSA' ? undefined : coordinateBytes.get(String(members['crv']))
    if (wanted !== undefined && bytes.length !== wanted)
      throw new UnusableKeyError(`its \`${name}\` is not ${wanted} bytes`)
    if (members['kty'] === 'RSA' && bytes[0] === 0)
      throw new UnusableKeyError(`its \`${name}\` begins with a zero octet`)
  }
}

const coordinateBytes: ReadonlyMap<string, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
  ['Ed25519', 32],
])

function createKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' }) // checks that a point lies on its curve
  } catch (cause) {
    throw new UnusableKeyError('it has missing or impossible members, or this Node does not know its type', { cause })
  }
}

function describePublicKey(keyObject: KeyObject, jwk: JsonObject): VerificationKey {
  if (keyObject.type === 'secret') throw new UnusableKeyError('it is a secret; a secret has an option of its own')
  const publicKey = keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject
  const { kid, alg } = jwk
  if (kid !== undefined && typeof kid !== 'string') throw new UnusableKeyError('its `kid` is not a string')
  const fitting = [...asymmetricAlgorithms].filter(([name, row]) => fits(publicKey, name, row)).map(([name]) => name)
  if (fitting.length === 0) throw new UnusableKeyError('no algorithm goes with its type and curve')
  const algorithms = new Set(alg === undefined ? fitting : fitting.filter((name) => sameAlgorithm(name, alg)))
  if (algorithms.size === 0) throw new UnusableKeyError('its `alg` does not go with its type and curve')
  const modulusBytes = publicKey.asymmetricKeyType === 'rsa' ? requireStrongRsa(publicKey) : undefined
  return Object.freeze({ kid, algorithms, keyObject: publicKey, modulusBytes })
}

/** The type of a KeyObject that goes with a row. `rsa-pss` keys are left out: their own parameters could contradict it. */
function fits(key: KeyObject, name: string, row: AsymmetricRow): boolean {
  const type = key.asymmetricKeyType as string | undefined
  if (row.kty === 'RSA') return type === 'rsa'
  if (row.kty === 'OKP') return type === 'ed25519'
  if (row.kty === 'AKP') return type === name.toLowerCase()
  return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === opensslCurve.get(row.curve)
}

const opensslCurve: ReadonlyMap<string | undefined, string> = new Map([
  ['P-256', 'prime256v1'],
  ['P-384', 'secp384r1'],
  ['P-521', 'secp521r1'],
])

/** RFC 9864 §2.2: `EdDSA` and `Ed25519` are two names of one algorithm for a key marked either way. */
function sameAlgorithm(name: string, alg: unknown): boolean {
  const row = asymmetricAlgorithms.get(name)
  if (typeof alg !== 'string') return false
  return name === alg || (row?.kty === 'OKP' && row === asymmetricAlgorithms.get(alg))
}

function requireStrongRsa(key: KeyObject): number {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < leastModulusBits)
    throw new UnusableKeyError(`its modulus is shorter than ${leastModulusBits} bits`)
  if (modulusLength > greatestModulusBits)
    throw new UnusableKeyError(`its modulus is longer than ${greatestModulusBits} bits`)
  // With e = 1 anybody can make a valid signature; an even e belongs to no RSA key; a huge one only costs time.
  if (publicExponent < 3n || publicExponent % 2n === 0n || publicExponent >= 2n ** 64n) {
    throw new UnusableKeyError('its public exponent is not an odd number of 3 or more')
  }
  return Math.ceil(modulusLength / 8)
}
