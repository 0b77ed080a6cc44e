import { describe, expect, it } from 'vitest'
import { canonicalJson, type JsonValue } from './canonical-json.js'

describe('RFC 8785', () => {
  it.each<[JsonValue, string]>([
    ['a"\n', '"a\\"\\n"'],
    [1e21, '1e+21'],
    [-0, '0'],
    [true, 'true'],
    [['b', 'a'], '["b","a"]'],
    [[], '[]'],
    [{}, '{}'],
    [{ b: 1, a: { d: 'x', c: [false] } }, '{"a":{"c":[false],"d":"x"},"b":1}'],
  ])('%j is %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it('§3.2.3: members are sorted by UTF-16 code units', () => {
    const members = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 }
    const names = [...canonicalJson(members).matchAll(/:(\d)/g)].map(([, value]) => value)
    expect(names.join('')).toBe('2467153')
  })

  it('is one text for one value, however its members are written', () => {
    expect(canonicalJson({ a: 1, b: 2 })).toBe(canonicalJson({ b: 2, a: 1 }))
    expect(canonicalJson({ a: '1' })).not.toBe(canonicalJson({ a: 1 }))
  })
})
