// Time that stands still until a test moves it.
import type { Clock } from '../clock.js'

/** A {@link Clock} that a test sets. */
export interface TestClock extends Clock {
  /** Moves on by so many seconds; back, if negative. */
  advance(seconds: number): void
  /** Stands at this second since the epoch. */
  set(seconds: number): void
}

/**
 * Makes a clock that stands still.
 *
 * @param start - seconds since the epoch. @defaultValue 1767225600, the first second of 2026
 */
export function createTestClock(start = 1_767_225_600): TestClock {
  let now = start
  return Object.assign(() => now, {
    advance: (seconds: number): void => {
      now += seconds
    },
    set: (seconds: number): void => {
      now = seconds
    },
  })
}
