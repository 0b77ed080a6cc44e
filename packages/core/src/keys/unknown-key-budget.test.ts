import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../testing.js'
import { UnknownKeyBudget } from './unknown-key-budget.js'

const stopwatch = createTestClock(1_000)
let budget: UnknownKeyBudget

beforeEach(() => {
  stopwatch.set(1_000)
  budget = new UnknownKeyBudget(stopwatch)
})

function spendAt(...seconds: readonly number[]): void {
  for (const second of seconds) {
    stopwatch.set(1_000 + second)
    budget.spend()
  }
}

function waitAt(second: number, kid = 'k'): number {
  stopwatch.set(1_000 + second)
  return budget.waitFor(kid)
}

describe('an unknown key id', () => {
  it('may ask at once when it is the first', () => {
    expect(budget.waitFor('k')).toBe(0)
    expect(budget.waitFor(undefined)).toBe(0)
  })

  it.each<[number, readonly number[], number]>([
    [1, [0], 0.1],
    [2, [0, 0], 0.4],
    [3, [0, 0, 0], 20],
    [4, [0, 0, 0, 0], 20],
    [9, [0, 0, 0, 0, 0, 0, 0, 0, 0], 20],
  ])('waits longer the more fetches brought nothing new: after %i', (_, spent, seconds) => {
    spendAt(...spent)
    expect(waitAt(0)).toBeCloseTo(seconds, 6)
    expect(waitAt(seconds / 2)).toBeCloseTo(seconds / 2, 6)
    expect(waitAt(seconds - 0.01)).toBeCloseTo(0.01, 6)
    expect(waitAt(seconds + 0.01)).toBe(0)
  })

  it('waits from the last fetch on, not from the first', () => {
    spendAt(0, 10)
    expect(waitAt(10)).toBeCloseTo(0.4, 6)
  })

  it('asks a few times a minute at most, however many there are', () => {
    let asked = 0
    for (let second = 0; second < 600; second += 0.05) {
      if (waitAt(second, `random-${second}`) > 0) continue
      budget.spend()
      asked += 1
    }
    expect(asked).toBe(3 + 29) // at 0, 0.1 and 0.5 s, and from 20.5 s on three a minute
  })

  it('is the first again after a quiet minute', () => {
    spendAt(0, 0)
    stopwatch.set(1_060)
    budget.waitFor('k')
    budget.spend()
    expect(waitAt(60)).toBe(20) // a minute is not more than a minute
    stopwatch.set(1_120.01)
    expect(budget.waitFor('k')).toBe(0)
    budget.spend()
    expect(waitAt(120.01)).toBeCloseTo(0.1, 6)
  })
})

describe('a key id that was found to be unknown', () => {
  it('asks no more for half a minute', () => {
    budget.remember('k')
    expect(waitAt(0)).toBe(Number.POSITIVE_INFINITY)
    expect(waitAt(29.99)).toBe(Number.POSITIVE_INFINITY)
    expect(waitAt(30)).toBe(0)
  })

  it('says nothing of another', () => {
    budget.remember('k')
    expect(waitAt(0, 'l')).toBe(0)
  })

  it('is none where the token has no key id', () => {
    budget.remember(undefined)
    expect(budget.waitFor(undefined)).toBe(0)
    expect(budget.waitFor('undefined')).toBe(0)
  })

  it('is remembered among a thousand, the latest ones', () => {
    for (let i = 0; i <= 1_000; i++) budget.remember(`k${i}`)
    expect(budget.waitFor('k1')).toBe(Number.POSITIVE_INFINITY)
    expect(budget.waitFor('k1000')).toBe(Number.POSITIVE_INFINITY)
    expect(budget.waitFor('k0')).toBe(0)
  })
})

describe('a fetch that failed', () => {
  it('does not count', () => {
    spendAt(0, 1)
    budget.refund()
    expect(waitAt(1)).toBeCloseTo(0.1, 6)
    budget.refund()
    expect(waitAt(1)).toBe(0)
  })

  it('does not count for more than one', () => {
    spendAt(0)
    budget.refund()
    budget.refund()
    spendAt(1)
    expect(waitAt(1)).toBeCloseTo(0.1, 6)
  })
})

describe('a budget that is shared', () => {
  it('is not asked again before it said', () => {
    budget.postpone(20)
    expect(waitAt(0)).toBe(20)
    expect(waitAt(19.5)).toBe(0.5)
    expect(waitAt(20)).toBe(0)
  })

  it('adds nothing to what this process may', () => {
    spendAt(0, 0, 0)
    budget.postpone(5)
    expect(waitAt(5)).toBe(15)
  })
})

describe('a key set that has changed', () => {
  it('gives the whole budget back', () => {
    spendAt(0, 0, 0)
    budget.postpone(20)
    budget.reset()
    expect(waitAt(0)).toBe(0)
    budget.spend()
    expect(waitAt(0)).toBeCloseTo(0.1, 6)
  })

  it('makes every key id worth asking for again', () => {
    budget.remember('k')
    budget.reset()
    expect(budget.waitFor('k')).toBe(0)
  })
})
