import { expect, it } from 'vitest'
import { RecentEntries } from './recent-entries.js'

it('keeps what was written last', () => {
  const entries = new RecentEntries<number>(2)
  for (const [index, name] of ['a', 'b', 'c'].entries()) entries.set(name, index)
  expect(['a', 'b', 'c'].map((name) => entries.get(name))).toEqual([undefined, 1, 2])
})

it('takes what is written again for new', () => {
  const entries = new RecentEntries<number>(2)
  for (const [index, name] of ['a', 'b', 'a', 'c'].entries()) entries.set(name, index)
  expect(['a', 'b', 'c'].map((name) => entries.get(name))).toEqual([2, undefined, 3])
})

it('hands over one of them, and has it no more', () => {
  const entries = new RecentEntries<number>(2)
  entries.set('a', 1)
  expect([entries.take('a'), entries.take('a'), entries.get('a')]).toEqual([1, undefined, undefined])
})

it('hands over all it has, and has nothing then', () => {
  const entries = new RecentEntries<number>(2)
  entries.set('a', 1)
  entries.set('b', 2)
  expect(entries.takeAll()).toEqual([1, 2])
  expect([entries.get('a'), entries.takeAll()]).toEqual([undefined, []])
})
