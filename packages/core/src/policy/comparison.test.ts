// What the comparisons refuse while a policy is built, and in which words.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { type ClaimSubject, claim, compare, param, show } from './comparison.js'
import type { Scalar } from './policy.js'
import { req } from './request-words.js'

function refuses(build: () => unknown, message: RegExp): void {
  expect(build).toThrow(ConfigurationError)
  expect(build).toThrow(message)
}

const it_ = claim('it')
const anything = (value: unknown) => value as never

describe('claim', () => {
  it('reads by a path, whose names may hold anything', () => {
    const path = ['https://example.com/a.b', 'x y', '0']
    expect(claim(...path).reference).toEqual({ from: 'claim', path })
    expect(Object.isFrozen(claim('a').reference)).toBe(true)
    expect(Object.isFrozen(claim('a').reference.path)).toBe(true)
  })

  it('does not share its path with who gave it', () => {
    const path: string[] = ['a']
    const subject = claim(...path)
    path[0] = 'b'
    expect(subject.reference.path).toEqual(['a'])
  })

  it('takes eight names and not nine', () => {
    expect(claim(...'abcdefgh').reference.path).toHaveLength(8)
    refuses(() => claim(...'abcdefghi'), /at most 8 names/)
  })

  it('refuses no name', () => refuses(() => claim(), /takes the name of a claim, such as claim\('tenant'\)/))

  it.each([[''], ['\ud800'], [7], [['a', 'b']], [undefined], [null]])('refuses %j', (name) => {
    refuses(() => claim('a', anything(name)), /takes names one by one, from the outside in/)
  })

  it.each(['__proto__', 'constructor', 'prototype'])('refuses %s, alone and further in', (name) => {
    refuses(() => claim(name), new RegExp(`\`${name}\` is no claim that a policy may read`))
    refuses(() => claim('a', name), /is no claim/)
    expect(claim(`${name}_`).reference.path).toEqual([`${name}_`])
  })
})

describe('param and req.header', () => {
  it('take names', () => {
    expect(param('tenant_Id0').reference).toEqual({ from: 'param', name: 'tenant_Id0' })
    expect(req.header('X-Tenant').reference).toEqual({ from: 'header', name: 'x-tenant' })
    expect(Object.isFrozen(param('a').reference) && Object.isFrozen(req.header('a').reference)).toBe(true)
  })

  it.each(['', ':id', 'a-b', 'a.b', 'a b', 'ä', 7, undefined, '__proto__', 'constructor', 'prototype'])(
    'refuse the parameter %j',
    (name) => refuses(() => param(anything(name)), /takes the name of a route parameter/),
  )

  it.each(['', 'x y', 'x:', 'ä', 'x\n', 7, undefined])('refuse the header %j', (name) => {
    refuses(() => req.header(anything(name)), /takes the name of a header/)
  })

  it.each(['Authorization', 'cookie', 'DPoP', 'Proxy-Authorization'])('refuse %s, which is a credential', (name) => {
    refuses(() => req.header(name), new RegExp(`\`${name.toLowerCase()}\` is a credential, and no fact for a policy`))
  })
})

describe('operands', () => {
  const scalars: readonly unknown[] = [
    undefined,
    null,
    Number.NaN,
    1 / 0,
    {},
    { $ne: '' },
    [],
    '\ud800',
    Symbol('a'),
    7n,
  ]

  it.each(scalars)('refuse %o where a value must stand', (value) => {
    refuses(() => it_.equals(anything(value)), /^equals\(\) takes strings, finite numbers and booleans/)
    refuses(() => it_.oneOf('a', anything(value)), /^oneOf\(\) takes strings, finite numbers and booleans/)
    refuses(() => it_.orElse(anything(value)), /^orElse\(\) takes strings, finite numbers and booleans/)
  })

  it.each([...scalars, 7, true])('refuse %o where a text must stand', (value) => {
    refuses(() => it_.includes(anything(value)), /^includes\(\) takes strings, and .+ is none$/)
    refuses(() => it_.includesAny('a', anything(value)), /^includesAny\(\) takes strings, and/)
    refuses(() => it_.includesAll('a', anything(value)), /^includesAll\(\) takes strings, and/)
    refuses(() => it_.startsWith(anything(value)), /^startsWith\(\) takes strings, and/)
    refuses(() => it_.endsWith(anything(value)), /^endsWith\(\) takes strings, and/)
  })

  it.each([...scalars, 'a', '7', true])('refuse %o where a number must stand', (value) => {
    refuses(() => it_.atLeast(anything(value)), /^atLeast\(\) takes/)
    refuses(() => it_.atMost(anything(value)), /^atMost\(\) takes/)
  })

  it('refuse nothing at all', () => {
    refuses(() => it_.oneOf(), /^oneOf\(\) takes at least one value/)
    refuses(() => it_.includesAny(), /^includesAny\(\) takes at least one value/)
    refuses(() => it_.includesAll(), /^includesAll\(\) takes at least one value/)
  })

  it('refuse the empty text where everything begins and ends with it', () => {
    refuses(() => it_.startsWith(''), /^startsWith\(\) takes a text that is not empty/)
    refuses(() => it_.endsWith(''), /^endsWith\(\) takes a text that is not empty/)
    expect(it_.equals('').operand).toBe('')
  })

  it.each([
    ['a', 7],
    [7, true],
    [false, 'a'],
  ] satisfies Scalar[][])('refuse values of two types: %j', (...values) => {
    refuses(() => it_.oneOf(...values), /^oneOf\(\) takes values of one type/)
  })

  it('refuse a word with something to a word that takes nothing', () => {
    refuses(() => compare(it_.reference, 'exists', anything(false)), /^exists\(\) takes nothing/)
    refuses(() => compare(it_.reference, 'absent', anything('a')), /^absent\(\) takes nothing/)
  })

  it('refuse an operator that is none', () => {
    refuses(() => compare(it_.reference, anything('matches'), anything('a')), /^"matches" is no operator/)
    refuses(() => compare(it_.reference, anything('toString'), anything('a')), /^"toString" is no operator/)
  })

  it('hold each value once, where nobody can change it', () => {
    const values = ['b', 'a', 'b']
    const { operand } = it_.oneOf(...values)
    expect(operand).toEqual(['b', 'a'])
    expect(Object.isFrozen(operand)).toBe(true)
    expect(Object.isFrozen(it_.equals('a'))).toBe(true)
  })

  it('refuse a text where a list of values must stand', () => {
    for (const operator of ['oneOf', 'includesAny', 'includesAll'] as const) {
      refuses(() => compare(it_.reference, operator, anything('ab')), /takes at least one value/)
    }
  })

  it('are of subjects that nobody can change', () => {
    for (const subject of [it_.orElse('a'), it_.asString(), it_.asSpaceList()]) {
      expect(Object.isFrozen(subject.reference)).toBe(true)
    }
  })

  it('are references where they may be', () => {
    expect(it_.equals(param('id')).operand).toEqual({ from: 'param', name: 'id' })
    expect(it_.includes(claim('a')).operand).toEqual({ from: 'claim', path: ['a'] })
    refuses(() => it_.startsWith(anything(param('id'))), /^startsWith\(\) takes strings, and a reference is none/)
    refuses(() => it_.oneOf(anything(param('id'))), /^oneOf\(\) takes strings, .* and a reference is none of them/)
    refuses(() => it_.orElse(anything(param('id'))), /a reference is none of them/)
  })
})

describe('what could never come true', () => {
  it.each([
    ['a param', param('id') as ClaimSubject],
    ['a header', req.header('x-id') as ClaimSubject],
    ['asString()', it_.asString()],
  ])('%s compared with anything but text', (what, subject) => {
    const escaped = what.replace('()', '\\(\\)')
    refuses(() => subject.equals(7), new RegExp(`^${escaped} is a string, and equals\\(\\) compares it with 7`))
    refuses(() => subject.equals(true), new RegExp(`^${escaped} is a string, and equals\\(\\) compares it with true`))
    refuses(() => subject.oneOf(7, 8), new RegExp(`^${escaped} is a string, and oneOf\\(\\) compares it with 7`))
    refuses(() => compare(subject.reference, 'atLeast', 7), /^atLeast\(\) is not for .+, which is a string/)
    refuses(() => compare(subject.reference, 'atMost', 7), /^atMost\(\) is not for .+, which is a string/)
    refuses(() => compare(subject.reference, 'includes', 'a'), /^includes\(\) is not for .+, which is a string/)
    refuses(() => compare(subject.reference, 'includesAny', ['a']), /^includesAny\(\) is not for/)
    refuses(() => compare(subject.reference, 'includesAll', ['a']), /^includesAll\(\) is not for/)
    expect(subject.equals('7').operand).toBe('7')
    expect(subject.equals(claim('a')).operand).toEqual({ from: 'claim', path: ['a'] })
    expect(subject.oneOf('7').operand).toEqual(['7'])
  })

  it('a list compared with a single value', () => {
    const words = it_.asSpaceList()
    for (const build of [
      () => words.equals('a'),
      () => words.oneOf('a'),
      () => words.atLeast(7),
      () => words.atMost(7),
      () => words.startsWith('a'),
      () => words.endsWith('a'),
    ]) {
      refuses(build, /is not for a list: ask asSpaceList\(\) for includes\(\), includesAny\(\) or includesAll\(\)/)
    }
    expect(words.includesAny('a').operator).toBe('includesAny')
    expect(words.includesAll('a').operator).toBe('includesAll')
    expect(words.includes('a').operator).toBe('includes')
  })

  it('a single value compared with a list', () => {
    const words = claim('words').asSpaceList()
    for (const subject of [it_, it_.asString(), param('id'), req.header('x-id')]) {
      refuses(() => subject.equals(words), /^equals\(\) compares with a single value, and asSpaceList\(\) is a list/)
    }
    refuses(() => it_.includes(words), /^includes\(\) compares with a single value, and asSpaceList\(\) is a list/)
    expect(it_.equals(claim('words').asString()).operand).toMatchObject({ as: 'string' })
    expect(it_.equals(claim('words')).operator).toBe('equals')
  })

  it('presence asked of what is made of a claim', () => {
    for (const subject of [it_.orElse('a'), it_.asString(), it_.asSpaceList()]) {
      refuses(() => subject.exists(), /^exists\(\) asks for the claim as it is, without orElse\(\)/)
      refuses(() => subject.absent(), /^absent\(\) asks for the claim as it is, without orElse\(\)/)
    }
    expect(it_.exists().operator).toBe('exists')
    for (const subject of [param('id'), req.header('x-id')]) {
      expect(subject.absent().operator).toBe('absent')
      expect(subject.exists().operator).toBe('exists')
    }
  })

  it('a list that would be replaced by a single value', () => {
    for (const build of [
      () => it_.orElse('a').includes('a'),
      () => it_.orElse('a').includesAny('a'),
      () => it_.orElse('a').includesAll('a'),
      () => it_.asSpaceList().orElse('a').includes('a'),
    ]) {
      refuses(build, /is for lists, and orElse\(\) for single values/)
    }
  })

  it('a replacement of another type', () => {
    refuses(() => it_.orElse('7').equals(7), /^orElse\("7"\) is a string, and equals\(\) compares a number/)
    refuses(() => it_.orElse(false).oneOf('a'), /^orElse\(false\) is a boolean, and oneOf\(\) compares a string/)
    refuses(() => it_.orElse('7').atLeast(7), /^orElse\("7"\) is a string, and atLeast\(\) compares a number/)
    refuses(() => it_.orElse(7).startsWith('a'), /^orElse\(7\) is a number, and startsWith\(\) compares a string/)
    expect(it_.orElse(7).atMost(7).subject).toMatchObject({ orElse: 7 })
    expect(it_.orElse(7).equals(claim('a')).subject).toMatchObject({ orElse: 7 })
  })
})

const circle: { self?: unknown } = {}
circle.self = circle

describe('show', () => {
  it.each([
    ['a', '"a"'],
    [7, '7'],
    [undefined, 'undefined'],
    [{ a: 1 }, '{"a":1}'],
    [() => 7, 'function'],
    [7n, 'bigint'],
    [circle, 'object'],
    [param('id'), 'a reference'],
  ])('writes %o as %s', (value, text) => {
    expect(show(value)).toBe(text)
  })

  it('cuts what is long', () => {
    expect(show('a'.repeat(78))).toHaveLength(80)
    expect(show('a'.repeat(79))).toBe(`"${'a'.repeat(79)}…`)
  })
})
