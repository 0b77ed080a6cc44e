import { describe, expect, it } from 'vitest'
import { evaluatePolicy } from './evaluate.js'
import { type Policy, scope } from './policy.js'

const who = (...scopes: string[]) => ({ scopes, roles: [], claims: {} })

describe('scope', () => {
  it('is satisfied by a token that was granted all of them', () => {
    expect(evaluatePolicy(scope('read'), who('read'))).toEqual({ satisfied: true })
    expect(evaluatePolicy(scope('read', 'write'), who('other', 'write', 'read'))).toEqual({ satisfied: true })
  })

  it('names all that is needed, held or not, when one is lacking', () => {
    const outcome = { satisfied: false, code: 'scope_insufficient', requiredScopes: ['read', 'write'] }
    expect(evaluatePolicy(scope('read', 'write'), who('read'))).toEqual(outcome)
    expect(evaluatePolicy(scope('read', 'write'), who())).toEqual(outcome)
  })

  it.each(['Read', 'read:all', 'rea', 'read ', 'read write', '*'])('is not satisfied by %j', (granted) => {
    expect(evaluatePolicy(scope('read'), who(granted))).toMatchObject({ satisfied: false })
  })
})

describe('a node that this version does not know', () => {
  it('denies', () => {
    const policy = Object.freeze({ kind: 'everybody' }) as unknown as Policy
    expect(evaluatePolicy(policy, who('read'))).toEqual({ satisfied: false, code: 'policy_denied', requiredScopes: [] })
  })
})
