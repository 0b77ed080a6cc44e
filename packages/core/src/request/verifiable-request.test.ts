import { describe, expect, it } from 'vitest'
import { headerValues, type VerifiableRequest } from './verifiable-request.js'

function valuesOf(request: Partial<VerifiableRequest>, name = 'x-token'): readonly string[] {
  return headerValues({ headers: {}, ...request }, name)
}

describe('headers as Node holds them', () => {
  it('answers the value of a name, in any case', () => {
    expect(valuesOf({ headers: { 'x-token': 'a' } })).toEqual(['a'])
    expect(valuesOf({ headers: { 'X-Token': 'a' } })).toEqual(['a'])
  })

  it('answers every value of a list, and of names that differ in case alone', () => {
    expect(valuesOf({ headers: { 'x-token': ['a', 'b'] } })).toEqual(['a', 'b'])
    expect(valuesOf({ headers: { 'x-token': 'a', 'X-Token': 'b' } })).toEqual(['a', 'b'])
  })

  it('answers nothing for a name that is not there, undefined, or only begins alike', () => {
    expect(valuesOf({})).toEqual([])
    expect(valuesOf({ headers: { 'x-token': undefined } })).toEqual([])
    expect(valuesOf({ headers: { 'x-tokens': 'a', 'x-toke': 'b' } })).toEqual([])
  })

  it('does not take an inherited member for a header', () => {
    expect(valuesOf({ headers: Object.create({ 'x-token': 'a' }) })).toEqual([])
    expect(valuesOf({}, 'constructor')).toEqual([])
  })
})

describe('headers as the Web holds them', () => {
  it('answers the value of a name', () => {
    expect(valuesOf({ headers: new Headers({ 'X-Token': 'a' }) })).toEqual(['a'])
  })

  it('answers nothing for a name that is not there', () => {
    expect(valuesOf({ headers: new Headers() })).toEqual([])
  })

  it('answers two lines as the one that the Web has made of them', () => {
    const headers = new Headers()
    headers.append('x-token', 'a')
    headers.append('x-token', 'b')
    expect(valuesOf({ headers })).toEqual(['a, b'])
  })

  it('takes a header by the name of `get` for a header', () => {
    expect(valuesOf({ headers: { get: 'a' } }, 'get')).toEqual(['a'])
  })
})

describe('rawHeaders', () => {
  it('shows the second of two lines, of which Node keeps the first', () => {
    const request = { headers: { 'x-token': 'a' }, rawHeaders: ['X-Token', 'a', 'x-TOKEN', 'b'] }
    expect(valuesOf(request)).toEqual(['a', 'b'])
  })

  it('counts two lines of one text as two', () => {
    expect(valuesOf({ headers: { 'x-token': 'a' }, rawHeaders: ['X-Token', 'a', 'X-Token', 'a'] })).toEqual(['a', 'a'])
  })

  it.each([', ', '; '])('agrees with lines that were joined with %j', (separator) => {
    const request = { headers: { 'x-token': `a${separator}b` }, rawHeaders: ['X-Token', 'a', 'X-Token', 'b'] }
    expect(valuesOf(request)).toEqual(['a', 'b'])
  })

  it('agrees with the Headers of the Web', () => {
    const headers = new Headers({ 'x-token': 'a' })
    expect(valuesOf({ headers, rawHeaders: ['X-Token', 'a'] })).toEqual(['a'])
    expect(valuesOf({ headers: new Headers(), rawHeaders: ['X-Token', 'a'] })).toEqual(['a'])
  })

  it('counts a value that was written since as one more', () => {
    expect(valuesOf({ headers: { 'x-token': 'b' }, rawHeaders: ['X-Token', 'a'] })).toEqual(['a', 'b'])
    expect(valuesOf({ headers: { 'x-token': 'b' }, rawHeaders: ['Other', 'a'] })).toEqual(['b'])
  })

  it('still counts a line that was deleted since', () => {
    expect(valuesOf({ headers: {}, rawHeaders: ['X-Token', 'a'] })).toEqual(['a'])
  })

  it('never takes a value for a name', () => {
    expect(valuesOf({ rawHeaders: ['Other', 'x-token', 'x-token', 'a'] })).toEqual(['a'])
    expect(valuesOf({ rawHeaders: ['x-token'] })).toEqual([])
  })
})
