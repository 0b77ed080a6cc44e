// The word for authorization details: what it makes, and what it refuses.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { authorizationDetails } from './authorization-details-word.js'
import { cel } from './cel/cel.js'
import { claim, param } from './comparison.js'
import { describePolicy } from './describe.js'
import { policyKit } from './kit/policy-kit.js'
import { describeShape } from './policy.js'

const loose = authorizationDetails as (...given: readonly unknown[]) => ReturnType<typeof authorizationDetails>

describe('authorizationDetails()', () => {
  const asked = authorizationDetails('payment', {
    locations: ['https://a.example', 'https://b.example'],
    actions: ['initiate', 'status', 'status'],
    identifier: param('accountId'),
    fields: { sum: { currency: 'EUR', payer: claim('sub') }, 'a b': param('accountId'), count: 2, isUrgent: true },
  })

  it('is frozen data', () => {
    expect(asked).toEqual({
      kind: 'authorizationDetails',
      type: 'payment',
      locations: ['https://a.example', 'https://b.example'],
      actions: ['initiate', 'status'],
      identifier: { from: 'param', name: 'accountId' },
      fields: [
        { path: ['sum', 'currency'], equals: 'EUR' },
        { path: ['sum', 'payer'], equals: { from: 'claim', path: ['sub'] } },
        { path: ['a b'], equals: { from: 'param', name: 'accountId' } },
        { path: ['count'], equals: 2 },
        { path: ['isUrgent'], equals: true },
      ],
    })
    expect(Object.isFrozen(asked)).toBe(true)
    expect(Object.isFrozen('fields' in asked && asked.fields?.[0])).toBe(true)
    expect(Object.isFrozen('actions' in asked && asked.actions)).toBe(true)
  })

  it('names the parameters that a route must have', () => {
    expect(describeShape(asked).params).toEqual(['accountId'])
    expect(describeShape(authorizationDetails('a', { fields: { b: { c: param('d') } } })).params).toEqual(['d'])
    expect(describeShape(authorizationDetails('a', { identifier: 'b' })).params).toEqual([])
  })

  it('is described by what it asks', () => {
    expect(describePolicy(asked)).toBe(
      'authorization details payment, locations https://a.example or https://b.example, actions initiate and status, ' +
        'identifier param accountId, sum.currency "EUR", sum.payer claim sub, "a b" param accountId, count 2, isUrgent true',
    )
    expect(describePolicy(authorizationDetails('a', { datatypes: ['b'], privileges: ['c'], identifier: 'd' }))).toBe(
      'authorization details a, datatypes b, privileges c, identifier "d"',
    )
  })

  it.each<[string, readonly unknown[]]>([
    ['authorizationDetails() takes names one by one', ['']],
    ['authorizationDetails() takes names one by one', [undefined]],
    ['authorizationDetails() takes names one by one', ['\ud800']],
    ['authorizationDetails() takes what it asks', ['a', null]],
    ['authorizationDetails() takes what it asks', ['a', ['b']]],
    ['authorizationDetails() takes what it asks', ['a', param('b')]],
    ['authorizationDetails() has no option `action`; did you mean `actions`?', ['a', { action: ['b'] }]],
    ['authorizationDetails() has no option `type`', ['a', { type: 'b' }]],
    ['`actions` of authorizationDetails() takes at least one name', ['a', { actions: [] }]],
    ['`actions` of authorizationDetails() takes at least one name', ['a', { actions: 'b' }]],
    ['`locations` of authorizationDetails() takes names', ['a', { locations: [''] }]],
    ['`datatypes` of authorizationDetails() takes names', ['a', { datatypes: [7] }]],
    ['`privileges` of authorizationDetails() takes names', ['a', { privileges: [param('p')] }]],
    ['`identifier` of authorizationDetails() takes a text', ['a', { identifier: '' }]],
    ['`identifier` of authorizationDetails() takes a text', ['a', { identifier: 7 }]],
    ['asSpaceList() is a list', ['a', { identifier: claim('b').asSpaceList() }]],
    ['equals() takes strings', ['a', { identifier: '\ud800' }]],
    ['`fields` of authorizationDetails() asks nothing', ['a', { fields: {} }]],
    ['`fields.b` of authorizationDetails() asks nothing', ['a', { fields: { b: {} } }]],
    ['`fields` of authorizationDetails() takes single values', ['a', { fields: ['b'] }]],
    ['`fields` of authorizationDetails() takes single values', ['a', { fields: param('b') }]],
    ['`fields.b` of authorizationDetails() takes single values', ['a', { fields: { b: ['c'] } }]],
    ['`fields.b` of authorizationDetails() takes single values', ['a', { fields: { b: new Date() } }]],
    ['equals() takes strings', ['a', { fields: { b: null } }]],
    ['equals() takes strings', ['a', { fields: { b: Number.NaN } }]],
    ['equals() takes strings', ['a', { fields: { b: undefined } }]],
    ['is for members that a type adds; say `actions` beside it', ['a', { fields: { actions: 'b' } }]],
    ['is for members that a type adds; say `type` beside it', ['a', { fields: { type: { b: 'c' } } }]],
    ['`constructor` is no claim', ['a', { fields: { b: { constructor: 'c' } } }]],
    ['claim() takes names', ['a', { fields: { '': 'c' } }]],
    [
      'takes 1 to 32 members',
      ['a', { fields: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`m${i}`, i])) }],
    ],
  ])('refuses: %s', (message, given) => {
    expect(() => loose(...given)).toThrow(ConfigurationError)
    expect(() => loose(...given)).toThrow(message)
  })

  it('takes as many fields as it may, as deep as it may', () => {
    const fields = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`m${i}`, i]))
    expect(authorizationDetails('a', { fields })).toMatchObject({ kind: 'authorizationDetails' })
    expect(
      authorizationDetails('a', { fields: { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } } }),
    ).toBeDefined()
    expect(() =>
      authorizationDetails('a', { fields: { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } } }),
    ).toThrow('at most 8 names')
  })

  it('has no form in CEL', () => {
    expect(() => cel('authorizationDetails("payment")')).toThrow(ConfigurationError)
    expect(() => cel('claims.authorization_details.exists(d, d.type == "payment")')).toThrow(ConfigurationError)
  })
})

describe('authorizationDetails() of a kit', () => {
  const kit = policyKit({ claims: { level: 'number', groups: 'strings', tenant: 'string' } })

  it('takes declared claims that fit', () => {
    const of = kit.authorizationDetails('a', {
      identifier: kit.claim('tenant'),
      fields: { b: kit.claim('level'), c: kit.param('p'), d: { e: 'f' } },
    })
    expect(of).toEqual(
      authorizationDetails('a', {
        identifier: claim('tenant'),
        fields: { b: claim('level'), c: param('p'), d: { e: 'f' } },
      }),
    )
    expect(kit.authorizationDetails('a', { identifier: kit.claim('level').asString() })).toBeDefined()
  })

  it('refuses others, whoever made them', () => {
    // @ts-expect-error a number is no identifier
    expect(() => kit.authorizationDetails('a', { identifier: kit.claim('level') })).toThrow("declared 'number'")
    // @ts-expect-error a list is no single value
    expect(() => kit.authorizationDetails('a', { fields: { b: kit.claim('groups') } })).toThrow("declared 'strings'")
    const undeclared = authorizationDetails('a', { identifier: claim('tennant') })
    expect(() => kit.policy('p', { allow: undeclared })).toThrow('did you mean tenant?')
    const other = authorizationDetails('a', { fields: { b: { c: claim('act') } } })
    expect(() => kit.policy('p', { allow: other })).toThrow("declared 'object'")
  })

  it('compares with any claim where none are declared', () => {
    const { authorizationDetails: word, claim: any } = policyKit({ scopes: ['a'] })
    expect(word('a', { identifier: any('x') })).toEqual(authorizationDetails('a', { identifier: claim('x') }))
  })
})
