// When what stands in a log is believed to be all there was. Whoever has read it before sees that something was lost, and waits
// until those who know it have written it again. Whoever begins cannot see that: a log that says it is being written again is
// waited for, and one that is empty has to be empty for a while.
import type { LogPage } from './revocation-log.js'

/** Seconds that others have to bring back what a log has lost, before it is believed again. */
const settling = 2.5
/** Seconds that an empty log has to be empty for whoever begins: others may be on their way to write it again. */
const emptying = 1.5

/** What one process can believe of one log. All times are seconds that only grow. */
export class LogSettlement {
  #believedFrom = Number.NEGATIVE_INFINITY
  #isEmpty = true
  #emptySince: number | undefined

  /** Something was lost, and the rest was read. */
  lost(now: number): void {
    this.#believedFrom = now + settling
  }

  /** An entry of the fleet is in the log. */
  hasEntry(): void {
    this.#isEmpty = false
  }

  /** Whether who has read the log before can believe what was in it at that time. */
  isOver(askedAt: number): boolean {
    return askedAt >= this.#believedFrom
  }

  /** Notes that the log is empty; answers whether that is news. */
  noteEmptiness(askedAt: number): boolean {
    if (!this.#isEmpty || this.#emptySince !== undefined) return false
    this.#emptySince = askedAt
    return true
  }

  /** Seconds until an empty log is believed by whoever begins. */
  secondsLeft(askedAt: number): number {
    return this.#isEmpty ? Math.max(0, (this.#emptySince ?? askedAt) + emptying - askedAt) : 0
  }

  /** Whether who begins can believe what was in the log at that time. */
  isBegun({ isSettling }: LogPage, askedAt: number): boolean {
    return this.secondsLeft(askedAt) === 0 && !isSettling
  }
}
