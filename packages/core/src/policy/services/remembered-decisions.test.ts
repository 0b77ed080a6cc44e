import { describe, expect, it } from 'vitest'
import { keyOf, RememberedDecisions } from './remembered-decisions.js'

const lifetimes = { lifetimeSeconds: 5, staleIfErrorSeconds: 30 }

describe('a yes', () => {
  it('serves for its lifetime', () => {
    const decisions = new RememberedDecisions(lifetimes)
    expect(decisions.remember('k', true, 100)).toEqual({ verdict: 1, until: 105 })
    expect(decisions.recall('k', 104.9)).toEqual({ verdict: 1, until: 105 })
    expect(decisions.recall('k', 105)).toBeUndefined()
    expect(decisions.recall('other', 104)).toBeUndefined()
  })

  it('serves not at all by a clock that was set back', () => {
    const decisions = new RememberedDecisions(lifetimes)
    decisions.remember('k', true, 100)
    expect(decisions.recall('k', 99.9)).toBeUndefined()
    expect(decisions.recallOld('k', 99.9)).toBeUndefined()
  })

  it('serves for a while longer for the want of an answer, and says so', () => {
    const decisions = new RememberedDecisions(lifetimes)
    decisions.remember('k', true, 100)
    expect(decisions.recallOld('k', 112)).toEqual({
      verdict: 1,
      until: 113,
      remark: 'a yes of 12 s ago, for the want of an answer',
    })
    expect(decisions.recallOld('k', 134.9)).toBeDefined()
    expect(decisions.recallOld('k', 135)).toBeUndefined()
    const strict = new RememberedDecisions({ ...lifetimes, staleIfErrorSeconds: 0 })
    strict.remember('k', true, 100)
    expect(strict.recallOld('k', 105)).toBeUndefined()
  })

  it('without a lifetime serves nobody else, and holds for a second what stays open', () => {
    const decisions = new RememberedDecisions({ lifetimeSeconds: 0, staleIfErrorSeconds: 0 })
    expect(decisions.remember('k', true, 100)).toEqual({ verdict: 1, until: 101 })
    expect(decisions.recall('k', 100)).toBeUndefined()
  })
})

describe('a no', () => {
  it('serves for a second at most', () => {
    const decisions = new RememberedDecisions(lifetimes)
    expect(decisions.remember('k', false, 100)).toEqual({ verdict: -1, until: 101 })
    expect(decisions.recall('k', 100.9)).toEqual({ verdict: -1, until: 101 })
    expect(decisions.recall('k', 101)).toBeUndefined()
    const brief = new RememberedDecisions({ lifetimeSeconds: 0.5, staleIfErrorSeconds: 0 })
    brief.remember('k', false, 100)
    expect(brief.recall('k', 100.5)).toBeUndefined()
  })

  it('ends a yes, and never stands in for an answer', () => {
    for (const lifetimeSeconds of [0, 5]) {
      const decisions = new RememberedDecisions({ ...lifetimes, lifetimeSeconds })
      decisions.remember('k', true, 100)
      decisions.remember('k', false, 101)
      expect(decisions.recallOld('k', 103)).toBeUndefined()
    }
  })
})

describe('what is remembered', () => {
  it('is bounded', () => {
    const decisions = new RememberedDecisions(lifetimes)
    for (let each = 0; each <= 10_000; each++) decisions.remember(`k${each}`, true, 100)
    expect(decisions.recall('k0', 101)).toBeUndefined()
    expect(decisions.recall('k1', 101)).toBeDefined()
  })

  it('is found by all that was asked, in any order', () => {
    const key = keyOf({ path: 'p', value: { a: 'x', b: 1 } })
    expect(keyOf({ path: 'p', value: { b: 1, a: 'x' } })).toBe(key)
    expect(keyOf({ path: 'q', value: { a: 'x', b: 1 } })).not.toBe(key)
    expect(keyOf({ path: 'p', value: { a: 'y', b: 1 } })).not.toBe(key)
    expect(keyOf({ path: 'p', value: { a: 'x', b: '1' } })).not.toBe(key)
  })

  it('is found by a hash, where the question is long', () => {
    const long = (end: string) => keyOf({ path: '', value: 'x'.repeat(10_000) + end })
    expect(long('a')).toHaveLength(43)
    expect(long('a')).not.toBe(long('b'))
  })
})
