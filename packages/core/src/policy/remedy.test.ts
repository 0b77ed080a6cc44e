// What a client is told to get, and when it is told nothing.
import { describe, expect, it } from 'vitest'
import { claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import { type Expression, make, type Policy } from './policy.js'
import { policySet } from './policy-set.js'
import { remedyFor } from './remedy.js'
import { between, req } from './request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  custom,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from './words.js'

const now = 1_800_000_000
const ladder = ['low', 'middle', 'high']

function remedyOf(asked: Policy, claims: Record<string, unknown> = {}, policies = policySet()) {
  const found = remedyFor(compilePolicy(asked), policyFacts({ claims: { scope: '', ...claims }, now, policies }))
  if (found === undefined) return undefined
  const { scopes, lacksScope, stepUp, acrValues, maxAgeSeconds } = found
  return {
    ...(scopes.length > 0 && { scopes: scopes.join(' ') }),
    ...(lacksScope && { lacksScope }),
    ...(stepUp && { stepUp }),
    ...(acrValues && { acr: acrValues.join(' ') }),
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  }
}

describe('one part', () => {
  it('that a better token can satisfy', () => {
    expect(remedyOf(scope('a', 'b'))).toEqual({ scopes: 'a b', lacksScope: true })
    expect(remedyOf(anyScope('a', 'b'))).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(authenticatedWithin('15m'))).toEqual({ stepUp: true, maxAge: 900 })
    expect(remedyOf(acrAtLeast('middle', ladder))).toEqual({ stepUp: true, acr: 'middle high' })
    expect(remedyOf(acrAtLeast('low', ladder))).toEqual({ stepUp: true, acr: 'low middle high' })
    expect(remedyOf(acrAtLeast('high', ladder))).toEqual({ stepUp: true, acr: 'high' })
    expect(remedyOf(amr('otp'))).toEqual({ stepUp: true })
  })

  it('that holds, and must go on to hold', () => {
    expect(remedyOf(scope('a', 'b'), { scope: 'a b' })).toEqual({ scopes: 'a b' })
    expect(remedyOf(anyScope('a', 'b'), { scope: 'b' })).toEqual({})
    expect(remedyOf(authenticatedWithin('15m'), { auth_time: now })).toEqual({ maxAge: 900 })
    expect(remedyOf(acrAtLeast('low', ladder), { acr: 'high' })).toEqual({ acr: 'low middle high' })
    expect(remedyOf(amr('otp'), { amr: ['otp'] })).toEqual({})
    expect(remedyOf(role('a'), { roles: ['a'] })).toEqual({})
  })

  it('is as lacking where nothing is known of it', () => {
    expect(remedyOf(scope('a'), { scope: 'a', scp: 'b' })).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(acrAtLeast('low', ladder), { acr: 'other' })).toEqual({ stepUp: true, acr: 'low middle high' })
  })

  it.each<[string, Expression]>([
    ['a role', role('a')],
    ['an issuer', issuer('a')],
    ['an audience', audience('a')],
    ['a subject', subject('a')],
    ['a client', client('a')],
    ['an actor', actor.is('a')],
    ['a claim', claim('a').equals('b')],
    ['a parameter', param('a').equals('b')],
    ['a method', req.method('GET')],
    ['a header', req.header('x-a').exists()],
    ['an address', req.ipIn('::1')],
    ['a proof of possession', boundBy('dpop')],
    ['an hour', between('00:00', '00:01', { days: 'Mon' })],
    ['code', custom('a', {}, () => false)],
    ['a name that is not there', use('a')],
    ['nobody', denyAll()],
  ])('that no other token can satisfy: %s', (_, part) => {
    expect(remedyOf(part)).toBeUndefined()
    expect(remedyOf(allOf(scope('a'), part))).toBeUndefined()
    expect(remedyOf(anyOf(scope('a'), part))).toEqual({ scopes: 'a', lacksScope: true })
  })
})

describe('allOf', () => {
  it('takes all scopes, held or not, each once, in the order in which they are written', () => {
    const asked = allOf(scope('b', 'a'), allOf(scope('c'), scope('a')), scope('d'))
    expect(remedyOf(asked, { scope: 'a d' })).toEqual({ scopes: 'b a c d', lacksScope: true })
  })

  it('takes scope and step-up together', () => {
    const asked = allOf(scope('a'), acrAtLeast('middle', ladder), authenticatedWithin('5m'))
    expect(remedyOf(asked)).toEqual({ scopes: 'a', lacksScope: true, stepUp: true, acr: 'middle high', maxAge: 300 })
    expect(remedyOf(asked, { scope: 'a', acr: 'high' })).toEqual({
      scopes: 'a',
      stepUp: true,
      acr: 'middle high',
      maxAge: 300,
    })
    expect(remedyOf(asked, { acr: 'high', auth_time: now })).toEqual({
      scopes: 'a',
      lacksScope: true,
      acr: 'middle high',
      maxAge: 300,
    })
  })

  it('takes the levels that satisfy both, in the order of the first', () => {
    expect(remedyOf(allOf(acrAtLeast('low', ladder), acrAtLeast('middle', ladder)))).toEqual({
      stepUp: true,
      acr: 'middle high',
    })
    expect(remedyOf(allOf(acrAtLeast('a', ['a', 'b', 'c']), acrAtLeast('c', ['c', 'b'])))).toEqual({
      stepUp: true,
      acr: 'b c',
    })
    expect(remedyOf(allOf(acrAtLeast('a', ['a', 'b']), acrAtLeast('c', ['c', 'd'])))).toBeUndefined()
  })

  it('comes to the same, whichever part is written first', () => {
    const claims = { scope: 'a' }
    const wanted = { scopes: 'a b', lacksScope: true, stepUp: true, acr: 'high', maxAge: 300 }
    const parts = [scope('a'), scope('b'), acrAtLeast('high', ladder), authenticatedWithin('5m'), role('x')]
    for (let turn = 0; turn < parts.length; turn++) {
      const found = remedyOf(allOf(...parts.slice(turn), ...parts.slice(0, turn)), { ...claims, roles: ['x'] })
      expect({ ...found, scopes: found?.scopes?.split(' ').toSorted().join(' ') }).toEqual(wanted)
    }
    expect(remedyOf(allOf(scope('a'), scope('b')), claims)).toEqual({ scopes: 'a b', lacksScope: true })
  })

  it('takes the least age', () => {
    const asked = allOf(authenticatedWithin('15m'), authenticatedWithin('5m'), authenticatedWithin('1h'))
    expect(remedyOf(asked)).toEqual({ stepUp: true, maxAge: 300 })
    expect(remedyOf(asked, { auth_time: now - 600 })).toEqual({ stepUp: true, maxAge: 300 })
  })
})

describe('anyOf', () => {
  it('takes the cheapest way: a scope before a step-up, one scope before two', () => {
    expect(remedyOf(anyOf(acrAtLeast('high'), scope('a')))).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(anyOf(allOf(scope('a'), scope('b')), scope('c')))).toEqual({ scopes: 'c', lacksScope: true })
    expect(remedyOf(anyOf(allOf(scope('a'), amr('otp')), authenticatedWithin('5m')))).toEqual({
      stepUp: true,
      maxAge: 300,
    })
  })

  it('takes the first of equals', () => {
    expect(remedyOf(anyOf(scope('a'), scope('b')))).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(anyOf(amr('otp'), acrAtLeast('high')))).toEqual({ stepUp: true })
  })

  it('costs nothing where one way is open', () => {
    expect(remedyOf(allOf(anyOf(scope('a'), role('admin')), scope('b')), { roles: ['admin'] })).toEqual({
      scopes: 'b',
      lacksScope: true,
    })
  })

  it('passes over what cannot be had', () => {
    expect(remedyOf(anyOf(role('admin'), allOf(scope('a'), subject('b')), scope('c')))).toEqual({
      scopes: 'c',
      lacksScope: true,
    })
    expect(remedyOf(anyOf(role('a'), subject('b')))).toBeUndefined()
  })
})

describe('atLeast', () => {
  it('takes as many as are needed, the cheapest of them', () => {
    const asked = atLeast(2, amr('otp'), scope('a'), role('x'), scope('b'))
    expect(remedyOf(asked)).toEqual({ scopes: 'a b', lacksScope: true })
    expect(remedyOf(asked, { roles: ['x'] })).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(atLeast(1, role('x'), scope('a')))).toEqual({ scopes: 'a', lacksScope: true })
  })

  it('takes nothing where so many cannot be had', () => {
    expect(remedyOf(atLeast(2, scope('a'), role('x'), role('y')))).toBeUndefined()
    expect(remedyOf(atLeast(3, acrAtLeast('a'), acrAtLeast('b'), amr('otp')))).toBeUndefined()
    expect(remedyOf(atLeast(3, acrAtLeast('a'), acrAtLeast('a'), amr('otp')))).toEqual({ stepUp: true, acr: 'a' })
    expect(remedyOf(atLeast(2, scope('a'), role('x'), amr('otp')))).toEqual({
      scopes: 'a',
      lacksScope: true,
      stepUp: true,
    })
  })
})

describe('not', () => {
  it('asks nobody to get rid of something', () => {
    expect(remedyOf(not(scope('a')), { scope: 'a' })).toBeUndefined()
    expect(remedyOf(not(role('a')), { roles: ['a'] })).toBeUndefined()
    expect(remedyOf(not(role('a')))).toBeUndefined() // nobody can say
    expect(remedyOf(allOf(scope('a'), not(scope('b'))))).toEqual({ scopes: 'a', lacksScope: true })
  })

  it('twice is the thing itself', () => {
    expect(remedyOf(not(not(scope('a'))))).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(not(anyOf(not(scope('a')), not(scope('b')))))).toEqual({ scopes: 'a b', lacksScope: true })
    expect(remedyOf(not(allOf(not(scope('a')), not(amr('otp')))))).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(not(atLeast(2, not(scope('a')), not(scope('b')), not(scope('c')))))).toEqual({
      scopes: 'a b',
      lacksScope: true,
    })
  })

  it('needs all of anyOf to be false, and one of allOf', () => {
    const held = { scope: 'a' }
    expect(remedyOf(allOf(scope('x'), not(anyOf(scope('a'), scope('b')))), held)).toBeUndefined()
    expect(remedyOf(allOf(scope('x'), not(allOf(scope('a'), scope('b')))), held)).toEqual({
      scopes: 'x',
      lacksScope: true,
    })
    expect(remedyOf(allOf(scope('x'), not(atLeast(2, scope('a'), scope('b'), scope('c')))), held)).toEqual({
      scopes: 'x',
      lacksScope: true,
    })
    expect(remedyOf(allOf(scope('x'), not(atLeast(1, scope('a'), scope('b')))), held)).toBeUndefined()
  })
})

describe('policies', () => {
  const forbidding = policy('p', { allow: scope('a'), forbid: [claim('suspended').equals(true)] })

  it('have a way where nothing forbids for certain', () => {
    expect(remedyOf(forbidding, { suspended: false })).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(forbidding, { suspended: true })).toBeUndefined()
    expect(remedyOf(forbidding)).toBeUndefined()
  })

  it('have a way through what removes a forbid', () => {
    const asked = policy('p', { allow: scope('a'), forbid: [not(authenticatedWithin('5m'))] })
    expect(remedyOf(asked)).toEqual({ scopes: 'a', lacksScope: true, stepUp: true, maxAge: 300 })
  })

  it('are looked through by name', () => {
    const set = policySet(forbidding, policy('q', { allow: allOf(use('p'), scope('b')) }))
    expect(remedyOf(use('q'), { suspended: false }, set)).toEqual({ scopes: 'a b', lacksScope: true })
    expect(remedyOf(use('q'), { suspended: true }, set)).toBeUndefined()
  })

  it('below a not have no way, unless they are false already', () => {
    const set = policySet(forbidding)
    expect(remedyOf(allOf(scope('x'), not(use('p'))), { suspended: true }, set)).toEqual({
      scopes: 'x',
      lacksScope: true,
    })
    expect(remedyOf(allOf(scope('x'), not(use('p'))), { suspended: false, scope: 'a' }, set)).toBeUndefined()
    expect(remedyOf(allOf(scope('x'), not(use('p'))), { scope: 'a' }, set)).toBeUndefined()
  })

  it('are looked through in CEL', () => {
    const cel = make({ kind: 'cel', text: 'it', of: allOf(scope('a'), allow()) })
    expect(remedyOf(cel)).toEqual({ scopes: 'a', lacksScope: true })
    expect(remedyOf(not(not(cel)))).toEqual({ scopes: 'a', lacksScope: true })
  })
})
