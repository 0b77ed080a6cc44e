import { describe, expect, it } from 'vitest'
import { isText, isTextList } from '../claims/claim-path.js'
import { policyFacts } from './evaluate.js'
import type { Reference } from './policy.js'
import { compileReading } from './reading.js'

const read = (reference: Reference, input: Partial<Parameters<typeof policyFacts>[0]>) =>
  compileReading(reference)(policyFacts({ claims: {}, now: 0, ...input }))

describe('isText', () => {
  it.each(['', 'a', '😀', '\u0000'])('takes %j', (value) => {
    expect(isText(value)).toBe(true)
  })

  it.each(['\ud800', 'a\udc00', '\ude00\ud83d', 7, null, undefined, ['a'], {}])('does not take %j', (value) => {
    expect(isText(value)).toBe(false)
  })
})

describe('isTextList', () => {
  it('takes a list of 1,024 texts, and not of one more', () => {
    expect(isTextList(Array(1_024).fill('a'))).toBe(true)
    expect(isTextList(Array(1_025).fill('a'))).toBe(false)
  })

  it('takes an empty list', () => {
    expect(isTextList([])).toBe(true)
  })

  it.each([[['a', 7]], [[null]], [['a', '\ud800']], [[['a']]], ['a'], [{ length: 0 }], [undefined]])(
    'does not take %j',
    (value) => {
      expect(isTextList(value)).toBe(false)
    },
  )
})

describe('compileReading', () => {
  const claims = { a: 'x', nothing: null, deep: { er: 'y', nothing: null }, zero: 0, empty: '', no: false }

  it.each<[string, Reference, unknown]>([
    ['a claim', { from: 'claim', path: ['a'] }, 'x'],
    ['a claim further in', { from: 'claim', path: ['deep', 'er'] }, 'y'],
    ['0, which is there', { from: 'claim', path: ['zero'], orElse: 1 }, 0],
    ['the empty text, which is there', { from: 'claim', path: ['empty'], orElse: 'x' }, ''],
    ['false, which is there', { from: 'claim', path: ['no'], orElse: true }, false],
    ['null as missing', { from: 'claim', path: ['nothing'] }, undefined],
    ['null further in as missing', { from: 'claim', path: ['deep', 'nothing'] }, undefined],
    ['what stands for a claim that is missing', { from: 'claim', path: ['b'], orElse: 'z' }, 'z'],
    ['what stands for null', { from: 'claim', path: ['nothing'], orElse: 'z' }, 'z'],
    ['what stands for a claim further in', { from: 'claim', path: ['deep', 'b'], orElse: 'z' }, 'z'],
    ['no inherited member', { from: 'claim', path: ['toString'] }, undefined],
    ['no inherited member further in', { from: 'claim', path: ['deep', 'toString'] }, undefined],
  ])('answers %s', (_, reference, value) => {
    expect(read(reference, { claims })).toBe(value)
  })

  it('answers parameters that the route has itself', () => {
    const params = { id: 'x', empty: '', nothing: null }
    expect(read({ from: 'param', name: 'id' }, { params })).toBe('x')
    expect(read({ from: 'param', name: 'empty' }, { params })).toBe('')
    expect(read({ from: 'param', name: 'nothing' }, { params })).toBeUndefined()
    expect(read({ from: 'param', name: 'other' }, { params })).toBeUndefined()
    expect(read({ from: 'param', name: 'toString' }, { params })).toBeUndefined()
  })

  it('answers headers by their name in lower case', () => {
    expect(read({ from: 'header', name: 'x-a' }, { headers: { 'X-A': 'x' } })).toBe('x')
    expect(read({ from: 'header', name: 'x-b' }, { headers: { 'X-A': 'x' } })).toBeUndefined()
  })

  it.each([
    [7, '7'],
    [-7, '-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['7', '7'],
  ])('answers %j as text where numbers count as their digits', (id, value) => {
    expect(read({ from: 'claim', path: ['id'], as: 'string' }, { claims: { id } })).toBe(value)
  })

  it.each([7.5, 2 ** 53, 1e21, true, ['7'], { id: '7' }])('never answers %j as text', (id) => {
    expect(read({ from: 'claim', path: ['id'], as: 'string' }, { claims: { id } })).not.toBeTypeOf('string')
  })

  it('splits words at spaces and nothing else', () => {
    const words: Reference = { from: 'claim', path: ['groups'], as: 'spaceList' }
    expect(read(words, { claims: { groups: ' a  b\tc ' } })).toEqual(['a', 'b\tc'])
    expect(read(words, { claims: { groups: '' } })).toEqual([])
    expect(isTextList(read(words, { claims: { groups: ['a'] } }))).toBe(false)
    expect(read(words, { claims: {} })).toBeUndefined()
  })
})
