// The words of an expression in CEL: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax.
import type { Constant } from './cel-ast.js'
import { quote, Refusal } from './cel-refusal.js'
import { readString } from './cel-string.js'

/** One word, and where it begins. `escaped` is a name in backquotes, which only a field can have. */
export type Token = { readonly at: number; readonly text: string } & (
  | { readonly kind: 'name' | 'escaped' | 'sign' | 'end' }
  | { readonly kind: 'literal'; readonly value: Constant }
)

const blank = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y
const name = /[_a-zA-Z]\w*/y
const escaped = /`([\w./ -]+)`/y
const number = /0x[\da-fA-F]+[uU]?|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?/y
const sign = /&&|\|\||[=!]==|==|!=|<=|>=|[<>!+\-*/%?:.,()[\]{}]/y

/** What people write who know another language. */
const slips = new Map([
  ['=', '=='],
  ['===', '=='],
  ['!==', '!='],
  ['&', '&&'],
  ['|', '||'],
])

const greatestInt = 2n ** 63n - 1n
const greatestUint = 2n ** 64n - 1n

/**
 * The words of a text, and an `end` after them.
 *
 * @throws Refusal
 */
export function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  for (;;) {
    at += match(blank)?.[0].length ?? 0
    if (at >= text.length) return [...tokens, { kind: 'end', at, text: '' }]
    const token = readString(text, at) ?? readOther(at, text, match)
    tokens.push(token)
    at += token.text.length
  }
}

function readOther(at: number, all: string, match: (pattern: RegExp) => RegExpExecArray | null): Token {
  const [word] = match(name) ?? []
  if (word !== undefined) return { kind: 'name', at, text: word }
  const [quoted] = match(escaped) ?? []
  if (quoted !== undefined) return { kind: 'escaped', at, text: quoted }
  const [digits] = match(number) ?? []
  if (digits !== undefined) {
    const more = /^\w+/.exec(all.slice(at + digits.length))?.[0]
    if (more !== undefined) throw new Refusal(at, `${quote(digits + more)} is no number`)
    return { kind: 'literal', at, text: digits, value: toNumber(at, digits) }
  }
  const [found] = match(sign) ?? []
  const text = found ?? String.fromCodePoint(all.codePointAt(at) as number)
  const right = slips.get(text)
  if (right !== undefined) throw new Refusal(at, `\`${text}\` is no operator of CEL; write \`${right}\``)
  if (found === undefined) throw new Refusal(at, `${JSON.stringify(text)} means nothing in CEL`)
  return { kind: 'sign', at, text }
}

function toNumber(at: number, digits: string): Constant {
  if (/^\d*\.|^\d+[eE]/.test(digits)) {
    const value = Number(digits)
    if (Number.isFinite(value)) return { type: 'double', value }
    throw new Refusal(at, `${quote(digits)} is too great a number`)
  }
  const type = /[uU]$/.test(digits) ? 'uint' : 'int'
  const value = BigInt(type === 'uint' ? digits.slice(0, -1) : digits)
  // One more than the greatest is the least, after a minus: the parser sees to it.
  if (value <= (type === 'uint' ? greatestUint : greatestInt + 1n)) return { type, value }
  throw new Refusal(at, `${quote(digits)} is too great a number`)
}
