// How often somebody has failed of late. Counted here at once and for the others soon: nobody waits for it on the way of a
// request, and without the others the count of this process stands.

/** Counts failures by name, in windows of time. */
export interface AttemptCounters {
  /**
   * Counts one failure.
   *
   * @param name - whose: an address, a client. Personal, and so never stored as it is
   * @param windowSeconds - how long a window is; the same for every call with one name
   */
  add(name: string, windowSeconds: number): void
  /** Failures in the window up to now: those of this process, and those of others as far as they are known. */
  count(name: string, windowSeconds: number): number
}
