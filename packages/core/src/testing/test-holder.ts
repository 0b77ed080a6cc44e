// The holder of a key, for tests: makes proofs of possession (RFC 9449 §4.2). Made with jose, so that what the engine verifies was
// not made by the engine.
import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { type Clock, systemClock } from '../clock.js'
import type { AsymmetricAlgorithm } from '../jose/algorithms.js'
import { sha256Base64Url } from '../jose/sha256.js'
import { createTestKey, type TestKey } from './test-keys.js'

/** Options of {@link createTestHolder}. */
export interface TestHolderOptions {
  /** Signs proofs with it. @defaultValue `'ES256'` */
  readonly algorithm?: AsymmetricAlgorithm
  /** Seconds since the epoch, for `iat`. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/** The request that a proof is made for. */
export interface TestProofTarget {
  /** @defaultValue `'GET'` */
  readonly method?: string
  /** As the client writes it: `'https://api.example.com/orders'`. */
  readonly url: string
}

/** What a proof says beyond the defaults; `undefined` takes a default away. */
export interface TestProofParts {
  /** Claims over `jti`, `htm`, `htu`, `iat`, `ath`; and `nonce`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Header members over `typ: dpop+jwt`, `alg`, `jwk`. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** Someone who holds a key. Made by {@link createTestHolder}. */
export class TestHolder {
  /** For `cnf` of a token: `issuer.issue({ cnf: holder.confirmation })`. */
  readonly confirmation: { readonly jkt: string }
  /** The public key, as proofs carry it. */
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly #key: TestKey
  readonly #clock: Clock

  /** @internal use {@link createTestHolder} */
  constructor(key: TestKey, jkt: string, clock: Clock) {
    const { kid: _, use: __, alg, ...publicJwk } = key.publicJwk
    this.confirmation = { jkt }
    this.publicJwk = publicJwk.kty === 'AKP' ? { ...publicJwk, alg } : publicJwk // RFC 9964 §4: there it is part of the key
    this.#key = key
    this.#clock = clock
  }

  /** Makes a proof for a token and a request: a good one, unless told otherwise. */
  async prove(token: string, { method = 'GET', url }: TestProofTarget, parts: TestProofParts = {}): Promise<string> {
    const claims = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(this.#clock()),
      ath: sha256Base64Url(token),
      ...parts.claims,
    }
    const header = { typ: 'dpop+jwt', kid: undefined, jwk: this.publicJwk, ...parts.header }
    return this.#key.sign(JSON.stringify(claims), header)
  }

  /**
   * The headers of a request by this holder.
   *
   * @example
   * ```ts
   * const token = await issuer.issue({ cnf: holder.confirmation })
   * request(app).get('/orders').set(await holder.present(token, { url: 'https://api.example.com/orders' }))
   * ```
   */
  async present(
    token: string,
    target: TestProofTarget,
    parts: TestProofParts = {},
  ): Promise<{ authorization: string; dpop: string }> {
    return { authorization: `DPoP ${token}`, dpop: await this.prove(token, target, parts) }
  }
}

/** Makes a key, and someone who holds it. */
export async function createTestHolder(options: TestHolderOptions = {}): Promise<TestHolder> {
  const key = await createTestKey(options.algorithm ?? 'ES256', 'holder')
  return new TestHolder(key, await calculateJwkThumbprint(key.publicJwk), options.clock ?? systemClock)
}
