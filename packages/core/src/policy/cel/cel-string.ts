// Strings of CEL: in one or in three quotes, raw or with escapes.
import type { Constant } from './cel-ast.js'
import { Refusal } from './cel-refusal.js'

/** A string that stands in the text. */
export interface StringToken {
  readonly kind: 'literal'
  readonly at: number
  readonly text: string
  readonly value: Extract<Constant, { type: 'string' }>
}

const opening = /([rRbB]{0,2})("""|'''|"|')/y
const simple = new Map(Object.entries({ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }))
const coded = /[xX]([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})/y
const octal = /[0-3][0-7]{2}/y

/**
 * The string that begins here, if one does.
 *
 * @throws Refusal
 */
export function readString(text: string, at: number): StringToken | undefined {
  opening.lastIndex = at
  const [head, prefix = '', quote = ''] = opening.exec(text) ?? []
  if (head === undefined) return undefined
  if (/b/i.test(prefix)) throw new Refusal(at, 'there are no bytes in a policy; write a string')
  if (prefix.length > 1) throw new Refusal(at, `\`${prefix}\` is no prefix of a string; write r`)
  let value = ''
  let next = at + head.length
  while (!text.startsWith(quote, next)) {
    const char = text[next]
    if (char === undefined) throw new Refusal(at, `this string has no closing ${quote}`)
    // What becomes of a carriage return differs between implementations.
    if (char === '\r' || (char === '\n' && quote.length === 1)) {
      throw new Refusal(next, 'a string goes on over the end of the line; write \\n')
    }
    const [part, length] = char === '\\' && prefix === '' ? readEscape(text, next) : [char, 1]
    value += part
    next += length
  }
  return { kind: 'literal', at, text: text.slice(at, next + quote.length), value: { type: 'string', value } }
}

/** What an escape stands for, and how long it is. */
function readEscape(text: string, at: number): readonly [string, number] {
  const char = text[at + 1] ?? ''
  if (char !== '' && '\\?"\'`'.includes(char)) return [char, 2]
  const plain = simple.get(char)
  if (plain !== undefined) return [plain, 2]
  octal.lastIndex = coded.lastIndex = at + 1
  const [digits] = octal.exec(text) ?? []
  if (digits !== undefined) return [String.fromCodePoint(Number.parseInt(digits, 8)), 4]
  const [code, byte, short, long] = coded.exec(text) ?? []
  const point = Number.parseInt(byte ?? short ?? long ?? '', 16)
  if (code !== undefined && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)) {
    return [String.fromCodePoint(point), code.length + 1]
  }
  throw new Refusal(at, `\`\\${char}\` begins no escape of CEL; for a backslash write \\\\`)
}
