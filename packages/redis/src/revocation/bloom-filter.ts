// Whether something was never put in: a Bloom filter in blocks (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient
// Bloom Filters"). All bits of an id lie in one block of 512, so that a look-up touches one line of the processor's cache, or
// two; who is not in it is told so after one or two bits. Nothing is ever taken out of it but a whole part.
//
// Ids are 64 bits of a digest, as two halves; they are spread evenly already.

const blockBits = 512
const wordsPerBlock = blockBits / 32
/** Groups of three bits: with 32 bits for each id, twelve of them are set for it. */
const groups = 4
const twoToThe32 = 4_294_967_296

/** A set of ids that may take a few in a million for a member that are none. */
export class BloomFilter {
  readonly #words: Int32Array
  readonly #parts: number
  readonly #blocksPerPart: number

  /**
   * @param capacity - how many ids it is made for; with more of them it is wrong more often
   * @param bitsPerId - memory: with 32 bits it is wrong 6 times in a million once it is full, with 38 bits 1.6 times
   * @param parts - a power of two: an id is in the part that the lowest bits of its upper half say
   */
  constructor(capacity: number, bitsPerId: number, parts = 1) {
    this.#parts = parts
    this.#blocksPerPart = Math.ceil((capacity * bitsPerId) / blockBits / parts)
    this.#words = new Int32Array(parts * this.#blocksPerPart * wordsPerBlock)
  }

  get bytes(): number {
    return this.#words.byteLength
  }

  add(high: number, low: number): void {
    const words = this.#words
    const start = this.#blockOf(high, low)
    let bits = mix(high, low)
    for (let group = 0; group < groups; group++) {
      bits = next(bits)
      set(words, start, bits >>> 23)
      set(words, start, (bits >>> 14) & 0x1ff)
      set(words, start, (bits >>> 5) & 0x1ff)
    }
  }

  /** `false`: certainly never added. */
  has(high: number, low: number): boolean {
    const words = this.#words
    const start = this.#blockOf(high, low)
    let bits = mix(high, low)
    for (let group = 0; group < groups; group++) {
      bits = next(bits)
      // Two at once: the processor guesses right more often than not that one of them is missing, and need not wait for it.
      const both = bitAt(words, start, bits >>> 23) & bitAt(words, start, (bits >>> 14) & 0x1ff)
      if ((both & 1) === 0 || (bitAt(words, start, (bits >>> 5) & 0x1ff) & 1) === 0) return false
    }
    return true
  }

  /** Takes everything out of a part. */
  clear(part: number): void {
    const words = this.#blocksPerPart * wordsPerBlock
    this.#words.fill(0, part * words, (part + 1) * words)
  }

  /** Where a block starts: in a part, the upper bits of the lower half, scaled to the number of blocks. */
  #blockOf(high: number, low: number): number {
    const part = (high & (this.#parts - 1)) * this.#blocksPerPart
    return (part + Math.floor(((low >>> 0) * this.#blocksPerPart) / twoToThe32)) * wordsPerBlock
  }
}

// Twelve places of nine bits are more than an id has: further ones are made by multiplication, whose upper bits are the good
// ones, and by folding these down (the steps of MurmurHash3's finalizer).
function mix(high: number, low: number): number {
  return high ^ Math.imul(low, 0x9e37_79b1)
}

function next(bits: number): number {
  return (Math.imul(bits ^ (bits >>> 15), 0x85eb_ca6b) + 0x52dc_e729) | 0
}

function set(words: Int32Array, start: number, bit: number): void {
  const index = start + (bit >>> 5)
  words[index] = (words[index] as number) | (1 << (bit & 31))
}

/** A bit as the lowest of a number, with others above it. */
function bitAt(words: Int32Array, start: number, bit: number): number {
  return (words[start + (bit >>> 5)] as number) >>> (bit & 31)
}
