// An own fetch of a key set: where it is, what came, and when it was asked for.
import type { Clock } from '../clock.js'
import type { KeySetDocument } from '../state/key-set-documents.js'
import { type FetchContext, fetchDocument } from './fetch-document.js'
import type { HeldSet } from './held-set.js'
import type { JwkSet, ParsedJwkSet, ParseKeySet } from './jwk-set.js'
import { type Locate, LocatedEndpoint } from './located-endpoint.js'

/** Where a {@link KeySetFetcher} finds its keys, and what it counts by. */
export interface KeySetFetcherOptions<Set extends JwkSet = JwkSet> {
  /** Makes a key set of what has come. */
  readonly parse: ParseKeySet<Set>
  /** Finds the URL of the key set; asked again after a failure, and every hour. */
  readonly locate: Locate
  readonly fetch: FetchContext['fetch']
  /** Seconds since the epoch: lifetimes are counted by it. */
  readonly clock: Clock
  /** Monotonic seconds: retries and budgets are paced by it. */
  readonly stopwatch: Clock
}

/** What a fetch has brought. */
export interface FetchedSet<Set extends JwkSet = JwkSet> {
  readonly document: KeySetDocument
  readonly parsed: ParsedJwkSet<Set>
  /** By the stopwatch. The document is at least this old when it is here. */
  readonly askedAt: number
  /** The issuer says that the set in force still holds. */
  readonly isUnchanged: boolean
}

export class KeySetFetcher<Set extends JwkSet> {
  readonly #options: KeySetFetcherOptions<Set>
  readonly #context: FetchContext
  readonly #closing = new AbortController()
  readonly #location: LocatedEndpoint

  constructor(options: KeySetFetcherOptions<Set>, timeoutSeconds: number) {
    this.#options = options
    this.#context = { fetch: options.fetch, timeoutSeconds, signal: this.#closing.signal }
    this.#location = new LocatedEndpoint(options.locate, options.clock)
  }

  /**
   * Asks the issuer.
   *
   * @param held - the set in force; it is asked whether that still holds
   * @throws DocumentError, Error for what is no key set
   */
  async fetch(held: HeldSet<Set> | undefined): Promise<FetchedSet<Set>> {
    const url = (await this.#location.find(this.#context)).href
    const [fetchedAt, askedAt] = [this.#options.clock(), this.#options.stopwatch()]
    // An entity tag means something at one URL alone (RFC 9110 §8.8.3).
    const known = held?.document.url === url ? held : undefined
    const { document, etag, lifetimeSeconds } = await fetchDocument(new URL(url), this.#context, known?.document.etag)
    const facts = { url, etag, fetchedAt, lifetimeSeconds }
    if (document !== undefined) {
      const parsed = this.#options.parse(document, held?.keysByText)
      return { document: { ...facts, text: JSON.stringify(document) }, parsed, askedAt, isUnchanged: false }
    }
    const { document: last, set, keysByText } = known as HeldSet<Set> // whose entity tag we have sent
    const parsed = { set, keysByText, skipped: [] }
    return { document: { ...facts, text: last.text }, parsed, askedAt, isUnchanged: true }
  }

  /** The keys may have moved. */
  forgetLocation(): void {
    this.#location.forget()
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  close(): void {
    this.#closing.abort()
  }
}
