import { describe, expect, it } from 'vitest'
import { claim } from '../comparison.js'
import { policySet } from '../policy-set.js'
import { between } from '../request-words.js'
import { allOf, anyOf, authenticatedWithin, not, policy, role, scope, use } from '../words.js'
import { diffPolicies } from './diff-policies.js'

describe('diffPolicies', () => {
  it('shows a login that is too old, and passes now', () => {
    const [difference] = diffPolicies(allOf(scope('pay'), authenticatedWithin('5m')), scope('pay'))
    expect(difference).toMatchObject({ change: 'changed', isComplete: true })
    const { claims, now } = difference?.opens ?? { claims: {}, now: 0 }
    expect(claims).toEqual({ scope: 'pay', auth_time: now - 301 })
    expect(difference).not.toHaveProperty('closes')
    expect(difference).not.toHaveProperty('policy')
  })

  it('shows what a change opens and what it closes', () => {
    expect(diffPolicies(scope('a'), scope('b'))).toMatchObject([
      { opens: { claims: { scope: 'b' } }, closes: { claims: { scope: 'a' } } },
    ])
  })

  it('finds nothing between two ways to say one thing', () => {
    expect(diffPolicies(not(allOf(scope('a'), role('b'))), anyOf(not(role('b')), not(scope('a'))))).toEqual([])
    expect(diffPolicies(claim('n').atMost(2), not(allOf(claim('n').atLeast(2), not(claim('n').equals(2)))))).toEqual([])
    expect(diffPolicies(between('08:00', '12:00'), between('08:00', '12:01'))).toHaveLength(1)
  })

  it('names what is there on one side only', () => {
    const one = policy('one', { allow: scope('a') })
    const two = policy('two', { allow: scope('a') })
    expect(diffPolicies(policySet(one), policySet(two))).toEqual([
      { policy: 'one', change: 'removed', isComplete: true },
      { policy: 'two', change: 'added', isComplete: true },
    ])
  })

  it('sees a change of what is used', () => {
    const top = policy('top', { allow: use('base') })
    const [before, after] = ['a', 'b'].map((name) => policySet(policy('base', { allow: scope(name) }), top))
    const differences = before && after ? diffPolicies(before, after) : []
    expect(differences.map((each) => each.policy)).toEqual(['base', 'top'])
  })

  it('says when it tried a sample', () => {
    const wide = Array.from({ length: 12 }, (_, index) => claim(`c${index}`).equals('x'))
    expect(diffPolicies(allOf(...wide), allOf(...wide.slice(1)))).toMatchObject([{ isComplete: false }])
  })
})
