// A part of the table of revocations, small enough to be made anew at one go: open addressing (Knuth, The Art of Computer
// Programming, §6.4) in flat memory. It grows, forgets and shrinks in one way: another takes its place.
import { endless, everyIssuer, kinds, type RevocationEntry } from './revocation-entry.js'

/** What became of an entry: there was none like it, it says more than the one that was there, or no more than that. */
export type PutOutcome = 'new' | 'changed' | 'known'

/** A slot: high, low, issuer and kind, cut-off, end. The third is 0 in an empty slot alone. */
const wordsPerSlot = 5
const kindBits = 3
const kindMask = 2 ** kindBits - 1
const twoToThe32 = 4_294_967_296

/** The least number of entries that a segment is made for. */
export const leastCapacity = 8

/** Revocations whose ids have some bits in common. */
export class TableSegment {
  /** Entries that it is made for, a power of two. It has a quarter more slots. */
  readonly #capacity: number
  readonly #slotCount: number
  readonly #slots: Int32Array
  /** For each slot a bit for each region that is known to have it. */
  readonly #regions: Uint8Array
  #size = 0
  /** The first end of all. It may be too early, where one was prolonged, and never too late. */
  #firstEnd = endless

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#slotCount = capacity * 1.25
    this.#slots = new Int32Array(this.#slotCount * wordsPerSlot)
    this.#regions = new Uint8Array(this.#slotCount)
  }

  get size(): number {
    return this.#size
  }

  get slotCount(): number {
    return this.#slotCount
  }

  /** Ids spread evenly, not equally: a little more fits than it is made for, and a table of full segments has its size. */
  get isFull(): boolean {
    return this.#size * 6 >= this.#slotCount * 5
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#regions.byteLength
  }

  /** Whether there is an entry with this id, kind and issuer. */
  holds({ high, low, kind, issuer }: RevocationEntry): boolean {
    return this.#isTaken(this.#find(high | 0, low | 0, wordOf(kind, issuer)))
  }

  /** Puts an entry in. INVARIANT: it is not full. */
  put({ high, low, kind, issuer, cutOff, until }: RevocationEntry, regionBits: number): PutOutcome {
    const word = wordOf(kind, issuer)
    const at = this.#find(high | 0, low | 0, word)
    if (!this.#isTaken(at)) {
      this.#fill(at, high | 0, low | 0, word, cutOff, until, regionBits)
      return 'new'
    }
    const knownCutOff = this.#numberAt(at + 3)
    const knownUntil = this.#numberAt(at + 4)
    const isKnown = cutOff <= knownCutOff && until <= knownUntil
    // A region has an entry if it has all that is known of it: not if others have said more since.
    const bits = cutOff >= knownCutOff && until >= knownUntil ? regionBits : 0
    this.#regions[at / wordsPerSlot] = bits | (isKnown ? (this.#regions[at / wordsPerSlot] as number) : 0)
    if (isKnown) return 'known'
    // The later word never weakens the earlier one, so entries may come in any order, and twice.
    this.#slots[at + 3] = Math.max(cutOff, knownCutOff)
    this.#slots[at + 4] = Math.max(until, knownUntil)
    return 'changed'
  }

  /**
   * Whether a name of a token is revoked.
   *
   * @param high - as a signed number, as `low`
   * @param kind - the place of its kind among {@link kinds}
   * @param issuer - the number of the token's issuer
   */
  isRevoked(kind: number, high: number, low: number, issuer: number, issuedAt: number): boolean {
    // One id stands here more than once where several issuers' were revoked: side by side, and these are few.
    for (let at = this.#home(low); ; at = this.#after(at)) {
      const word = this.#slots[at + 2] as number
      if (word === 0) return false
      if (this.#slots[at] !== high || this.#slots[at + 1] !== low || (word & kindMask) !== kind + 1) continue
      const of = word >>> kindBits
      if ((of === everyIssuer || of === issuer) && isCovered(issuedAt, this.#numberAt(at + 3))) return true
    }
  }

  /** The same with room for other entries. */
  grown(): TableSegment {
    return this.#remade(this.#capacity * 2, 0)
  }

  /** The same without what ended before this second; itself, where nothing did. */
  withoutPast(seconds: number): TableSegment {
    if (!(this.#firstEnd < seconds)) return this
    let living = 0
    for (let at = 0; at < this.#slots.length; at += wordsPerSlot)
      if (this.#isTaken(at) && this.#numberAt(at + 4) >= seconds) living += 1
    let capacity = this.#capacity
    while (capacity > leastCapacity && living * 4 <= capacity) capacity /= 2
    return this.#remade(capacity, seconds)
  }

  addIdsTo(filter: { add(high: number, low: number): void }): void {
    for (let at = 0; at < this.#slots.length; at += wordsPerSlot)
      if (this.#isTaken(at)) filter.add(this.#slots[at] as number, this.#slots[at + 1] as number)
  }

  forgetRegion(regionBits: number): void {
    for (let slot = 0; slot < this.#slotCount; slot++)
      this.#regions[slot] = (this.#regions[slot] as number) & ~regionBits
  }

  *missingIn(regionBits: number): Generator<RevocationEntry> {
    for (let at = 0; at < this.#slots.length; at += wordsPerSlot) {
      const isMissing = ((this.#regions[at / wordsPerSlot] as number) & regionBits) === 0
      if (isMissing && this.#isTaken(at)) yield this.#entryAt(at)
    }
  }

  #remade(capacity: number, seconds: number): TableSegment {
    const other = new TableSegment(capacity)
    for (let at = 0; at < this.#slots.length; at += wordsPerSlot) {
      const until = this.#numberAt(at + 4)
      if (!this.#isTaken(at) || until < seconds) continue
      const high = this.#slots[at] as number
      const low = this.#slots[at + 1] as number
      const word = this.#slots[at + 2] as number
      const regionBits = this.#regions[at / wordsPerSlot] as number
      other.#fill(other.#find(high, low, word), high, low, word, this.#numberAt(at + 3), until, regionBits)
    }
    return other
  }

  #fill(at: number, high: number, low: number, word: number, cutOff: number, until: number, regionBits: number): void {
    this.#slots[at] = high
    this.#slots[at + 1] = low
    this.#slots[at + 2] = word
    this.#slots[at + 3] = cutOff
    this.#slots[at + 4] = until
    this.#regions[at / wordsPerSlot] = regionBits
    this.#size += 1
    this.#firstEnd = Math.min(this.#firstEnd, until)
  }

  /** Where an entry stands, or where it would. */
  #find(high: number, low: number, word: number): number {
    for (let at = this.#home(low); ; at = this.#after(at)) {
      const found = this.#slots[at + 2]
      if (found === 0) return at
      if (found === word && this.#slots[at] === high && this.#slots[at + 1] === low) return at
    }
  }

  #isTaken(at: number): boolean {
    return this.#slots[at + 2] !== 0
  }

  #entryAt(at: number): RevocationEntry {
    const word = this.#numberAt(at + 2)
    return {
      kind: kinds[(word & kindMask) - 1] as RevocationEntry['kind'],
      high: this.#numberAt(at),
      low: this.#numberAt(at + 1),
      issuer: word >>> kindBits,
      cutOff: this.#numberAt(at + 3),
      until: this.#numberAt(at + 4),
    }
  }

  #numberAt(index: number): number {
    return (this.#slots[index] as number) >>> 0
  }

  #home(low: number): number {
    return Math.floor(((low >>> 0) * this.#slotCount) / twoToThe32) * wordsPerSlot
  }

  #after(at: number): number {
    return at + wordsPerSlot === this.#slots.length ? 0 : at + wordsPerSlot
  }
}

function wordOf(kind: RevocationEntry['kind'], issuer: number): number {
  return (issuer << kindBits) | (kinds.indexOf(kind) + 1)
}

/** @param issuedAt - in seconds since the epoch; `-Infinity` where nobody knows */
function isCovered(issuedAt: number, cutOff: number): boolean {
  return cutOff === endless || issuedAt <= cutOff - 1
}
