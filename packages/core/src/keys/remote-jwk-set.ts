// The keys of an issuer, fetched and kept. A set is fresh for as long as the issuer says, within bounds; it is fetched
// again in the background before that ends; it is replaced as a whole, so a key that is gone is gone; and when the
// issuer is down the last good set serves for a bounded time. What another process of the fleet has fetched serves as well
// as what this one has. No timers: keys are fetched because tokens ask for them.
import { VerificationError } from '../errors.js'
import { type KeysEvent, publishKeys } from '../events.js'
import type { JwsHeader } from '../jose/compact-jws.js'
import type { VerificationKey } from '../jose/jwk.js'
import type { KeySetDocument, KeySetDocuments, KeySetSource } from '../state/key-set-documents.js'
import { type HeldSet, holdDocument, isFresh, isNewer, isRecent, readSharedDocument } from './held-set.js'
import type { JwkSet, KeySet, KeySetDescription } from './jwk-set.js'
import { type KeyLifetimes, usefulSeconds } from './key-lifetimes.js'
import { type FetchedSet, KeySetFetcher, type KeySetFetcherOptions } from './key-set-fetcher.js'
import { RetryPace } from './retry-pace.js'
import { UnknownKeyBudget } from './unknown-key-budget.js'

/** Where a {@link RemoteJwkSet} gets its keys, and what it counts by. */
export interface RemoteJwkSetOptions<Set extends JwkSet = JwkSet> extends KeySetFetcherOptions<Set> {
  readonly source: KeySetSource
  /** Whether another process could have fetched the keys from such a URL. */
  readonly isSource: (url: URL) => boolean
  /** What others have fetched, and who fetches next. */
  readonly documents: () => KeySetDocuments
  readonly lifetimes: KeyLifetimes
  /** Waits for so many seconds. */
  readonly pause: (seconds: number) => Promise<void>
}

/** How long, and how many at a time, tokens of an unknown key wait for the next fetch that the budget allows. */
const greatestWaitSeconds = 0.5
const greatestWaiting = 1_000

export class RemoteJwkSet<Set extends JwkSet = JwkSet> implements KeySet {
  readonly #options: RemoteJwkSetOptions<Set>
  readonly #fetcher: KeySetFetcher<Set>
  readonly #budget: UnknownKeyBudget
  readonly #pace: RetryPace
  #held: HeldSet<Set> | undefined
  #flight: Promise<void> | undefined
  #waiting = 0
  #looks = 0
  #stopListening: (() => void) | undefined

  constructor(options: RemoteJwkSetOptions<Set>) {
    this.#options = options
    this.#fetcher = new KeySetFetcher(options, options.lifetimes.timeoutSeconds)
    this.#budget = new UnknownKeyBudget(options.stopwatch)
    this.#pace = new RetryPace(options.stopwatch)
  }

  keyFor(header: JwsHeader): VerificationKey | Promise<VerificationKey> {
    return this.#freshSet(this.#options.clock())?.find(header) ?? this.#fetchedKeyFor(header)
  }

  /**
   * All keys in force.
   *
   * @throws VerificationError `keys_unavailable`; as a rejection
   */
  current(): Set | Promise<Set> {
    return this.#freshSet(this.#options.clock()) ?? this.#usableSet()
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
    this.#fetcher.close()
    this.#stopListening?.()
  }

  /** The set in force while it is fresh; starts the refresh ahead of its end. */
  #freshSet(now: number): Set | undefined {
    const held = this.#held
    if (held === undefined || !isFresh(held, now)) return undefined
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
   * after the token came knows. It is asked for within the budget, and shared by all who wait; a key that is found in any
   * newer set is good at once.
   */
  async #keyOfNewerSet(header: JwsHeader, cameAt: number): Promise<VerificationKey> {
    while ((this.#held?.askedAt ?? Number.NEGATIVE_INFINITY) < cameAt) {
      if (!this.#mayTry()) throw this.#pace.unavailable() // whether the key exists is not ours to say while the issuer is away
      await this.#newerSet(header.kid)
      if (this.#pace.isFailing) throw this.#pace.unavailable()
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
      if (this.#pace.isFailing) throw this.#pace.unavailable()
      this.#publish('refused', 'an unknown key id asked for a fetch, and the budget for those is spent')
      throw unknownKey({ isUnexamined: wait < Number.POSITIVE_INFINITY }) // others may have spent it
    }
    if (wait === 0) return this.#refresh(true)
    this.#waiting += 1
    await this.#options.pause(wait)
    this.#waiting -= 1
  }

  /** A set to judge by: fresh, or fetched now, or the last good one within its bound. */
  async #usableSet(): Promise<Set> {
    const fresh = this.#freshSet(this.#options.clock())
    if (fresh !== undefined) return fresh
    const stale = this.#staleSet()
    const attempt = this.#mayTry() ? this.#refresh() : undefined
    if (stale !== undefined && this.#pace.isFailing) return stale // the issuer is known to be down: nobody waits for it again
    await attempt
    const set = this.#freshSet(this.#options.clock()) ?? this.#staleSet()
    if (set === undefined) throw this.#pace.unavailable()
    return set
  }

  #staleSet(): Set | undefined {
    const held = this.#held
    return held !== undefined && this.#options.clock() < held.staleUntil ? held.set : undefined
  }

  #mayTry(): boolean {
    return this.#flight !== undefined || this.#pace.mayTry
  }

  /** One fetch at a time, shared by all who wait for it. Never rejects: what happened is in the fields. */
  #refresh(isForUnknownKey = false): Promise<void> {
    this.#flight ??= this.#fetchOnce(isForUnknownKey)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#flight = undefined
      })
    return this.#flight
  }

  /** A newer set: one that another process has fetched, or fetches at this moment, or an own fetch. */
  async #fetchOnce(isForUnknownKey: boolean): Promise<void> {
    const { source, lifetimes, stopwatch, clock } = this.#options
    const documents = this.#options.documents()
    this.#stopListening ??= documents.onChanged(source, () => void this.#look())
    const before = this.#held
    const calledAt = stopwatch()
    const serves = (document: KeySetDocument): boolean => {
      this.#take(document)
      return isForUnknownKey ? this.#held !== before : this.#held !== undefined && isRecent(this.#held, clock())
    }
    let own: FetchedSet<Set> | undefined
    const { timeoutSeconds } = lifetimes
    const options = { serves, isForUnknownKey, timeoutSeconds, keepSeconds: usefulSeconds(lifetimes) }
    const shared = await documents.fetchOnce(source, options, async () => {
      own = await (isForUnknownKey ? this.#fetchWithinBudget() : this.#fetcher.fetch(this.#held))
      return own.document
    })
    if (shared.document === undefined) return this.#budget.postpone(shared.waitSeconds)
    if (own !== undefined) this.#adoptOwn(own, shared.document)
    else if (shared.isLater) this.#noteLater(shared.document, calledAt)
    this.#pace.succeed()
  }

  async #fetchWithinBudget(): Promise<FetchedSet<Set>> {
    this.#budget.spend()
    try {
      return await this.#fetcher.fetch(this.#held)
    } catch (error) {
      this.#budget.refund() // nobody could look, so nothing was found out
      throw error
    }
  }

  /** It was asked for after whatever is in force was here: while a fetch is under way, nothing else is taken over. */
  #adoptOwn(own: FetchedSet<Set>, document: KeySetDocument): void {
    this.#adopt(holdDocument(document, own.parsed, this.#options.lifetimes, own.askedAt))
    for (const { reason } of own.parsed.skipped) this.#publish('skipped', reason)
    this.#publish(own.isUnchanged ? 'unchanged' : 'refreshed')
  }

  /** What another process has asked for after we asked holds all that the issuer had published by then. */
  #noteLater(document: KeySetDocument, calledAt: number): void {
    const held = this.#held
    if (held !== undefined && held.document.serial === document.serial) this.#held = { ...held, askedAt: calledAt }
  }

  /** Others may have a newer set. One look at a time, after a fetch that is under way; who calls meanwhile makes another follow. */
  async #look(): Promise<void> {
    this.#looks += 1
    if (this.#looks > 1) return
    for (let seen = 0; seen < this.#looks; ) {
      await this.#flight
      seen = this.#looks
      const document = await this.#options.documents().latest(this.#options.source)
      if (document !== undefined && !this.#fetcher.isClosed) this.#take(document)
    }
    this.#looks = 0
  }

  /** Takes over what another process has fetched, if it is newer than what we have, and good. */
  #take(document: KeySetDocument): void {
    const { clock, lifetimes, isSource, parse } = this.#options
    const now = clock()
    if (!isNewer(document, now, this.#held)) return
    try {
      const measure = { now, lifetimes, isSource, previous: this.#held?.keysByText, parse }
      this.#adopt(readSharedDocument(document, measure))
      this.#publish('shared')
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'it cannot be read'
      this.#publish('rejected', `a key set that another process has fetched is not taken: ${reason}`)
    }
  }

  #adopt(held: HeldSet<Set>): void {
    if (!this.#held?.set.equals(held.set)) this.#budget.reset()
    this.#held = held // INVARIANT: replaced as a whole, so removing a key revokes it
  }

  #fail(error: unknown): void {
    this.#pace.fail(error)
    this.#fetcher.forgetLocation()
    this.#publish('failed', error instanceof Error ? error.message : 'the keys could not be fetched')
  }

  #publish(outcome: KeysEvent['outcome'], reason?: string): void {
    const event = { issuer: this.#options.source.issuer, outcome, keys: this.#held?.set.size ?? 0 }
    publishKeys(reason === undefined ? event : { ...event, reason })
  }
}

function unknownKey(details: { readonly isUnexamined?: boolean } = {}): VerificationError {
  return new VerificationError('key_unknown', 'no key of the issuer fits the token', details)
}
