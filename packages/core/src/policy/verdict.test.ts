// The tables of strong Kleene logic, whole: every number of parts up to five, in every order.
import { describe, expect, it } from 'vitest'
import { atLeastOf, type Check, every, opposite, some, type Verdict } from './verdict.js'

const verdicts: readonly Verdict[] = [1, 0, -1]

/** Every row of so many verdicts. */
function rowsOf(length: number): readonly (readonly Verdict[])[] {
  if (length === 0) return [[]]
  return rowsOf(length - 1).flatMap((row) => verdicts.map((verdict) => [...row, verdict]))
}

const asChecks = (row: readonly Verdict[]): readonly Check<void>[] => row.map((verdict) => () => verdict)
const arities = [1, 2, 3, 4, 5]

describe('every', () => {
  it.each(arities)('is the least of %i verdicts', (arity) => {
    for (const row of rowsOf(arity)) {
      const wanted = row.includes(-1) ? -1 : row.includes(0) ? 0 : 1
      expect(every(asChecks(row))(), String(row)).toBe(wanted)
    }
  })

  it.each(arities)('asks no further than the first of %i that is false', (arity) => {
    for (let at = 0; at < arity; at++) {
      let asked = 0
      const checks = Array.from({ length: arity }, (_, index) => () => {
        asked += 1
        return (index === at ? -1 : 0) as Verdict
      })
      expect(every<void>(checks)()).toBe(-1)
      expect(asked).toBe(at + 1)
    }
  })
})

describe('some', () => {
  it.each(arities)('is the greatest of %i verdicts', (arity) => {
    for (const row of rowsOf(arity)) {
      const wanted = row.includes(1) ? 1 : row.includes(0) ? 0 : -1
      expect(some(asChecks(row))(), String(row)).toBe(wanted)
    }
  })

  it.each(arities)('asks no further than the first of %i that is true', (arity) => {
    for (let at = 0; at < arity; at++) {
      let asked = 0
      const checks = Array.from({ length: arity }, (_, index) => () => {
        asked += 1
        return (index === at ? 1 : 0) as Verdict
      })
      expect(some<void>(checks)()).toBe(1)
      expect(asked).toBe(at + 1)
    }
  })
})

describe('atLeastOf', () => {
  it.each(arities)('is what every way to resolve the doubt among %i verdicts agrees on', (arity) => {
    for (const row of rowsOf(arity)) {
      const least = row.filter((verdict) => verdict === 1).length
      const most = row.filter((verdict) => verdict !== -1).length
      for (let count = 1; count <= arity; count++) {
        const wanted = least >= count ? 1 : most < count ? -1 : 0
        expect(atLeastOf(count, asChecks(row))(), `${count} of ${row}`).toBe(wanted)
      }
    }
  })

  it('is `some` for one and `every` for all', () => {
    for (const row of rowsOf(4)) {
      expect(atLeastOf(1, asChecks(row))()).toBe(some(asChecks(row))())
      expect(atLeastOf(4, asChecks(row))()).toBe(every(asChecks(row))())
    }
  })
})

describe('opposite', () => {
  it.each<[Verdict, Verdict]>([
    [1, -1],
    [-1, 1],
    [0, 0],
  ])('of %i is %i', (verdict, wanted) => {
    expect(opposite(() => verdict)(undefined)).toBe(wanted) // toBe tells 0 from -0
  })
})
