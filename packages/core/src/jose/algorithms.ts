// The accepted signature algorithms, one row each (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2, RFC 9964 §3). Nothing in
// this package switches on the name of an algorithm: it reads its row. `none` has no row. Algorithms with a shared
// secret live in a table of their own, so that no public key can ever meet one of them (RFC 8725 §2.1).
import { constants, createPublicKey } from 'node:crypto'

/** Algorithms whose keys come in pairs. */
export type AsymmetricAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

/** Algorithms with a shared secret. */
export type SecretAlgorithm = 'HS256' | 'HS384' | 'HS512'

export type Algorithm = AsymmetricAlgorithm | SecretAlgorithm

/** What an asymmetric algorithm asks of a key and of a signature. */
export interface AsymmetricRow {
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'AKP'
  /** `crv` of an EC or OKP key (RFC 7518 §3.4, RFC 8037 §2). */
  readonly curve?: string
  /** Digest for node:crypto; `null` where the algorithm hashes by itself. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
  /** Parameters for node:crypto beside the key; absent where its default is the algorithm (PKCS #1 v1.5 for RSA). */
  readonly parameters?: Readonly<{ padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' }>
  /** Exact length of a signature in bytes; for RSA it is the length of the modulus (RFC 8017 §8). */
  readonly signatureBytes: number | 'modulus'
}

/** What an algorithm with a shared secret asks of it: at least as many bytes as the hash has (RFC 7518 §3.2). */
export interface SecretRow {
  readonly digest: 'sha256' | 'sha384' | 'sha512'
  readonly signatureBytes: number
}

type Digest = 'sha256' | 'sha384' | 'sha512'

const pkcs1 = (digest: Digest): AsymmetricRow => ({ kty: 'RSA', digest, signatureBytes: 'modulus' })
const pss = (digest: Digest, saltLength: number): AsymmetricRow => ({
  kty: 'RSA',
  digest,
  parameters: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, // RFC 7518 §3.5: the salt is as long as the hash
  signatureBytes: 'modulus',
})
const ecdsa = (digest: Digest, curve: string, signatureBytes: number): AsymmetricRow => ({
  kty: 'EC',
  curve,
  digest,
  parameters: { dsaEncoding: 'ieee-p1363' }, // RFC 7518 §3.4: R and S side by side, never DER
  signatureBytes,
})
const ed25519: AsymmetricRow = { kty: 'OKP', curve: 'Ed25519', digest: null, signatureBytes: 64 }
const mlDsa = (signatureBytes: number): AsymmetricRow => ({ kty: 'AKP', digest: null, signatureBytes })

/** Every asymmetric algorithm this package knows. Not all of them run on every Node: see {@link supportedAlgorithms}. */
export const asymmetricAlgorithms: ReadonlyMap<string, AsymmetricRow> = new Map<AsymmetricAlgorithm, AsymmetricRow>([
  ['RS256', pkcs1('sha256')],
  ['RS384', pkcs1('sha384')],
  ['RS512', pkcs1('sha512')],
  ['PS256', pss('sha256', 32)],
  ['PS384', pss('sha384', 48)],
  ['PS512', pss('sha512', 64)],
  ['ES256', ecdsa('sha256', 'P-256', 64)],
  ['ES384', ecdsa('sha384', 'P-384', 96)],
  ['ES512', ecdsa('sha512', 'P-521', 132)],
  ['Ed25519', ed25519], // RFC 9864 §2.2
  ['EdDSA', ed25519], // RFC 8037 §3.1; deprecated by RFC 9864, and here never anything but Ed25519
  ['ML-DSA-44', mlDsa(2420)],
  ['ML-DSA-65', mlDsa(3309)],
  ['ML-DSA-87', mlDsa(4627)],
])

/** Every algorithm with a shared secret. */
export const secretAlgorithms: ReadonlyMap<string, SecretRow> = new Map<SecretAlgorithm, SecretRow>([
  ['HS256', { digest: 'sha256', signatureBytes: 32 }],
  ['HS384', { digest: 'sha384', signatureBytes: 48 }],
  ['HS512', { digest: 'sha512', signatureBytes: 64 }],
])

/** The asymmetric algorithms that the running Node can verify. ML-DSA needs OpenSSL 3.5, so Node 24 or later. */
export function supportedAlgorithms(): readonly AsymmetricAlgorithm[] {
  const names = [...asymmetricAlgorithms.keys()] as AsymmetricAlgorithm[]
  return runsMlDsa() ? names : names.filter((name) => asymmetricAlgorithms.get(name)?.kty !== 'AKP')
}

/** Asked of node:crypto itself: a version number would be a guess. Any 1,312 bytes are a public key of ML-DSA-44. */
function runsMlDsa(): boolean {
  const probe = { kty: 'AKP', alg: 'ML-DSA-44', pub: Buffer.alloc(1312).toString('base64url') }
  try {
    createPublicKey({ key: probe, format: 'jwk' })
    return true
  } catch {
    return false
  }
}
