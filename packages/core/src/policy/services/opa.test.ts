import { describe, expect, it } from 'vitest'
import { parseRulePath, readOpaAnswer } from './opa.js'
import { NoDecisionError } from './service-answer.js'

describe('the path of a rule', () => {
  it.each([
    ['allow', 'allow'],
    ['http/authz/allow', 'http/authz/allow'],
    ['a:b/c', 'a%3Ab/c'],
  ])('%s', (path, written) => {
    expect(parseRulePath(path)).toBe(written)
  })

  it.each([
    undefined,
    '',
    '/allow',
    'allow/',
    'a//b',
    'a/../b',
    './a',
    'a?b',
    'a#b',
    'a%2fb',
    'a b',
    'ä',
    'a\\b',
    `${'a/'.repeat(16)}a`,
    'a'.repeat(513),
  ])('%s is none', (path) => {
    expect(() => parseRulePath(path)).toThrow(/the path of a rule/)
  })
})

describe('an answer', () => {
  it('is a boolean, or nothing at all, which is a no', () => {
    expect(readOpaAnswer({ result: true })).toBe(true)
    expect(readOpaAnswer({ result: false })).toBe(false)
    expect(readOpaAnswer({ decision_id: 'x' })).toBe(false)
  })

  it.each([{ result: 'true' }, { result: 1 }, { result: { allow: true } }, { result: [] }, { result: null }])(
    '%j is none',
    (answer) => {
      expect(() => readOpaAnswer(answer)).toThrow(NoDecisionError)
    },
  )
})
