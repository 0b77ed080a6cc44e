import { beforeEach, describe, expect, it } from 'vitest'
import { LogSettlement } from './log-settlement.js'
import type { LogPage } from './revocation-log.js'

const page = (isSettling: boolean): LogPage => ({
  state: { added: 0, lastId: '0-0', length: 0 },
  rows: [],
  name: 'a name',
  isSettling,
  isEnded: false,
  unproven: undefined,
})
const [settling, settled] = [page(true), page(false)]

let settlement: LogSettlement

beforeEach(() => {
  settlement = new LogSettlement()
})

describe('whoever has read a log before', () => {
  it('believes it while nothing was lost', () => {
    expect(settlement.isOver(-10)).toBe(true)
  })

  it('believes it two and a half seconds after the rest of it was read', () => {
    settlement.lost(100)
    expect(settlement.isOver(100)).toBe(false)
    expect(settlement.isOver(102.49)).toBe(false)
    expect(settlement.isOver(102.5)).toBe(true)
  })

  it('counts from the last loss', () => {
    settlement.lost(100)
    settlement.lost(102)
    expect(settlement.isOver(102.5)).toBe(false)
    expect(settlement.isOver(104.49)).toBe(false)
    expect(settlement.isOver(104.5)).toBe(true)
  })

  it('asks for the time at which it was read, which may be before the loss', () => {
    settlement.lost(100)
    expect(settlement.isOver(99)).toBe(false)
  })
})

describe('whoever begins, with a log that is empty', () => {
  it('believes it once it was empty for a second and a half', () => {
    expect(settlement.noteEmptiness(100)).toBe(true)
    expect(settlement.secondsLeft(100)).toBe(1.5)
    expect(settlement.isBegun(settled, 100)).toBe(false)
    expect(settlement.secondsLeft(101.25)).toBe(0.25)
    expect(settlement.isBegun(settled, 101.49)).toBe(false)
    expect(settlement.secondsLeft(101.5)).toBe(0)
    expect(settlement.isBegun(settled, 101.5)).toBe(true)
  })

  it('counts from when it was first seen to be empty, and is told that once', () => {
    settlement.noteEmptiness(100)
    expect(settlement.noteEmptiness(101)).toBe(false)
    expect(settlement.isBegun(settled, 101.49)).toBe(false)
    expect(settlement.isBegun(settled, 101.5)).toBe(true)
  })

  it('does not believe it before it was seen to be empty at all', () => {
    expect(settlement.secondsLeft(100)).toBe(1.5)
    expect(settlement.isBegun(settled, 100)).toBe(false)
    expect(settlement.secondsLeft(1_000)).toBe(1.5)
  })

  it('does not believe it while others write it again, however long that takes', () => {
    settlement.noteEmptiness(100)
    expect(settlement.isBegun(settling, 200)).toBe(false)
    expect(settlement.isBegun(settled, 200)).toBe(true)
  })
})

describe('whoever begins, with a log that has an entry', () => {
  it('believes it at once', () => {
    settlement.hasEntry()
    expect(settlement.noteEmptiness(100)).toBe(false)
    expect(settlement.secondsLeft(100)).toBe(0)
    expect(settlement.isBegun(settled, 100)).toBe(true)
  })

  it('does not believe it while others write it again', () => {
    settlement.hasEntry()
    expect(settlement.isBegun(settling, 100)).toBe(false)
  })

  it('believes it, though it was empty a moment ago', () => {
    settlement.noteEmptiness(100)
    settlement.hasEntry()
    expect(settlement.secondsLeft(100.5)).toBe(0)
    expect(settlement.isBegun(settled, 100.5)).toBe(true)
  })
})
