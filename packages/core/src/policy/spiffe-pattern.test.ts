// The word for workloads: which patterns there are, and what each of them covers.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { compilePolicy } from './compile.js'
import { describePolicy } from './describe.js'
import { explainPolicy, policyFacts } from './evaluate.js'
import type { Policy } from './policy.js'
import { spiffe } from './request-words.js'
import { compileSpiffe, parseSpiffePattern } from './spiffe-pattern.js'
import { anyOf, not } from './words.js'

const facts = (workload: string | undefined) => policyFacts({ claims: {}, now: 0, workload })
const judge = (asked: Policy, workload: string | undefined) =>
  ['false', 'undetermined', 'true'][compilePolicy(asked).check(facts(workload)) + 1]
const covers = (pattern: string, path: string) => judge(spiffe(pattern), `spiffe://prod.example${path}`)

describe('a workload', () => {
  it('is one up to the last second of its proof, and nobody from then on', () => {
    const workload = { spiffeId: 'spiffe://prod.example/orders', expiresAt: 100 }
    const at = (now: number) => {
      const known = policyFacts({ claims: {}, now })
      return compileSpiffe([workload.spiffeId]).check({ ...known, request: { ...known.request, workload } })
    }
    expect([at(100), at(101), at(Number.NaN)]).toEqual([1, 0, 0])
  })
})

describe('R-SPID-1: a pattern', () => {
  it.each<[string, readonly string[]]>([
    ['spiffe://prod.example/orders', ['orders']],
    ['spiffe://prod.example/ns/shop/sa/orders', ['ns', 'shop', 'sa', 'orders']],
    ['spiffe://prod.example/*', ['*']],
    ['spiffe://prod.example/**', ['**']],
    ['spiffe://prod.example/*/*', ['*', '*']],
    ['spiffe://prod.example/ns/*/sa/*', ['ns', '*', 'sa', '*']],
    ['spiffe://prod.example/*/**', ['*', '**']],
    ['spiffe://prod.example/A.b_c-1', ['A.b_c-1']],
  ])('may be %s', (text, segments) => {
    expect(parseSpiffePattern(text)).toEqual({ trustDomain: 'prod.example', segments })
  })

  it.each([
    'spiffe://prod.example',
    'spiffe://prod.example/',
    'spiffe://prod.example/orders/',
    'spiffe://prod.example//orders',
    'spiffe://prod.example/**/orders',
    'spiffe://prod.example/***',
    'spiffe://prod.example/ord*',
    'spiffe://prod.example/*s',
    'spiffe://prod.example/a**',
    'spiffe://prod.example/.',
    'spiffe://prod.example/../orders',
    'spiffe://prod.example/orders?',
    'spiffe://prod.example/orders#a',
    'spiffe://prod.example/%2a',
    'spiffe://prod.example/ü',
    'spiffe://prod.example/a b',
    'spiffe://prod.example/orders\n',
    '\nspiffe://prod.example/orders',
    'spiffe://*/orders',
    'spiffe://**',
    'spiffe://*.example/orders',
    'spiffe://Prod.example/orders',
    'spiffe://prod.example:443/orders',
    'spiffe://ann@prod.example/orders',
    'spiffe:///orders',
    'SPIFFE://prod.example/orders',
    'spiffe:/prod.example/orders',
    'https://prod.example/orders',
    'prod.example/orders',
    '/orders',
    '*',
    `spiffe://prod.example/${'a'.repeat(2_048)}`,
  ])('may not be %j', (text) => {
    expect(parseSpiffePattern(text)).toBeUndefined()
    expect(() => spiffe('spiffe://prod.example/a', text)).toThrow(
      "spiffe() takes SPIFFE IDs such as 'spiffe://prod.example/ns/*/sa/orders', not ",
    )
  })

  it.each<[readonly unknown[], string]>([
    [[], 'spiffe() takes at least one name'],
    [[''], 'spiffe() takes names one by one, and "" is not one'],
    [[7], 'spiffe() takes names one by one, and 7 is not one'],
    [[['spiffe://prod.example/a']], 'spiffe() takes names one by one'],
  ])('is not among %j', (patterns, sentence) => {
    expect(() => spiffe(...(patterns as readonly string[]))).toThrow(ConfigurationError)
    expect(() => spiffe(...(patterns as readonly string[]))).toThrow(sentence)
  })

  it('stands in a policy once, and nobody changes it', () => {
    const [a, b] = ['spiffe://prod.example/a', 'spiffe://prod.example/b']
    const node = spiffe(a, b, a)
    expect(node).toEqual({ kind: 'spiffe', patterns: [a, b] })
    expect(Object.isFrozen((node as { patterns: object }).patterns)).toBe(true)
  })
})

describe('what a pattern covers', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['/orders', ['/orders'], ['/Orders', '/order', '/orders2', '/orders/x', '/x/orders', '/orders-']],
    ['/*', ['/a', '/orders', '/A'], ['/a/b', '/a/b/c']],
    ['/**', ['/a', '/a/b', '/a/b/c/d'], []],
    [
      '/ns/*/sa/orders',
      ['/ns/a/sa/orders', '/ns/sa/sa/orders'],
      ['/ns/sa/orders', '/ns/a/b/sa/orders', '/ns/a/sa/other', '/x/a/sa/orders', '/ns/a/sa/orders/x'],
    ],
    ['/ns/shop/**', ['/ns/shop/a', '/ns/shop/a/b'], ['/ns/shop', '/ns/shopping/a', '/ns/other/a', '/ns', '/x/shop/a']],
    ['/*/**', ['/a/b', '/a/b/c'], ['/a']],
    ['/*/b', ['/a/b', '/b/b'], ['/a/c', '/a', '/b', '/a/b/c']],
  ])('of %s', (path, those, others) => {
    for (const one of those) expect([one, covers(`spiffe://prod.example${path}`, one)]).toEqual([one, 'true'])
    for (const one of others) expect([one, covers(`spiffe://prod.example${path}`, one)]).toEqual([one, 'false'])
  })

  it('is nothing of another trust domain', () => {
    for (const domain of ['test.example', 'prod.example.org', 'a.prod.example', 'prodxexample'])
      expect(judge(spiffe('spiffe://prod.example/**'), `spiffe://${domain}/orders`)).toBe('false')
  })

  it('is what any of several covers, each in its own trust domain', () => {
    const asked = spiffe('spiffe://a/x', 'spiffe://b/*')
    expect(judge(asked, 'spiffe://a/x')).toBe('true')
    expect(judge(asked, 'spiffe://b/y')).toBe('true')
    expect(judge(asked, 'spiffe://a/y')).toBe('false')
  })
})

describe('where no workload has proven who it is', () => {
  it('it is undetermined, so that its contrary does not hold either', () => {
    for (const workload of [undefined, '', 'orders', 'spiffe://Prod.example/a', 'spiffe://prod.example/../a']) {
      expect(judge(spiffe('spiffe://prod.example/**'), workload)).toBe('undetermined')
      expect(judge(not(spiffe('spiffe://test.example/**')), workload)).toBe('undetermined')
    }
    expect(judge(not(spiffe('spiffe://prod.example/**')), 'spiffe://test.example/a')).toBe('true')
  })

  it('a trace says so', () => {
    const { tree } = explainPolicy(spiffe('spiffe://prod.example/a'), facts(undefined))
    expect(tree).toMatchObject({ outcome: 'undetermined', reason: 'no workload has proven who it is' })
    expect(tree.text).toBe('spiffe spiffe://prod.example/a')
  })
})

describe('when it changes', () => {
  const { changesAt } = compileSpiffe(['spiffe://prod.example/a'])
  const at = (workload: { spiffeId: string; expiresAt: number } | undefined) => {
    const asked = facts(undefined)
    return changesAt?.({ ...asked, request: { ...asked.request, workload } } as typeof asked)
  }

  it('is at the end of what proves it, or never', () => {
    expect(at({ spiffeId: 'spiffe://prod.example/a', expiresAt: 7 })).toBe(7)
    expect(at({ spiffeId: 'spiffe://prod.example/b', expiresAt: 7 })).toBe(7)
    expect(at(undefined)).toBe(Number.POSITIVE_INFINITY)
  })
})

it('is said in words', () => {
  expect(describePolicy(spiffe('spiffe://a/x', 'spiffe://b/*'))).toBe('spiffe spiffe://a/x or spiffe://b/*')
  expect(describePolicy(anyOf(spiffe('spiffe://a/x')))).toBe('any of')
})
