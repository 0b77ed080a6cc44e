import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { cel } from '../cel/cel.js'
import { claim, param } from '../comparison.js'
import type { Policy } from '../policy.js'
import { req } from '../request-words.js'
import { acrAtLeast, allOf, anyScope, custom, issuer, not, policy, role, scope } from '../words.js'
import { declaredType, type PolicyVocabulary, parseVocabulary, requireKnownWords } from './vocabulary.js'

const good: PolicyVocabulary = {
  claims: {
    tenant: 'string',
    level: 'number',
    suspended: 'boolean',
    roles: 'strings',
    groups: 'spaceList',
    realm_access: { roles: 'strings', account: { id: 'number' } },
  },
  scopes: { wildcard: ':', known: ['read:orders'] },
  roles: ['admin'],
  acrLevels: ['loa:1', 'loa:2'],
  issuers: ['https://as.example'],
}

describe('parseVocabulary', () => {
  it('gives a frozen copy', () => {
    const parsed = parseVocabulary(good)
    expect(parsed).toStrictEqual(good)
    const parts = [parsed, parsed.claims, parsed.claims?.['realm_access'], parsed.scopes, parsed.roles, parsed.issuers]
    for (const part of [...parts, parsed.acrLevels, (parsed.scopes as { known: unknown }).known]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    expect(Object.isFrozen(good.roles)).toBe(false)
  })

  it.each([
    {},
    { claims: {} },
    { scopes: ['a', 'b'] },
    { scopes: { wildcard: '.' } },
    { scopes: { wildcard: '/' } },
    { claims: undefined },
    { claims: { 'https://example.com/region': 'string' } },
    { claims: { a: { b: { c: { d: { e: { f: { g: { h: 'string' } } } } } } } } },
    { roles: Array.from({ length: 1_024 }, (_, index) => `role-${index}`) },
    { claims: Object.fromEntries(Array.from({ length: 1_024 }, (_, index) => [`claim-${index}`, 'string'])) },
  ])('takes %j', (value) => {
    expect(() => parseVocabulary(value)).not.toThrow()
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['a'] = cyclic

  it.each([
    [undefined, 'a vocabulary is an object'],
    [null, 'a vocabulary is an object'],
    [[], 'a vocabulary is an object'],
    ['claims', 'a vocabulary is an object'],
    [{ claim: {} }, 'the vocabulary has no option `claim`; did you mean `claims`?'],
    [{ claims: null }, '`claims` must be one of the types'],
    [{ claims: ['tenant'] }, '`claims` must be'],
    [{ claims: 'string' }, '`claims` must be'],
    [{ claims: { tenant: 'strng' } }, 'not "strng"; did you mean string?'],
    [{ claims: { tenant: 7 } }, '`claims.tenant` must be one of the types'],
    [{ claims: { tenant: ['string'] } }, '`claims.tenant` must be one of the types'],
    [{ claims: { realm_access: {} } }, '`claims.realm_access` declares no claim at all'],
    [{ claims: { realm_access: { roles: 'list' } } }, '`claims.realm_access.roles` must be one of the types'],
    [{ claims: { a: { constructor: 'string' } } }, '`constructor` is no claim'],
    [{ claims: JSON.parse('{"__proto__":"string"}') }, '`__proto__` is no claim'],
    [{ claims: { '': 'string' } }, 'claim() takes names'],
    [{ claims: { a: { b: { c: { d: { e: { f: { g: { h: { i: 'string' } } } } } } } } } }, 'at most 8 names'],
    [{ claims: cyclic }, 'at most 8 names'],
    [
      { claims: { a: Object.fromEntries(Array.from({ length: 1_024 }, (_, index) => [`c${index}`, 'string'])) } },
      'at most 1024 claims',
    ],
    [{ scopes: [] }, '`scopes` must be a list of 1 to 1024 names'],
    [{ scopes: 'read:orders' }, '`scopes` must be a list of scopes'],
    [{ scopes: null }, '`scopes` must be a list of scopes'],
    [{ scopes: ['read orders'] }, 'is not one'],
    [{ scopes: ['a', 'a'] }, '`scopes` names "a" twice'],
    [{ scopes: {} }, "`scopes.wildcard` must be ':'"],
    [{ scopes: { wildcard: '-' } }, "`scopes.wildcard` must be ':'"],
    [{ scopes: { wildcard: ':', knwon: ['a'] } }, '`scopes` has no option `knwon`; did you mean `known`?'],
    [{ scopes: { wildcard: ':', known: [] } }, '`scopes` must be a list of 1'],
    [{ roles: [] }, '`roles` must be a list of 1'],
    [{ roles: [''] }, 'is not one'],
    [{ roles: Array.from({ length: 1_025 }, (_, index) => `role-${index}`) }, '`roles` must be a list of 1 to 1024'],
    [{ acrLevels: [] }, '`acrLevels` must be a list of 1'],
    [{ acrLevels: ['loa 1'] }, 'is no authentication context class'],
    [{ acrLevels: ['a', 'b', 'a'] }, '`acrLevels` names "a" twice'],
    [{ issuers: 'https://as.example' }, '`issuers` must be a list of 1'],
    [{ issuers: [7] }, 'is not one'],
  ])('refuses %j', (value, message) => {
    expect(() => parseVocabulary(value)).toThrow(ConfigurationError)
    expect(() => parseVocabulary(value)).toThrow(message)
  })
})

describe('declaredType', () => {
  it.each([
    [['tenant'], 'string'],
    [['groups'], 'spaceList'],
    [['realm_access', 'account', 'id'], 'number'],
    [['aud'], 'strings'],
    [['scope'], 'spaceList'],
    [['cnf', 'x5t#S256'], 'string'],
    [['realm_access'], undefined],
    [['tenant', 'id'], undefined],
    [['tenat'], undefined],
    [['toString'], undefined],
    [['tenant', 'length'], undefined],
  ] as const)('of %j is %s', (path, type) => {
    expect(declaredType(good, path)).toBe(type)
  })

  it('is that of the application before that of the standard', () => {
    expect(declaredType({ claims: { aud: 'string' } }, ['aud'])).toBe('string')
  })

  it('is not known where no claims are declared', () => {
    expect(declaredType({}, ['aud'])).toBeUndefined()
  })
})

describe('requireKnownWords', () => {
  const known: readonly Policy[] = [
    claim('tenant').equals('a'),
    claim('tenant').equals(param('tenantId')),
    claim('tenant').equals(req.header('x-tenant')),
    claim('tenant').equals(claim('sub')),
    claim('tenant').oneOf('a', 'b'),
    claim('tenant').startsWith('a'),
    claim('tenant').endsWith('a'),
    claim('tenant').exists(),
    claim('tenant').absent(),
    claim('tenant').orElse('a').equals('b'),
    claim('tenant').orElse('a').equals(param('b')),
    claim('tenant').asString().equals('a'),
    claim('level').equals(3),
    claim('level').equals(claim('exp')),
    claim('level').oneOf(3, 4),
    claim('level').atLeast(3),
    claim('level').atMost(3),
    claim('level').orElse(0).atLeast(3),
    claim('level').asString().equals('3'),
    claim('level').asString().equals(param('level')),
    claim('level').asString().orElse('0').equals('3'),
    param('level').equals(claim('level').asString()),
    claim('suspended').equals(true),
    claim('suspended').orElse(false).equals(true),
    claim('roles').includes('admin'),
    claim('roles').includes(param('role')),
    claim('roles').includesAny('a', 'b'),
    claim('roles').includesAll('a', 'b'),
    claim('roles').exists(),
    claim('groups').asSpaceList().includes('a'),
    claim('groups').asSpaceList().includesAny('a'),
    claim('groups').asSpaceList().includesAll('a'),
    claim('groups').exists(),
    claim('groups').absent(),
    claim('realm_access').exists(),
    claim('realm_access', 'roles').includes('a'),
    claim('act', 'act').absent(),
    param('a').equals('b'),
    scope('read:orders'),
    anyScope('read:orders'),
    role('admin'),
    acrAtLeast('loa:2', ['loa:1', 'loa:2']),
    issuer('https://as.example'),
    custom('mine', { claims: [['realm_access', 'account']] }, () => true),
    cel('claims.tenant == params.tenantId'),
  ]

  it.each(known.map((node) => [JSON.stringify(node), node] as const))('takes %s', (_, node) => {
    expect(() => requireKnownWords(node, parseVocabulary(good))).not.toThrow()
  })

  const tenat = claim('tenat').equals('a')
  const unknown: readonly (readonly [Policy, string])[] = [
    [tenat, 'no claim "tenat" is declared; did you mean tenant?'],
    [claim('tenat').exists(), 'no claim "tenat" is declared; did you mean tenant?'],
    [claim('account').exists(), "no claim \"account\" is declared; did you mean claim('realm_access', 'account')?"],
    [claim('auth_tiem').atLeast(1), 'no claim "auth_tiem" is declared; did you mean auth_time?'],
    [claim('toString').exists(), 'no claim "toString" is declared'],
    [claim('tenant', 'id').equals('a'), "claim('tenant') is declared 'string': there is no \"id\" in it"],
    [
      claim('realm_access', 'rols').includes('a'),
      'no claim "rols" is declared in claim(\'realm_access\'); did you mean roles?',
    ],
    [claim('tenant').equals(claim('tenat')), 'no claim "tenat" is declared'],
    [param('a').equals(claim('tenat')), 'no claim "tenat" is declared'],
    [claim('tenant').equals(5), "equals() compares claim('tenant'), declared 'string', with 5"],
    [claim('tenant').oneOf(5), "oneOf() compares claim('tenant'), declared 'string', with 5"],
    [claim('tenant').equals(claim('level')), "with claim('level'), declared 'number'"],
    [
      claim('tenant').atLeast(5),
      "atLeast() is not for claim('tenant'), declared 'string'; ask equals, oneOf, startsWith, endsWith, exists, absent",
    ],
    [claim('tenant').includes('a'), "includes() is not for claim('tenant'), declared 'string'; did you mean equals?"],
    [claim('tenant').includesAny('a'), 'did you mean oneOf?'],
    [claim('tenant').orElse(5).equals(5), 'and orElse() puts 5 in its place'],
    [claim('tenant').orElse(5).equals(param('a')), 'and orElse() puts 5 in its place'],
    [claim('tenant').asSpaceList().includes('a'), "is declared 'string': to take its words, declare it 'spaceList'"],
    [claim('level').equals('5'), "equals() compares claim('level'), declared 'number', with \"5\""],
    [
      claim('level').equals(param('level')),
      "equals() compares claim('level'), declared 'number', with param('level'), a string",
    ],
    [
      param('level').equals(claim('level')),
      "equals() compares param('level'), a string, with claim('level'), declared 'number'",
    ],
    [claim('level').asString().equals(claim('exp')), "compares claim('level'), taken for 'string', with claim('exp')"],
    [claim('level').oneOf('5'), 'with "5"'],
    [claim('level').startsWith('5'), 'startsWith() is not for'],
    [claim('suspended').equals('true'), 'with "true"'],
    [claim('suspended').oneOf(true), 'oneOf() is not for'],
    [claim('suspended').asString().equals('true'), 'only a number can be taken for a string'],
    [claim('roles').equals('a'), "equals() is not for claim('roles'), declared 'strings'; did you mean includes?"],
    [claim('roles').oneOf('a'), 'did you mean includesAny?'],
    [claim('roles').includes(claim('level')), "with claim('level'), declared 'number'"],
    [claim('roles').asSpaceList().includes('a'), "to take its words, declare it 'spaceList'"],
    [
      claim('groups').includes('a'),
      "claim('groups'), declared 'spaceList', is read as it is: take its words, by asSpaceList()",
    ],
    [claim('groups').equals('a'), "equals() is not for claim('groups'), declared 'spaceList'; did you mean includes?"],
    [
      claim('realm_access').equals('a'),
      "equals() is not for claim('realm_access'), declared 'object'; ask exists, absent",
    ],
    [scope('raed:orders'), 'no scope "raed:orders" is declared; did you mean read:orders?'],
    [anyScope('read:orders', 'raed:orders'), 'no scope "raed:orders" is declared'],
    [role('admn'), 'no role "admn" is declared; did you mean admin?'],
    [acrAtLeast('loa:3'), 'no level "loa:3" is declared; did you mean loa:1?'],
    [issuer('https://as.exampel'), 'no issuer "https://as.exampel" is declared; did you mean https://as.example?'],
    [custom('mine', { claims: [['tenat']] }, () => true), 'no claim "tenat" is declared'],
    [cel('claims.tenat == "a"'), 'no claim "tenat" is declared'],
    [not(allOf(scope('read:orders'), tenat)), 'no claim "tenat" is declared'],
    [policy('a', { allow: tenat }), 'no claim "tenat" is declared'],
    [policy('a', { allow: scope('read:orders'), forbid: [tenat] }), 'no claim "tenat" is declared'],
  ]

  it.each(unknown.map(([node, message]) => [JSON.stringify(node), node, message] as const))(
    'refuses %s',
    (_, node, message) => {
      const judge = (): void => requireKnownWords(node, parseVocabulary(good))
      expect(judge).toThrow(ConfigurationError)
      expect(judge).toThrow(message)
    },
  )

  it.each(unknown.map(([node]) => [JSON.stringify(node), node] as const))(
    'does not check what the vocabulary leaves out: %s',
    (_, node) => {
      expect(() => requireKnownWords(node, parseVocabulary({}))).not.toThrow()
    },
  )

  it('checks scopes that are declared without a wildcard, and none where only the wildcard is', () => {
    const node = scope('raed:orders')
    expect(() => requireKnownWords(node, { scopes: ['read:orders'] })).toThrow('did you mean read:orders?')
    expect(() => requireKnownWords(node, { scopes: { wildcard: ':' } })).not.toThrow()
  })
})
