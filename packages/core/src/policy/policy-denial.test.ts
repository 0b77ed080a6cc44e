import { describe, expect, it } from 'vitest'
import { VerificationError } from '../errors.js'
import { policyFacts } from './evaluate.js'
import type { Policy } from './policy.js'
import { PolicyDenial, requireSatisfied } from './policy-denial.js'
import { acrAtLeast, allOf, allow, authenticatedWithin, denyAll, policy, scope, use } from './words.js'

const now = 1_800_000_000
const facts = policyFacts({ claims: { scope: 'read', auth_time: now - 60, secret: 'hush' }, now })

function denialOf(asked: Policy): PolicyDenial {
  try {
    requireSatisfied(asked, facts)
  } catch (error) {
    if (error instanceof PolicyDenial) return error
  }
  throw new Error('it was not denied')
}

describe('requireSatisfied', () => {
  it('answers up to when that holds', () => {
    expect(requireSatisfied(scope('read'), facts)).toBe(Number.POSITIVE_INFINITY)
    expect(requireSatisfied(authenticatedWithin('5m'), facts)).toBe(now + 240)
  })

  it('throws the code with what to do about it', () => {
    expect(denialOf(scope('read', 'write'))).toMatchObject({
      code: 'scope_insufficient',
      requiredScopes: ['read', 'write'],
    })
    expect(denialOf(allOf(acrAtLeast('high'), authenticatedWithin('5m')))).toMatchObject({
      code: 'step_up_required',
      requiredScopes: [],
      acrValues: ['high'],
      maxAgeSeconds: 300,
    })
    expect(denialOf(denyAll())).toMatchObject({ code: 'policy_denied', requiredScopes: [], acrValues: [] })
    expect(denialOf(denyAll())).toBeInstanceOf(VerificationError)
  })

  it.each<[string, Policy]>([
    ['the policy is not satisfied', denyAll()],
    ['the policy a.b is not satisfied', policy('a.b', { allow: denyAll() })],
    ['the policy a.b is not satisfied: Only us.', policy('a.b', { allow: denyAll(), message: 'Only us.' })],
    ['the policy a.b is not satisfied', use('a.b')],
  ])('says: %s', (message, asked) => {
    expect(denialOf(asked).message).toBe(message)
  })

  it('says why, part by part, to whoever asks', () => {
    const { trace } = denialOf(policy('p', { allow: allow(), forbid: [scope('read')] }))
    expect(trace).toMatchObject({ text: 'policy p', outcome: 'false', wanted: 'true' })
    expect(trace.parts.map(({ text, outcome }) => `${text}: ${outcome}`)).toEqual([
      'allow: true',
      'forbid: scope read: true',
    ])
  })

  it('shows nothing of the token where it is logged', () => {
    const denial = denialOf(denyAll())
    expect(JSON.stringify({ ...denial, message: denial.message, stack: denial.stack })).not.toContain('hush')
    expect(Object.keys(denial)).not.toContain('trace')
  })
})
