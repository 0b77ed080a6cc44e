// How soon an issuer that could not be reached is asked again, and what is said meanwhile.
import type { Clock } from '../clock.js'
import { VerificationError } from '../errors.js'

const leastBackoffSeconds = 0.25
const greatestBackoffSeconds = 30

export class RetryPace {
  readonly #stopwatch: Clock
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #lastFailure: unknown

  /** @param stopwatch - monotonic seconds */
  constructor(stopwatch: Clock) {
    this.#stopwatch = stopwatch
  }

  /** Whether the last fetch failed. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  get mayTry(): boolean {
    return this.#stopwatch() >= this.#retryAt
  }

  succeed(): void {
    this.#failures = 0
    this.#retryAt = Number.NEGATIVE_INFINITY
    this.#lastFailure = undefined
  }

  fail(error: unknown): void {
    // The first retry is free: what failed at the start may be there by the first request.
    const backoff =
      this.#failures === 0 ? 0 : Math.min(greatestBackoffSeconds, leastBackoffSeconds * 2 ** this.#failures)
    this.#failures += 1
    this.#retryAt = this.#stopwatch() + backoff
    this.#lastFailure = error
  }

  unavailable(): VerificationError {
    return new VerificationError('keys_unavailable', 'the keys of the issuer cannot be fetched', {
      retryAfterSeconds: Math.max(1, Math.ceil(this.#retryAt - this.#stopwatch())),
      cause: this.#lastFailure,
    })
  }
}
