// RFC 9449 §9: a nonce of ours in a proof says when the proof was made at the earliest, by our clock and not by that of the
// client. It is a time stamp of ours, so that no node has to remember it, and every node of a fleet takes those of the others.
import type { TimeStamps } from '../jose/time-stamp.js'

/** Hands out nonces, and takes them back for a while. */
export class ProofNonces {
  readonly #stamps: TimeStamps
  readonly #lifetimeSeconds: number
  /** Of the clocks of the fleet: another node may be ahead of us. */
  readonly #toleranceSeconds: number

  constructor(stamps: TimeStamps, lifetimeSeconds: number, toleranceSeconds: number) {
    this.#stamps = stamps
    this.#lifetimeSeconds = lifetimeSeconds
    this.#toleranceSeconds = toleranceSeconds
  }

  /** @param now - seconds since the epoch */
  make(now: number): string {
    return this.#stamps.make(now)
  }

  /**
   * When a nonce ends, in seconds since the epoch; `undefined` for what is none of ours, and for one that has ended.
   *
   * @param now - seconds since the epoch
   */
  endOf(nonce: string, now: number): number | undefined {
    const madeAt = this.#stamps.timeOf(nonce)
    if (madeAt === undefined || !(now >= madeAt - this.#toleranceSeconds)) return undefined
    const end = madeAt + this.#lifetimeSeconds + this.#toleranceSeconds
    return now < end ? end : undefined
  }

  /** Whether it is time to hand out another, so that the client need not be refused for its age: in the second half. */
  isOld(end: number, now: number): boolean {
    return now > end - this.#toleranceSeconds - this.#lifetimeSeconds / 2
  }
}
