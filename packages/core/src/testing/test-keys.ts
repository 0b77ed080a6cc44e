// Keys and signatures for tests. Everything is made with jose, so that what the engine verifies was not made by the engine.
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { AsymmetricAlgorithm } from '../jose/algorithms.js'

/** A key pair of a test issuer. */
export interface TestKey {
  readonly kid: string
  readonly algorithm: AsymmetricAlgorithm
  /** As the issuer publishes it. */
  readonly publicJwk: JWK
  /** Signs a compact JWS over any payload; `header` is taken as it is, apart from `alg` and `kid`. */
  sign(payload: string | Uint8Array, header?: Readonly<Record<string, unknown>>): Promise<string>
}

/**
 * Makes a key pair.
 *
 * Through WebCrypto: on Node 20 the KeyObjects of `generateKeyPairSync` can hang the process when they are exported.
 */
export async function createTestKey(algorithm: AsymmetricAlgorithm, kid: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk: JWK = Object.freeze({ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' })
  return Object.freeze({
    kid,
    algorithm,
    publicJwk,
    sign: (payload: string | Uint8Array, header: Readonly<Record<string, unknown>> = {}) =>
      sign(privateKey, payload, { alg: algorithm, kid, ...header }),
  })
}

async function sign(key: CryptoKey, payload: string | Uint8Array, header: Record<string, unknown>): Promise<string> {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
  const protectedHeader = Object.fromEntries(Object.entries(header).filter(([, value]) => value !== undefined))
  return new CompactSign(bytes).setProtectedHeader(protectedHeader as { alg: string }).sign(key)
}
