// What was found in a region that is not of this fleet. Whoever writes garbage gets no event for each of it.
import { type Clock, publishState } from '@sallyport/core/state'

const spacingSeconds = 1

/** Counts what is not believed, and tells it now and then. */
export class Rejections {
  readonly #region: string | undefined
  readonly #stopwatch: Clock
  #count = 0
  #nextAt: number = Number.NEGATIVE_INFINITY

  constructor(region: string | undefined, stopwatch: Clock) {
    this.#region = region
    this.#stopwatch = stopwatch
  }

  add(): void {
    this.#count += 1
  }

  /** Tells how many there were, if it is time for that. */
  tell(): void {
    if (this.#count === 0 || this.#stopwatch() < this.#nextAt) return
    this.#nextAt = this.#stopwatch() + spacingSeconds
    const reason = `${this.#count} revocations were not written by this fleet, and not believed`
    publishState({ ...(this.#region !== undefined && { region: this.#region }), outcome: 'rejected', reason })
    this.#count = 0
  }
}
