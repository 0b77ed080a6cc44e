// Time, as every RFC here counts it: seconds since 1970-01-01T00:00:00Z, fractions allowed (RFC 7519 §2, NumericDate).

/** Answers the current time in seconds since the epoch. */
export type Clock = () => number

/** The clock of the machine. The one place in this package that asks the machine for the date. */
export const systemClock: Clock = () => Date.now() / 1000

/** The stopwatch of the machine: seconds that only ever grow, for pacing what we ask of others. */
export const monotonicClock: Clock = () => performance.now() / 1000

/** Lets so many seconds of the stopwatch pass. */
export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}
