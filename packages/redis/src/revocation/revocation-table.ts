// What was revoked, as a node remembers it: asked on every request, and never forgetting what still counts. Bounded: what does
// not fit is refused, so that whoever fills it knows that this node does not know everything. A filter says of most names at
// once that nobody revoked them.
import { BloomFilter } from './bloom-filter.js'
import { FilteredIds } from './filtered-ids.js'
import { kinds, type RevocationEntry } from './revocation-entry.js'
import { leastCapacity, type PutOutcome, TableSegment } from './table-segment.js'
import type { TokenIds } from './token-ids.js'

/** To make a segment of so many anew takes a millisecond or two: as long as a request may have to wait for it. */
const entriesPerSegment = 8_192
const bitsPerEntry = 32
/** Of the kinds, in their order, the last one that may be in a filter alone. */
const lastFiltered = kinds.indexOf('session')

/** Options of a {@link RevocationTable}. */
export interface RevocationTableOptions {
  /**
   * `'exact'`: whoever is not revoked is never taken for revoked · `'filter'`: revoked tokens and sessions are in a filter alone.
   * Keys, subjects, clients and issuers never are: whoever shares one would be refused with all the others.
   */
  readonly memory: 'exact' | 'filter'
  /** Bound of all entries. */
  readonly maxEntries: number
}

/** Revocations by the ids of what they are about. */
export class RevocationTable {
  readonly #maxEntries: number
  readonly #segments: TableSegment[]
  readonly #filtered: FilteredIds | undefined
  /** Of each entry the id: who is not in it is in nothing. */
  readonly #filter: BloomFilter | FilteredIds
  #segmentsSize = 0
  #version = 0
  #kinds = 0
  #sweptSegments = 0

  constructor({ memory, maxEntries }: RevocationTableOptions) {
    this.#maxEntries = maxEntries
    const count = 2 ** Math.max(0, Math.ceil(Math.log2(maxEntries / entriesPerSegment)))
    this.#segments = Array.from({ length: count }, () => new TableSegment(leastCapacity))
    this.#filtered = memory === 'filter' ? new FilteredIds(maxEntries) : undefined
    this.#filter = this.#filtered ?? new BloomFilter(maxEntries, bitsPerEntry, count)
  }

  /** Grows when something is revoked that was not: who was clean at a version is clean until the next. */
  get version(): number {
    return this.#version
  }

  /** The kinds that were ever revoked, as bits in the order of {@link kinds}: no token has to be asked for others. */
  get kinds(): number {
    return this.#kinds
  }

  get size(): number {
    return this.#segmentsSize + (this.#filtered?.size ?? 0)
  }

  /** Memory of it, in bytes. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, this.#filter.bytes)
  }

  /**
   * Remembers an entry. Entries may come in any order, and twice.
   *
   * @param region - which region has it, from 0 to 7; absent while none is known to
   * @throws RangeError where it does not fit: nothing that lives is forgotten for it
   */
  put(entry: RevocationEntry, region?: number): PutOutcome {
    const kind = kinds.indexOf(entry.kind)
    const filtered = this.#filteredOf(kind)
    if (this.size >= this.#maxEntries && !(filtered ?? this.#segmentOf(entry.high)).holds(entry))
      throw new RangeError(`${this.#maxEntries} revocations are remembered, and no more fit`)
    const outcome = filtered === undefined ? this.#putExactly(entry, bitOf(region)) : filtered.put(entry)
    // A first of its kind that the filter takes for known is asked of nobody yet, all the same.
    if (outcome !== 'known' || (this.#kinds & (1 << kind)) === 0) this.#version += 1
    this.#kinds |= 1 << kind
    return outcome
  }

  /** Whether a token could be revoked. `false` is certain, and asks for nothing but the filter. */
  mayBeRevoked({ names, issuer }: TokenIds): boolean {
    for (let i = 0; i < names.length; i += 3) {
      const high = names[i + 1] as number
      const low = names[i + 2] as number
      const filtered = this.#filteredOf(names[i] as number)
      if (filtered === undefined ? this.#filter.has(high, low) : filtered.isRevoked(high, low, issuer)) return true
    }
    return false
  }

  /** @param issuedAt - in seconds since the epoch; `-Infinity` where the token does not say */
  isRevoked({ names, issuer }: TokenIds, issuedAt: number): boolean {
    for (let i = 0; i < names.length; i += 3) {
      const [kind, high, low] = [names[i] as number, names[i + 1] as number, names[i + 2] as number]
      const filtered = this.#filteredOf(kind)
      const isRevoked =
        filtered === undefined
          ? this.#filter.has(high, low) && this.#segmentOf(high).isRevoked(kind, high, low, issuer, issuedAt)
          : filtered.isRevoked(high, low, issuer)
      if (isRevoked) return true
    }
    return false
  }

  /** A region is read anew, from the start: until it shows them again, it has none of the entries. */
  markRegionUnread(region: number): void {
    for (const segment of this.#segments) segment.forgetRegion(bitOf(region))
  }

  /** How many parts the table has: to look through one takes less than a millisecond. */
  get parts(): number {
    return this.#segments.length
  }

  /**
   * Entries of one part that a region is not known to have in full, those that are past among them. It may be read slowly, with
   * others being put in meanwhile. What is in a filter alone cannot be listed: who shall bring back what a region has lost needs
   * `'exact'`.
   */
  entriesMissingIn(region: number, part: number): Iterable<RevocationEntry> {
    return this.#segmentOf(part).missingIn(bitOf(region))
  }

  /**
   * Forgets entries that ended before a second, a part of the table at a time. What is in a filter alone stays.
   *
   * @param budget - slots to look through at least; some ten thousand take a millisecond or two
   * @returns whether that was the last part: the next call begins anew
   */
  forgetPast(seconds: number, budget: number): boolean {
    for (let looked = 0; looked < budget && this.#sweptSegments < this.#segments.length; this.#sweptSegments++) {
      looked += this.#segmentOf(this.#sweptSegments).slotCount
      this.#sweep(this.#sweptSegments, seconds)
    }
    if (this.#sweptSegments < this.#segments.length) return false
    this.#sweptSegments = 0
    return true
  }

  /**
   * Begins to forget what is in a filter alone. From now on until {@link finishAfresh} everything of that kind that shall be
   * remembered must be put in again: every log from its start, and what no log has yet. It takes the filter's memory once more.
   */
  startAfresh(): void {
    this.#filtered?.startAfresh()
    for (const segment of this.#segments) segment.addIdsTo(this.#filter)
  }

  /** Forgets what was not put in again since {@link startAfresh}: whoever calls it answers for that. */
  finishAfresh(): void {
    this.#filtered?.finishAfresh()
  }

  /** Forgets nothing after all. */
  abandonAfresh(): void {
    this.#filtered?.abandonAfresh()
  }

  /** How many are in a filter alone, and cannot be listed. */
  get filteredSize(): number {
    return this.#filtered?.size ?? 0
  }

  #putExactly(entry: RevocationEntry, regionBits: number): PutOutcome {
    const index = this.#indexOf(entry.high)
    if (this.#segmentOf(index).isFull) this.#segments[index] = this.#segmentOf(index).grown()
    const outcome = this.#segmentOf(index).put(entry, regionBits)
    if (outcome !== 'new') return outcome
    this.#filter.add(entry.high, entry.low)
    this.#segmentsSize += 1
    return outcome
  }

  #sweep(index: number, seconds: number): void {
    const segment = this.#segmentOf(index)
    const living = segment.withoutPast(seconds)
    if (living === segment) return
    this.#segments[index] = living
    this.#segmentsSize -= segment.size - living.size
    if (!(this.#filter instanceof BloomFilter)) return // nobody could tell what else is in it
    this.#filter.clear(index)
    living.addIdsTo(this.#filter)
  }

  #filteredOf(kind: number): FilteredIds | undefined {
    return kind <= lastFiltered ? this.#filtered : undefined
  }

  #segmentOf(high: number): TableSegment {
    return this.#segments[this.#indexOf(high)] as TableSegment
  }

  /** The lowest bits of the upper half: the part of the filter, too. */
  #indexOf(high: number): number {
    return high & (this.#segments.length - 1)
  }
}

function bitOf(region: number | undefined): number {
  return region === undefined ? 0 : 1 << region
}
