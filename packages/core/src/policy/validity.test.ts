// How long a yes holds, and that it holds so long: asked at every moment until then.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import { type Expression, make, type Policy } from './policy.js'
import { policySet } from './policy-set.js'
import { between } from './request-words.js'
import { holdsUntil } from './validity.js'
import { allOf, allow, anyOf, atLeast, authenticatedWithin, custom, denyAll, not, policy, scope, use } from './words.js'

const now = Date.parse('2026-11-24T10:00:00Z') / 1000 // a Tuesday
const minute = 60
const facts = (input: Partial<Parameters<typeof policyFacts>[0]> = {}) =>
  policyFacts({ claims: { auth_time: now, scope: 'a' }, now, ...input })
const verdictOf = (asked: Policy, at = facts()) => compilePolicy(asked).check(at)

/** Minutes from now. */
function minutesOf(asked: Policy, input: Partial<Parameters<typeof policyFacts>[0]> = {}): number {
  const at = facts(input)
  expect(verdictOf(asked, at)).toBe(1)
  return (holdsUntil(compilePolicy(asked), at) - at.now) / minute
}

const forever = Number.POSITIVE_INFINITY
const [five, ten, twenty] = [authenticatedWithin('5m'), authenticatedWithin('10m'), authenticatedWithin('20m')]
const noon = between('08:00', '12:00')
const later = between('10:30', '11:00')

describe('one part', () => {
  it('holds for ever where time does not matter', () => {
    expect(minutesOf(allow())).toBe(forever)
    expect(minutesOf(scope('a'))).toBe(forever)
  })

  it('holds while the authentication is fresh', () => {
    expect(minutesOf(ten)).toBe(10)
    expect(minutesOf(ten, { claims: { auth_time: now - 540 } })).toBe(1)
    expect(minutesOf(ten, { claims: { auth_time: now - 600 } })).toBe(0)
    expect(minutesOf(ten, { claims: { auth_time: now + 60 } })).toBe(11)
  })

  it('holds until the window closes', () => {
    expect(minutesOf(noon)).toBe(120)
    expect(minutesOf(noon, { now: now + 119 * minute + 59 })).toBeCloseTo(1 / 60)
    expect(minutesOf(between('00:00', '24:00'))).toBe(forever)
  })

  it('that does not hold, holds so until it can', () => {
    expect(minutesOf(not(later))).toBe(30)
    expect(minutesOf(not(ten), { claims: { auth_time: now - 601 } })).toBe(forever)
    expect(minutesOf(not(ten), { claims: { auth_time: now + 3_600 } })).toBe(59)
    expect(minutesOf(not(ten), { claims: { auth_time: now + 61 } })).toBeCloseTo(1 / 60)
  })
})

describe('parts together', () => {
  it('allOf: the least', () => {
    expect(minutesOf(allOf(allow(), ten, noon))).toBe(10)
    expect(minutesOf(allOf(noon, scope('a')))).toBe(120)
  })

  it('anyOf: the greatest of those that are true', () => {
    expect(minutesOf(anyOf(five, twenty, ten))).toBe(20)
    expect(minutesOf(anyOf(ten, later, denyAll()))).toBe(10)
    expect(minutesOf(anyOf(ten, use('nowhere')))).toBe(10)
    expect(minutesOf(anyOf(ten, allow()))).toBe(forever)
  })

  it('atLeast: so many of those that are true', () => {
    expect(minutesOf(atLeast(2, five, twenty, ten))).toBe(10)
    expect(minutesOf(atLeast(1, five, twenty, ten))).toBe(20)
    expect(minutesOf(atLeast(3, five, twenty, ten))).toBe(5)
    expect(minutesOf(atLeast(2, five, later, ten, denyAll()))).toBe(5)
    expect(minutesOf(atLeast(2, allow(), allow(), five))).toBe(forever)
  })

  it('not: whatever keeps the contrary false', () => {
    expect(minutesOf(not(allOf(later, denyAll())))).toBe(forever)
    expect(minutesOf(not(allOf(later, allow())))).toBe(30)
    expect(minutesOf(not(allOf(later, between('10:45', '11:00'))))).toBe(45)
    expect(minutesOf(not(anyOf(later, between('10:45', '11:00'))))).toBe(30)
    expect(minutesOf(not(anyOf(later, denyAll())))).toBe(30)
    expect(minutesOf(not(not(ten)))).toBe(10)
    expect(minutesOf(not(atLeast(2, later, between('10:45', '11:00'), between('10:15', '10:20'))))).toBe(30)
    expect(minutesOf(not(atLeast(3, later, between('10:45', '11:00'), between('10:15', '10:20'))))).toBe(45)
    expect(minutesOf(not(atLeast(1, later, between('10:45', '11:00'))))).toBe(30)
  })

  it('CEL: what it was translated to', () => {
    expect(minutesOf(make({ kind: 'cel', text: 'it', of: ten }))).toBe(10)
    expect(minutesOf(not(make({ kind: 'cel', text: 'it', of: later })))).toBe(30)
  })
})

describe('policies', () => {
  const p = policy('p', { allow: twenty, forbid: [later, denyAll()] })

  it('hold while allow holds and nothing forbids', () => {
    expect(minutesOf(p)).toBe(20)
    expect(minutesOf(policy('p', { allow: noon, forbid: [denyAll(), later] }))).toBe(30)
    expect(minutesOf(policy('p', { allow: noon, forbid: [not(ten)] }))).toBe(10)
  })

  it('that are used hold as long as they would alone', () => {
    const policies = policySet(p, policy('shut', { allow: later }), policy('barred', { allow: allow(), forbid: [ten] }))
    expect(minutesOf(use('p'), { policies })).toBe(20)
    expect(minutesOf(allOf(use('p'), five), { policies })).toBe(5)
    expect(minutesOf(not(use('shut')), { policies })).toBe(30)
    expect(minutesOf(not(use('barred')), { policies })).toBe(10)
  })

  it('that deny for two reasons deny while one of them lasts', () => {
    const one = (allowed: Expression, ...forbid: Expression[]) => {
      const policies = policySet(policy('x', { allow: allowed, forbid }))
      return minutesOf(not(use('x')), { policies })
    }
    expect(one(later, five)).toBe(30)
    expect(one(later, noon)).toBe(120)
    expect(one(allow(), five, ten, denyAll())).toBe(10)
    expect(one(denyAll(), five)).toBe(forever)
    expect(one(allow(), five)).toBe(5)
  })
})

const windowOf = fc
  .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 1, max: 15 }))
  .map(([start, length]) => between(clockTime(start * 15), clockTime(start * 15 + length * 15)))
const freshness = fc.constantFrom('10m', '1h', '100m').map((duration) => authenticatedWithin(duration as '10m'))

function clockTime(minutes: number): string {
  const [hour, rest] = [8 + Math.floor(minutes / 60), minutes % 60]
  return `${String(hour).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
}

const timed: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => {
  const nodes = fc.array(tie('node'), { minLength: 1, maxLength: 4 })
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { arbitrary: windowOf, weight: 3 },
      { arbitrary: freshness, weight: 2 },
      fc.constantFrom(allow(), denyAll(), use('nowhere'), use('named')),
      nodes.map((of) => allOf(...of)),
      nodes.map((of) => anyOf(...of)),
      fc.tuple(nodes, fc.nat()).map(([of, count]) => atLeast((count % of.length) + 1, ...of)),
      tie('node').map((of) => not(of)),
    ),
  }
}).node

const situation = fc.record({
  allowed: timed,
  forbid: fc.array(timed, { maxLength: 2 }),
  authTime: fc.integer({ min: -120, max: 90 }).map((minutes) => now + minutes * minute),
  start: fc.integer({ min: -240, max: 240 }).map((half) => now + half * 30),
})

const policies = policySet(policy('named', { allow: between('09:00', '11:00'), forbid: [authenticatedWithin('10m')] }))

describe('any policy out of parts that time changes', () => {
  it('is true at every moment up to then', () => {
    fc.assert(
      fc.property(situation, ({ allowed, forbid, authTime, start }) => {
        const asked = policy('p', { allow: allowed, forbid })
        const at = (moment: number) => policyFacts({ claims: { auth_time: authTime }, now: moment, policies })
        fc.pre(verdictOf(asked, at(start)) === 1)
        const until = holdsUntil(compilePolicy(asked), at(start))
        expect(until).toBeGreaterThanOrEqual(start)
        const end = Math.min(until, start + 86_400)
        const moments = Array.from({ length: 300 }, (_, index) => start + index * 300).filter((moment) => moment < end)
        for (const moment of [...moments, end - 1, end - 0.5]) {
          if (moment >= start) expect(verdictOf(asked, at(moment)), `${moment - start} s on`).toBe(1)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is told to hold for ever only if it does for two days', () => {
    fc.assert(
      fc.property(situation, ({ allowed, forbid, authTime, start }) => {
        const asked = policy('p', { allow: allowed, forbid })
        const at = (moment: number) => policyFacts({ claims: { auth_time: authTime }, now: moment, policies })
        fc.pre(verdictOf(asked, at(start)) === 1 && holdsUntil(compilePolicy(asked), at(start)) === forever)
        for (let moment = start; moment < start + 2 * 86_400; moment += 450)
          expect(verdictOf(asked, at(moment))).toBe(1)
      }),
      { numRuns: 50 },
    )
  })

  it('that is one part below any number of nots changes at that very moment', () => {
    fc.assert(
      fc.property(fc.oneof(windowOf, freshness), fc.nat({ max: 3 }), situation, (part, nots, { authTime, start }) => {
        let asked = part
        for (let count = 0; count < nots; count++) asked = not(asked)
        const at = (moment: number) => policyFacts({ claims: { auth_time: authTime }, now: moment })
        fc.pre(verdictOf(asked, at(start)) === 1)
        const until = holdsUntil(compilePolicy(asked), at(start))
        fc.pre(until !== forever)
        expect(verdictOf(asked, at(until - 0.5))).toBe(1)
        expect(verdictOf(asked, at(until + 0.5))).toBe(-1)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a custom test that answers otherwise when asked again', () => {
  it.each<[string, (flip: Expression) => Expression]>([
    ['anyOf', (flip) => anyOf(flip, authenticatedWithin('5m'))],
    ['allOf', (flip) => allOf(flip, between('00:00', '23:59'))],
    ['atLeast', (flip) => atLeast(1, flip, authenticatedWithin('5m'))],
  ])('lets %s hold for no longer than now', (_, build) => {
    let asked = 0
    const flip = custom('flip', {}, () => asked++ % 2 === 0)
    const facts = policyFacts({ claims: {}, now: 1_000 })
    const compiled = compilePolicy(build(flip))
    compiled.check(facts)
    expect(holdsUntil(compiled, facts)).toBe(1_000)
  })
})
