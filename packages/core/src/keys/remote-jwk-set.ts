// The keys of an issuer, fetched and kept. A set is fresh for as long as the issuer says, within bounds; it is fetched
// again in the background before that ends; it is replaced as a whole, so a key that is gone is gone; and when the
// issuer is down the last good set serves for a bounded time. No timers: keys are fetched because tokens ask for them.
import type { Clock } from '../clock.js'
import { VerificationError } from '../errors.js'
import { type KeysEvent, publishKeys } from '../events.js'
import type { JwsHeader } from '../jose/compact-jws.js'
import type { VerificationKey } from '../jose/jwk.js'
import { DocumentError, type FetchContext, fetchDocument } from './fetch-document.js'
import { type JwkSet, type KeySet, type KeySetDescription, type KeysByText, parseJwkSet } from './jwk-set.js'
import { UnknownKeyBudget } from './unknown-key-budget.js'

/** How long fetched keys live. All in seconds. */
export interface KeyLifetimeOptions {
  /** @defaultValue 60 */
  readonly leastLifetimeSeconds?: number
  /** Also the longest time after which a removed key is refused. @defaultValue 600 */
  readonly greatestLifetimeSeconds?: number
  /** Where the issuer does not say (`Cache-Control`, `Expires`). @defaultValue 300 */
  readonly defaultLifetimeSeconds?: number
  /** How long the last good set serves after its lifetime while the issuer cannot be reached. @defaultValue 3600 */
  readonly staleSeconds?: number
  /** For one document of the issuer. @defaultValue 5 */
  readonly timeoutSeconds?: number
}

/** {@link KeyLifetimeOptions} with every default in place. */
export type KeyLifetimes = Required<KeyLifetimeOptions>

export const defaultKeyLifetimes: KeyLifetimes = Object.freeze({
  leastLifetimeSeconds: 60,
  greatestLifetimeSeconds: 600,
  defaultLifetimeSeconds: 300,
  staleSeconds: 3_600,
  timeoutSeconds: 5,
})

/** Where a {@link RemoteJwkSet} gets its keys, and what it counts by. */
export interface RemoteJwkSetOptions {
  readonly issuer: string
  /** Finds the URL of the key set; asked again after a failure, and every hour. */
  readonly locate: (context: FetchContext) => Promise<URL>
  readonly fetch: FetchContext['fetch']
  readonly lifetimes: KeyLifetimes
  /** Seconds since the epoch: lifetimes are counted by it. */
  readonly clock: Clock
  /** Monotonic seconds: retries and budgets are paced by it. */
  readonly stopwatch: Clock
  /** Waits for so many seconds. */
  readonly pause: (seconds: number) => Promise<void>
}

/** The set in force. Never changed, only replaced. */
interface HeldSet {
  readonly set: JwkSet
  readonly keysByText: KeysByText
  /** Where it came from: an entity tag means something at one URL alone (RFC 9110 §8.8.3). */
  readonly url: string
  readonly etag: string | undefined
  readonly fetchedAt: number
  /** When it was asked for, by the stopwatch: what the issuer had published by then is in it. */
  readonly askedAt: number
  /** From here on it is fetched again in the background. */
  readonly refreshAt: number
  readonly freshUntil: number
}

const refreshAhead = 0.8 // of the lifetime
const locationSeconds = 3_600
const leastBackoffSeconds = 0.25
const greatestBackoffSeconds = 30
/** How long, and how many at a time, tokens of an unknown key wait for the next fetch that the budget allows. */
const greatestWaitSeconds = 0.5
const greatestWaiting = 1_000

export class RemoteJwkSet implements KeySet {
  readonly #options: RemoteJwkSetOptions
  readonly #budget: UnknownKeyBudget
  readonly #closing = new AbortController()
  #held: HeldSet | undefined
  #location: { readonly url: URL; readonly until: number } | undefined
  #flight: Promise<void> | undefined
  #waiting = 0
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #lastFailure: unknown

  constructor(options: RemoteJwkSetOptions) {
    this.#options = options
    this.#budget = new UnknownKeyBudget(options.stopwatch)
  }

  keyFor(header: JwsHeader): VerificationKey | Promise<VerificationKey> {
    return this.#freshSet(this.#options.clock())?.find(header) ?? this.#fetchedKeyFor(header)
  }

  holds(key: VerificationKey, now: number): boolean {
    return this.#freshSet(now)?.holds(key) ?? false
  }

  describe(): KeySetDescription {
    const held = this.#held
    return held === undefined ? { kids: [] } : { kids: held.set.describe().kids, fetchedAt: held.fetchedAt }
  }

  async warmUp(): Promise<void> {
    if (this.#held === undefined && this.#mayTry()) await this.#refresh()
  }

  close(): void {
    this.#closing.abort()
  }

  /** The set in force while it is fresh; starts the refresh ahead of its end. */
  #freshSet(now: number): JwkSet | undefined {
    const held = this.#held
    // A clock that was set back, or answers NaN, keeps no set alive: what was fetched later than now is fetched again.
    if (held === undefined || !(now >= held.fetchedAt && now < held.freshUntil)) return undefined
    if (now >= held.refreshAt && this.#mayTry()) void this.#refresh()
    return held.set
  }

  async #fetchedKeyFor(header: JwsHeader): Promise<VerificationKey> {
    const cameAt = this.#options.stopwatch()
    const known = (await this.#usableSet()).find(header)
    return known ?? this.#keyOfNewerSet(header, cameAt)
  }

  /**
   * RFC 7517 does not say what an unknown `kid` means: a key younger than our set, or nonsense. A set that was asked for
   * after the token came knows. It is asked for within the budget, and shared by all who wait.
   */
  async #keyOfNewerSet(header: JwsHeader, cameAt: number): Promise<VerificationKey> {
    while ((this.#held?.askedAt ?? Number.NEGATIVE_INFINITY) < cameAt) {
      if (!this.#mayTry()) throw this.#unavailable() // whether the key exists is not ours to say while the issuer is away
      await this.#newerSet(header.kid)
      if (this.#failures > 0) throw this.#unavailable()
      const key = this.#held?.set.find(header)
      if (key !== undefined) return key
    }
    this.#budget.remember(header.kid)
    throw unknownKey()
  }

  async #newerSet(kid: string | undefined): Promise<void> {
    if (this.#flight !== undefined) return this.#flight
    const wait = this.#budget.waitFor(kid)
    if (wait > greatestWaitSeconds || this.#waiting >= greatestWaiting) {
      if (this.#failures > 0) throw this.#unavailable()
      this.#publish('refused', 'an unknown key id asked for a fetch, and the budget for those is spent')
      throw unknownKey()
    }
    if (wait === 0) {
      this.#budget.spend()
      await this.#refresh()
      if (this.#failures > 0) this.#budget.refund() // nobody could look, so nothing was found out
      return
    }
    this.#waiting += 1
    await this.#options.pause(wait)
    this.#waiting -= 1
  }

  /** A set to judge by: fresh, or fetched now, or the last good one within its bound. */
  async #usableSet(): Promise<JwkSet> {
    const fresh = this.#freshSet(this.#options.clock())
    if (fresh !== undefined) return fresh
    const stale = this.#staleSet()
    const attempt = this.#mayTry() ? this.#refresh() : undefined
    if (stale !== undefined && this.#failures > 0) return stale // the issuer is known to be down: nobody waits for it again
    await attempt
    const set = this.#freshSet(this.#options.clock()) ?? this.#staleSet()
    if (set === undefined) throw this.#unavailable()
    return set
  }

  #staleSet(): JwkSet | undefined {
    const held = this.#held
    if (held === undefined) return undefined
    return this.#options.clock() < held.freshUntil + this.#options.lifetimes.staleSeconds ? held.set : undefined
  }

  #mayTry(): boolean {
    return this.#flight !== undefined || this.#options.stopwatch() >= this.#retryAt
  }

  /** One fetch at a time, shared by all who wait for it. Never rejects: what happened is in the fields. */
  #refresh(): Promise<void> {
    this.#flight ??= this.#fetchSet()
      .then(
        () => this.#succeed(),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#flight = undefined
      })
    return this.#flight
  }

  async #fetchSet(): Promise<void> {
    const { fetch, lifetimes, clock, stopwatch } = this.#options
    const context = { fetch, timeoutSeconds: lifetimes.timeoutSeconds, signal: this.#closing.signal }
    const url = await this.#locate(context)
    const asked = { fetchedAt: clock(), askedAt: stopwatch() } // the document is at least this old when it is here
    const known = this.#held?.url === url.href ? this.#held.etag : undefined
    const { document, etag, lifetimeSeconds } = await fetchDocument(url, context, known)
    const lifetime = clamp(lifetimeSeconds ?? lifetimes.defaultLifetimeSeconds, lifetimes)
    const { fetchedAt } = asked
    const times = { ...asked, refreshAt: fetchedAt + lifetime * refreshAhead, freshUntil: fetchedAt + lifetime }
    if (document === undefined) {
      if (this.#held === undefined) throw new DocumentError(`${url.href}: answered 304 to an unconditional request`)
      this.#held = { ...this.#held, ...times, etag }
      this.#publish('unchanged')
      return
    }
    const { set, keysByText, skipped } = parseJwkSet(document, this.#held?.keysByText)
    if (!this.#held?.set.equals(set)) this.#budget.reset()
    this.#held = { set, keysByText, url: url.href, etag, ...times } // INVARIANT: replaced as a whole, so removing a key revokes it
    for (const { reason } of skipped) this.#publish('skipped', reason)
    this.#publish('refreshed')
  }

  async #locate(context: FetchContext): Promise<URL> {
    const now = this.#options.clock()
    if (this.#location === undefined || now >= this.#location.until) {
      this.#location = { url: await this.#options.locate(context), until: now + locationSeconds }
    }
    return this.#location.url
  }

  #succeed(): void {
    this.#failures = 0
    this.#retryAt = Number.NEGATIVE_INFINITY
    this.#lastFailure = undefined
  }

  #fail(error: unknown): void {
    // The first retry is free: what failed at the start may be there by the first request.
    const backoff =
      this.#failures === 0 ? 0 : Math.min(greatestBackoffSeconds, leastBackoffSeconds * 2 ** this.#failures)
    this.#failures += 1
    this.#retryAt = this.#options.stopwatch() + backoff
    this.#lastFailure = error
    this.#location = undefined // the keys may have moved
    this.#publish('failed', error instanceof Error ? error.message : 'the keys could not be fetched')
  }

  #unavailable(): VerificationError {
    return new VerificationError('keys_unavailable', 'the keys of the issuer cannot be fetched', {
      retryAfterSeconds: Math.max(1, Math.ceil(this.#retryAt - this.#options.stopwatch())),
      cause: this.#lastFailure,
    })
  }

  #publish(outcome: KeysEvent['outcome'], reason?: string): void {
    const event = { issuer: this.#options.issuer, outcome, keys: this.#held?.set.size ?? 0 }
    publishKeys(reason === undefined ? event : { ...event, reason })
  }
}

function unknownKey(): VerificationError {
  return new VerificationError('key_unknown', 'no key of the issuer fits the token')
}

function clamp(seconds: number, { leastLifetimeSeconds, greatestLifetimeSeconds }: KeyLifetimes): number {
  return Math.min(greatestLifetimeSeconds, Math.max(leastLifetimeSeconds, seconds))
}
