// Policies of every kind that a document can say, with the texts that formats stumble over.
import fc from 'fast-check'
import { authorizationDetails } from '../../packages/core/src/policy/authorization-details-word.js'
import { cel } from '../../packages/core/src/policy/cel/cel.js'
import { type ClaimSubject, claim, param, type Subject } from '../../packages/core/src/policy/comparison.js'
import type { Duration } from '../../packages/core/src/policy/duration.js'
import type { Day, Expression, NamedPolicy } from '../../packages/core/src/policy/policy.js'
import { between, req, spiffe } from '../../packages/core/src/policy/request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from '../../packages/core/src/policy/words.js'

const traps = [
  [
    'null',
    '~',
    'true',
    'no',
    'off',
    'y',
    '=',
    '<<',
    '08:00',
    '1e3',
    '0x1F',
    '0o7',
    '.inf',
    '.nan',
    '-',
    '1_000',
    '2024-01-01',
  ],
  [
    '!x',
    '&a',
    '*a',
    '- a',
    '? a',
    'a: b',
    'a #b',
    '#',
    '@',
    '`',
    '%',
    '|',
    '>',
    '"',
    "'",
    '[',
    '{',
    '\\',
    ',',
    ':',
    '---',
    '...',
  ],
  [
    ' a',
    'a ',
    'a\nb',
    '\n',
    '\r',
    'a\r',
    '\t',
    '\u0000',
    '\u0085',
    '\u2028',
    '\ufeff',
    'Zürich',
    '😀',
    '{from: claim}',
  ],
].flat()

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
  fc.constantFrom(...traps),
)
const texts = few(text)
const number = fc
  .oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((value) => (Object.is(value, -0) ? 0 : value)) // JSON.stringify writes 0
const scalar = fc.oneof(text, fc.constant(''), number, fc.boolean())
const token = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."abz09:.*/-_!#$%&'()+,;<=>?@[]^`{|}~"), minLength: 1, maxLength: 10 }),
  fc.constantFrom('read:orders', 'null', '~', '<<', 'true', '1e3'),
)
const tokens = few(token)
const policyName = fc.oneof(
  fc.constantFrom('orders.read', 'a/b', 'a:b', 'null', 'true', 'y', 'no'),
  fc.stringMatching(/^[a-z][\w.:/-]{0,12}$/),
)
const claimName = text.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
const claimPath = fc.array(claimName, { minLength: 1, maxLength: 3 })
const paramName = fc.stringMatching(/^\w{1,8}$/).filter((name) => !name.startsWith('__'))
const headerName = fc.constantFrom('x-tenant', 'X-Region', "x!#$%&'*+.^_`|~")

const anyClaim: fc.Arbitrary<ClaimSubject> = fc
  .tuple(claimPath, fc.constantFrom('', 'string'), fc.option(scalar))
  .map(([path, as, orElse]) => {
    const converted = as === '' ? claim(...path) : claim(...path).asString()
    return orElse === null ? converted : converted.orElse(orElse)
  })
const request: fc.Arbitrary<Subject> = fc.oneof(
  paramName.map((name) => param(name)),
  headerName.map((name) => req.header(name)),
)
const other = fc.oneof(request, anyClaim)

const aboutTexts = (about: fc.Arbitrary<Subject>): readonly fc.Arbitrary<Expression>[] => [
  fc.tuple(about, fc.oneof(text, other)).map(([it, value]) => it.equals(value)),
  fc.tuple(about, texts).map(([it, values]) => it.oneOf(...values)),
  fc.tuple(about, text).map(([it, value]) => it.startsWith(value)),
  fc.tuple(about, text).map(([it, value]) => it.endsWith(value)),
]
const lists = fc.oneof(
  claimPath.map((path) => claim(...path)),
  claimPath.map((path) => claim(...path).asSpaceList()),
)
const comparison: fc.Arbitrary<Expression> = fc.oneof(
  ...aboutTexts(request),
  ...aboutTexts(claimPath.map((path) => claim(...path))),
  ...aboutTexts(claimPath.map((path) => claim(...path).asString())),
  ...aboutTexts(fc.tuple(claimPath, text).map(([path, value]) => claim(...path).orElse(value))),
  fc.tuple(claimPath, scalar).map(([path, value]) => claim(...path).equals(value)),
  fc.tuple(claimPath, fc.boolean()).map(([path, value]) =>
    claim(...path)
      .orElse(!value)
      .equals(value),
  ),
  fc.tuple(claimPath, few(number)).map(([path, values]) => claim(...path).oneOf(...values)),
  fc.tuple(claimPath, number, number).map(([path, or, value]) =>
    claim(...path)
      .orElse(or)
      .atLeast(value),
  ),
  fc.tuple(claimPath, number).map(([path, value]) => claim(...path).atMost(value)),
  fc.tuple(lists, fc.oneof(text, other)).map(([it, value]) => it.includes(value)),
  fc.tuple(lists, texts).map(([it, values]) => it.includesAny(...values)),
  fc.tuple(lists, texts).map(([it, values]) => it.includesAll(...values)),
  fc
    .oneof(
      request,
      claimPath.map((path) => claim(...path)),
    )
    .map((it) => it.exists()),
  fc
    .oneof(
      request,
      claimPath.map((path) => claim(...path)),
    )
    .map((it) => it.absent()),
)

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
const day = fc.constantFrom<Day>('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')

/** The members that any type has are asked for by their names. */
const fieldName = claimName.filter(
  (name) => !['type', 'locations', 'actions', 'datatypes', 'privileges', 'identifier'].includes(name),
)
const fieldValue = fc.oneof(scalar, other)
const details: fc.Arbitrary<Expression> = fc
  .tuple(
    text,
    fc.record(
      {
        locations: texts,
        actions: texts,
        datatypes: texts,
        privileges: texts,
        identifier: fc.oneof(text, other),
        fields: fc.dictionary(
          fieldName,
          fc.oneof(fieldValue, fc.dictionary(claimName, fieldValue, { minKeys: 1, maxKeys: 2 })),
          {
            minKeys: 1,
            maxKeys: 2,
          },
        ),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([type, asked]) => authorizationDetails(type, asked))

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  details,
  { arbitrary: comparison, weight: 3 },
  fc.constantFrom(allow(), denyAll(), actor.none()),
  policyName.map((name) => use(name)),
  tokens.map((names) => scope(...names)),
  tokens.map((names) => anyScope(...names)),
  fc
    .tuple(fc.constantFrom(role, issuer, audience, subject, client, amr, actor.is), texts)
    .map(([word, names]) => word(...names)),
  fc
    .tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.constantFrom('s', 'm', 'h', 'd'))
    .map(([count, unit]) => authenticatedWithin(`${count}${unit}` as Duration)),
  fc.tuple(tokens, fc.nat()).map(([levels, index]) => acrAtLeast(levels[index % levels.length] as string, levels)),
  fc.subarray(['dpop', 'mtls'] as const, { minLength: 1 }).map((methods) => boundBy(...methods)),
  fc
    .subarray(['spiffe://prod.example/orders', 'spiffe://prod.example/ns/*/sa/A.b_c-1', 'spiffe://test/**'], {
      minLength: 1,
    })
    .map((patterns) => spiffe(...patterns)),
  fc.integer({ min: 1, max: 16 }).map((depth) => actor.depthAtMost(depth)),
  fc.subarray(['GET', 'POST', 'M-SEARCH'], { minLength: 1 }).map((methods) => req.method(...methods)),
  fc
    .subarray(['10.20.0.0/16', '192.0.2.1', '2001:db8::/32', '::1'], { minLength: 1 })
    .map((ranges) => req.ipIn(...ranges)),
  fc
    .tuple(time, fc.oneof(time, fc.constant('24:00')), fc.constantFrom('UTC', 'Europe/Zurich'), few(day))
    .filter(([from, to]) => from !== to)
    .map(([from, to, tz, days]) => between(from, to, { tz, days })),
  fc
    .constantFrom(
      '"read:orders" in scopes && claims.tenant == params.tenantId',
      '!has(claims.act)\n|| req.method == "GET"',
      'claims["https://example.com/region"] in ["eu-west-1", "ü"]',
    )
    .map((source) => cel(source)),
)

/** An expression of every kind but `custom`. Documents with `acrLevels` or a wildcard of scopes need others. */
const arbitraryExpression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => {
  const nodes = fc.array(tie('node'), { minLength: 1, maxLength: 4 })
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { arbitrary: leaf, weight: 3 },
      nodes.map((of) => allOf(...of)),
      nodes.map((of) => anyOf(...of)),
      fc.tuple(nodes, fc.nat()).map(([of, count]) => atLeast((count % of.length) + 1, ...of)),
      tie('node').map((of) => not(of)),
    ),
  }
}).node

/** Named policies, no two with one name. They use names that may not be there. */
export const arbitraryPolicies: fc.Arbitrary<readonly NamedPolicy[]> = fc.uniqueArray(
  fc
    .tuple(
      policyName,
      arbitraryExpression,
      fc.array(arbitraryExpression, { maxLength: 2 }),
      fc.option(text.filter((line) => !/\p{Cc}/u.test(line))),
    )
    .map(([name, allowed, forbid, message]) =>
      policy(name, { allow: allowed, forbid, ...(message !== null && { message }) }),
    ),
  { minLength: 1, maxLength: 3, selector: ({ name }) => name },
)

function few<Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> {
  return fc.array(item, { minLength: 1, maxLength: 3 })
}
