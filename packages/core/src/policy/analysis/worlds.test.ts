import { describe, expect, it } from 'vitest'
import { claim, param } from '../comparison.js'
import type { Policy } from '../policy.js'
import { policySet } from '../policy-set.js'
import { allOf, anyOf, authenticatedWithin, custom, not, policy, role, scope } from '../words.js'
import { checkPolicies } from './check-policies.js'
import { diffPolicies } from './diff-policies.js'
import { worldsOf } from './worlds.js'

const alone = (of: Policy) => ({ policy: of, named: undefined })
const reference = allOf(
  scope('read:orders'),
  anyOf(role('admin'), claim('tenant').equals(param('tenantId'))),
  authenticatedWithin('15m'),
)

describe('worlds', () => {
  it('are as many as four parts can differ in: three outcomes each', () => {
    const { all, areComplete } = worldsOf([alone(reference)])
    expect(all).toHaveLength(3 ** 4)
    expect(areComplete).toBe(true)
    expect(new Set(all.map(({ verdicts }) => verdicts.join())).size).toBe(3 ** 4)
  })

  it('are the same on every run', () => {
    const wide = allOf(...Array.from({ length: 12 }, (_, index) => claim(`c${index}`).equals('x')))
    for (const asked of [reference, wide]) {
      const [one, two] = [worldsOf([alone(asked)]), worldsOf([alone(asked)])]
      expect(one.all.map((world) => world.request())).toEqual(two.all.map((world) => world.request()))
    }
  })

  it('are a sample beyond the limit, and say so', () => {
    expect(worldsOf([alone(reference)], 81)).toMatchObject({ areComplete: true })
    const { all, areComplete } = worldsOf([alone(reference)], 80)
    expect(all).toHaveLength(80)
    expect(areComplete).toBe(false)
  })

  it('know that a claim is not text and an object at once', () => {
    const both = allOf(claim('a').equals('x'), claim('a', 'b').equals('y'))
    const { all, judge, areComplete } = worldsOf([alone(both)])
    expect(areComplete).toBe(true)
    expect(all.some((world) => judge(alone(both))(world) === 1)).toBe(false)
  })

  it('do not ask what a login some time ago is as a date', () => {
    const mixed = allOf(authenticatedWithin('5m'), claim('auth_time').atMost(1_000))
    expect(worldsOf([alone(mixed)]).areComplete).toBe(false)
    expect(worldsOf([alone(allOf(claim('auth_time').exists(), authenticatedWithin('5m')))]).areComplete).toBe(true)
  })
})

describe('code', () => {
  const code = custom('c', {}, ({ claims }) => claims['a'] === 1)

  it('could answer anything', () => {
    expect(worldsOf([alone(code)]).all.map(({ verdicts }) => verdicts[0])).toEqual([1, -1, 0])
    expect(checkPolicies(policySet(policy('p', { allow: allOf(code, not(code)) }))).map(({ rule }) => rule)).toEqual([
      'always-denies',
    ])
    expect(checkPolicies(policySet(policy('p', { allow: code })))).toEqual([])
  })

  it('is asked before its answer is shown as a difference', () => {
    const [difference] = diffPolicies(scope('a'), allOf(scope('a'), code))
    expect(difference).toMatchObject({ change: 'changed', closes: { claims: { scope: 'a' } }, isComplete: false })
    expect(diffPolicies(code, allOf(code, scope('a')))).toEqual([]) // no claim `a` was tried
  })
})
