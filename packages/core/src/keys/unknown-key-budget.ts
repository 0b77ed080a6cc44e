// How soon an unknown key id may make us ask the issuer. Anybody can write a key id, so a flood of them must cost the
// issuer next to nothing; but the first token of a fresh key looks the same, and must get through at once. So the first
// unknown id asks at once, the next ones share a fetch a moment later, and after that it is three a minute.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'

/** Seconds to the next fetch, after one, two, three and more fetches in a row that brought nothing new. */
export const fetchSpacings: readonly number[] = Object.freeze([0.1, 0.4, 20])
/** Nothing asked for this long: the next unknown id is the first again. */
export const quietSeconds = 60
/** How long one key id is taken for unknown without asking again. */
const negativeSeconds = 30
const rememberedKids = 1_000

export class UnknownKeyBudget {
  readonly #stopwatch: Clock
  readonly #unknown = new LRUCache<string, number>({ max: rememberedKids })
  #fruitless = 0
  #lastAt = Number.NEGATIVE_INFINITY
  #postponedUntil = Number.NEGATIVE_INFINITY

  /** @param stopwatch - monotonic seconds: no change of the date makes the budget larger */
  constructor(stopwatch: Clock) {
    this.#stopwatch = stopwatch
  }

  /** Seconds until this key id may ask; 0 for now, `Infinity` for one that was just found to be unknown. */
  waitFor(kid: string | undefined): number {
    const now = this.#stopwatch()
    if (kid !== undefined && (this.#unknown.get(kid) ?? 0) > now) return Number.POSITIVE_INFINITY
    if (now < this.#postponedUntil) return this.#postponedUntil - now
    if (now - this.#lastAt > quietSeconds) this.#fruitless = 0
    if (this.#fruitless === 0) return 0
    const spacing = fetchSpacings[Math.min(this.#fruitless, fetchSpacings.length) - 1] ?? 0
    return Math.max(0, this.#lastAt + spacing - now)
  }

  /** A fetch for the sake of an unknown key id is made. It counts as fruitless until {@link reset} says otherwise. */
  spend(): void {
    this.#fruitless += 1
    this.#lastAt = this.#stopwatch()
  }

  /** The fetch failed: it says nothing about the key id. */
  refund(): void {
    this.#fruitless = Math.max(0, this.#fruitless - 1)
  }

  /** The budget that is shared with others says no for so long; it is not asked again before. */
  postpone(seconds: number): void {
    this.#postponedUntil = this.#stopwatch() + seconds
  }

  /** A set that was fetched after this key id came does not hold it. */
  remember(kid: string | undefined): void {
    if (kid !== undefined) this.#unknown.set(kid, this.#stopwatch() + negativeSeconds)
  }

  /** The key set has changed: what was unknown may be known, and a rotation costs nothing. */
  reset(): void {
    this.#fruitless = 0
    this.#postponedUntil = Number.NEGATIVE_INFINITY
    this.#unknown.clear()
  }
}
