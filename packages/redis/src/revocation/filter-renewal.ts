// How a filter forgets: it is filled anew from the logs of all regions, and takes the place of the old one once every one of
// them was read from its beginning. That costs a reading of everything, so it is done when the filter is nearly full, and not
// often; and not once a log has lost something, for then what was lost may be in the old filter alone.

import type { RevocationEntry } from './revocation-entry.js'
import type { RevocationFeed } from './revocation-feed.js'
import type { RevocationTable } from './revocation-table.js'

const spacingSeconds = 3_600
const nearlyFull = 0.75

export interface FilterRenewalParts {
  readonly table: RevocationTable
  readonly maxRevocations: number
  readonly feeds: () => readonly RevocationFeed[]
  /** What may be in no log yet. */
  readonly onTheirWay: () => Iterable<{ readonly entry: RevocationEntry }>
  /** Remembers one of these. */
  readonly remember: (entry: RevocationEntry) => void
  readonly stopwatch: () => number
}

/** Renews the filter of a table. */
export class FilterRenewal {
  readonly #parts: FilterRenewalParts
  #nextAt = Number.NEGATIVE_INFINITY
  /** Regions that have to be read from the beginning, and those whose reading has begun since; a bit for each. */
  #unread = 0
  #begun = 0
  #hasLost = false

  constructor(parts: FilterRenewalParts) {
    this.#parts = parts
  }

  /** Begins where it is time for it, and goes on where it was begun. */
  look(): void {
    const { table, maxRevocations, feeds, onTheirWay, remember, stopwatch } = this.#parts
    if (this.#hasLost) return
    if (this.#unread === 0) {
      if (table.size < nearlyFull * maxRevocations || stopwatch() < this.#nextAt) return
      this.#nextAt = stopwatch() + spacingSeconds
      this.#unread = 2 ** feeds().length - 1
      this.#begun = 0
      table.startAfresh()
      for (const { entry } of onTheirWay()) remember(entry)
    }
    for (const [region, feed] of feeds().entries())
      if ((this.#unread & ~this.#begun & (1 << region)) !== 0) feed.readAnew('the filter is made anew')
  }

  /** A region will be read from its beginning. */
  begun(region: number): void {
    this.#begun |= 1 << region
  }

  /** A region has lost something. It may be written again, by others: nobody here can tell whether it was. */
  lost(): void {
    this.#hasLost = true
    this.#unread = 0
    this.#parts.table.abandonAfresh()
  }

  /** A region was read from its beginning. */
  read(region: number): void {
    if (this.#unread === 0 || (this.#begun & (1 << region)) === 0) return
    this.#unread &= ~(1 << region)
    if (this.#unread === 0) this.#parts.table.finishAfresh()
  }
}
