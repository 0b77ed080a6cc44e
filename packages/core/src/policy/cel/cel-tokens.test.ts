import { describe, expect, it } from 'vitest'
import { Refusal } from './cel-refusal.js'
import { readTokens } from './cel-tokens.js'

function words(text: string): readonly string[] {
  return readTokens(text).map((token) => token.text)
}

/** The value of a text that is one literal. */
function value(text: string): unknown {
  const [token, end] = readTokens(text)
  expect(end?.kind).toBe('end')
  return token?.kind === 'literal' ? token.value : token
}

function refusal(text: string): string {
  try {
    return JSON.stringify(readTokens(text))
  } catch (error) {
    if (error instanceof Refusal) return `${error.at}: ${error.message}`
    throw error
  }
}

describe('the words of CEL', () => {
  it('are parted by blanks and comments, or by nothing', () => {
    expect(words('a&&b // c || d\n\t|| !e')).toEqual(['a', '&&', 'b', '||', '!', 'e', ''])
    expect(words('a[?"b"].?c')).toEqual(['a', '[', '?', '"b"', ']', '.', '?', 'c', ''])
    expect(words('// nothing else')).toEqual([''])
    expect(words('a.`b-c/d.e`')).toEqual(['a', '.', '`b-c/d.e`', ''])
  })

  it('know their place', () => {
    expect(readTokens(' a  && b').map(({ at }) => at)).toEqual([1, 4, 7, 8])
  })

  it.each([
    ['0', { type: 'int', value: 0n }],
    ['007', { type: 'int', value: 7n }],
    ['0xFf', { type: 'int', value: 255n }],
    ['12u', { type: 'uint', value: 12n }],
    ['0xFfU', { type: 'uint', value: 255n }],
    ['18446744073709551615u', { type: 'uint', value: 18446744073709551615n }],
    ['1.5', { type: 'double', value: 1.5 }],
    ['.5', { type: 'double', value: 0.5 }],
    ['1e3', { type: 'double', value: 1000 }],
    ['1.5E-1', { type: 'double', value: 0.15 }],
  ])('number: %s', (text, wanted) => {
    expect(value(text)).toEqual(wanted)
  })

  it.each([
    ['1a', '0: `1a` is no number'],
    ['0x', '0: `0x` is no number'],
    ['1e', '0: `1e` is no number'],
    ['1.5u', '0: `1.5u` is no number'],
    ['9223372036854775809', '0: `9223372036854775809` is too great a number'],
    ['18446744073709551616u', '0: `18446744073709551616u` is too great a number'],
    ['1e999', '0: `1e999` is too great a number'],
  ])('no number: %s', (text, sentence) => {
    expect(refusal(text)).toBe(sentence)
  })

  it.each([
    [`"it's"`, "it's"],
    [`'"'`, '"'],
    ['""', ''],
    [`"""a "b" ""c"""`, 'a "b" ""c'],
    [`'''a\nb'''`, 'a\nb'],
    ['"\\"\\\'\\\\\\?\\`"', '"\'\\?`'],
    ['"\\a\\b\\f\\n\\r\\t\\v"', '\x07\b\f\n\r\t\v'],
    ['"\\x41\\X42\\u00e9\\U0001F600\\101"', 'ABé😀A'],
    ['r"\\d\\"', '\\d\\'],
    ["R'''\\n'''", '\\n'],
    ['"""\\""""', '"'],
    ['"// no comment"', '// no comment'],
  ])('string: %s', (text, wanted) => {
    expect(value(text)).toEqual({ type: 'string', value: wanted })
  })

  it.each([
    ['"abc', '0: this string has no closing "'],
    ['"abc\\', /^4: `\\` begins no escape/],
    ['"""abc""', '0: this string has no closing """'],
    ['"a\nb"', '2: a string goes on over the end of the line; write \\n'],
    ['"""a\rb"""', '4: a string goes on over the end of the line; write \\n'],
    [String.raw`"\d"`, '1: `\\d` begins no escape of CEL; for a backslash write \\\\'],
    [String.raw`"\400"`, /^1: /],
    [String.raw`"\08"`, /^1: /],
    [String.raw`"\x4"`, /^1: /],
    [String.raw`"\ud83d\ude00"`, /^1: /],
    [String.raw`"\U00110000"`, /^1: /],
    [String.raw`"\U0000d800"`, /^1: /],
    ['b"abc"', '0: there are no bytes in a policy; write a string'],
    ['rb"abc"', '0: there are no bytes in a policy; write a string'],
    ['rr"abc"', '0: `rr` is no prefix of a string; write r'],
  ])('no string: %s', (text, sentence) => {
    expect(refusal(text)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
  })

  it.each([
    ['a = b', '2: `=` is no operator of CEL; write `==`'],
    ['a === b', '2: `===` is no operator of CEL; write `==`'],
    ['a !== b', '2: `!==` is no operator of CEL; write `!=`'],
    ['a & b', '2: `&` is no operator of CEL; write `&&`'],
    ['a | b', '2: `|` is no operator of CEL; write `||`'],
    ['a 😀', '2: "😀" means nothing in CEL'],
    ['a \u00a0b', '2: "\u00a0" means nothing in CEL'],
    ['`a', '0: "`" means nothing in CEL'],
  ])('no word: %s', (text, sentence) => {
    expect(refusal(text)).toBe(sentence)
  })
})
