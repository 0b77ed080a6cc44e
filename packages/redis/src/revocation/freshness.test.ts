import { beforeEach, describe, expect, it } from 'vitest'
import { defaultQuorum, Freshness } from './freshness.js'

let now = 0
const never = Number.NEGATIVE_INFINITY
const at = (...times: number[]) => times.map((freshAt) => ({ freshAt, freshAtClock: freshAt, isOverflowing: false }))

beforeEach(() => {
  now = 100
})

describe('a majority', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])('of %i is %i', (regions, quorum) => {
    expect(defaultQuorum(regions)).toBe(quorum)
  })
})

describe('freshness', () => {
  it('is that of the second region where two are needed', () => {
    const freshness = new Freshness(
      2,
      30,
      () => now,
      () => now,
    )
    freshness.update(at(100, 80, 99))
    now = 129
    expect(freshness.isKnown).toBe(true)
    now = 129.1
    expect(freshness.isKnown).toBe(false)
    freshness.update(at(129, 80, 129.1))
    expect(freshness.isKnown).toBe(true)
  })

  it('is none before enough regions were read', () => {
    const freshness = new Freshness(
      2,
      30,
      () => now,
      () => now,
    )
    freshness.update(at(100, never, never))
    expect(freshness).toMatchObject({ isKnown: false, status: 'starting', staleSeconds: Number.POSITIVE_INFINITY })
    freshness.update(at(100, never, 100))
    expect(freshness).toMatchObject({ isKnown: true, status: 'ready', staleSeconds: 0 })
  })

  it('grows old step by step', () => {
    const freshness = new Freshness(
      1,
      30,
      () => now,
      () => now,
    )
    freshness.update(at(100))
    now = 105
    expect(freshness).toMatchObject({ status: 'ready', staleSeconds: 0 })
    now = 106
    expect(freshness).toMatchObject({ status: 'degraded', staleSeconds: 6 })
    now = 130
    expect(freshness).toMatchObject({ status: 'degraded', isKnown: true })
    now = 131
    expect(freshness).toMatchObject({ status: 'stale', isKnown: false, staleSeconds: 31 })
  })

  it('is none where something does not fit', () => {
    const freshness = new Freshness(
      1,
      30,
      () => now,
      () => now,
    )
    freshness.update([{ freshAt: 100, freshAtClock: 100, isOverflowing: true }, ...at(100)])
    expect(freshness).toMatchObject({ status: 'stale', isKnown: false, staleSeconds: Number.POSITIVE_INFINITY })
  })

  it('of a short bound is old without ever being remarkable', () => {
    const freshness = new Freshness(
      1,
      3,
      () => now,
      () => now,
    )
    freshness.update(at(100))
    now = 104
    expect(freshness).toMatchObject({ status: 'stale', isKnown: false, staleSeconds: 4 })
  })
})
