// What a kit does where nobody compiles. What does not compile is in test/policy-types/.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import * as cel from '../cel/cel.js'
import * as comparison from '../comparison.js'
import { isPolicyNode, type Policy } from '../policy.js'
import * as requestWords from '../request-words.js'
import * as tokenWords from '../words.js'
import type { PolicyKit } from './kit-words.js'
import { policyKit } from './policy-kit.js'
import type { PolicyVocabulary } from './vocabulary.js'

const words = { ...tokenWords, ...requestWords }

const vocabulary: PolicyVocabulary = {
  claims: { tenant: 'string', level: 'number', suspended: 'boolean', roles: 'strings', groups: 'spaceList' },
  scopes: ['read:orders', 'write:orders'],
  roles: ['admin'],
  acrLevels: ['loa:1', 'loa:2'],
  issuers: ['https://as.example'],
}

/** As those see it whose compiler knows nothing of the vocabulary, or who have none. */
const kit = policyKit(vocabulary)
const bare: PolicyKit<PolicyVocabulary> = policyKit({})

const { claim, param } = comparison

const same: readonly (readonly [string, Policy, Policy])[] = [
  ['allOf', kit.allOf(kit.allow(), kit.denyAll()), words.allOf(words.allow(), words.denyAll())],
  ['anyOf', kit.anyOf(kit.allow()), words.anyOf(words.allow())],
  ['not', kit.not(kit.allow()), words.not(words.allow())],
  ['atLeast', kit.atLeast(1, kit.allow()), words.atLeast(1, words.allow())],
  ['use', kit.use('a'), words.use('a')],
  ['policy', kit.policy('a', { allow: kit.allow() }), words.policy('a', { allow: words.allow() })],
  ['scope', kit.scope('read:orders', 'write:orders'), words.scope('read:orders', 'write:orders')],
  ['anyScope', kit.anyScope('read:orders'), words.anyScope('read:orders')],
  ['role', kit.role('admin'), words.role('admin')],
  ['issuer', kit.issuer('https://as.example'), words.issuer('https://as.example')],
  ['audience', kit.audience('a'), words.audience('a')],
  ['subject', kit.subject('a'), words.subject('a')],
  ['client', kit.client('a'), words.client('a')],
  ['authenticatedWithin', kit.authenticatedWithin('15m'), words.authenticatedWithin('15m')],
  ['acrAtLeast', kit.acrAtLeast('loa:1'), words.acrAtLeast('loa:1', ['loa:1', 'loa:2'])],
  ['acrAtLeast without levels', bare.acrAtLeast('b', ['a', 'b']), words.acrAtLeast('b', ['a', 'b'])],
  ['amr', kit.amr('otp'), words.amr('otp')],
  ['boundBy', kit.boundBy('dpop'), words.boundBy('dpop')],
  ['spiffe', kit.spiffe('spiffe://prod.example/orders'), words.spiffe('spiffe://prod.example/orders')],
  ['actor', kit.actor.none(), words.actor.none()],
  ['req.method', kit.req.method('GET'), words.req.method('GET')],
  ['req.ipIn', kit.req.ipIn('10.0.0.0/8'), words.req.ipIn('10.0.0.0/8')],
  ['req.header', kit.req.header('x-a').equals('b'), words.req.header('x-a').equals('b')],
  ['between', kit.between('08:00', '18:00'), words.between('08:00', '18:00')],
  ['cel', kit.cel('claims.tenant == "a"'), cel.cel('claims.tenant == "a"')],
  ['param', kit.param('a').equals(kit.param('b')), param('a').equals(param('b'))],
  ['claim, equals', kit.claim('tenant').equals(kit.param('t')), claim('tenant').equals(param('t'))],
  ['claim, oneOf', kit.claim('tenant').oneOf('a', 'b'), claim('tenant').oneOf('a', 'b')],
  ['claim, startsWith', kit.claim('tenant').startsWith('a'), claim('tenant').startsWith('a')],
  ['claim, endsWith', kit.claim('tenant').endsWith('a'), claim('tenant').endsWith('a')],
  ['claim, exists', kit.claim('tenant').exists(), claim('tenant').exists()],
  ['claim, absent', kit.claim('tenant').absent(), claim('tenant').absent()],
  ['claim, orElse', kit.claim('suspended').orElse(true).equals(true), claim('suspended').orElse(true).equals(true)],
  ['claim, asString', kit.claim('level').asString().equals('3'), claim('level').asString().equals('3')],
  ['claim, atLeast', kit.claim('level').atLeast(3), claim('level').atLeast(3)],
  ['claim, atMost', kit.claim('level').atMost(3), claim('level').atMost(3)],
  ['claim, includes', kit.claim('roles').includes('a'), claim('roles').includes('a')],
  ['claim, includesAny', kit.claim('roles').includesAny('a'), claim('roles').includesAny('a')],
  ['claim, includesAll', kit.claim('roles').includesAll('a'), claim('roles').includesAll('a')],
  ['claim of a space list', kit.claim('groups').includes('a'), claim('groups').asSpaceList().includes('a')],
  ['scope as a claim', kit.claim('scope').includes('a'), claim('scope').asSpaceList().includes('a')],
  ['space list, exists', kit.claim('groups').exists(), claim('groups').exists()],
  ['space list, absent', kit.claim('groups').absent(), claim('groups').absent()],
  ['claim of no declaration', bare.claim('groups').includes('a'), claim('groups').includes('a')],
]

describe('a kit', () => {
  it.each(same)('says what the words say: %s', (_, mine, plain) => {
    expect(mine).toStrictEqual(plain)
    expect(isPolicyNode(mine)).toBe(true)
  })

  it('has every policy word', () => {
    const names = ['allOf', 'anyOf', 'not', 'atLeast', 'allow', 'denyAll', 'use', 'policy', 'scope', 'anyScope', 'role']
    names.push(
      'issuer',
      'audience',
      'subject',
      'client',
      'authenticatedWithin',
      'acrAtLeast',
      'amr',
      'boundBy',
      'spiffe',
      'actor',
    )
    names.push('authorizationDetails', 'req', 'between', 'custom', 'cel', 'claim', 'param')
    expect(Object.keys(kit).toSorted()).toEqual(names.toSorted())
    expect(Object.isFrozen(kit)).toBe(true)
    expect(Object.isFrozen(kit.req)).toBe(true)
  })

  it('makes custom tests of its claims', () => {
    const test = (): boolean => true
    expect(kit.custom('a', { claims: [['tenant']] }, test)).toStrictEqual(
      words.custom('a', { claims: [['tenant']] }, test),
    )
  })

  it('lets granted wildcards cover its scopes where the vocabulary says so', () => {
    const { scope, anyScope } = policyKit({ scopes: { wildcard: '.', known: ['orders.read'] } })
    expect(scope('orders.read')).toStrictEqual({ kind: 'scope', scopes: ['orders.read'], wildcard: '.' })
    expect(anyScope('orders.read')).toStrictEqual({ kind: 'anyScope', scopes: ['orders.read'], wildcard: '.' })
    expect(isPolicyNode(scope('orders.read'))).toBe(true)
  })

  it('is not changed by what happens to the vocabulary later', () => {
    const roles = ['admin']
    const { role } = policyKit({ roles })
    roles.push('owner')
    expect(() => role('owner')).toThrow('no role "owner" is declared')
  })

  it('refuses a vocabulary with a mistake in it', () => {
    const mistaken = { role: ['admin'] } as PolicyVocabulary
    expect(() => policyKit(mistaken)).toThrow('the vocabulary has no option `role`; did you mean `roles`?')
  })
})

// JavaScript has no compiler: what compiles here would not for who uses types.
const mistakes: readonly (readonly [() => unknown, string])[] = [
  [() => kit.claim('tenat'), 'no claim "tenat" is declared; did you mean tenant?'],
  [() => kit.claim('tenant', 'id'), 'there is no "id" in it'],
  [() => kit.claim('roles').equals('a'), 'did you mean includes?'],
  [() => kit.claim('tenant').includesAny('a'), 'did you mean oneOf?'],
  [() => kit.claim('tenant').includesAll('a'), 'includesAll() is not for'],
  [() => kit.claim('tenant').atLeast(5), 'atLeast() is not for'],
  [() => kit.claim('tenant').atMost(5), 'atMost() is not for'],
  [() => kit.claim('level').startsWith('5'), 'startsWith() is not for'],
  [() => kit.claim('level').endsWith('5'), 'endsWith() is not for'],
  [() => kit.claim('tenant').equals(5), "equals() compares claim('tenant'), declared 'string', with 5"],
  [() => kit.claim('level').equals(kit.param('level')), "declared 'number', with param('level'), a string"],
  [() => kit.param('level').equals(kit.claim('level')), "with claim('level'), declared 'number'"],
  [() => kit.req.header('x-level').equals(kit.claim('level')), "with claim('level'), declared 'number'"],
  [() => kit.claim('tenant').orElse(5).equals(5), 'and orElse() puts 5 in its place'],
  [() => kit.claim('suspended').orElse(false).oneOf(false), 'oneOf() is not for'],
  [() => kit.claim('tenant').asSpaceList().includes('a'), "declare it 'spaceList'"],
  [() => kit.claim('groups').equals('a'), 'equals() is not for a list'],
  [() => kit.claim('groups').asString().equals('a'), 'only a number can be taken for a string'],
  [() => kit.claim(...([] as string[])), 'claim() takes the name of a claim'],
  [() => kit.scope('raed:orders'), 'did you mean read:orders?'],
  [() => kit.anyScope('raed:orders'), 'did you mean read:orders?'],
  [() => kit.role('admn'), 'did you mean admin?'],
  [() => kit.issuer('https://as.exampel'), 'did you mean https://as.example?'],
  [() => kit.acrAtLeast('loa:3'), 'did you mean loa:1?'],
  [() => kit.acrAtLeast('loa:2', ['loa:2', 'loa:1']), 'acrAtLeast() of a kit takes one level'],
  [() => kit.custom('a', { claims: [['tenat']] }, () => true), 'did you mean tenant?'],
  [() => kit.cel('claims.tenat == "a"'), 'did you mean tenant?'],
  [() => kit.policy('a', { allow: words.role('admn') }), 'did you mean admin?'],
  [() => kit.policy('a', { allow: kit.allow(), forbid: [claim('tenat').exists()] }), 'did you mean tenant?'],
]

describe('at run time a kit', () => {
  it.each(mistakes)('refuses %s', (make, message) => {
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(message)
  })

  it('takes a claim alone for no policy, as the words do', () => {
    const alone = kit.claim('tenant') as never
    expect(() => kit.policy('a', { allow: alone })).toThrow("claim('tenant') alone asks nothing")
  })
})
