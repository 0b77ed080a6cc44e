import { beforeEach, describe, expect, it } from 'vitest'
import { PendingEntries } from './pending-entries.js'
import type { RevocationEntry } from './revocation-entry.js'

const entry = (low: number): RevocationEntry => ({ kind: 'jti', high: 0, low, issuer: 0, cutOff: 1, until: 1 })
let done: RevocationEntry[]
let dropped: number[]
let pending: PendingEntries

function open(regions: number, strict = 0, most = 3): PendingEntries {
  return new PendingEntries(regions, strict, most, {
    done: (each) => done.push(each),
    dropped: (missing) => dropped.push(missing),
  })
}

beforeEach(() => {
  done = []
  dropped = []
  pending = open(3)
})

const lowOf = (found: readonly { readonly entry: RevocationEntry }[]): number[] =>
  found.map(({ entry: { low } }) => low)

describe('a revocation that was made here', () => {
  it('is on its way until every region has it', () => {
    const made = pending.add(entry(1), 0)
    expect(pending.own).toBe(1)
    pending.reach(made, 0)
    pending.seen(entry(1), 2)
    expect(lowOf(pending.ownFor(0, 10))).toEqual([])
    expect(lowOf(pending.ownFor(1, 10))).toEqual([1])
    expect(done).toEqual([])
    pending.reach(made, 1)
    expect(pending.own).toBe(0)
    expect(done).toEqual([entry(1)])
  })

  it('is written by one write at a time', () => {
    const made = pending.add(entry(1), 0)
    made.underWay = 0b10
    expect(pending.ownFor(1, 10)).toEqual([])
    expect(pending.ownFor(0, 10)).toEqual([made])
  })

  it('is the same one when it is made again', () => {
    const made = pending.add(entry(1), 0)
    expect(pending.add(entry(1), 5)).toBe(made)
    expect(pending.add({ ...entry(1), until: 2 }, 5)).not.toBe(made)
    expect(pending.own).toBe(2)
  })

  it('is not there by having been read of others, where replicas count', () => {
    pending = open(2, 0b1)
    pending.note(entry(1), 0, 0)
    expect(pending.add(entry(1), 0).missing).toBe(0b11)
    pending.note(entry(2), 1, 0)
    expect(pending.add(entry(2), 0).missing).toBe(0b01)
  })

  it('is not there by being read where replicas count', () => {
    pending = open(1, 0b1)
    const made = pending.add(entry(1), 0)
    pending.seen(entry(1), 0)
    expect(pending.own).toBe(1)
    pending.reach(made, 0)
    expect(pending.own).toBe(0)
  })

  it('has waited once two seconds are over', () => {
    expect(pending.hasWaited(100)).toBe(false)
    pending.note(entry(2), 0, 8)
    pending.add(entry(1), 10)
    expect(pending.hasWaited(11.9)).toBe(false)
    expect(pending.hasWaited(12)).toBe(true)
  })
})

describe('a revocation that was read', () => {
  it('is for others to bring, for two seconds', () => {
    pending.note(entry(1), 0, 10)
    expect(pending.own).toBe(0)
    expect(pending.overdueFor(1, 10, 11.9)).toEqual([])
    expect(lowOf(pending.overdueFor(1, 10, 12))).toEqual([1])
    expect(pending.overdueFor(0, 10, 12)).toEqual([])
    expect(pending.ownFor(1, 10)).toEqual([])
    pending.note(entry(1), 1, 11)
    pending.note(entry(1), 2, 11)
    expect(pending.overdueFor(1, 10, 20)).toEqual([])
    expect(done).toEqual([])
  })

  it('is nobody’s business where there is one region', () => {
    pending = open(1)
    pending.note(entry(1), 0, 0)
    expect([...pending.all()]).toEqual([])
  })
})

describe('too many', () => {
  it('are dropped from the oldest on, and that is told', () => {
    const first = pending.add(entry(1), 0)
    pending.reach(first, 0)
    for (const low of [2, 3, 4]) pending.add(entry(low), 0)
    expect(dropped).toEqual([0b110])
    expect(pending.own).toBe(3)
    expect(lowOf(pending.ownFor(1, 10))).toEqual([2, 3, 4])
    expect(lowOf(pending.ownFor(1, 2))).toEqual([2, 3])
    pending.reach(first, 1)
    pending.reach(first, 2)
    expect(pending.own).toBe(3)
  })
})
