import { describe, expect, it } from 'vitest'
import { claim, param } from '../comparison.js'
import { policyFacts } from '../evaluate.js'
import { policyKit } from '../kit/policy-kit.js'
import { req } from '../request-words.js'
import { scope } from '../words.js'
import { describeQuestion } from './describe-question.js'
import { compileQuestion } from './question.js'
import { parseQuestion, parseTextQuestion } from './question-words.js'
import { Unaskable } from './service-answer.js'

const facts = policyFacts({
  claims: { sub: 'ann', level: 3, vip: true, groups: ['a', 'b'], act: { sub: 'bot' }, odd: '\ud800', mixed: ['a', 1] },
  now: 0,
  method: 'PUT',
  params: { docId: '7' },
  headers: { 'X-Region': 'eu' },
})

function fill(value: unknown, given = facts): unknown {
  const filled = compileQuestion('p', parseQuestion(value, 'it'))(given)
  return filled instanceof Unaskable ? filled.reason : filled.value
}

describe('a question', () => {
  it('is filled with values of the request', () => {
    const question = {
      who: claim('sub'),
      level: claim('level'),
      vip: claim('vip'),
      groups: claim('groups'),
      actor: claim('act', 'sub'),
      tenant: claim('tenant').orElse('none'),
      doc: param('docId'),
      region: req.header('x-region'),
      how: req.method,
      fixed: ['x', 1, false, { deep: 'y' }],
    }
    expect(fill(question)).toEqual({
      who: 'ann',
      level: 3,
      vip: true,
      groups: ['a', 'b'],
      actor: 'bot',
      tenant: 'none',
      doc: '7',
      region: 'eu',
      how: 'PUT',
      fixed: ['x', 1, false, { deep: 'y' }],
    })
  })

  it('takes the words of a kit', () => {
    const kit = policyKit({ claims: { tenant: 'string' } })
    expect(fill({ a: kit.claim('sub'), b: kit.param('docId'), c: kit.req.method })).toEqual({
      a: 'ann',
      b: '7',
      c: 'PUT',
    })
  })

  it.each([
    [claim('nobody'), 'claim nobody is missing'],
    [claim('act'), 'claim act is of the wrong type'],
    [claim('odd'), 'claim odd is of the wrong type'],
    [claim('mixed'), 'claim mixed is of the wrong type'],
    [param('other'), 'param other is missing'],
    [req.header('x-other'), 'header x-other is missing'],
  ])('cannot be asked without all of its values: %#', (value, reason) => {
    expect(fill({ first: 'x', list: [value] })).toBe(reason)
  })

  it('cannot be asked without a method, or at a length that no honest one has', () => {
    expect(fill(req.method, policyFacts({ claims: {}, now: 0 }))).toBe('the method of the request is not known')
    const sub = 'x'.repeat(10_000)
    expect(fill([claim('sub')], policyFacts({ claims: { sub }, now: 0 }))).toEqual([sub])
    expect(fill([claim('sub'), claim('sub')], policyFacts({ claims: { sub }, now: 0 }))).toBe(
      'the question is too long',
    )
  })

  it('is described by what the policy says', () => {
    const node = parseQuestion({ a: ['x', claim('sub')], b: req.method }, 'it')
    expect(describeQuestion(node)).toBe('{"a":["x",claim sub],"b":method}')
    expect(describeQuestion(parseQuestion('x'.repeat(1_000), 'it'))).toHaveLength(301)
  })
})

describe('what is no question', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : [deep(levels - 1)])

  it.each([
    [undefined, /holds strings, finite numbers/],
    [null, /holds strings/],
    [Number.NaN, /holds strings/],
    [new Date(0), /holds strings/],
    [new Map(), /holds strings/],
    [() => 'x', /holds strings/],
    ['\ud800', /holds strings/],
    ['x'.repeat(4_097), /holds strings/],
    [{ a: { b: undefined } }, /holds strings/],
    [{ a: scope('read') }, /a policy is none/],
    [{ '': 1 }, /no name of a member/],
    [JSON.parse('{"__proto__":1}'), /no name of a member/],
    [{ ['n'.repeat(257)]: 1 }, /no name of a member/],
    [deep(8), /at most 8 deep/],
    [Array(256).fill(1), /at most 256 values/],
  ])('is refused where it is written: %#', (value, message) => {
    expect(() => parseQuestion(value, 'it')).toThrow(message)
  })

  it('but its nearest neighbours are', () => {
    for (const value of ['x'.repeat(4_096), { ['n'.repeat(256)]: 1 }, deep(7), Array(255).fill(1), Object.create(null)])
      expect(() => parseQuestion(value, 'it')).not.toThrow()
  })
})

describe('where nothing but text will do', () => {
  it.each([1, true, '', [], {}, claim('groups').asSpaceList()])('%j is refused', (value) => {
    expect(() => parseTextQuestion(value, 'it')).toThrow(/a text that is not empty/)
  })

  it('a claim that is none cannot be asked', () => {
    const filled = (value: unknown, claims: object) =>
      compileQuestion('', parseTextQuestion(value, 'it'))(policyFacts({ claims: { ...claims }, now: 0 }))
    expect(filled(claim('sub'), { sub: 7 })).toMatchObject({ reason: 'claim sub is of the wrong type' })
    expect(filled(claim('sub'), { sub: '' })).toMatchObject({ reason: 'claim sub is of the wrong type' })
    expect(filled(claim('sub').asString(), { sub: 7 })).toMatchObject({ value: '7' })
    expect(filled('user', {})).toMatchObject({ value: 'user' })
  })
})
