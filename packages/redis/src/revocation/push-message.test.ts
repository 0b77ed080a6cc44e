import { describe, expect, it } from 'vitest'
import { parsePush } from './push-message.js'

describe('a push', () => {
  it('says where the log had ended, and what came', () => {
    expect(parsePush('7 1700000000000-0 1700000000000-1 1.A-_z.7')).toEqual({
      previous: { id: '1700000000000-0', count: 6 },
      row: { id: '1700000000000-1', text: '1.A-_z.7' },
    })
  })

  it('may say no more than that there is something', () => {
    expect(parsePush('look')).toBe('look')
  })

  it.each([
    '',
    'look ',
    '7 1-0 2-0',
    '7 1-0 1.A',
    '-7 1-0 2-0 1.A',
    '7 1-0 02-0 1.A',
    '7 1-0 2-0 1.A\n',
    '7 1-0 2-0 1.A 2',
    `7 1-0 2-0 ${'A'.repeat(129)}`,
    `${'7'.repeat(16)} 1-0 2-0 1.A`,
    `7 1-0 ${'2'.repeat(21)}-0 1.A`,
  ])('is nothing of ours: %j', (message) => {
    expect(parsePush(message)).toBeUndefined()
  })
})
