// The bundle of a trust domain in a file, as whoever hands out SVIDs on this machine writes it: certificates in PEM (SPIFFE Filesystem
// Delivery §2.2), or a bundle document with the keys for JWT-SVIDs in it, too. It is looked at again before it is used, so that
// an authority which is gone from it is gone.
import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../clock.js'
import { VerificationError } from '../errors.js'
import { publishKeys } from '../events.js'
import { dersOfPem } from '../jose/certificate.js'
import type { JwsHeader } from '../jose/compact-jws.js'
import type { VerificationKey } from '../jose/jwk.js'
import { parseJsonObject } from '../jose/strict-json.js'
import { greatestBytes } from './fetch-document.js'
import type { KeySetDescription, KeysByText, ParsedJwkSet } from './jwk-set.js'
import { parseTrustBundle, TrustBundle, type TrustBundleSource } from './trust-bundle.js'

/** Where a {@link BundleFile} is, and what it counts by. */
export interface BundleFileOptions {
  /** `spiffe://` and the trust domain, for events. */
  readonly issuer: string
  readonly path: string
  /** How long the last good one serves while the file cannot be read, in seconds. */
  readonly staleSeconds: number
  /** Seconds that only grow. */
  readonly stopwatch: Clock
}

/** What was read. */
interface HeldBundle {
  readonly bundle: TrustBundle
  readonly keysByText: KeysByText
  /** The whole file. Its dates are no sign: they may stay as they were, and are coarser than two writes can be apart. */
  readonly bytes: Buffer
  /** By the stopwatch. */
  readonly goodAt: number
}

/** Seconds for which what was seen is believed. */
const lookSeconds = 1

export class BundleFile implements TrustBundleSource {
  readonly #options: BundleFileOptions
  #held: HeldBundle | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #look: Promise<void> | undefined
  #failure: unknown

  constructor(options: BundleFileOptions) {
    this.#options = options
  }

  current(): TrustBundle | Promise<TrustBundle> {
    return this.#recent() ?? this.#seen()
  }

  keyFor(header: JwsHeader): VerificationKey | Promise<VerificationKey> {
    return this.#recent()?.keyFor(header) ?? this.#seen().then((bundle) => bundle.keyFor(header))
  }

  holds(key: VerificationKey): boolean {
    return this.#recent()?.holds(key) ?? false
  }

  describe(): KeySetDescription {
    return this.#held?.bundle.describe() ?? { kids: [] }
  }

  async warmUp(): Promise<void> {
    await this.#lookOnce()
  }

  close(): void {}

  /** What was seen a moment ago. */
  #recent(): TrustBundle | undefined {
    return this.#hasLooked() ? this.#held?.bundle : undefined
  }

  #hasLooked(): boolean {
    return this.#options.stopwatch() < this.#lookedAt + lookSeconds
  }

  async #seen(): Promise<TrustBundle> {
    await this.#lookOnce()
    if (this.#held !== undefined) return this.#held.bundle
    throw new VerificationError('keys_unavailable', 'the bundle of the trust domain cannot be read', {
      retryAfterSeconds: lookSeconds,
      cause: this.#failure,
    })
  }

  /**
   * One look at a time, shared by all who wait for it, and none so soon after the last, whatever that has come to. Never rejects:
   * what happened is in the fields.
   */
  #lookOnce(): Promise<void> {
    if (this.#look === undefined && this.#hasLooked()) return Promise.resolve()
    this.#look ??= this.#read()
      .then((held) => this.#take(held))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#lookedAt = this.#options.stopwatch()
        this.#look = undefined
      })
    return this.#look
  }

  async #read(): Promise<HeldBundle> {
    const { path, stopwatch } = this.#options
    const goodAt = stopwatch()
    const { size } = await stat(path)
    if (size > greatestBytes) throw new Error(`it is larger than ${greatestBytes} bytes`)
    const bytes = await readFile(path)
    if (this.#held?.bytes.equals(bytes)) return { ...this.#held, goodAt }
    const { set: bundle, keysByText, skipped } = parse(bytes, this.#held?.keysByText)
    for (const { reason } of skipped) this.#publish('skipped', reason)
    return { bundle, keysByText, bytes, goodAt }
  }

  #take(held: HeldBundle): void {
    const isNew = this.#held?.bundle !== held.bundle
    this.#held = held // INVARIANT: replaced as a whole, so removing an authority revokes it
    this.#failure = undefined
    if (isNew) this.#publish('refreshed')
  }

  #fail(error: unknown): void {
    const { stopwatch, staleSeconds } = this.#options
    this.#failure = error
    // Filesystem Delivery §3.3: whose file is taken away is trusted no more. One that is written badly may be mended.
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isGone || (this.#held !== undefined && !(stopwatch() < this.#held.goodAt + staleSeconds)))
      this.#held = undefined
    this.#publish('failed', `the bundle cannot be read: ${reasonOf(error)}`)
  }

  #publish(outcome: 'refreshed' | 'failed' | 'skipped', reason?: string): void {
    const event = { issuer: this.#options.issuer, outcome, keys: this.#held?.bundle.size ?? 0 }
    publishKeys(reason === undefined ? event : { ...event, reason })
  }
}

/** @throws Error for what is neither certificates nor a bundle */
function parse(bytes: Buffer, previous: KeysByText | undefined): ParsedJwkSet<TrustBundle> {
  if (/^\s*\{/.test(bytes.subarray(0, 64).toString('latin1'))) return parseTrustBundle(parseJsonObject(bytes), previous)
  const authorities = dersOfPem(bytes.toString('latin1'))
  if (authorities === undefined) throw new Error('it is neither certificates in PEM nor a bundle in JSON')
  return { set: new TrustBundle([], authorities), keysByText: new Map(), skipped: [] }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}
