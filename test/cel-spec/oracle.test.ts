// Beside the specification's own tests: another implementation of CEL, and expressions that nobody has thought of.
import { isCelError, run } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CelVerdict, verdictOf } from './verdict.js'

/** What the other implementation says. A value that is no boolean is no verdict. */
function oracle(
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
): Exclude<CelVerdict, 'refused'> | 'value' {
  const value = run(text, variables as Parameters<typeof run>[1], { funcs: strings })
  if (isCelError(value)) return 'undetermined'
  return typeof value === 'boolean' ? `${value}` : 'value'
}

const { constant } = fc.letrec<Record<'constant', string>>((tie) => ({
  constant: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      'true',
      'false',
      'true',
      'false',
      'null',
      '0',
      '1',
      '-1',
      '2u',
      '1.5',
      '-2.0',
      '9223372036854775807',
      '18446744073709551615u',
    ),
    fc.constantFrom('""', "'a'", 'r"\\a"', '"\\u00e9"', '"😀"', '"""a"""', '[]', '[1]', '["a", "b"]', '[1u, 1.0]'),
    fc
      .tuple(
        tie('constant'),
        fc.constantFrom('&&', '||', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'),
        tie('constant'),
      )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(fc.constantFrom('!', '-', '!!', 'dyn'), tie('constant')).map(([sign, of]) => `${sign}(${of})`),
    fc.tuple(tie('constant'), tie('constant'), tie('constant')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('constant'), tie('constant')).map(([a, b]) => `[${a}, ${b}]`),
    fc
      .tuple(tie('constant'), fc.constantFrom('startsWith', 'endsWith'), tie('constant'))
      .map(([a, name, b]) => `(${a}).${name}(${b})`),
  ),
}))

it('constants come to no other verdict than elsewhere', () => {
  const seen = new Map<string, number>()
  const check = (text: string): void => {
    const ours = verdictOf(text)
    seen.set(ours, (seen.get(ours) ?? 0) + 1)
    if (ours !== 'refused') expect(`${text} is ${ours}`).toBe(`${text} is ${oracle(text)}`)
  }
  // For the other one, two signs in a row are none even around parentheses, so that -(-(true)) is true.
  const isAgreed = (text: string): boolean => !/!\(!|-\(-/.test(text.replaceAll(/!!|--/g, '').replaceAll(/\(+/g, '('))
  fc.assert(fc.property(constant.filter(isAgreed), check), { numRuns: 2_000 })
  for (const verdict of ['true', 'undetermined', 'false']) expect(seen.get(verdict)).toBeGreaterThan(9)
})

const texts = ['a', 'b', 'ab', '']
const claim = fc.constantFrom(
  'claims.x',
  'claims.y',
  'claims["x"]',
  'claims.deep.x',
  'string(claims.id)',
  'string(claims.x)',
)
const literal = fc.oneof(
  fc.constantFrom(...texts).map((text) => JSON.stringify(text)),
  fc.constantFrom('1', '2', '2.5', 'true', 'false', '1u'),
)
const side = fc.oneof(claim, literal, fc.constantFrom('params.p', 'req.headers["x-h"]', 'req.method'))

const { question } = fc.letrec<Record<'question', string>>((tie) => ({
  question: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(side, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), side).map((parts) => parts.join(' ')),
    fc.tuple(side, literal, literal).map(([of, a, b]) => `${of} in [${a}, ${b}]`),
    fc
      .tuple(side, fc.constantFrom('scopes', 'roles', 'claims.x', 'claims.words.split(" ")'))
      .map((parts) => parts.join(' in ')),
    fc
      .tuple(claim, fc.constantFrom('startsWith', 'endsWith'), literal)
      .map(([of, name, text]) => `${of}.${name}(${text})`),
    fc
      .tuple(fc.constantFrom('scopes', 'roles', 'claims.x'), literal, literal)
      .map(([of, a, b]) => `${of}.exists(s, s in [${a}, ${b}])`),
    fc.constantFrom(
      'claims.x',
      'claims.y',
      'claims.deep.x',
      'has(claims.x)',
      '!has(claims.y)',
      '"x" in claims',
      'has(params.p)',
    ),
    fc
      .tuple(tie('question'), fc.constantFrom('&&', '||'), tie('question'))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    tie('question').map((of) => `!(${of})`),
    fc
      .tuple(fc.constantFrom('true', 'false', '1 == 2'), tie('question'), tie('question'))
      .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
}))

const value = fc.oneof(
  fc.constantFrom(...texts, 1, 2, 2.5, true, false),
  fc.array(fc.constantFrom(...texts), { maxLength: 3 }),
)
const facts = fc.record({
  claims: fc.record(
    {
      x: value,
      y: value,
      z: value,
      deep: fc.record({ x: value }, { noNullPrototype: true }),
      id: fc.constantFrom(1, 2, 2.5, 'a', '1'),
      words: fc.constantFrom('a b', 'ab', 'b a'),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  scopes: fc.subarray(['a', 'b', 'ab']),
  roles: fc.subarray(['a', 'b']),
  params: fc.record({ p: fc.constantFrom('a', 'b') }, { requiredKeys: [], noNullPrototype: true }),
  headers: fc.record({ 'x-h': fc.constantFrom('a', 'b') }, { requiredKeys: [], noNullPrototype: true }),
  method: fc.constantFrom('GET', 'a'),
})

it('what is true or false of a token is so elsewhere', () => {
  const seen = new Map<string, number>()
  const check = (text: string, { claims, scopes, roles, params, headers, method }: FactsOf<typeof facts>): void => {
    const ours = verdictOf(text, { claims: { ...claims, scope: scopes.join(' '), roles }, params, headers, method })
    seen.set(ours, (seen.get(ours) ?? 0) + 1)
    // Ours leaves more undetermined: whatever compares values of two types.
    if (ours !== 'true' && ours !== 'false') return
    expect(`${text} is ${ours}`).toBe(
      `${text} is ${oracle(text, { claims, scopes, roles, params, req: { headers, method } })}`,
    )
  }
  fc.assert(fc.property(question, facts, check), { numRuns: 3_000 })
  for (const verdict of ['true', 'undetermined', 'false']) expect(seen.get(verdict)).toBeGreaterThan(9)
})

type FactsOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Facts> ? Facts : never
