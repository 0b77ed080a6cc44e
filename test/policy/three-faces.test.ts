// The twelve policies in all the forms that a policy can be written in: in words, in a document and in CEL. What they say of a
// token must not depend on the form.
import { readFileSync } from 'node:fs'
import {
  cel,
  explainPolicy,
  formatPolicyDocument,
  type NamedPolicy,
  type PolicySet,
  parsePolicies,
  policy,
  policyFacts,
  policyKit,
  policySet,
} from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { parsePolicyDocument } from '../../packages/core/src/policy/document/policy-document.js'
import { reportsOfWildcardInCel, twelveInCel } from './twelve.cel.js'
import { acrLevels, twelve } from './twelve.js'
import { now, type Row, type Table } from './twelve-rows.js'
import { tablesOfMachines } from './twelve-rows-machines.js'
import { tablesOfPeople } from './twelve-rows-people.js'

const tables = [...tablesOfPeople, ...tablesOfMachines]

/** One set of policies, written three times. */
type Faces = Readonly<Record<'words' | 'document' | 'cel', PolicySet>>

const ladder = policyKit({ acrLevels })
const wildcards = policyKit({ scopes: { wildcard: ':' } })
const reportsOfWildcard = [wildcards.policy('reports.any', { allow: wildcards.scope('reports:read') })]

const faces: Faces = {
  words: policySet(...twelve),
  document: parsePolicies(textOf('twelve.yaml'), { fileName: 'twelve.yaml' }),
  cel: policySet(...Object.entries(twelveInCel).map(([name, text]) => policy(name, { allow: ladder.cel(text) }))),
}
const facesOfWildcard: Faces = {
  words: policySet(...reportsOfWildcard),
  document: parsePolicies(textOf('twelve-wildcard.yaml'), { fileName: 'twelve-wildcard.yaml' }),
  cel: policySet(policy('reports.any', { allow: cel(reportsOfWildcardInCel) })),
}

/** Where CEL has no way to say the same. Whoever is let pass is the same all the more. */
const exceptions = [
  {
    name: 'an actor before our agent that is text: certainly there, for CEL; of no length, for the words',
    policy: 'delegated.read',
    claims: { sub: 'alice', scope: 'read:mail', act: { sub: 'https://agent.example', act: 'bob' } },
    outcomes: { words: 'undetermined', document: 'undetermined', cel: 'false' },
  },
]

function textOf(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

function factsOf({ claims, request }: Table, [, , otherClaims, otherRequest]: Row, policies: PolicySet) {
  return policyFacts({ now, ...request, ...otherRequest, claims: without({ ...claims, ...otherClaims }), policies })
}

/** A claim that is `undefined` is none: no JSON says so. */
function without(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

function named(policies: PolicySet, name: string): NamedPolicy {
  const found = policies.get(name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

describe.each(
  tables.map((table) => ({ ...table, title: `${table.policy}${table.wildcard ? ', with wildcards' : ''}` })),
)('$title', (table) => {
  const { words, document, cel } = table.wildcard ? facesOfWildcard : faces

  it.each(table.rows.map((row) => ({ row, name: row[0], verdict: row[1] })))(
    'is $verdict in all three faces for $name',
    ({ row, verdict }) => {
      const outcomes = [words, document, cel].map((set) => {
        const facts = factsOf(table, row, set)
        const { outcome, tree } = explainPolicy(named(set, table.policy), facts)
        expect(outcome.satisfied).toBe(tree.outcome === 'true')
        return { verdict: tree.outcome, outcome }
      })
      expect(outcomes.map((each) => each.verdict)).toEqual([verdict, verdict, verdict])
      for (const { outcome } of outcomes) expect(outcome).toEqual(outcomes[0]?.outcome) // the client is told the same
    },
  )
})

describe('the faces differ, and deny,', () => {
  it.each(exceptions)('on $name', ({ policy: name, claims, outcomes }) => {
    const found = Object.entries(faces).map(([face, policies]) => [
      face,
      explainPolicy(named(policies, name), policyFacts({ claims, now, policies })).tree.outcome,
    ])
    expect(Object.fromEntries(found)).toEqual(outcomes)
    expect(Object.values(outcomes)).not.toContain('true')
  })
})

describe('the tables', () => {
  it('have at least 150 rows, at least 10 for each policy, with every verdict among them', () => {
    expect(tables.flatMap(({ rows }) => rows).length).toBeGreaterThanOrEqual(150)
    expect(new Set(tables.map((table) => table.policy))).toEqual(new Set(twelve.map(({ name }) => name)))
    for (const { rows } of tables) {
      expect(rows.length).toBeGreaterThanOrEqual(10)
      expect(new Set(rows.map(([, verdict]) => verdict)).size).toBe(3)
      expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
    }
  })
})

describe('the documents', () => {
  it('written by hand are the policies in words', () => {
    expect([...faces.document]).toStrictEqual([...faces.words])
    expect([...facesOfWildcard.document]).toStrictEqual([...facesOfWildcard.words])
  })

  const { vocabulary } = parsePolicyDocument(textOf('twelve.yaml'))

  it.each([
    { what: 'the twelve', policies: twelve, given: {} },
    { what: 'the twelve with their levels', policies: twelve, given: { acrLevels } },
    { what: 'the twelve with a whole vocabulary', policies: twelve, given: vocabulary },
    { what: 'the one with wildcards', policies: reportsOfWildcard, given: { scopes: { wildcard: ':' } } as const },
    { what: 'the twelve in CEL', policies: [...faces.cel], given: { acrLevels } },
  ])('are read as what was written: $what', ({ policies, given }) => {
    for (const format of ['yaml', 'json'] as const) {
      const text = formatPolicyDocument(policies, { vocabulary: given, format })
      const read = parsePolicyDocument(text)
      expect(read.policies).toStrictEqual(policies)
      expect(read.vocabulary).toEqual(given)
      expect(formatPolicyDocument(read.policies, { vocabulary: read.vocabulary, format })).toBe(text)
    }
  })
})
