// Revoked ids in a filter alone, a seventh of the memory: for what is revoked without a cut-off and is one token's, or one
// session's. The price: some in a million are taken for revoked that are not, nobody can list them, and nothing is forgotten
// but by filling another filter. What is elsewhere exactly stands in the same filter, to be asked for fast.
import { BloomFilter } from './bloom-filter.js'
import { everyIssuer, type RevocationEntry } from './revocation-entry.js'

/** A token has two ids here, each looked for twice, and one in a hundred thousand is taken for revoked that is not. */
const bitsPerId = 38

/** Ids, some of them of one issuer. */
export class FilteredIds {
  readonly #capacity: number
  #filter: BloomFilter
  #size = 0
  #namesIssuers = false
  /** The one that will take its place. */
  #next: BloomFilter | undefined
  #nextSize = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#filter = new BloomFilter(capacity, bitsPerId)
  }

  /** How many were put in. */
  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#filter.bytes + (this.#next?.bytes ?? 0)
  }

  /** Adds an id of what is elsewhere. */
  add(high: number, low: number): void {
    this.#filter.add(high, low)
    this.#next?.add(high, low)
  }

  has(high: number, low: number): boolean {
    return this.#filter.has(high, low)
  }

  put(entry: RevocationEntry): 'new' | 'known' {
    const { high, low, issuer } = entry
    const mixed = mix(high, issuer)
    if (issuer !== everyIssuer) this.#namesIssuers = true // though the filter takes it for known
    if (this.#next !== undefined && !this.#next.has(mixed, low)) {
      this.#next.add(mixed, low)
      this.#nextSize += 1
    }
    if (this.#filter.has(mixed, low)) return 'known'
    this.#filter.add(mixed, low)
    this.#size += 1
    return 'new'
  }

  holds({ high, low, issuer }: RevocationEntry): boolean {
    return this.#filter.has(mix(high, issuer), low)
  }

  /** Whether an id was put in, as that of every issuer or of this one. */
  isRevoked(high: number, low: number, issuer: number): boolean {
    return this.#filter.has(high, low) || (this.#namesIssuers && this.#filter.has(mix(high, issuer), low))
  }

  /** From now on everything is put into another filter as well. */
  startAfresh(): void {
    this.#next = new BloomFilter(this.#capacity, bitsPerId)
    this.#nextSize = 0
  }

  abandonAfresh(): void {
    this.#next = undefined
  }

  /** The other filter takes the place of this one, where there is another. */
  finishAfresh(): void {
    if (this.#next === undefined) return
    this.#filter = this.#next
    this.#size = this.#nextSize
    this.#next = undefined
  }
}

/** An id of one issuer is another id; of every issuer, itself. */
function mix(high: number, issuer: number): number {
  return high ^ Math.imul(issuer, 0x9e37_79b1)
}
