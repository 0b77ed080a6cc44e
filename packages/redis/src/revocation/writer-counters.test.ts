import { beforeEach, describe, expect, it } from 'vitest'
import { WriterCounters } from './writer-counters.js'

let counters: WriterCounters

beforeEach(() => {
  counters = new WriterCounters()
  counters.note('one', 3)
})

describe('a writer', () => {
  it('that counts on has lost nothing', () => {
    counters.follow('one', 4, 0)
    counters.follow('one', 5, 0)
    expect(counters.isMissingSome(100)).toBe(false)
  })

  it('that leaves out a count has two seconds for it', () => {
    counters.follow('one', 5, 10)
    expect(counters.isMissingSome(12)).toBe(false)
    expect(counters.isMissingSome(12.1)).toBe(true)
  })

  it('that brings it late has lost nothing', () => {
    counters.follow('one', 6, 10)
    counters.follow('one', 5, 11)
    counters.follow('one', 4, 11)
    expect(counters.isMissingSome(100)).toBe(false)
  })

  it('that brings another one has', () => {
    counters.follow('one', 6, 10)
    counters.follow('one', 4, 11)
    counters.follow('two', 5, 11)
    expect(counters.isMissingSome(100)).toBe(true)
  })

  it('that repeats itself, or is moved to the end of the log, has lost nothing', () => {
    counters.follow('one', 3, 0)
    counters.follow('one', 1, 0)
    expect(counters.isMissingSome(100)).toBe(false)
  })

  it('that nobody knew may have begun long ago', () => {
    counters.follow('two', 7, 0)
    expect(counters.isMissingSome(100)).toBe(false)
    counters.follow('two', 9, 0)
    expect(counters.isMissingSome(100)).toBe(true)
  })

  it('that leaves out very much is not counted one by one', () => {
    counters.follow('one', 1_000_000_000_000, 10)
    expect(counters.isMissingSome(10)).toBe(true)
    counters.clear()
    expect(counters.isMissingSome(100)).toBe(false)
  })

  it('is one of a bounded number', () => {
    for (let each = 0; each < 10_000; each += 1) counters.follow(`writer ${each}`, 1, 0)
    counters.follow('one', 9, 0) // it was forgotten, and so is one that nobody knew
    expect(counters.isMissingSome(100)).toBe(false)
  })
})
