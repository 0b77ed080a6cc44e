import { describe, expect, it } from 'vitest'
import { decodeBase64Url } from './base64url.js'

describe('RFC 7515 §2: base64url', () => {
  // RFC 4648 §10 in the alphabet of its §5, and the two characters in which the alphabets differ
  it.each([
    ['', ''],
    ['Zg', 'f'],
    ['Zm8', 'fo'],
    ['Zm9v', 'foo'],
    ['Zm9vYg', 'foob'],
    ['Zm9vYmE', 'fooba'],
    ['Zm9vYmFy', 'foobar'],
  ])('decodes %j', (text, decoded) => {
    expect(decodeBase64Url(text)?.toString()).toBe(decoded)
  })

  it('decodes the two characters that base64 writes otherwise', () => {
    expect(decodeBase64Url('-_-_')).toEqual(Buffer.from([0xfb, 0xff, 0xbf]))
  })

  it('decodes what was encoded, at every length', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => 255 - index))
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length)
      expect(decodeBase64Url(part.toString('base64url'))).toEqual(part)
    }
  })

  it.each(['Zg==', 'Zg=', 'Zm8=', 'Zm9v=', '='])('refuses padding: %j', (text) => {
    expect(decodeBase64Url(text)).toBeUndefined()
  })

  it.each([' Zg', 'Zg ', 'Z g', 'Zg\n', 'Z\r\ng', 'Z\tg'])('refuses white space: %j', (text) => {
    expect(decodeBase64Url(text)).toBeUndefined()
  })

  it.each(['+/+/', 'Zm9+', 'Zm9/', 'Z.g', 'Zg\0', 'Zé', 'Ｚｇ', 'Z\u{1f600}'])(
    'refuses other characters: %j',
    (text) => {
      expect(decodeBase64Url(text)).toBeUndefined()
    },
  )

  it.each(['A', 'Zm9vY'])('refuses %j, which is a character too long or too short', (text) => {
    expect(decodeBase64Url(text)).toBeUndefined()
  })

  it.each(['Zh', 'Zv', 'Zm9', 'Zm-', 'Zm9vYh'])('refuses %j, in which unused bits are set', (text) => {
    expect(decodeBase64Url(text)).toBeUndefined()
  })
})
