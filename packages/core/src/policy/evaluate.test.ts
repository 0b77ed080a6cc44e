import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { compilePolicy } from './compile.js'
import { evaluatePolicy, explainPolicy, isSatisfied, policyFacts } from './evaluate.js'
import type { Policy } from './policy.js'
import { policySet } from './policy-set.js'
import { tracePolicy } from './trace.js'
import {
  acrAtLeast,
  allOf,
  allow,
  anyOf,
  authenticatedWithin,
  denyAll,
  not,
  policy,
  role,
  scope,
  use,
} from './words.js'

const who = (...scopes: string[]) => policyFacts({ claims: { scp: scopes }, now: 1_800_000_000 })

describe('scope', () => {
  it('is satisfied by a token that was granted all of them', () => {
    expect(evaluatePolicy(scope('read'), who('read'))).toEqual({ satisfied: true })
    expect(evaluatePolicy(scope('read', 'write'), who('other', 'write', 'read'))).toEqual({ satisfied: true })
  })

  it('names all that is needed, held or not, when one is lacking', () => {
    const outcome = { satisfied: false, code: 'scope_insufficient', requiredScopes: ['read', 'write'] }
    expect(evaluatePolicy(scope('read', 'write'), who('read'))).toMatchObject(outcome)
    expect(evaluatePolicy(scope('read', 'write'), who())).toMatchObject(outcome)
  })

  it.each(['Read', 'read:all', 'rea', 'read ', 'read write', '*'])('is not satisfied by %j', (granted) => {
    expect(evaluatePolicy(scope('read'), who(granted))).toMatchObject({ satisfied: false })
  })
})

describe('a node that the words have not made', () => {
  it('is no policy', () => {
    const policy = Object.freeze({ kind: 'everybody' }) as unknown as Policy
    for (const judge of [evaluatePolicy, explainPolicy, isSatisfied]) {
      expect(() => judge(policy, who('read'))).toThrow(ConfigurationError)
    }
  })
})

describe('the code of a denial', () => {
  const ladder = ['low', 'middle', 'high']
  const nothing = { requiredScopes: [], acrValues: [], maxAgeSeconds: undefined }

  it('is policy_denied where no other token would do', () => {
    for (const asked of [denyAll(), role('admin'), allOf(scope('write'), role('admin')), use('nowhere')]) {
      expect(evaluatePolicy(asked, who('read'))).toEqual({ satisfied: false, code: 'policy_denied', ...nothing })
    }
  })

  it('is policy_denied where the scopes are all there and something else is not', () => {
    const asked = policy('p', { allow: scope('read'), forbid: [scope('read')] })
    expect(evaluatePolicy(asked, who('read'))).toEqual({ satisfied: false, code: 'policy_denied', ...nothing })
  })

  it('is scope_insufficient where a scope would do, with all that are needed', () => {
    expect(evaluatePolicy(allOf(scope('read'), scope('write')), who('read'))).toEqual({
      satisfied: false,
      code: 'scope_insufficient',
      ...nothing,
      requiredScopes: ['read', 'write'],
    })
  })

  it('is scope_insufficient without a word of the level that is there already', () => {
    const fine = policyFacts({ claims: { scope: '', acr: 'high', auth_time: 1_800_000_000 }, now: 1_800_000_000 })
    const asked = allOf(scope('write'), acrAtLeast('middle', ladder), authenticatedWithin('5m'))
    expect(evaluatePolicy(asked, fine)).toEqual({
      satisfied: false,
      code: 'scope_insufficient',
      ...nothing,
      requiredScopes: ['write'],
    })
  })

  it('is step_up_required where the user must authenticate better, with every level that would do', () => {
    const asked = allOf(scope('read'), acrAtLeast('middle', ladder), authenticatedWithin('5m'))
    expect(evaluatePolicy(asked, who('read'))).toEqual({
      satisfied: false,
      code: 'step_up_required',
      requiredScopes: [],
      acrValues: ['middle', 'high'],
      maxAgeSeconds: 300,
    })
  })

  it('is step_up_required with the scopes too where one of them is lacking', () => {
    const asked = allOf(scope('read', 'write'), authenticatedWithin('5m'))
    expect(evaluatePolicy(asked, who('read'))).toEqual({
      satisfied: false,
      code: 'step_up_required',
      requiredScopes: ['read', 'write'],
      acrValues: [],
      maxAgeSeconds: 300,
    })
  })

  it('follows the cheapest way', () => {
    expect(evaluatePolicy(anyOf(authenticatedWithin('5m'), scope('write')), who('read'))).toMatchObject({
      code: 'scope_insufficient',
    })
    expect(evaluatePolicy(not(not(scope('write'))), who('read'))).toMatchObject({ code: 'scope_insufficient' })
  })
})

describe('an outcome', () => {
  it('that is shared cannot be changed', () => {
    expect(Object.isFrozen(evaluatePolicy(allow(), who()))).toBe(true)
    expect(Object.isFrozen(evaluatePolicy(denyAll(), who()))).toBe(true)
  })
})

describe('isSatisfied', () => {
  it('is true by true alone', () => {
    expect(isSatisfied(allow(), who())).toBe(true)
    expect(isSatisfied(denyAll(), who())).toBe(false)
    expect(isSatisfied(use('nowhere'), who())).toBe(false)
    expect(isSatisfied(not(use('nowhere')), who())).toBe(false)
  })
})

describe('explainPolicy', () => {
  it('says what evaluatePolicy says, and why', () => {
    const asked = allOf(scope('read'), role('admin'))
    const facts = who('read')
    expect(explainPolicy(asked, facts)).toEqual({
      outcome: evaluatePolicy(asked, facts),
      tree: tracePolicy(compilePolicy(asked), facts),
    })
  })
})

describe('policyFacts', () => {
  const now = 1_800_000_000

  it('reads scopes and roles where they usually are', () => {
    const { token } = policyFacts({ claims: { iss: 'https://a', scope: 'a b', roles: ['c'] }, now })
    expect(token).toMatchObject({ issuer: 'https://a', scopes: ['a', 'b'], roles: ['c'] })
    expect(token).toMatchObject({ scopesAreKnown: true, rolesAreKnown: true })
  })

  it('reads them where it is told to', () => {
    const claims = { perms: ['a'], scope: 'b', groups: ['c'], roles: ['d'] }
    const { token } = policyFacts({ claims, now, scopeClaims: [['perms']], roleClaims: [['groups']] })
    expect(token).toMatchObject({ scopes: ['a'], roles: ['c'] })
  })

  it('never splits roles', () => {
    expect(policyFacts({ claims: { roles: 'a b' }, now }).token).toMatchObject({ roles: [], rolesAreKnown: false })
  })

  it('makes nothing up', () => {
    const { token, request, policies } = policyFacts({ claims: {}, now })
    expect(token).toEqual({
      issuedClaims: {},
      issuer: '',
      scopes: [],
      scopesAreKnown: false,
      roles: [],
      rolesAreKnown: false,
    })
    expect([request.method, request.params, request.clientAddress, request.binding, policies]).toEqual([
      ...[undefined, {}, undefined, undefined, undefined],
    ])
    expect(policyFacts({ claims: { iss: 7 }, now }).token.issuer).toBe('')
  })

  it('finds headers whatever their case, and none that is no text', () => {
    const { request } = policyFacts({ claims: {}, now, headers: { 'X-A': 'a', 'x-b': ['b'], 'x-c': 7 } })
    expect(['x-a', 'x-b', 'x-c', 'x-d', 'constructor'].map((name) => request.header(name))).toEqual([
      'a',
      ...[undefined, undefined, undefined, undefined],
    ])
  })

  it('knows no header that is there twice', () => {
    const { request } = policyFacts({ claims: {}, now, headers: { 'X-A': 'a', 'x-a': 'a', 'x-b': 'b' } })
    expect([request.header('x-a'), request.header('x-b')]).toEqual([undefined, 'b'])
  })

  it('takes a set of policies, or what it was compiled to', () => {
    const policies = policySet(policy('p', { allow: allow() }))
    expect(policyFacts({ claims: {}, now, policies }).policies).toBe(policies.compiled)
    expect(policyFacts({ claims: {}, now, policies: policies.compiled }).policies).toBe(policies.compiled)
    expect(isSatisfied(use('p'), policyFacts({ claims: {}, now, policies }))).toBe(true)
  })

  it.each([undefined, null, 'claims', 7])('refuses the claims %j', (claims) => {
    expect(() => policyFacts({ claims: claims as never, now })).toThrow('`claims` must be an object')
    expect(() => policyFacts({ claims: claims as never, now })).toThrow(ConfigurationError)
  })
})
