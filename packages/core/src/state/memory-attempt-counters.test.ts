import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../testing.js'
import { MemoryAttemptCounters } from './memory-attempt-counters.js'

const clock = createTestClock()
const start = Math.ceil(clock() / 60) * 60

let counters = new MemoryAttemptCounters(clock)
beforeEach(() => {
  clock.set(start)
  counters = new MemoryAttemptCounters(clock)
})

function add(times: number, name = 'ann'): void {
  for (let each = 0; each < times; each++) counters.add(name, 60)
}

const at = (seconds: number, name = 'ann'): number => {
  clock.set(start + seconds)
  return counters.count(name, 60)
}

it('counts by name', () => {
  add(2)
  add(1, 'bob')
  expect([at(0), at(0, 'bob'), at(0, 'eve')]).toEqual([2, 1, 0])
})

describe('a window', () => {
  it('slides out over the next one, evenly', () => {
    add(8)
    expect(at(59.9)).toBe(8)
    expect(at(60)).toBe(8)
    expect(at(75)).toBeCloseTo(6)
    expect(at(90)).toBeCloseTo(4)
    expect(at(119.999)).toBeCloseTo(0, 2)
    expect(at(120)).toBe(0)
  })

  it('counts beside what is left of the one before', () => {
    add(8)
    clock.set(start + 90)
    add(1)
    expect(at(90)).toBeCloseTo(5)
    expect(at(120)).toBe(1)
  })

  it('is forgotten when nothing has come for longer', () => {
    add(8)
    clock.set(start + 180)
    add(1)
    expect(at(180)).toBe(1)
  })
})

describe('a clock that is set', () => {
  it('back by a little forgets nothing, and counts nothing twice', () => {
    add(4)
    clock.set(start + 60)
    add(1)
    expect(at(59)).toBe(5)
  })

  it('back by much starts anew', () => {
    add(4)
    expect(at(-3_600)).toBe(0)
  })
})

it('remembers so many names, those that failed last', () => {
  counters = new MemoryAttemptCounters(clock, 2)
  for (const name of ['ann', 'bob', 'eve']) add(1, name)
  expect([at(0), at(0, 'bob'), at(0, 'eve')]).toEqual([0, 1, 1])
})
