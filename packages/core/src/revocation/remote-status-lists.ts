// The status lists of one issuer, as they are fetched and kept in this process: asked for once at a time, ahead of their end
// and in the background, and believed within a bound when they cannot be had any more. Nobody passes on a list beyond it.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { VerificationError } from '../errors.js'
import { publishState } from '../events.js'
import type { JsonObject } from '../jose/strict-json.js'
import { readStatusList, type StatusList, StatusListError } from './status-list.js'
import { validateStatusListClaims } from './status-list-token.js'

/** What was fetched. */
export interface FetchedStatusList {
  /** The token; `undefined` where the one that we hold has not changed. */
  readonly token: string | undefined
  readonly etag: string | undefined
  /** How long HTTP lets it be kept, in seconds. */
  readonly lifetimeSeconds: number | undefined
}

/** A token that was proven to come from who may sign the lists. */
export interface ProvenStatusList {
  readonly claims: JsonObject
  /** Whether the key that has proven it is still in force. */
  isStanding(now: number): boolean
}

/** How long lists live, and how large they may be. All bounds hold for what the lists say, too. */
export interface StatusListBounds {
  readonly leastLifetimeSeconds: number
  readonly greatestLifetimeSeconds: number
  readonly staleSeconds: number
  readonly greatestBytes: number
}

/** What {@link RemoteStatusLists} are made of. */
export interface RemoteStatusListsParts {
  readonly issuer: string
  /** Who signs the lists: the issuer, unless it lets another. */
  readonly signer: string
  readonly clockToleranceSeconds: number
  readonly bounds: StatusListBounds
  readonly clock: Clock
  /** Monotonic seconds. */
  readonly stopwatch: Clock
  /** @throws Error */
  readonly fetch: (url: URL, etag: string | undefined) => Promise<FetchedStatusList>
  /** @throws VerificationError */
  readonly prove: (token: string) => Promise<ProvenStatusList>
}

/** A list in force. Never changed, only replaced. */
interface HeldList {
  readonly list: StatusList
  readonly proof: ProvenStatusList
  readonly etag: string | undefined
  readonly issuedAt: number
  readonly notAfter: number
  readonly ttlSeconds: number | undefined
  readonly fetchedAt: number
  readonly refreshAt: number
  readonly freshUntil: number
}

interface Failures {
  readonly count: number
  readonly retryAt: number
  readonly cause: unknown
}

const refreshAhead = 0.8 // of the lifetime
const defaultLifetimeSeconds = 300
const greatestBackoffSeconds = 30
const heldBytes = 134_217_728
const entryBytes = 1_000 // of an entry without its list, generously
const greatestFailures = 1_000
const greatestFlights = 100

/** The lists of one issuer. */
export class RemoteStatusLists {
  readonly #parts: RemoteStatusListsParts
  readonly #lists = new LRUCache<string, HeldList>({
    maxSize: heldBytes,
    sizeCalculation: ({ list }) => list.byteLength + entryBytes,
  })
  readonly #failures = new LRUCache<string, Failures>({ max: greatestFailures })
  readonly #flights = new Map<string, Promise<void>>()

  constructor(parts: RemoteStatusListsParts) {
    this.#parts = parts
  }

  /** The list at a place: at once where it is at hand. @throws VerificationError `state_unavailable` as a rejection */
  listAt(uri: string, url: URL): StatusList | Promise<StatusList> {
    const now = this.#parts.clock()
    const held = this.#standing(uri, now)
    if (held === undefined || !(now < held.freshUntil)) return this.#fetchedList(uri, url)
    if (now >= held.refreshAt && this.#mayTry(uri)) void this.#refresh(uri, url)
    return held.list
  }

  async #fetchedList(uri: string, url: URL): Promise<StatusList> {
    const isFailing = this.#failures.get(uri) !== undefined
    const attempt = this.#mayTry(uri) ? this.#refresh(uri, url) : undefined
    const stale = this.#usable(uri)
    if (stale !== undefined && isFailing) return stale // it is known to be away: nobody waits for it again
    await attempt
    const list = this.#usable(uri)
    if (list === undefined) throw this.#unavailable(uri)
    return list
  }

  /** What is believed: fresh, or for a while after it. */
  #usable(uri: string): StatusList | undefined {
    const { clock, bounds } = this.#parts
    const now = clock()
    const held = this.#standing(uri, now)
    return held !== undefined && now < held.freshUntil + bounds.staleSeconds ? held.list : undefined
  }

  /** INVARIANT: never beyond its `exp`, and never longer than the key that has proven it is in force. */
  #standing(uri: string, now: number): HeldList | undefined {
    const held = this.#lists.get(uri)
    if (held === undefined || !(now >= held.fetchedAt && now < held.notAfter)) return undefined
    return held.proof.isStanding(now) ? held : undefined
  }

  #mayTry(uri: string): boolean {
    const { retryAt = Number.NEGATIVE_INFINITY } = this.#failures.get(uri) ?? {}
    if (this.#flights.has(uri)) return true
    return this.#flights.size < greatestFlights && this.#parts.stopwatch() >= retryAt
  }

  /** One fetch at a time for each list, shared by all who wait for it. Never rejects. */
  #refresh(uri: string, url: URL): Promise<void> {
    const known = this.#flights.get(uri)
    if (known !== undefined) return known
    const flight = this.#fetch(uri, url)
      .then(
        () => this.#succeed(uri),
        (error: unknown) => this.#fail(uri, error),
      )
      .finally(() => this.#flights.delete(uri))
    this.#flights.set(uri, flight)
    return flight
  }

  async #fetch(uri: string, url: URL): Promise<void> {
    const { clock, fetch } = this.#parts
    const fetchedAt = clock() // the list is at least this old when it is here
    const held = this.#standing(uri, fetchedAt)
    const { token, etag, lifetimeSeconds } = await fetch(url, held?.etag)
    const facts = token === undefined ? held : await this.#read(uri, token)
    if (facts === undefined) throw new StatusListError('it has not changed, and there is none to have changed')
    if (held !== undefined && facts.issuedAt < held.issuedAt)
      throw new StatusListError('it is older than the one before')
    const lifetime = this.#lifetime(facts, lifetimeSeconds, fetchedAt)
    const times = { fetchedAt, refreshAt: fetchedAt + lifetime * refreshAhead, freshUntil: fetchedAt + lifetime }
    this.#lists.set(uri, { ...facts, etag, ...times })
  }

  async #read(uri: string, token: string): Promise<Omit<HeldList, 'etag' | 'fetchedAt' | 'refreshAt' | 'freshUntil'>> {
    const { prove, signer, clockToleranceSeconds, bounds, clock } = this.#parts
    const proof = await prove(token)
    const rules = { uri, issuer: signer, clockToleranceSeconds, now: clock() }
    const { list, ...claims } = validateStatusListClaims(proof.claims, rules)
    const { isStanding } = proof
    return { list: await readStatusList(list, bounds.greatestBytes), proof: { claims: {}, isStanding }, ...claims }
  }

  /** §13.7: `ttl` and `exp` come before what HTTP says; whatever is said is held to our own bounds (§11.5). */
  #lifetime(
    { ttlSeconds, notAfter }: Pick<HeldList, 'ttlSeconds' | 'notAfter'>,
    http: number | undefined,
    now: number,
  ): number {
    const { leastLifetimeSeconds, greatestLifetimeSeconds } = this.#parts.bounds
    const untilEnd = notAfter - now
    const said = ttlSeconds ?? (Number.isFinite(untilEnd) ? untilEnd : (http ?? defaultLifetimeSeconds))
    return Math.min(greatestLifetimeSeconds, Math.max(leastLifetimeSeconds, said))
  }

  #succeed(uri: string): void {
    if (this.#failures.delete(uri)) this.#tell('ready', 'a status list can be fetched again')
  }

  #fail(uri: string, cause: unknown): void {
    const count = (this.#failures.get(uri)?.count ?? 0) + 1
    const backoff = count === 1 ? 0 : Math.min(greatestBackoffSeconds, 2 ** (count - 2)) // the first retry is free
    this.#failures.set(uri, { count, retryAt: this.#parts.stopwatch() + backoff, cause })
    const reason = cause instanceof Error ? cause.message.replaceAll(uri, 'it') : String(cause) // a claim is not told
    if (count === 1) this.#tell('degraded', `a status list cannot be fetched: ${reason}`)
  }

  #unavailable(uri: string): VerificationError {
    const { retryAt = 0, cause } = this.#failures.get(uri) ?? {}
    return new VerificationError('state_unavailable', 'the status list of the token cannot be had', {
      retryAfterSeconds: Math.max(1, Math.ceil(retryAt - this.#parts.stopwatch())),
      cause,
    })
  }

  #tell(outcome: 'ready' | 'degraded', reason: string): void {
    publishState({ outcome, reason: `${this.#parts.issuer}: ${reason}` })
  }
}
