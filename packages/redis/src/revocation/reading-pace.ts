// How often a whole log is read, whatever the reason: every other load of a server would be less than this one.

/** Seconds between two beginnings, at least. */
const leastSpacing = 1
/** What a reading took, so often: a log that takes long to read is not read all the time. */
const breath = 3

/** The pace of one kind of reading of one log. */
export class ReadingPace {
  #begunAt = Number.NEGATIVE_INFINITY
  #nextAt = Number.NEGATIVE_INFINITY

  /** Seconds until the next one may begin. @param now - seconds that only grow */
  secondsLeft(now: number): number {
    return Math.max(0, this.#nextAt - now)
  }

  begin(now: number): void {
    this.#begunAt = now
    this.#nextAt = now + leastSpacing
  }

  /** @param spacing - seconds since the beginning, where more than usual are wanted */
  end(now: number, spacing: number = leastSpacing): void {
    this.#nextAt = this.#begunAt + Math.max(spacing, breath * (now - this.#begunAt))
  }
}
