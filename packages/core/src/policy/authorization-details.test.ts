// What authorization details grant, and what they do not: true, false, and undetermined.
import { describe, expect, it } from 'vitest'
import { type AskedDetails, authorizationDetails } from './authorization-details-word.js'
import { claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import { evaluatePolicy, type PolicyFactsInput, policyFacts } from './evaluate.js'
import type { Policy } from './policy.js'
import { req } from './request-words.js'
import { not, policy } from './words.js'

type Detail = Readonly<Record<string, unknown>>

const us = 'https://api.example.com'
const payment: Detail = {
  type: 'payment_initiation',
  locations: ['https://other.example.com', us],
  actions: ['initiate', 'status'],
  datatypes: ['payments'],
  privileges: ['payer', 'viewer'],
  identifier: 'account-1',
  instructedAmount: { currency: 'EUR', amount: '123.50' },
  count: 2,
  isUrgent: false,
}
const asked: AskedDetails = {
  locations: [us],
  actions: ['initiate', 'status'],
  datatypes: ['payments'],
  privileges: ['viewer'],
  identifier: param('accountId'),
  fields: { instructedAmount: { currency: 'EUR', amount: '123.50' }, count: 2, isUrgent: false },
}
const payments = authorizationDetails('payment_initiation', asked)

const factsOf = (details: unknown, input: Partial<PolicyFactsInput> = {}) =>
  policyFacts({
    now: 1_800_000_000,
    params: { accountId: 'account-1' },
    ...input,
    claims: { ...input.claims, authorization_details: details },
  })
const judge = (of: Policy, details: unknown, input: Partial<PolicyFactsInput> = {}) =>
  ['false', 'undetermined', 'true'][compilePolicy(of).check(factsOf(details, input)) + 1]
const why = (of: Policy, details: unknown, input: Partial<PolicyFactsInput> = {}) =>
  compilePolicy(of).why?.(factsOf(details, input))
const without = (name: string): Detail => Object.fromEntries(Object.entries(payment).filter(([key]) => key !== name))

describe('R-9396-2: an object of the type that is asked for', () => {
  it('grants what it says', () => {
    expect(judge(payments, [payment])).toBe('true')
    expect(judge(authorizationDetails('payment_initiation'), [{ type: 'payment_initiation' }])).toBe('true')
  })

  it.each<[string, Detail]>([
    ['lacks one of the actions', { actions: ['initiate'] }],
    ['has no action', { actions: [] }],
    ['has an action that begins like it', { actions: ['initiate', 'status2'] }],
    ['has an action of other case', { actions: ['initiate', 'Status'] }],
    ['lacks the data type', { datatypes: ['accounts'] }],
    ['lacks the privilege', { privileges: ['payer'] }],
    ['is for another account', { identifier: 'account-2' }],
    ['is for an account that begins like it', { identifier: 'account-11' }],
    ['holds elsewhere', { locations: ['https://other.example.com'] }],
    ['holds below us', { locations: [`${us}/`] }],
    ['holds nowhere', { locations: [] }],
    ['is of another currency', { instructedAmount: { currency: 'CHF', amount: '123.50' } }],
    ['is of another amount', { instructedAmount: { currency: 'EUR', amount: '123.5' } }],
    ['has another number', { count: 3 }],
    ['has the other flag', { isUrgent: true }],
  ])('grants nothing where it %s', (_, change) => {
    expect(judge(payments, [{ ...payment, ...change }])).toBe('false')
    expect(judge(payments, [{ ...payment, ...change }, payment])).toBe('true')
  })

  it.each<[string, unknown]>([
    ['locations', us],
    ['locations', [us, 7]],
    ['locations', null],
    ['locations', { 0: us }],
    ['actions', 'initiate status'],
    ['actions', ['initiate', 'status', null]],
    ['actions', null],
    ['actions', Array.from({ length: 1_025 }, () => 'initiate')],
    ['datatypes', 'payments'],
    ['privileges', { viewer: true }],
    ['identifier', ['account-1']],
    ['identifier', 7],
    ['identifier', '\ud800'],
    ['instructedAmount', 'EUR'],
    ['instructedAmount', [{ currency: 'EUR', amount: '123.50' }]],
    ['instructedAmount', { currency: 'EUR', amount: 123.5 }],
    ['count', '2'],
    ['count', null],
    ['isUrgent', 'false'],
    ['isUrgent', 0],
  ])('is not known to grant anything where its %s is of the wrong type: %j', (name, value) => {
    expect(judge(payments, [{ ...payment, [name]: value }])).toBe('undetermined')
    expect(judge(not(payments), [{ ...payment, [name]: value }])).toBe('undetermined')
    expect(judge(payments, [{ ...payment, [name]: value, type: 'account' }])).toBe('false')
    expect(why(payments, [{ ...payment, [name]: value }])).toMatch(
      new RegExp(`^its ${name}[.\\w]* (?:is|are) (?:missing|of the wrong type)`),
    )
  })

  it.each(['actions', 'datatypes', 'privileges', 'identifier', 'instructedAmount', 'count', 'isUrgent'])(
    'is not known to grant anything where it says nothing of %s',
    (name) => {
      expect(judge(payments, [without(name)])).toBe('undetermined')
      expect(why(payments, [without(name)])).toMatch(new RegExp(`^its ${name}[.\\w]* is missing`))
    },
  )

  it('grants nothing for certain, whatever else of it is not known', () => {
    expect(judge(payments, [{ ...payment, actions: 7, identifier: 'account-2' }])).toBe('false')
    expect(judge(payments, [{ ...payment, actions: [], count: '2' }])).toBe('false')
  })

  it('grants nothing together with another', () => {
    const halves = [
      { ...payment, actions: ['initiate'] },
      { ...payment, actions: ['status'] },
    ]
    expect(judge(payments, halves)).toBe('false')
    expect(
      judge(payments, [
        { ...payment, identifier: 'account-2' },
        { ...payment, actions: ['status'] },
      ]),
    ).toBe('false')
  })

  it('is found anywhere in the list, and none hides it', () => {
    expect(judge(payments, [without('actions'), { ...payment, type: 'x' }, payment])).toBe('true')
    expect(judge(payments, [payment, without('actions')])).toBe('true')
    expect(judge(payments, [{ ...payment, actions: [] }, without('actions')])).toBe('undetermined')
  })
})

describe('R-9396-2: types that nobody asks for', () => {
  it.each([[[]], [[{ ...payment, type: 'payment' }]], [[{ ...payment, type: 'Payment_initiation' }]]])(
    'grant nothing: %j',
    (details) => {
      expect(judge(payments, details)).toBe('false')
      expect(judge(not(payments), details)).toBe('true')
    },
  )
})

describe('R-9396-2: locations', () => {
  const anywhere = authorizationDetails('payment_initiation')
  const other = 'https://other.example.com'

  it('of an object that has none are everywhere', () => {
    expect(judge(payments, [without('locations')])).toBe('true')
    expect(judge(anywhere, [without('locations')])).toBe('true')
    expect(judge(anywhere, [without('locations')], { audiences: [] })).toBe('true')
  })

  it('that are not asked for are the audiences of ours that the token is for', () => {
    expect(judge(anywhere, [payment], { audiences: [us] })).toBe('true')
    expect(judge(anywhere, [payment], { audiences: ['https://b.example.com', us] })).toBe('true')
    expect(judge(anywhere, [payment], { audiences: ['https://b.example.com'] })).toBe('false')
    expect(judge(anywhere, [payment], { audiences: [] })).toBe('false')
  })

  it('are not known where nobody has said what is ours', () => {
    expect(judge(anywhere, [payment])).toBe('undetermined')
    expect(why(anywhere, [payment])).toBe('it holds at some locations, and which are ours is not known')
  })

  it('that are asked for stand instead of the audiences', () => {
    const there = authorizationDetails('payment_initiation', { locations: ['https://c.example.com', other] })
    expect(judge(there, [payment], { audiences: ['https://b.example.com'] })).toBe('true')
    expect(judge(there, [{ ...payment, locations: [us] }], { audiences: [us] })).toBe('false')
  })
})

describe('the claim', () => {
  it.each([undefined, null])('is missing: %j', (details) => {
    expect(judge(payments, details)).toBe('undetermined')
    expect(judge(not(payments), details)).toBe('undetermined')
    expect(why(payments, details)).toBe('claim authorization_details is missing')
  })

  it.each([
    ['payment_initiation'],
    [payment],
    [[payment, 'x']],
    [[payment, null]],
    [[payment, [payment]]],
    [[payment, { actions: ['initiate'] }]],
    [[payment, { type: 7 }]],
    [[payment, Object.create({ type: 'x' })]],
    [Array.from({ length: 1_025 }, () => payment)],
  ])('is of the wrong type', (details) => {
    expect(judge(payments, details)).toBe('undetermined')
    expect(judge(not(payments), details)).toBe('undetermined')
    expect(why(payments, details)).toBe('claim authorization_details is of the wrong type')
  })

  it('is as long as it may be', () => {
    expect(judge(payments, [...Array.from({ length: 1_023 }, () => ({ type: 'x' })), payment])).toBe('true')
  })

  it('grants nothing by what it inherits', () => {
    expect(judge(payments, [Object.assign(Object.create(payment), { type: 'payment_initiation' })])).toBe(
      'undetermined',
    )
  })
})

describe('a value of the request', () => {
  it('that is missing leaves it open, and only where something else does not close it', () => {
    expect(judge(payments, [payment], { params: {} })).toBe('undetermined')
    expect(why(payments, [payment], { params: {} })).toBe('param accountId is missing')
    expect(judge(payments, [{ ...payment, actions: [] }], { params: {} })).toBe('false')
  })

  it('is a claim, a parameter or a header', () => {
    const of = authorizationDetails('payment_initiation', {
      locations: [us],
      identifier: req.header('x-account'),
      fields: {
        instructedAmount: { currency: param('currency') },
        count: claim('level'),
        isUrgent: claim('u').orElse(false),
      },
    })
    const input = { headers: { 'X-Account': 'account-1' }, params: { currency: 'EUR' }, claims: { level: 2 } }
    expect(judge(of, [payment], input)).toBe('true')
    expect(judge(of, [payment], { ...input, headers: {} })).toBe('undetermined')
    expect(judge(of, [payment], { ...input, params: { currency: 'CHF' } })).toBe('false')
    expect(judge(of, [payment], { ...input, claims: { level: '2' } })).toBe('undetermined')
    expect(judge(of, [payment], { ...input, claims: { level: 2, u: true } })).toBe('false')
    expect(why(of, [payment], { ...input, claims: { level: '2' } })).toBe(
      'its count is of the wrong type, or the other side is',
    )
  })
})

describe('a refusal', () => {
  it('is one that no client can remedy', () => {
    const facts = factsOf([{ ...payment, actions: [] }])
    expect(evaluatePolicy(policy('pay', { allow: payments }), facts)).toMatchObject({ code: 'policy_denied' })
    expect(evaluatePolicy(payments, factsOf(undefined))).toMatchObject({ code: 'policy_denied', requiredScopes: [] })
  })
})
