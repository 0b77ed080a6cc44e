// Each operator: what makes it true, what makes it false, and everything else, which is undetermined.
import { describe, expect, it } from 'vitest'
import { type ClaimSubject, claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import type { Expression } from './policy.js'
import { req } from './request-words.js'
import { not } from './words.js'

type Input = Partial<Parameters<typeof policyFacts>[0]>

const judge = (policy: Expression, input: Input) =>
  ['false', 'undetermined', 'true'][compilePolicy(policy).check(policyFacts({ claims: {}, now: 0, ...input })) + 1]
const why = (policy: Expression, input: Input) =>
  compilePolicy(policy).why?.(policyFacts({ claims: {}, now: 0, ...input }))

const longest = Array<string>(1_024).fill('other')

interface Row {
  readonly operator: string
  readonly make: (subject: ClaimSubject) => Expression
  readonly right: readonly unknown[]
  readonly wrong: readonly unknown[]
  /** Of another type. */
  readonly foreign: readonly unknown[]
}

const hostile: readonly unknown[] = [{}, { $ne: '' }, { toString: 'a' }, { length: 1, 0: 'a' }]
const noText = [...hostile, 7, 0, true, false, ['a'], [], '\ud800', 'a\udfff']
const noNumber = [...hostile, '7', '', 'NaN', true, false, [7], []]
const noBoolean = [...hostile, 'true', '', 1, 0, [true], []]
const noList = [
  ...[...hostile, 'a', 'a b', 'superadmin', '', 7, true, [7], ['a', 7], ['a', null], ['a', ['b']]],
  ...[
    ['a', {}],
    ['a', '\ud800'],
    [...longest, 'a'],
  ],
]

const rows: readonly Row[] = [
  {
    operator: 'equals a text',
    make: (it) => it.equals('a'),
    right: ['a'],
    wrong: ['b', 'A', 'a ', '', 'aa'],
    foreign: noText,
  },
  { operator: 'equals a number', make: (it) => it.equals(7), right: [7], wrong: [7.5, 0, -7], foreign: noNumber },
  { operator: 'equals zero', make: (it) => it.equals(0), right: [0, -0], wrong: [1], foreign: noNumber },
  { operator: 'equals true', make: (it) => it.equals(true), right: [true], wrong: [false], foreign: noBoolean },
  { operator: 'equals false', make: (it) => it.equals(false), right: [false], wrong: [true], foreign: noBoolean },
  {
    operator: 'one of texts',
    make: (it) => it.oneOf('a', 'b'),
    right: ['a', 'b'],
    wrong: ['c', 'ab', 'a,b'],
    foreign: noText,
  },
  { operator: 'one of numbers', make: (it) => it.oneOf(7, 8), right: [7, 8], wrong: [9], foreign: noNumber },
  { operator: 'one of booleans', make: (it) => it.oneOf(true), right: [true], wrong: [false], foreign: noBoolean },
  {
    operator: 'includes',
    make: (it) => it.includes('a'),
    right: [['a'], ['b', 'a'], [...longest.slice(1), 'a']],
    wrong: [[], ['b'], ['A'], ['a b'], longest],
    foreign: noList,
  },
  {
    operator: 'includes any',
    make: (it) => it.includesAny('a', 'b'),
    right: [['a'], ['c', 'b'], ['a', 'b']],
    wrong: [[], ['c'], ['ab']],
    foreign: noList,
  },
  {
    operator: 'includes all',
    make: (it) => it.includesAll('a', 'b'),
    right: [
      ['a', 'b'],
      ['b', 'c', 'a'],
    ],
    wrong: [[], ['a'], ['b'], ['a b']],
    foreign: noList,
  },
  { operator: 'at least', make: (it) => it.atLeast(7), right: [7, 7.1, 1e300], wrong: [6.9, -8], foreign: noNumber },
  { operator: 'at most', make: (it) => it.atMost(7), right: [7, 6.9, -8], wrong: [7.1, 1e300], foreign: noNumber },
  {
    operator: 'starts with',
    make: (it) => it.startsWith('ab'),
    right: ['ab', 'abc'],
    wrong: ['a', 'cab', 'AB', ''],
    foreign: [...noText, ['ab']],
  },
  {
    operator: 'ends with',
    make: (it) => it.endsWith('ab'),
    right: ['ab', 'cab'],
    wrong: ['b', 'abc', 'AB', ''],
    foreign: [...noText, ['ab']],
  },
]

describe.each(rows)('$operator', ({ make, right, wrong, foreign }) => {
  const policy = make(claim('it'))
  const deep = make(claim('a.b', 'it'))
  const both = (value: unknown): readonly (readonly [Expression, Input])[] => [
    [policy, { claims: { it: value } }],
    [deep, { claims: { 'a.b': { it: value } } }],
  ]

  it('is true for what fits', () => {
    for (const value of right) for (const [asked, input] of both(value)) expect(judge(asked, input)).toBe('true')
  })

  it('is false for another value of the same type', () => {
    for (const value of wrong) for (const [asked, input] of both(value)) expect(judge(asked, input)).toBe('false')
  })

  it('is undetermined for another type, and its negation too', () => {
    for (const value of foreign)
      for (const [asked, input] of both(value)) {
        expect(judge(asked, input), JSON.stringify(value)).toBe('undetermined')
        expect(judge(not(asked), input)).toBe('undetermined')
        expect(why(asked, input)).toMatch(/^claim ("a\.b"\.)?it is of the wrong type$/)
      }
  })

  it('is undetermined where the claim is missing or null, and its negation too', () => {
    for (const claims of [{}, { it: null }, { it: undefined }, { 'a.b': null }, { 'a.b': { it: null } }, { a: {} }])
      for (const asked of [policy, deep]) {
        expect(judge(asked, { claims })).toBe('undetermined')
        expect(judge(not(asked), { claims })).toBe('undetermined')
        expect(why(asked, { claims })).toMatch(/it is missing$/)
      }
  })

  it('never finds what claims inherit', () => {
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', '__defineGetter__']) {
      expect(judge(make(claim(name)), {})).toBe('undetermined')
      expect(judge(make(claim('it', name)), { claims: { it: {} } })).toBe('undetermined')
    }
    const inherited = Object.create({ it: right[0] })
    expect(judge(policy, { claims: inherited })).toBe('undetermined')
    expect(judge(deep, { claims: { 'a.b': inherited } })).toBe('undetermined')
  })

  it('does not look into an own __proto__', () => {
    const claims = JSON.parse(`{"__proto__": {"it": ${JSON.stringify(right[0])}}}`)
    expect(judge(policy, { claims })).toBe('undetermined')
    expect(judge(deep, { claims: { 'a.b': claims } })).toBe('undetermined')
  })

  it('does not look into arrays or texts', () => {
    expect(judge(make(claim('list', '0')), { claims: { list: [right[0]] } })).toBe('undetermined')
    expect(judge(make(claim('list', 'length')), { claims: { list: 'seven77' } })).toBe('undetermined')
  })
})

describe('exists and absent', () => {
  it.each([[''], [0], [false], [[]], [{}], ['\ud800'], [Number.NaN]])('%j is there', (value) => {
    for (const [subject, claims] of [
      [claim('it'), { it: value }],
      [claim('deep', 'it'), { deep: { it: value } }],
    ] as const) {
      expect(judge(subject.exists(), { claims })).toBe('true')
      expect(judge(subject.absent(), { claims })).toBe('false')
    }
  })

  it.each([[{}], [{ it: null }], [{ it: undefined }], [{ deep: 'text' }], [{ deep: [{ it: 1 }] }], [{ deep: null }]])(
    'it is not there in %j, and that is certain',
    (claims) => {
      for (const subject of [claim('it'), claim('deep', 'it')]) {
        expect(judge(subject.exists(), { claims })).toBe('false')
        expect(judge(subject.absent(), { claims })).toBe('true')
        expect(judge(not(subject.exists()), { claims })).toBe('true')
      }
    },
  )

  it('are false and true for what claims and parameters inherit', () => {
    expect(judge(claim('toString').exists(), {})).toBe('false')
    expect(judge(claim('a', 'toString').absent(), { claims: { a: {} } })).toBe('true')
    expect(judge(param('toString').exists(), {})).toBe('false')
  })

  it('are asked of parameters and headers', () => {
    expect(judge(param('id').exists(), { params: { id: '' } })).toBe('true')
    expect(judge(param('id').absent(), { params: { ID: 'x' } })).toBe('true')
    expect(judge(req.header('X-A').exists(), { headers: { 'x-a': 'x' } })).toBe('true')
    expect(judge(req.header('X-A').absent(), { headers: { 'x-a': 'x' } })).toBe('false')
  })
})

describe('a reference to a reference', () => {
  const sameTenant = claim('tenant').equals(param('id'))
  const member = claim('groups').includes(param('id'))

  it('is true and false by the values', () => {
    expect(judge(sameTenant, { claims: { tenant: 'a' }, params: { id: 'a' } })).toBe('true')
    expect(judge(sameTenant, { claims: { tenant: 'a' }, params: { id: 'b' } })).toBe('false')
    expect(judge(member, { claims: { groups: ['a'] }, params: { id: 'a' } })).toBe('true')
    expect(judge(member, { claims: { groups: ['a'] }, params: { id: 'b' } })).toBe('false')
    expect(judge(param('a').equals(req.header('x-a')), { params: { a: 'x' }, headers: { 'x-a': 'x' } })).toBe('true')
    expect(judge(claim('sub').equals(claim('owner')), { claims: { sub: 'a', owner: 'a' } })).toBe('true')
    expect(judge(claim('no').equals(claim('not')), { claims: { no: false, not: true } })).toBe('false')
    expect(judge(claim('n').equals(claim('m')), { claims: { n: 7, m: 7 } })).toBe('true')
  })

  it.each<[string, Input, RegExp]>([
    ['both are missing', {}, /^claim tenant is missing$/],
    ['both are null', { claims: { tenant: null }, params: { id: null } }, /^claim tenant is missing$/],
    ['the claim is missing', { params: { id: 'a' } }, /^claim tenant is missing$/],
    ['the parameter is missing', { claims: { tenant: 'a' } }, /^param id is missing$/],
    ['the types differ', { claims: { tenant: 7 }, params: { id: '7' } }, /^claim tenant is of the wrong type, or/],
    ['both are lists', { claims: { tenant: ['a'] }, params: { id: ['a'] } }, /wrong type/],
    ['both are one object', { claims: { tenant: longest }, params: { id: longest } }, /wrong type/],
    ['both are not well-formed', { claims: { tenant: '\ud800' }, params: { id: '\ud800' } }, /wrong type/],
    ['the other is not well-formed', { claims: { tenant: 'a' }, params: { id: '\ud800' } }, /wrong type/],
    ['the claim is not well-formed', { claims: { tenant: '\ud800' }, params: { id: 'a' } }, /wrong type/],
    ['the other is no number', { claims: { tenant: 7 }, params: { id: Number.NaN } }, /wrong type/],
    ['the claim is no number', { claims: { tenant: Number.NaN }, params: { id: 7 } }, /wrong type/],
    ['both are no number', { claims: { tenant: Number.NaN }, params: { id: Number.NaN } }, /wrong type/],
    ['both are infinite', { claims: { tenant: 1 / 0 }, params: { id: 1 / 0 } }, /wrong type/],
  ])('is undetermined where %s', (_, input, reason) => {
    expect(judge(sameTenant, input)).toBe('undetermined')
    expect(judge(not(sameTenant), input)).toBe('undetermined')
    expect(why(sameTenant, input)).toMatch(reason)
  })

  it.each<[string, Input]>([
    ['both are missing', {}],
    ['the list is missing', { params: { id: 'a' } }],
    ['the item is missing', { claims: { groups: ['a'] } }],
    ['the list is a text', { claims: { groups: 'a' }, params: { id: 'a' } }],
    ['the list is mixed', { claims: { groups: ['a', 7] }, params: { id: 'a' } }],
    ['the item is a list', { claims: { groups: ['a'] }, params: { id: ['a'] } }],
    ['the item is a number', { claims: { groups: ['7'] }, params: { id: 7 } }],
  ])('includes nothing for certain where %s', (_, input) => {
    expect(judge(member, input)).toBe('undetermined')
    expect(judge(not(member), input)).toBe('undetermined')
  })
})

describe('a route parameter', () => {
  it.each([7, true, ['7'], { toString: () => '7' }])('that is no text is equal to nothing: %j', (value) => {
    const facts = policyFacts({ claims: { id: value }, params: { id: value }, now: 0 })
    expect(compilePolicy(claim('id').equals(param('id'))).check(facts)).toBe(0)
  })
})

describe('orElse', () => {
  const active = claim('suspended').orElse(false).equals(false)

  it('stands for a claim that is missing or null', () => {
    expect(judge(active, {})).toBe('true')
    expect(judge(active, { claims: { suspended: null } })).toBe('true')
    expect(judge(claim('level').orElse(0).atLeast(1), {})).toBe('false')
    expect(judge(claim('a', 'b').orElse('x').startsWith('x'), { claims: { a: {} } })).toBe('true')
    expect(judge(claim('t').orElse('x').equals(param('t')), { params: { t: 'x' } })).toBe('true')
  })

  it('does not stand for a claim that is there', () => {
    expect(judge(active, { claims: { suspended: true } })).toBe('false')
    expect(judge(claim('t').orElse('x').equals('x'), { claims: { t: '' } })).toBe('false')
    expect(judge(claim('level').orElse(9).atLeast(1), { claims: { level: 0 } })).toBe('false')
  })

  it.each([['false'], [0], [[]], [{}]])('does not stand for %j, which is of the wrong type', (suspended) => {
    expect(judge(active, { claims: { suspended } })).toBe('undetermined')
  })
})

describe('asString', () => {
  const mine = claim('org').asString().equals('42')

  it.each([42, '42'])('takes %j', (org) => {
    expect(judge(mine, { claims: { org } })).toBe('true')
  })

  it.each([43, '042', '42.0', ' 42', -42])('tells %j from it', (org) => {
    expect(judge(mine, { claims: { org } })).toBe('false')
  })

  it.each([42.5, 2 ** 53, true, ['42'], { org: 42 }, null, undefined])('is undetermined for %j', (org) => {
    expect(judge(mine, { claims: { org } })).toBe('undetermined')
  })

  it('compares with parameters, and still takes orElse', () => {
    expect(judge(claim('org').asString().equals(param('org')), { claims: { org: 42 }, params: { org: '42' } })).toBe(
      'true',
    )
    expect(judge(claim('org').asString().orElse('42').equals('42'), {})).toBe('true')
    expect(judge(claim('org').equals(param('org')), { claims: { org: 42 }, params: { org: '42' } })).toBe(
      'undetermined',
    )
  })
})

describe('asSpaceList', () => {
  const admins = claim('groups').asSpaceList().includes('admin')

  it.each([['admin'], [' other  admin ']])('finds the word in %j', (groups) => {
    expect(judge(admins, { claims: { groups } })).toBe('true')
  })

  it.each([[''], ['superadmin'], ['admin,other'], ['admin\tother'], ['Admin']])('does not find it in %j', (groups) => {
    expect(judge(admins, { claims: { groups } })).toBe('false')
  })

  it.each([
    [['admin']],
    [7],
    [{ admin: true }],
    [null],
    [undefined],
    ['admin \ud800'],
    [longest.join(' ').concat(' a')],
  ])('is undetermined for what is no text of words', (groups) => {
    expect(judge(admins, { claims: { groups } })).toBe('undetermined')
  })
})
