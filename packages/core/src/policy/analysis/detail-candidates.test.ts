// What checks and comparisons of policies see of authorization details.
import { describe, expect, it } from 'vitest'
import { authorizationDetails } from '../authorization-details-word.js'
import { claim, param } from '../comparison.js'
import type { Expression } from '../policy.js'
import { policySet } from '../policy-set.js'
import { allOf, not, policy, scope } from '../words.js'
import { checkPolicies } from './check-policies.js'
import { diffPolicies } from './diff-policies.js'

const found = (asked: Expression) => checkPolicies(policySet(policy('p', { allow: asked }))).map(({ rule }) => rule)
const pay = (...actions: readonly string[]) => authorizationDetails('pay', { actions })

describe('a policy that asks for authorization details', () => {
  it('is found to be as it should be, and every case of it is tried', () => {
    expect(found(authorizationDetails('pay'))).toEqual([])
    expect(found(allOf(scope('a'), authorizationDetails('pay', { actions: ['a'], identifier: param('id') })))).toEqual(
      [],
    )
    expect(found(allOf(pay('a'), authorizationDetails('read', { actions: ['a'] })))).toEqual([])
    expect(found(allOf(pay('a'), not(pay('b'))))).toEqual([])
  })

  it('is told what can never be, and what has no effect', () => {
    expect(found(allOf(pay('a', 'b'), not(pay('a'))))).toEqual(['always-denies'])
    expect(found(allOf(pay('a', 'b'), pay('a')))).toEqual(['part-without-effect'])
    expect(found(allOf(pay('a'), claim('authorization_details').exists()))).toEqual(['part-without-effect'])
    expect(found(allOf(pay('a'), claim('authorization_details').absent()))).toEqual(['always-denies'])
  })

  it('is no contradiction where two objects grant what one does not', () => {
    expect(found(allOf(pay('a'), pay('b'), not(pay('a', 'b'))))).toEqual([])
  })

  it('is not judged where a small model does not know enough', () => {
    const here = authorizationDetails('pay', { locations: ['x'], actions: ['a'] })
    expect(found(allOf(here, not(pay('a'))))).toEqual(['not-exhaustive'])
    const two = authorizationDetails('pay', { identifier: param('a'), fields: { b: param('b') } })
    expect(found(two)).toEqual(['not-exhaustive'])
    expect(found(allOf(two, param('a').equals('k'), param('b').equals('m')))).toEqual(['not-exhaustive'])
  })

  it('is compared with another, and the difference is shown', () => {
    const set = (asked: Expression) => policySet(policy('p', { allow: asked }))
    const [difference] = diffPolicies(set(pay('a', 'b')), set(pay('a')))
    expect(difference?.closes).toBeUndefined()
    expect(difference?.opens?.claims['authorization_details']).toContainEqual({ type: 'pay', actions: ['a'] })
    expect(diffPolicies(set(pay('a')), set(pay('a')))).toEqual([])
  })

  it('names the claims that it compares with to whom they mean something', () => {
    const findings = checkPolicies(
      policySet(policy('p', { allow: authorizationDetails('a', { identifier: claim('acct') }) })),
      {
        issuers: ['https://a.example', 'https://b.example'],
      },
    )
    expect(findings.map(({ rule }) => rule)).toContain('claim-without-issuer')
  })
})
