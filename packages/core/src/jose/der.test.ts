import { describe, expect, it } from 'vitest'
import { contentOf, DerError, derTags, readElement, readElements } from './der.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const read = (hex: string) =>
  readElements(bytes(hex)).map(({ tag, content }) => [tag, Buffer.from(content).toString('hex')])

describe('X.690 §8.1: elements side by side', () => {
  it('are their tags and contents, in order', () => {
    expect(read('')).toEqual([])
    expect(read('0500')).toEqual([[0x05, '']])
    expect(read('020107300304012a')).toEqual([
      [0x02, '07'],
      [0x30, '04012a'],
    ])
  })

  it.each([127, 128, 255, 256, 65_535, 65_536])('may be %i bytes long', (length) => {
    const digits = length.toString(16).padStart(length < 256 ? 2 : length < 65_536 ? 4 : 6, '0')
    const header = `04${length < 128 ? '' : (0x80 + digits.length / 2).toString(16)}${digits}`
    expect(readElements(bytes(header + '00'.repeat(length)))).toMatchObject([{ content: { length } }])
    expect(() => read(header + '00'.repeat(length - 1))).toThrow(DerError)
  })

  it.each([
    ['a tag of two bytes', '1f00'],
    ['a tag of two bytes that is constructed', '3f00'],
    ['a tag without a length', '30'],
    ['a length that is cut off', '308201'],
    ['an indefinite length', '30800000'],
    ['an indefinite length before as much', `3080${'00'.repeat(128)}`],
    ['a reserved length', '30ff00'],
    ['a length beyond all bounds', `3084ffffffff${'00'.repeat(128)}`],
    ['a length of 126 bytes', `30fe${'ff'.repeat(126)}`],
    ['a long form where the short one does', `30817f${'00'.repeat(127)}`],
    ['a length that begins with a zero', `30820080${'00'.repeat(128)}`],
    ['a content that is cut off', '300204'],
    ['a second element that is cut off', '05000502'],
  ])('are refused with %s', (_, hex) => {
    expect(() => read(hex)).toThrow(DerError)
  })

  it('are 1,024 at most', () => {
    expect(read('0500'.repeat(1_024))).toHaveLength(1_024)
    expect(() => read('0500'.repeat(1_025))).toThrow(DerError)
  })
})

describe('one element', () => {
  it('is read by the tag that it has to have', () => {
    expect(readElement(bytes('02012a'), derTags.integer, 'a number')).toEqual(bytes('2a'))
    expect(() => readElement(bytes('04012a'), derTags.integer, 'a number')).toThrow(DerError)
  })

  it('is there, and nothing after it', () => {
    expect(() => readElement(bytes(''), derTags.integer, 'a number')).toThrow(DerError)
    expect(() => readElement(bytes('02012a0500'), derTags.integer, 'a number')).toThrow(DerError)
    expect(() => contentOf(undefined, derTags.integer, 'a number')).toThrow(DerError)
  })
})
