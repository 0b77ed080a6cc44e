// Stops asking a server that does not answer. Writing to it would only keep the connection looking alive, and fill memory
// with commands whose askers have given up (docs/adr/0016).
import { type Clock, monotonicClock } from '@sallyport/core/state'

const tolerated = 5
const leastPauseSeconds = 0.2
const greatestPauseSeconds = 2

/** The breaker of one server. Counts silence and lost connections, not refusals: a server that says no is there. */
export class Breaker {
  readonly #clock: Clock
  #failures = 0
  #pauseSeconds = leastPauseSeconds
  /** From when on one call may try; absent while all may. */
  #probeAt: number | undefined
  #isProbing = false

  constructor(clock: Clock = monotonicClock) {
    this.#clock = clock
  }

  get isOpen(): boolean {
    return this.#probeAt !== undefined
  }

  /** Whether a call may be made. After a pause, one may: the probe. Whoever may, reports how it went. */
  mayCall(): boolean {
    if (this.#probeAt === undefined) return true
    if (this.#isProbing || this.#clock() < this.#probeAt) return false
    this.#isProbing = true
    return true
  }

  /** The server answered, if only to refuse. */
  succeeded(): void {
    this.#failures = 0
    this.#pauseSeconds = leastPauseSeconds
    this.#probeAt = undefined
    this.#isProbing = false
  }

  /** Nothing came back. */
  failed(): void {
    if (this.#probeAt === undefined) {
      this.#failures += 1
      if (this.#failures >= tolerated) this.#probeAt = this.#clock() + this.#pauseSeconds
      return
    }
    // Calls from before it opened come in late, and say nothing new.
    if (!this.#isProbing) return
    this.#isProbing = false
    this.#pauseSeconds = Math.min(this.#pauseSeconds * 2, greatestPauseSeconds)
    this.#probeAt = this.#clock() + this.#pauseSeconds
  }
}
