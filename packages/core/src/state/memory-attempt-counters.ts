// Failures of late, in the memory of one process. A window slides: of the one before, as much counts as still lies within.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import type { AttemptCounters } from './attempt-counters.js'

/** Who floods us from more places than these is counted from the start again. */
const greatestNames = 100_000

interface Counts {
  /** Which window, counted from the epoch. */
  readonly window: number
  readonly current: number
  readonly previous: number
}

export class MemoryAttemptCounters implements AttemptCounters {
  readonly #counts: LRUCache<string, Counts>
  readonly #clock: Clock

  constructor(clock: Clock, maxNames: number = greatestNames) {
    this.#clock = clock
    this.#counts = new LRUCache({ maxSize: maxNames, sizeCalculation: () => 1 }) // `max` would take room for all at once
  }

  add(name: string, windowSeconds: number): void {
    const { window, current, previous } = this.#countsOf(name, windowSeconds)
    this.#counts.set(name, { window, current: current + 1, previous })
  }

  count(name: string, windowSeconds: number): number {
    const { window, current, previous } = this.#countsOf(name, windowSeconds)
    const share = Math.min(1, 1 - (this.#clock() / windowSeconds - window))
    return current + previous * share
  }

  /** A clock that is set right by a little does not make a window anew. */
  #countsOf(name: string, windowSeconds: number): Counts {
    const window = Math.floor(this.#clock() / windowSeconds)
    const known = this.#counts.get(name)
    if (known === undefined || Math.abs(known.window - window) > 1) return { window, current: 0, previous: 0 }
    return known.window < window ? { window, current: 0, previous: known.current } : known
  }
}
