import { describe, expect, it } from 'vitest'
import { advance, compareIds, endOf, type LogRow } from './log-position.js'

const rows = (...ids: string[]): LogRow[] => ids.map((id) => ({ id, text: '' }))
const from = { id: '5-0', count: 5 }

describe('ids of a stream', () => {
  it.each([
    ['9-0', '10-0'],
    ['10-2', '10-10'],
    ['1-0', '18446744073709551615-0'],
    ['0-0', '0-1'],
  ])('%s is earlier than %s', (first, second) => {
    expect(compareIds(first, second)).toBeLessThan(0)
    expect(compareIds(second, first)).toBeGreaterThan(0)
    expect(compareIds(first, first)).toBe(0)
  })
})

describe('a page', () => {
  it('is believed where it has as many rows as the log was given', () => {
    const state = { added: 7, lastId: '7-0', length: 7 }
    expect(advance(from, state, rows('6-0', '7-0'), true)).toEqual({ id: '7-0', count: 7 })
  })

  it('may have rows that came after the log had spoken', () => {
    const state = { added: 6, lastId: '6-0', length: 6 }
    expect(advance(from, state, rows('6-0', '7-0', '8-0'), true)).toEqual({ id: '8-0', count: 8 })
  })

  it('may be one of several', () => {
    const state = { added: 9, lastId: '9-0', length: 9 }
    expect(advance(from, state, rows('6-0', '7-0'), false)).toEqual({ id: '7-0', count: 7 })
  })

  it.each([
    ['a row lacks', { added: 8, lastId: '8-0', length: 7 }, rows('6-0', '8-0'), true],
    ['every row lacks', { added: 8, lastId: '8-0', length: 5 }, rows(), true],
    ['a row is too many', { added: 6, lastId: '7-0', length: 6 }, rows('6-0', '7-0'), true],
    ['a row lacks before others came', { added: 7, lastId: '7-0', length: 7 }, rows('7-0', '8-0'), false],
    ['there are too many for a first page', { added: 6, lastId: '9-0', length: 6 }, rows('6-0', '7-0'), false],
    ['the log was given fewer than it had', { added: 4, lastId: '9-0', length: 4 }, rows(), true],
    ['the log ends before what was read', { added: 5, lastId: '4-0', length: 5 }, rows(), true],
  ])('is not believed where %s', (_, state, read, isEnd) => {
    expect(advance(from, state, read, isEnd)).toBeUndefined()
  })

  it('that ends a log says how many there were', () => {
    const state = { added: 9, lastId: '7-0', length: 3 }
    expect(endOf(state, rows('6-0', '7-0', '8-0'), '8-0')).toEqual({ id: '8-0', count: 10 })
    expect(endOf({ ...state, length: 0 }, [], '0-0')).toEqual({ id: '0-0', count: 9 })
  })
})
