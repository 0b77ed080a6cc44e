import { beforeEach, describe, expect, it } from 'vitest'
import { ReadingPace } from './reading-pace.js'

let pace: ReadingPace

beforeEach(() => {
  pace = new ReadingPace()
})

describe('the pace of readings', () => {
  it('lets the first one begin, whatever the stopwatch says', () => {
    expect(pace.secondsLeft(-5)).toBe(0)
    expect(pace.secondsLeft(0)).toBe(0)
  })

  it('is a second from one beginning to the next, though the first has not ended', () => {
    pace.begin(100)
    expect(pace.secondsLeft(100)).toBe(1)
    expect(pace.secondsLeft(100.75)).toBe(0.25)
    expect(pace.secondsLeft(101)).toBe(0)
  })

  it('is a second for a reading that took no time, and not one more', () => {
    pace.begin(100)
    pace.end(100)
    expect(pace.secondsLeft(100.75)).toBe(0.25)
    expect(pace.secondsLeft(101)).toBe(0)
    expect(pace.secondsLeft(500)).toBe(0)
  })

  it('is a second for a reading that took a third of one, and more for a longer one', () => {
    pace.begin(0)
    pace.end(0.25)
    expect(pace.secondsLeft(0.25)).toBe(0.75)
    pace.begin(10)
    pace.end(10.5)
    expect(pace.secondsLeft(11)).toBe(0.5)
    expect(pace.secondsLeft(11.5)).toBe(0)
  })

  it('takes a third of the time for readings, at most', () => {
    pace.begin(100)
    pace.end(104)
    expect(pace.secondsLeft(104)).toBe(8)
    expect(pace.secondsLeft(111.75)).toBe(0.25)
    expect(pace.secondsLeft(112)).toBe(0)
  })

  it('is as slow as is wanted', () => {
    pace.begin(100)
    pace.end(102, 10)
    expect(pace.secondsLeft(102)).toBe(8)
    expect(pace.secondsLeft(109.75)).toBe(0.25)
    expect(pace.secondsLeft(110)).toBe(0)
  })

  it('is no faster than a third of the time for that', () => {
    pace.begin(100)
    pace.end(104, 10)
    expect(pace.secondsLeft(110)).toBe(2)
    expect(pace.secondsLeft(112)).toBe(0)
  })

  it('is the usual one again after that', () => {
    pace.begin(100)
    pace.end(100, 10)
    pace.begin(110)
    pace.end(110)
    expect(pace.secondsLeft(111)).toBe(0)
  })
})
