// Which regions are compared with what is known here, and when: one that was read anew may have lost something, or may have what
// the others lack; and what was dropped on its way comes to every region in no other way.
import { publishState } from '@sallyport/core/state'
import type { Resync } from './feed-owner.js'
import type { OutboxFile } from './outbox-file.js'
import type { PendingEntries } from './pending-entries.js'
import type { RegionRepair } from './region-repair.js'
import type { RevocationTable } from './revocation-table.js'

export interface RegionComparisonsParts {
  /** One for each region, in their order. */
  readonly repairs: () => readonly RegionRepair[]
  readonly table: RevocationTable
  readonly pending: PendingEntries
  readonly outbox: OutboxFile | undefined
}

/** The comparisons of all regions. */
export class RegionComparisons {
  readonly #parts: RegionComparisonsParts
  /** Regions that have not been compared since something was dropped, a bit for each. */
  #uncompared = 0

  constructor(parts: RegionComparisonsParts) {
    this.#parts = parts
  }

  /** All of a region was read. */
  resynced(region: number, how: Resync): void {
    if (how === 'lost' && this.#parts.table.filteredSize > 0) publishState(unlisted)
    this.#parts.repairs()[region]?.want(how === 'lost' ? 'restore' : 'compare')
    this.#want(~(1 << region)) // what this region has may be what others lack
  }

  /** Every log is read from its beginning, beside everything else. */
  audit(): void {
    for (const repair of this.#parts.repairs()) repair.want('audit')
  }

  /** Some are on their way to nowhere now. @param missing - the regions that lack one of them, a bit for each */
  dropped(missing: number): void {
    this.#uncompared |= missing
    this.#want(missing)
  }

  /** All that is known was compared with a region. What every region has by that need not be kept to be sent. */
  compared(region: number): void {
    if (this.#uncompared === 0) return
    this.#uncompared &= ~(1 << region)
    const { table, outbox, pending } = this.#parts
    if (this.#uncompared !== 0 || table.filteredSize > 0) return // what cannot be listed is not compared
    outbox?.retain((entry) => pending.has(entry)).catch(() => publishState(unwritten))
  }

  look(): void {
    for (const repair of this.#parts.repairs()) repair.look()
  }

  #want(regions: number): void {
    for (const [index, repair] of this.#parts.repairs().entries())
      if ((regions & (1 << index)) !== 0) repair.want('compare')
  }
}

const unlisted = {
  outcome: 'warning',
  reason: 'revocations were lost that this process, with `memory` `filter`, cannot write again',
} as const

/** Told where the file of what is on its way cannot be written. */
export const unwritten = { outcome: 'warning', reason: '`outboxFile` could not be written' } as const
