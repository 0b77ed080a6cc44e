import { describe, expect, it } from 'vitest'
import { JsonError, parseJsonObject } from './strict-json.js'

const parse = (json: string | Uint8Array) => parseJsonObject(Buffer.from(json as string))

/** Says why in words, and quotes nothing of the document. */
function expectRefusal(json: string | Uint8Array, reason: RegExp): void {
  try {
    parse(json)
  } catch (error) {
    expect(error).toBeInstanceOf(JsonError)
    expect(error).toMatchObject({ name: 'JsonError', message: expect.stringMatching(reason) })
    expect(error).not.toHaveProperty('cause')
    return
  }
  expect.unreachable(`accepted ${json}`)
}

describe('RFC 7515 §5.2 step 3, RFC 7519 §7.2 step 10: one JSON object', () => {
  it.each(['{}', '{"a":1}', ' \t\r\n{ "a" : 1 } \t\r\n', '{"":0}', '{"a":{"a":{"a":[{"a":null}]}}}'])(
    'reads %j',
    (json) => {
      expect(parse(json)).toEqual(JSON.parse(json))
    },
  )

  it.each(['[]', '[{"a":1}]', '"a"', '1', 'null', 'true'])('refuses %j, which is no object', (json) => {
    expectRefusal(json, /^not a JSON object$/)
  })

  it.each([
    '',
    ' ',
    '{',
    '{"a":1',
    '{"a":1}}',
    '{"a":1}{}',
    '{"a":1} x',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '{"a":01}',
    '{"a":NaN}',
    '{"a":1}//',
    '{"a":"\n"}',
  ])('refuses %j, which is no JSON', (json) => {
    expectRefusal(json, /^not JSON$/)
  })

  it('does not quote a document that it refuses', () => {
    expectRefusal('{"token":"secret"', /^(?!.*(token|secret))/)
  })
})

describe('RFC 8259 §8.1: UTF-8', () => {
  it('reads every plane of Unicode', () => {
    expect(parse('{"é":"€\u{1f600}"}')).toEqual({ é: '€\u{1f600}' })
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a byte that UTF-8 never has', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half a character', [0xe2, 0x82]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('refuses %s', (_, bytes) => {
    expectRefusal(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]), /^not UTF-8$/)
  })

  it.each(['utf16le', 'latin1'] as const)('refuses %s', (encoding) => {
    expectRefusal(Buffer.from('{"a":"é"}', encoding), /^not (JSON|UTF-8)$/)
  })

  it('refuses a byte order mark', () => {
    expectRefusal('\ufeff{"a":1}', /^not JSON$/)
  })
})

describe('RFC 7515 §4, RFC 7519 §4: member names are unique', () => {
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"aud":"us","\\u0061ud":"them"}',
    '{"":1,"":2}',
    '{"o":{"a":1,"a":2}}',
    '{"l":[{"a":1,"a":2}]}',
    '{"l":[[{"a":1,"a":2}]]}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"b":1},"a":{"c":2}}',
    '{"a":":","a":","}',
  ])('refuses %s', (json) => {
    expectRefusal(json, /^a member occurs twice$/)
  })

  it.each([
    '{"a":{"a":1},"b":{"a":1}}',
    '{"a":1,"A":2}',
    '{"l":[{"a":1},{"a":2},null,7,"a:b"]}',
    '{"a":":","b":"::"}',
    '{"a:b":1,"a":2}',
    '{"a\\":":1,"a":2}',
    '{"a":"\\\\","b":"\\\\\\":"}',
    '{"a":"\\"","b":"{\\"c\\":1}"}',
    '{"a":["b",":"],"c":null,"d":[null]}',
  ])('reads %s, in which none is twice', (json) => {
    expect(parse(json)).toEqual(JSON.parse(json))
  })
})

describe('what comes out', () => {
  it('is frozen to the last leaf', () => {
    const value = parse('{"o":{"l":[{"a":[1]}]}}')
    const inner = (value['o'] as { l: [{ a: number[] }] }).l
    for (const part of [value, value['o'], inner, inner[0], inner[0].a]) expect(Object.isFrozen(part)).toBe(true)
  })

  it('holds __proto__ as a member like any other', () => {
    const value = parse('{"__proto__":{"admin":true}}')
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(value['admin']).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })
})

describe('bounds', () => {
  const arrays = (levels: number) => `{"a":${'['.repeat(levels - 1)}null${']'.repeat(levels - 1)}}`
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}null${'}'.repeat(levels)}`
  const members = (count: number) => `{${Array.from({ length: count }, (_, index) => `"m${index}":0`).join()}}`

  it.each([arrays, objects])('reads 32 levels and refuses 33', (nested) => {
    expect(() => parse(nested(32))).not.toThrow()
    expectRefusal(nested(33), /^nested deeper than 32 levels$/)
  })

  it('reads 2,000 members and refuses 2,001', () => {
    expect(Object.keys(parse(members(2_000)))).toHaveLength(2_000)
    expectRefusal(members(2_001), /^more than 2000 members$/)
  })

  it('counts the members of all objects together', () => {
    const nested = (count: number) => `{"o":${members(999)},"l":[${members(count)}]}`
    expect(() => parse(nested(999))).not.toThrow()
    expectRefusal(nested(1_000), /^more than 2000 members$/)
  })
})
