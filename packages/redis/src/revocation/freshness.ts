// How old the knowledge of revocations is. A revocation counts as made once W of R regions have it; so whoever has read all
// that was in F of them a moment ago, with W + F > R, has read it: there are not enough other regions to hide it in.
import type { StateHealth } from '@sallyport/core'
import type { Clock } from '@sallyport/core/state'

/** What freshness depends on, of one region. */
export interface FreshRegion {
  /** When all that was in its log had been read, in seconds of the stopwatch; `-Infinity`: never. */
  readonly freshAt: number
  /** The same in seconds since the epoch. */
  readonly freshAtClock: number
  /** Whether there is something in it that cannot be remembered. */
  readonly isOverflowing: boolean
}

/** Seconds up to which nothing is said about it. */
const unremarkable = 5
/** Seconds that a clock may be set back: beyond that, it is not known what was taken for past, until all is read again. */
export const clockStep = 5

/** In how many regions a revocation must be kept: more than half of them, so that two such sets always meet. */
export function defaultQuorum(regions: number): number {
  return Math.floor(regions / 2) + 1
}

/** The freshness of some regions together. */
export class Freshness {
  readonly #needed: number
  readonly #maxSeconds: number
  readonly #stopwatch: Clock
  readonly #clock: Clock
  #freshAt = Number.NEGATIVE_INFINITY
  #freshAtClock = Number.NEGATIVE_INFINITY
  #isOverflowing = false

  /** @param clock - the stopwatch of a machine stands still while it sleeps, and its clock may be set: both must agree */
  constructor(needed: number, maxSeconds: number, stopwatch: Clock, clock: Clock) {
    this.#needed = needed
    this.#maxSeconds = maxSeconds
    this.#stopwatch = stopwatch
    this.#clock = clock
  }

  update(regions: readonly FreshRegion[]): void {
    const freshest = [...regions].sort((one, other) => other.freshAt - one.freshAt)
    const { freshAt, freshAtClock } = freshest[this.#needed - 1] as FreshRegion
    this.#freshAt = freshAt
    this.#freshAtClock = freshAtClock
    this.#isOverflowing = regions.some(({ isOverflowing }) => isOverflowing)
  }

  /** Whether it can be told what was revoked. */
  get isKnown(): boolean {
    if (this.#isOverflowing || this.#stopwatch() - this.#freshAt > this.#maxSeconds) return false
    const seconds = this.#clock() - this.#freshAtClock
    return seconds <= this.#maxSeconds && seconds >= -clockStep
  }

  /** Since when revocations may be missing; 0 while all is well, `Infinity` while nothing is known. */
  get staleSeconds(): number {
    if (this.#isOverflowing) return Number.POSITIVE_INFINITY
    const seconds = Math.max(this.#stopwatch() - this.#freshAt, Math.abs(this.#clock() - this.#freshAtClock))
    return this.isKnown ? quiet(seconds) : seconds
  }

  get status(): StateHealth['status'] {
    if (this.#freshAt === Number.NEGATIVE_INFINITY) return 'starting'
    if (!this.isKnown) return 'stale'
    return this.staleSeconds === 0 ? 'ready' : 'degraded'
  }

  /** Why it cannot be told what was revoked, in words. */
  get reason(): string {
    if (this.#isOverflowing) return 'more revocations were made than fit into memory: raise `maxRevocations`'
    if (this.#freshAt === Number.NEGATIVE_INFINITY) return 'what was revoked was not read yet'
    return 'what was revoked of late cannot be told: too few regions answer'
  }
}

/** The age of one region, as health tells it. */
export function staleSecondsOf({ freshAt }: FreshRegion, now: number): number {
  return quiet(now - freshAt)
}

/** A beat or two is no staleness. */
function quiet(seconds: number): number {
  return seconds <= unremarkable ? 0 : seconds
}
