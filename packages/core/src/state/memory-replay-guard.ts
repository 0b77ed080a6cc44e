// What was used once, in the memory of one process. What is forgotten could be used again, so nothing is forgotten before
// its time: a full guard uses up nothing more, and nobody passes.
import type { Clock } from '../clock.js'
import { VerificationError } from '../errors.js'
import type { ReplayGuard, SingleUse } from './replay-guard.js'

const greatestUses = 1_000_000

/** Remembers in a map: the name of each use, and up to when. */
export class MemoryReplayGuard implements ReplayGuard {
  readonly #uses = new Map<string, number>()
  readonly #clock: Clock
  readonly #maxUses: number
  /** When the first of all is past: a full guard is not searched before. */
  #firstEnd = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(clock: Clock, maxUses: number = greatestUses) {
    this.#clock = clock
    this.#maxUses = maxUses
  }

  async useOnce({ kind, by, at = '', id }: SingleUse, until: number): Promise<boolean> {
    if (this.#isClosed) throw new VerificationError('state_unavailable', 'the state was closed')
    const name = JSON.stringify([kind, by, at, id])
    const now = this.#clock()
    const known = this.#uses.get(name)
    if (!(until > now)) return false // refused for its age, and not worth remembering
    if (known !== undefined && known > now) return false
    if (known === undefined && this.#uses.size >= this.#maxUses) this.#makeRoom(now)
    this.#uses.set(name, until)
    this.#firstEnd = Math.min(this.#firstEnd, until)
    return true
  }

  /** Nothing is used up any more. */
  close(): void {
    this.#isClosed = true
    this.#uses.clear()
  }

  #makeRoom(now: number): void {
    if (this.#firstEnd <= now) {
      this.#firstEnd = Number.POSITIVE_INFINITY
      for (const [name, until] of this.#uses) {
        if (until <= now) this.#uses.delete(name)
        else this.#firstEnd = Math.min(this.#firstEnd, until)
      }
    }
    if (this.#uses.size >= this.#maxUses)
      throw new VerificationError('state_unavailable', `${this.#maxUses} uses are remembered, and no more fit`)
  }
}
