// Revocations that are not known to be in every region yet: those that were made here, until each region has them, and those
// that were read in one region, until they were read in the others. Bounded: beyond that, a region is compared with all that
// is known once it is back.
import type { RevocationEntry } from './revocation-entry.js'

/** A revocation on its way. */
export interface PendingEntry {
  readonly entry: RevocationEntry
  /** Whether it was made here; others bring theirs themselves, and get a moment for it. */
  readonly isOwn: boolean
  /** Seconds of the stopwatch. */
  readonly since: number
  /** The regions it still lacks, a bit for each. */
  missing: number
  /** The regions that will not take it from us. */
  forsaken: number
  /** The regions to which it is being written right now. */
  underWay: number
  /** What was written to each region: the same text again where nobody knows whether it arrived. */
  readonly texts: (string | undefined)[]
  /** Called when a region has it; whoever is content takes itself out. */
  readonly listeners: Set<() => void>
}

/** Seconds before a revocation of others is written for them. */
const patience = 2

/** Who is told what becomes of them. */
export interface PendingOwner {
  /** One that was made here is in every region. */
  done(entry: RevocationEntry): void
  /** One is no longer pursued, so that somebody has to compare. */
  dropped(regions: number): void
}

/** What is on its way. */
export class PendingEntries {
  readonly #entries = new Map<string, PendingEntry>()
  readonly #allRegions: number
  readonly #strictRegions: number
  readonly #most: number
  readonly #owner: PendingOwner
  #own = 0

  /**
   * @param regions - how many there are
   * @param strictRegions - a bit for each that has an entry only once its replicas have it: to read it there proves less
   */
  constructor(regions: number, strictRegions: number, most: number, owner: PendingOwner) {
    this.#allRegions = 2 ** regions - 1
    this.#strictRegions = strictRegions
    this.#most = most
    this.#owner = owner
  }

  /** How many of those that were made here have not reached every region. */
  get own(): number {
    return this.#own
  }

  /** Whether one that was made here should be everywhere by now. */
  hasWaited(now: number): boolean {
    if (this.#own === 0) return false
    for (const { isOwn, since } of this.#entries.values()) {
      if (isOwn) return now - since >= patience
      if (now - since < patience) return false
    }
    return false
  }

  /** One that was made here. */
  add(entry: RevocationEntry, now: number): PendingEntry {
    const key = keyOf(entry)
    const known = this.#entries.get(key)
    if (known?.isOwn) return known
    // To have read it in a region is to have it there, but for its replicas.
    return this.#set(key, entry, true, known ? known.missing | this.#strictRegions : this.#allRegions, now)
  }

  /** One was read in a region, or told in none, and may be new to the others. */
  note(entry: RevocationEntry, region: number | undefined, now: number): void {
    const missing = region === undefined ? this.#allRegions : this.#allRegions & ~(1 << region)
    const key = keyOf(entry)
    if (this.#entries.has(key)) {
      if (region !== undefined) this.seen(entry, region)
    } else if (missing !== 0) this.#set(key, entry, false, missing, now)
  }

  has(entry: RevocationEntry): boolean {
    return this.#entries.has(keyOf(entry))
  }

  /** One was read in a region. */
  seen(entry: RevocationEntry, region: number): void {
    if (this.#entries.size === 0) return
    const pending = this.#entries.get(keyOf(entry))
    if (pending === undefined || (pending.isOwn && (this.#strictRegions & (1 << region)) !== 0)) return
    this.reach(pending, region)
  }

  /** A region has it. */
  reach(pending: PendingEntry, region: number): void {
    if ((pending.missing & (1 << region)) === 0) return
    this.#leave(pending, region)
    for (const listener of [...pending.listeners]) listener()
  }

  /** Gives a region up, for one entry: it will not take it from us. */
  forsake(pending: PendingEntry, region: number): void {
    pending.forsaken |= 1 << region
    this.#leave(pending, region)
  }

  /** Those made here that a region lacks and nobody is writing. */
  ownFor(region: number, limit: number): PendingEntry[] {
    return this.#select(region, limit, (pending) => pending.isOwn)
  }

  /** Those of others that a region should have by now. */
  overdueFor(region: number, limit: number, now: number): PendingEntry[] {
    return this.#select(region, limit, (pending) => !pending.isOwn && now - pending.since >= patience)
  }

  /** Everything on its way. */
  all(): Iterable<PendingEntry> {
    return this.#entries.values()
  }

  #select(region: number, limit: number, isWanted: (pending: PendingEntry) => boolean): PendingEntry[] {
    const found: PendingEntry[] = []
    for (const pending of this.#entries.values()) {
      if (found.length === limit) break
      const bit = 1 << region
      if ((pending.missing & bit) !== 0 && (pending.underWay & bit) === 0 && isWanted(pending)) found.push(pending)
    }
    return found
  }

  #set(key: string, entry: RevocationEntry, isOwn: boolean, missing: number, since: number): PendingEntry {
    if (this.#entries.size >= this.#most && !this.#entries.has(key)) this.#drop()
    const listeners = new Set<() => void>()
    const pending = { entry, isOwn, since, missing, forsaken: 0, underWay: 0, texts: [], listeners }
    this.#entries.set(key, pending)
    if (isOwn) this.#own += 1
    return pending
  }

  #leave(pending: PendingEntry, region: number): void {
    pending.missing &= ~(1 << region)
    const key = keyOf(pending.entry)
    if (pending.missing !== 0 || this.#entries.get(key) !== pending) return
    this.#delete(key, pending)
    if (pending.isOwn) this.#owner.done(pending.entry)
  }

  #drop(): void {
    const [key, oldest] = this.#entries.entries().next().value as [string, PendingEntry]
    this.#delete(key, oldest)
    this.#owner.dropped(oldest.missing)
  }

  #delete(key: string, pending: PendingEntry): void {
    this.#entries.delete(key)
    if (pending.isOwn) this.#own -= 1
  }
}

function keyOf({ kind, high, low, issuer, cutOff, until }: RevocationEntry): string {
  return `${kind} ${high} ${low} ${issuer} ${cutOff} ${until}`
}
