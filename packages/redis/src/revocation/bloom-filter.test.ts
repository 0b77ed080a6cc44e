import { describe, expect, it } from 'vitest'
import { BloomFilter } from './bloom-filter.js'

/** Numbers of 32 bits, the same ones for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

function filled(filter: BloomFilter, count: number, seed: number): BloomFilter {
  const next = numbers(seed)
  for (let i = 0; i < count; i++) filter.add(next(), next())
  return filter
}

function found(filter: BloomFilter, count: number, seed: number): number {
  const next = numbers(seed)
  let hits = 0
  for (let i = 0; i < count; i++) if (filter.has(next(), next())) hits += 1
  return hits
}

const count = 100_000

describe('a Bloom filter', () => {
  it.each([1, 16])('has everything that was put in, in %i parts', (parts) => {
    expect(found(filled(new BloomFilter(count, 32, parts), count, 1), count, 1)).toBe(count)
  })

  it('has everything that was put in, with ten times as much as it was made for', () => {
    expect(found(filled(new BloomFilter(count / 10, 32), count, 1), count, 1)).toBe(count)
  })

  it('has nothing before anything was put in', () => {
    expect(found(new BloomFilter(count, 32), count, 1)).toBe(0)
  })

  // 5.9 and 1.6 in a million are expected of 32 and 38 bits: 12 and 3 of two million. One in 100,000 are 20.
  it.each([
    [32, 1, 20],
    [32, 16, 20],
    [32, 4_096, 20],
    [38, 1, 9],
  ])(
    'with %i bits for each id, in %i parts, takes at most %i of 2,000,000 others for a member',
    (bits, parts, most) => {
      expect(found(filled(new BloomFilter(count, bits, parts), count, 1), 2_000_000, 2)).toBeLessThanOrEqual(most)
    },
  )

  it('takes ids for the same whether their halves are signed or not', () => {
    const filter = new BloomFilter(count, 32, 16)
    filter.add(0xfedc_ba98, 0x8765_4321)
    expect(filter.has(0xfedc_ba98 | 0, 0x8765_4321 | 0)).toBe(true)
    filter.add(0x9abc_def0 | 0, 0xf000_0001 | 0)
    expect(filter.has(0x9abc_def0, 0xf000_0001)).toBe(true)
  })

  it('takes a million ids in 4.2 MB', () => {
    expect(new BloomFilter(1_000_000, 32, 128).bytes).toBeLessThanOrEqual(4_200_000)
  })

  it('forgets a part and no other', () => {
    const filter = filled(new BloomFilter(count, 32, 4), count, 1)
    filter.clear(2)
    const next = numbers(1)
    for (let i = 0; i < count; i++) {
      const high = next()
      const isKnown = filter.has(high, next())
      if (isKnown !== ((high & 3) !== 2)) throw new Error('another part was forgotten, or this one was not')
    }
  })
})
