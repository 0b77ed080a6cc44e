import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { cel } from './cel.js'
import type { CelNode } from './cel-ast.js'
import { parseCel } from './cel-parser.js'
import { Refusal } from './cel-refusal.js'

/** A node with all its parentheses. */
function show(node: CelNode): string {
  const list = (nodes: readonly CelNode[]): string => nodes.map(show).join(', ')
  switch (node.kind) {
    case 'literal':
      return 'value' in node.value ? String(node.value.value) : node.value.type
    case 'name':
      return node.name
    case 'list':
      return `[${list(node.items)}]`
    case 'select':
      return `${show(node.of)}.${node.isOptional ? '?' : ''}${node.name}`
    case 'index':
      return `${show(node.of)}[${node.isOptional ? '?' : ''}${show(node.key)}]`
    case 'call':
      return `${node.target === undefined ? '' : `${show(node.target)}.`}${node.name}(${list(node.args)})`
    case 'not':
    case 'minus':
      return `${node.kind === 'not' ? '!' : '-'}${show(node.of)}`
    case 'and':
    case 'or':
      return `(${node.of.map(show).join(` ${node.kind} `)})`
    case 'in':
      return `(${show(node.left)} in ${show(node.right)})`
    case 'relation':
    case 'arithmetic':
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`
    case 'conditional':
      return `(${show(node.condition)} ? ${show(node.then)} : ${show(node.otherwise)})`
  }
}

function refusal(text: string): string {
  try {
    return show(parseCel(text))
  } catch (error) {
    if (error instanceof Refusal) return `${error.at}: ${error.message}`
    throw error
  }
}

describe('the grammar of CEL', () => {
  it.each([
    ['a || b && c || d', '(a or (b and c) or d)'],
    ['(a || b) && c', '((a or b) and c)'],
    ['a && (b && c) && d', '(a and b and c and d)'],
    ['a == b && c in d', '((a == b) and (c in d))'],
    ['a < b == c', '((a < b) == c)'],
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['a - b - c', '((a - b) - c)'],
    ['a % b / c', '((a % b) / c)'],
    ['!a.b', '!a.b'],
    ['!!a', 'a'],
    ['!!!a', '!a'],
    ['-a - -b', '(-a - -b)'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['a ? b : c ? d : e', '(a ? b : (c ? d : e))'],
    ['a || b ? c : d', '((a or b) ? c : d)'],
    ['a.b["c"].?d[?e]', 'a.b[c].?d[?e]'],
    ['a.b(c, d).e()', 'a.b(c, d).e()'],
    ['f(a)[0]', 'f(a)[0]'],
    ['[a, [b], ]', '[a, [b]]'],
    ['a.package.if()', 'a.package.if()'],
    ['a.`b-c`', 'a.b-c'],
    ['null == true', '(null == true)'],
    ['_a1', '_a1'],
  ])('%s', (text, wanted) => {
    expect(refusal(text)).toBe(wanted)
  })

  it.each([
    ['', '0: the expression ends too early'],
    ['a &&', '4: the expression ends too early'],
    ['(a', '2: the expression ends too early: `)` is missing'],
    ['a ? b', '5: the expression ends too early: `:` is missing'],
    ['a[b', '3: the expression ends too early: `]` is missing'],
    ['f(a b)', '4: `b` cannot stand here, and `,` or `)` should'],
    ['f(a,)', '4: `)` cannot stand here'],
    ['a.', '2: the expression ends too early: the name of a field is missing'],
    ['a.in', '2: `in` cannot stand here, and the name of a field should'],
    ['a.1', /^1: /],
    ['.a', '0: `.` cannot stand here'],
    ['a b', '2: `b` cannot stand here'],
    ['a and b', '2: `and` is no operator of CEL; write `&&`'],
    ['a OR b', '2: `OR` is no operator of CEL; write `||`'],
    ['not a', '4: `a` cannot stand here'],
    ['in', '0: `in` cannot stand here'],
    ['if', '0: `if` is a word that CEL keeps for others'],
    ['while(a)', '0: `while` is a word that CEL keeps for others'],
    ['`a`', '0: ``a`` cannot stand here'],
    ['{"a": 1}', '0: there are no maps in a policy'],
    ['A{b: 1}', '1: there are no maps and no messages in a policy'],
    ['9223372036854775808', '0: 9223372036854775808 is too great a number'],
    ['--9223372036854775808', '2: 9223372036854775808 is too great a number'],
    ['!-a', '1: `-` cannot stand here'],
  ])('no expression: %s', (text, sentence) => {
    expect(refusal(text)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence))
  })

  it('is nested at most so deep', () => {
    const nested = (depth: number): string => `${'('.repeat(depth)}a${')'.repeat(depth)}`
    expect(refusal(nested(15))).toBe('a')
    expect(refusal(nested(16))).toMatch(/^16: an expression is nested at most 16 deep/)
  })

  it('has at most so many operators', () => {
    const sum = (operators: number): string => `a${'+a'.repeat(operators)}`
    expect(refusal(sum(512))).toMatch(/^\(+a/)
    expect(refusal(sum(513))).toMatch(/^1025: an expression has at most 512 operators/)
  })
})

describe('whatever cel() is given', () => {
  /** Either a policy, or one line that says why not. */
  function load(text: unknown): void {
    try {
      expect(cel(text as string).kind).toBe('cel')
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError)
      expect((error as Error).message).toMatch(/^cel(?:, line \d+, column \d+: |\(\) takes )[^\n]+$/)
    }
  }

  const word = fc.constantFrom(
    ...'claims params req now scopes roles mtls dpop .x .?x ["x"] [?"x"] [0] .headers .method .ip .jkt .thumbprint'.split(
      ' ',
    ),
    ...'&& || ! == != < <= > >= in + - * / % ? : ( ) [ ] { } , . true false null 1 2u 1.5 0 "a" "" \'b\' r"\\"'.split(
      ' ',
    ),
    ...'.exists(s,s in["a"]) .startsWith("a") .orValue(1) .split(" ") .getHours() has( string( cidr( use("a") duration("1m") auth_time'.split(
      ' ',
    ),
  )

  it('it answers a policy or a ConfigurationError, for anything', () => {
    fc.assert(fc.property(fc.anything(), load))
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), load))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 24 }), (words) => load(words.join(' '))),
      { numRuns: 3_000 },
    )
  })

  it.each([
    ...'([!-"\'`{?:.,+&|<=>x1\n\\',
    'a.',
    'a[',
    '!(',
    '-(',
    'f(',
    '!-',
    '1+',
    '1?',
    '1?1:',
    'x in ',
    '[[',
    '"a"+',
    'a&&',
    'a||',
  ])('it reads 4,096 characters of %j to an end', (part) => {
    for (const end of ['', 'a', '1', 'true']) load(part.repeat(4_096).slice(0, 4_096 - end.length) + end)
  })

  it('it bounds the work on chains of constants', () => {
    load(Array.from({ length: 400 }, () => '1').join(' + '))
    load(Array.from({ length: 400 }, () => 'true').join(' == '))
    load(Array.from({ length: 255 }, (_, index) => `"${index}" in scopes`).join(' && '))
  })
})
