// Calls to a server that may be slow or away, kept from taking us down with it: so many at a time and no queue (a bulkhead),
// and none for a moment after several in a row had no answer (a circuit breaker). Both are cockatiel's; the time is ours, because
// cockatiel counts by a clock that can be set back, and would then wait for as long.
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
  wrap,
} from 'cockatiel'
import type { Clock } from './clock.js'

/** How calls are bounded. */
export interface GuardedCallsOptions {
  /** Monotonic seconds. */
  readonly stopwatch: Clock
  /**
   * Whether the server is away, as against having answered what was not wanted. Who chooses the question may choose that answer: it
   * must not be a way to have the calls paused.
   */
  readonly isOutage: (error: unknown) => boolean
  /** Called when the calls are paused, and when they are made again. */
  readonly onChange?: (isPaused: boolean) => void
}

/** At a time. A call beyond is refused, not queued: who waits in a queue waits for nothing. */
export const greatestInFlight = 64
/** So many outages in a row pause the calls. */
export const toleratedFailures = 5
/** So long; then one call tries, and the others wait for how it goes. */
export const pauseSeconds = 1

/** A call that was not made. */
export class CallRefusedError extends Error {
  override readonly name = 'CallRefusedError'
}

/** Calls to one server. */
export class GuardedCalls {
  readonly #policy: { execute<T>(call: () => Promise<T>): Promise<T> }

  constructor({ stopwatch, isOutage, onChange }: GuardedCallsOptions) {
    const breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: { next: () => pauseFrom(stopwatch) },
      breaker: new ConsecutiveBreaker(toleratedFailures),
    })
    breaker.onStateChange((state) => {
      if (state !== CircuitState.HalfOpen) onChange?.(state === CircuitState.Open)
    })
    // The bulkhead is outside: who waits for how a trial goes is counted as well.
    this.#policy = wrap(bulkhead(greatestInFlight, 0), breaker)
  }

  /**
   * Makes a call, if it may be made.
   *
   * @throws CallRefusedError, and what the call throws
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(call)
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new CallRefusedError('too many calls are under way')
      if (error instanceof BrokenCircuitError)
        throw new CallRefusedError('the last calls had no answer, and none is made')
      throw error
    }
  }
}

/** cockatiel asks how long the pause is each time that it wonders whether it is over: for ever, and then no more. */
function pauseFrom(stopwatch: Clock): IBackoff<unknown> {
  const over = stopwatch() + pauseSeconds
  return {
    get duration() {
      return stopwatch() >= over ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    },
    next: () => pauseFrom(stopwatch),
  }
}
