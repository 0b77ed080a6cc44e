import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { cel } from '../cel/cel.js'
import { claim, param } from '../comparison.js'
import type { PolicyVocabulary } from '../kit/vocabulary.js'
import type { Expression, NamedPolicy } from '../policy.js'
import { between } from '../request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  anyOf,
  authenticatedWithin,
  custom,
  not,
  policy,
  role,
  scope,
} from '../words.js'
import { formatPolicyDocument, parsePolicyDocument } from './policy-document.js'

const example = `
version: 1
claims: { tenant: string, suspended: boolean, realm_access: { roles: strings } }
policies:
  orders.read:
    allow:
      allOf:
        - scope: read:orders
        - anyOf: [ { role: admin }, { claim: tenant, equals: { param: tenantId } } ]
        - authenticatedWithin: 15m
  users.edit:
    allow:  { anyOf: [ { role: admin }, { claim: sub, equals: { param: userId } } ] }
    forbid: [ { claim: suspended, orElse: false, equals: true } ]
    message: only admins and the user itself
  kc.orders:
    allow:  { claim: [realm_access, roles], includes: orders-admin }
tests:
  - { policy: orders.read, cases: [] }
`

const policies: readonly NamedPolicy[] = [
  policy('orders.read', {
    allow: allOf(
      scope('read:orders'),
      anyOf(role('admin'), claim('tenant').equals(param('tenantId'))),
      authenticatedWithin('15m'),
    ),
  }),
  policy('users.edit', {
    allow: anyOf(role('admin'), claim('sub').equals(param('userId'))),
    forbid: [claim('suspended').orElse(false).equals(true)],
    message: 'only admins and the user itself',
  }),
  policy('kc.orders', { allow: claim('realm_access', 'roles').includes('orders-admin') }),
]

/** The one node of a document. */
function nodeOf(node: string, head = ''): Expression | undefined {
  return parsePolicyDocument(`version: 1\n${head}\npolicies: { a: { allow: ${node} } }`).policies[0]?.allow
}

describe('parsePolicyDocument', () => {
  it('reads policies, what they may ask about, and the tests as they stand', () => {
    expect(parsePolicyDocument(example)).toEqual({
      policies,
      vocabulary: { claims: { tenant: 'string', suspended: 'boolean', realm_access: { roles: 'strings' } } },
      tests: [{ policy: 'orders.read', cases: [] }],
    })
  })

  it('has no vocabulary and no tests where none stand', () => {
    const { vocabulary, tests } = parsePolicyDocument('version: 1\npolicies: { a: { allow: { scope: b } } }')
    expect(vocabulary).toEqual({})
    expect(tests).toBeUndefined()
  })

  it('reads tests that are null as null, which is for others to judge', () => {
    expect(parsePolicyDocument('version: 1\npolicies: { a: { allow: { scope: b } } }\ntests:').tests).toBeNull()
  })

  it('is frozen', () => {
    const document = parsePolicyDocument(example)
    expect([document, document.policies, document.vocabulary].every(Object.isFrozen)).toBe(true)
  })

  it('tells every mistake at its place, with the nearest right word', () => {
    const text = example
      .replace('scope:', 'scpoe:')
      .replace('role:', 'rloe:')
      .replace('15m', '15 minutes')
      .replace('message:', 'mesage:')
      .replace('orElse:', 'orEsle:')
      .replace('[realm_access', '[realm_acces')
    expect(() => parsePolicyDocument(text, { fileName: 'policies.yaml' })).toThrow(
      new ConfigurationError(
        [
          'policies.yaml:8:11: unknown operator `scpoe`; did you mean scope?',
          'policies.yaml:9:22: unknown operator `rloe`; did you mean role?',
          "policies.yaml:10:11: authenticatedWithin() takes a duration such as '90s', '15m', '8h' or '30d', not \"15 minutes\"",
          'policies.yaml:13:35: unknown operator `orEsle` beside `claim`; did you mean orElse?',
          'policies.yaml:14:5: a policy has no `mesage`; did you mean message?',
          'policies.yaml:16:13: no claim "realm_acces" is declared; did you mean realm_access?',
        ].join('\n'),
      ),
    )
  })

  it('tells what is wrong with the vocabulary before it judges policies by it', () => {
    const text = example.replace('tenant: string', 'tenant: sting').replace('scope:', 'scpoe:')
    expect(() => parsePolicyDocument(text)).toThrow(/^policies:3:9: `claims\.tenant` must be one of the types [^\n]+$/)
  })

  it('says nothing more of a document of another version', () => {
    expect(() => parsePolicyDocument('version: 2\nrules: []')).toThrow(
      new ConfigurationError('policies:1:10: this is version 1 of the documents, not 2'),
    )
  })

  it('tells a mistake in one line, whatever it names', () => {
    expect(() => nodeOf('{ cel: "has(claims.a) &&\\n matches(claims.b)" }')).toThrow(/^policies:3:25: [^\n]+$/)
    expect(() => nodeOf('{ claim: "a\\nb", includes: c }', 'claims: { "a\\nb": string }')).toThrow(
      /^policies:3:25: [^\n]+$/,
    )
  })

  it('lets the wildcard of the scopes go for every scope', () => {
    const head = "scopes: { wildcard: ':' }"
    expect(nodeOf('{ not: { scope: a:b } }', head)).toEqual({
      kind: 'not',
      of: { kind: 'scope', scopes: ['a:b'], wildcard: ':' },
    })
    expect(nodeOf('{ anyScope: a:b }', head)).toEqual({ kind: 'anyScope', scopes: ['a:b'], wildcard: ':' })
    expect(nodeOf('{ scope: a:b }', 'scopes: [a:b]')).toEqual(scope('a:b'))
  })

  it('takes the ladder of levels from the document, unless the policy has its own', () => {
    const head = 'acrLevels: [bronze, silver, gold]'
    expect(nodeOf('{ acrAtLeast: silver }', head)).toEqual(acrAtLeast('silver', ['bronze', 'silver', 'gold']))
    expect(nodeOf('{ acrAtLeast: silver, levels: [silver, gold] }', head)).toEqual(
      acrAtLeast('silver', ['silver', 'gold']),
    )
    expect(nodeOf('{ acrAtLeast: silver }')).toEqual(acrAtLeast('silver'))
  })

  it('takes the words of a claim that is declared to be a list with spaces', () => {
    const head = 'claims: { groups: spaceList, tags: strings }'
    const words = claim('groups').asSpaceList()
    expect(nodeOf('{ claim: groups, includes: a }', head)).toEqual(words.includes('a'))
    expect(nodeOf('{ claim: groups, as: spaceList, includesAny: [a] }', head)).toEqual(words.includesAny('a'))
    expect(nodeOf('{ claim: groups, exists: true }', head)).toEqual(claim('groups').exists())
    expect(nodeOf('{ claim: tags, includesAll: [a] }', head)).toEqual(claim('tags').includesAll('a'))
    expect(() => nodeOf('{ claim: groups, as: string, includes: a }', head)).toThrow('is not for asString()')
    expect(() => nodeOf('{ claim: groups, orElse: a, includes: a }', head)).toThrow('orElse() for single values')
  })

  it('refuses more parts than a policy has', () => {
    const parts = (count: number) => `{ allOf: [${'{ role: a },'.repeat(count)}] }`
    expect(nodeOf(parts(510))).toBeDefined()
    expect(() => nodeOf(parts(512))).toThrow('policies:3:25: a policy has at most 512 parts')
  })

  it.each<[string, () => unknown, string]>([
    ['an unknown option', () => parsePolicyDocument(example, { filename: 'a' } as object), 'no option `filename`'],
    [
      'what is no text',
      () => parsePolicyDocument(Buffer.from(example) as never),
      'policies: a policy document is a text',
    ],
  ])('refuses %s', (_, call, says) => {
    expect(call).toThrow(ConfigurationError)
    expect(call).toThrow(says)
  })

  it('reads or refuses whatever becomes of a document', () => {
    const scraps = [
      '',
      ' ',
      '\n',
      ':',
      '[',
      '{',
      '}',
      ']',
      '-',
      'null',
      '1',
      '"',
      'allOf: ',
      'claim: ',
      'equals: ',
      '__proto__: ',
    ]
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(example.length), fc.nat(20), fc.constantFrom(...scraps)), {
          minLength: 1,
          maxLength: 3,
        }),
        (edits) => {
          const text = edits.reduce((now, [at, length, by]) => now.slice(0, at) + by + now.slice(at + length), example)
          try {
            expect(parsePolicyDocument(text).policies.length).toBeGreaterThan(0)
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError)
            for (const line of (error as Error).message.split('\n'))
              expect(line).toMatch(/^policies:\d+:\d+: |^and \d+ more$/)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('formatPolicyDocument', () => {
  it('writes YAML for people', () => {
    const vocabulary: PolicyVocabulary = {
      claims: { tenant: 'string', suspended: 'boolean', realm_access: { roles: 'strings' } },
    }
    expect(formatPolicyDocument(policies, { vocabulary })).toBe(`version: 1
claims:
  tenant: string
  suspended: boolean
  realm_access:
    roles: strings
policies:
  orders.read:
    allow:
      allOf:
        - scope: read:orders
        - anyOf:
            - role: admin
            - claim: tenant
              equals:
                param: tenantId
        - authenticatedWithin: 15m
  users.edit:
    allow:
      anyOf:
        - role: admin
        - claim: sub
          equals:
            param: userId
    forbid:
      - claim: suspended
        orElse: false
        equals: true
    message: only admins and the user itself
  kc.orders:
    allow:
      claim: [realm_access, roles]
      includes: orders-admin
`)
  })

  it('writes JSON for machines', () => {
    expect(formatPolicyDocument([policy('a', { allow: scope('b') })], { format: 'json' })).toBe(
      `${JSON.stringify({ version: 1, policies: { a: { allow: { scope: 'b' } } } }, null, 2)}\n`,
    )
  })

  it('quotes what older readers would take for something else', () => {
    const text = formatPolicyDocument([policy('a', { allow: allOf(role('no'), between('08:00', '18:00')) })])
    expect(format(role('a\u2028b'))).toContain('role: "a\u2028b"')
    expect(format(role('Zürich'))).toContain('role: Zürich')
    expect(text).toContain('role: "no"')
    expect(text).toContain('between: ["08:00", "18:00"]')
  })

  it.each<[string, Expression, Record<string, unknown>]>([
    ['days in a row', between('08:00', '18:00', { days: 'Mon-Fri' }), { days: 'Mon-Fri' }],
    ['days that are not', between('08:00', '18:00', { days: 'Mon,Wed' }), { days: ['Mon', 'Wed'] }],
    ['two days', between('08:00', '18:00', { days: 'Sat,Sun' }), { days: ['Sat', 'Sun'] }],
    ['one day', between('08:00', '18:00', { days: 'Sun' }), { days: 'Sun' }],
    ['every day', between('08:00', '18:00', { days: 'Mon-Sun' }), {}],
    ['a time zone', between('08:00', '18:00', { tz: 'Europe/Zurich' }), { tz: 'Europe/Zurich' }],
  ])('writes %s in the shortest way', (_, allowed, rest) => {
    const text = formatPolicyDocument([policy('a', { allow: allowed })], { format: 'json' })
    expect(JSON.parse(text).policies.a.allow).toEqual({ between: ['08:00', '18:00'], ...rest })
  })

  it('writes the ladder of a level where it is not that of the document', () => {
    const levels = (allowed: Expression, vocabulary: PolicyVocabulary) =>
      JSON.parse(formatPolicyDocument([policy('a', { allow: allowed })], { vocabulary, format: 'json' })).policies.a
        .allow.levels
    expect(levels(acrAtLeast('b'), {})).toBeUndefined()
    expect(levels(acrAtLeast('b', ['a', 'b']), {})).toEqual(['a', 'b'])
    expect(levels(acrAtLeast('b', ['a', 'b']), { acrLevels: ['a', 'b'] })).toBeUndefined()
    expect(levels(acrAtLeast('b', ['b', 'a']), { acrLevels: ['a', 'b'] })).toEqual(['b', 'a'])
    expect(levels(acrAtLeast('a'), { acrLevels: ['a', 'b'] })).toEqual(['a'])
    expect(levels(acrAtLeast('b'), { acrLevels: ['a', 'b'] })).toEqual(['b'])
  })

  it('is read as the same with a wildcard, a ladder and words', () => {
    const head =
      "version: 1\nscopes: { wildcard: '.', known: [a.b] }\nacrLevels: [low, high]\nclaims: { groups: spaceList }\n"
    const nodes = '[{ scope: a.b }, { acrAtLeast: high }, { claim: groups, includes: c }]'
    const { policies: read, vocabulary } = parsePolicyDocument(`${head}policies: { a: { allow: { allOf: ${nodes} } } }`)
    expect(parsePolicyDocument(formatPolicyDocument(read, { vocabulary }))).toEqual({ policies: read, vocabulary })
  })

  it('writes a claim that is named like a merge key', () => {
    const vocabulary: PolicyVocabulary = { claims: { '<<': 'string' } }
    expect(parsePolicyDocument(format(claim('<<').exists(), vocabulary)).vocabulary).toEqual(vocabulary)
  })

  it('writes a long line as one', () => {
    const message = 'a word '.repeat(20).trim()
    expect(formatPolicyDocument([policy('a', { allow: allow(), message })])).toContain(`message: ${message}\n`)
  })

  it('writes a part that occurs twice twice, and no anchor', () => {
    const part = role('admin', 'owner')
    expect(formatPolicyDocument([policy('a', { allow: anyOf(part, not(part)) })])).not.toMatch(/[&*]/)
  })

  const wild = parsePolicyDocument("version: 1\nscopes: { wildcard: ':' }\npolicies: { w: { allow: { scope: a:b } } }")
  const deep = Array.from({ length: 14 }).reduce<Expression>((inner) => allOf(inner), claim('a', 'b').equals('c'))

  it.each<[string, () => unknown, string]>([
    ['a test in code', () => format(custom('night', {}, () => true)), "a: custom('night') is code"],
    ['a test in code inside', () => format(not(allOf(custom('night', {}, () => true)))), "a: custom('night') is code"],
    ['no policy', () => formatPolicyDocument([]), 'a document has one policy or more'],
    [
      'two of one name',
      () => formatPolicyDocument([...policies, ...policies]),
      'orders.read: two policies with one name',
    ],
    ['a policy without a name', () => formatPolicyDocument([allow() as never]), 'a document has named policies only'],
    [
      'a policy made by hand',
      () => formatPolicyDocument([{ ...policies[0] } as never]),
      'a policy is made by the policy words',
    ],
    [
      'an unknown format',
      () => formatPolicyDocument(policies, { format: 'toml' as never }),
      "`format` must be 'yaml' or 'json'",
    ],
    [
      'an unknown option',
      () => formatPolicyDocument(policies, { vocabluary: {} } as object),
      'did you mean `vocabulary`?',
    ],
    ['a bad vocabulary', () => formatPolicyDocument(policies, { vocabulary: { roles: [] } }), '`roles` must be a list'],
    [
      'an undeclared role',
      () => formatPolicyDocument(policies, { vocabulary: { roles: ['amdin'] } }),
      'orders.read: no role "admin"',
    ],
    [
      'a wildcard that is not said',
      () => formatPolicyDocument(wild.policies),
      "w: its scopes are covered by wildcards; say vocabulary: { scopes: { wildcard: ':' } }",
    ],
    [
      'a scope without the wildcard',
      () => format(scope('b'), wild.vocabulary),
      "a: the wildcard ':' goes for every scope of the document, and here it is off",
    ],
    [
      'another wildcard',
      () => formatPolicyDocument(wild.policies, { vocabulary: { scopes: { wildcard: '.' } } }),
      "and here it is ':'",
    ],
    ['what is too long to be read', () => format(role('x'.repeat(262_144))), 'at most 256 KiB'],
  ])('refuses %s', (_, call, says) => {
    expect(call).toThrow(ConfigurationError)
    expect(call).toThrow(says)
  })

  it('writes the deepest policy that can be built', () => {
    expect(parsePolicyDocument(formatPolicyDocument([policy('a', { allow: deep })])).policies[0]?.allow).toEqual(deep)
    expect(() => policy('a', { allow: allOf(deep) })).toThrow('16 deep')
  })

  it('writes an expression whose scopes have the wildcard of the document', () => {
    const text = `version: 1\nscopes: { wildcard: ':' }\npolicies:\n  a: { allow: { cel: '"a:b" in scopes' } }\n`
    const { policies: read, vocabulary } = parsePolicyDocument(text)
    expect(read[0]?.allow).toMatchObject({ kind: 'cel', of: { kind: 'scope', scopes: ['a:b'], wildcard: ':' } })
    expect(parsePolicyDocument(formatPolicyDocument(read, { vocabulary })).policies).toEqual(read)
    expect(() => formatPolicyDocument(read)).toThrow('means something else')
  })

  it('reads a level in an expression on the ladder of the document', () => {
    const text = 'version: 1\nacrLevels: [low, high]\npolicies:\n  a: { allow: { cel: \'acrAtLeast("low")\' } }\n'
    expect(parsePolicyDocument(text).policies[0]?.allow).toMatchObject({
      of: { level: 'low', levels: ['low', 'high'] },
    })
  })

  it('takes a $schema for editors, if it is a text', () => {
    const text =
      '{ "$schema": "./policy.schema.json", "version": 1, "policies": { "a": { "allow": { "scope": "b" } } } }'
    expect(parsePolicyDocument(text).policies).toHaveLength(1)
    expect(() => parsePolicyDocument(text.replace('"./policy.schema.json"', '7'))).toThrow('policies:1:14: `$schema`')
  })

  it('writes an expression that has no value as its text', () => {
    const [read] = parsePolicyDocument(format(cel('1 / 0 == 1'))).policies
    expect(read?.allow).toEqual(cel('1 / 0 == 1'))
  })

  it('writes no actor, or some', () => {
    expect(format(anyOf(actor.none(), actor.is('b')))).toContain('- actor: none\n        - actor:\n            is: b\n')
  })
})

function format(node: Expression, vocabulary: PolicyVocabulary = {}): string {
  return formatPolicyDocument([policy('a', { allow: node })], { vocabulary })
}
