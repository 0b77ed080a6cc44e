// The workloads around some patterns tell apart whatever the patterns do.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSpiffeId } from '../../jose/spiffe-id.js'
import { isSatisfied, policyFacts } from '../evaluate.js'
import type { Expression } from '../policy.js'
import { policySet } from '../policy-set.js'
import { spiffe } from '../request-words.js'
import { allOf, anyOf, not, policy } from '../words.js'
import { checkPolicies } from './check-policies.js'
import { diffPolicies } from './diff-policies.js'
import { workloadsAround } from './workload-edges.js'

const passes = (asked: Expression, workload: string) =>
  isSatisfied(asked, policyFacts({ claims: {}, now: 0, workload }))

describe('the edges of patterns', () => {
  it.each<[readonly string[], readonly string[]]>([
    [[], ['spiffe://other/x']],
    [['spiffe://a/x'], ['spiffe://other/x', 'spiffe://a/x', 'spiffe://a/x/other', 'spiffe://a/other']],
    [['spiffe://a/*'], ['spiffe://other/x', 'spiffe://a/other', 'spiffe://a/other/other']],
    [['spiffe://a/**'], ['spiffe://other/x', 'spiffe://a/other', 'spiffe://a/other/other']],
    [
      ['spiffe://other/other'],
      ['spiffe://other-/x', 'spiffe://other/other', 'spiffe://other/other/other', 'spiffe://other/other-'],
    ],
  ])('of %j', (patterns, ids) => {
    expect(workloadsAround(patterns)).toEqual({ ids, areAll: true })
  })

  it('are IDs of workloads, to the letter', () => {
    const { ids } = workloadsAround(['spiffe://a/x/*/y', 'spiffe://a/other/**', 'spiffe://b/*', 'spiffe://other/other'])
    expect(ids.filter((id) => (parseSpiffeId(id)?.path ?? '') === '')).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('pass over what is no pattern', () => {
    expect(workloadsAround(['spiffe://a', '*', 'spiffe://a/x*'])).toEqual({ ids: ['spiffe://other/x'], areAll: true })
  })

  it('are bounded, and say so', () => {
    const few = Array.from({ length: 600 }, (_, index) => `spiffe://a/s${index}`)
    expect(workloadsAround(few)).toMatchObject({ areAll: true })
    const many = Array.from({ length: 14 }, (_, at) =>
      Array.from({ length: 14 }, (_, index) => (index === at ? `s${at}` : '*')).join('/'),
    ).map((path) => `spiffe://a/${path}`)
    const { ids, areAll } = workloadsAround(many)
    expect([ids.length, areAll]).toEqual([2_048, false])
  })

  it('are all up to the bound', () => {
    // of each pattern: it and what lies below it; besides, the other path and the other trust domain
    const patterns = (count: number) => Array.from({ length: count }, (_, index) => `spiffe://a/s${index}`)
    expect(workloadsAround(patterns(1_023))).toMatchObject({ areAll: true })
    expect(workloadsAround(patterns(1_023)).ids).toHaveLength(2_048)
    expect(workloadsAround(patterns(1_024))).toMatchObject({ areAll: false })
  })
})

const segment = fc.constantFrom('a', 'b', 'other', '*')
const pattern = fc
  .tuple(fc.constantFrom('d', 'e', 'other'), fc.array(segment, { minLength: 0, maxLength: 3 }), fc.boolean())
  .map(
    ([domain, path, isOpen]) =>
      `spiffe://${domain}/${[...path, ...(isOpen || path.length === 0 ? ['**'] : [])].join('/')}`,
  )
const leaf = fc.array(pattern, { minLength: 1, maxLength: 2 }).map((patterns) => spiffe(...patterns))
const expression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    { arbitrary: leaf, weight: 2 },
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => allOf(...of)),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of) => anyOf(...of)),
    tie('node').map((of) => not(of)),
  ),
})).node

/** All that such patterns can tell apart, and more: names of theirs and two others, five deep. */
const names = ['a', 'b', 'other', 'c', 'other-']
const paths = [1, 2, 3, 4, 5].reduce<string[][]>(
  (levels) => [...levels, (levels.at(-1) ?? ['']).flatMap((path) => names.map((name) => `${path}/${name}`))],
  [],
)
const world = ['d', 'e', 'other', 'f'].flatMap((domain) =>
  paths
    .slice(0, 4)
    .flat()
    .map((path) => `spiffe://${domain}${path}`),
)

/** The patterns of an expression. */
function patternsOf(node: Expression): readonly string[] {
  if (node.kind === 'spiffe') return node.patterns
  const { of } = node as { of: Expression | readonly Expression[] }
  return [of].flat().flatMap((part) => patternsOf(part as Expression))
}

describe('policies that differ', () => {
  it('on any workload differ on an edge', () => {
    fc.assert(
      fc.property(expression, expression, (one, two) => {
        const edges = workloadsAround([...patternsOf(one), ...patternsOf(two)])
        expect(edges.areAll).toBe(true)
        const differ = (id: string) => passes(one, id) !== passes(two, id)
        expect(edges.ids.some(differ)).toBe(world.some(differ))
      }),
      { numRuns: 200 },
    )
  })
})

describe('an analysis', () => {
  const found = (allowed: Expression) =>
    checkPolicies(policySet(policy('p', { allow: allowed }))).map(({ rule }) => rule)

  it.each<[string, Expression, Expression]>([
    [
      'one that a wider one leaves out',
      allOf(spiffe('spiffe://a/x'), not(spiffe('spiffe://a/*'))),
      allOf(spiffe('spiffe://a/*'), not(spiffe('spiffe://a/x'))),
    ],
    [
      'two at once',
      allOf(spiffe('spiffe://a/x'), spiffe('spiffe://a/y')),
      allOf(spiffe('spiffe://a/x', 'spiffe://a/y'), spiffe('spiffe://a/y')),
    ],
    [
      'two trust domains',
      allOf(spiffe('spiffe://a/**'), spiffe('spiffe://b/**')),
      anyOf(spiffe('spiffe://a/**'), spiffe('spiffe://b/**')),
    ],
    [
      'another length',
      allOf(spiffe('spiffe://a/*'), spiffe('spiffe://a/*/*')),
      allOf(spiffe('spiffe://a/**'), spiffe('spiffe://a/*/*')),
    ],
    [
      'an open end that is left out',
      allOf(spiffe('spiffe://a/x/**'), not(spiffe('spiffe://a/*/**'))),
      allOf(spiffe('spiffe://a/**'), not(spiffe('spiffe://a/*/**'))),
    ],
  ])('finds that nobody is %s, and not of its neighbour', (_, contradiction, neighbour) => {
    expect(found(contradiction)).toContain('always-denies')
    expect(found(neighbour)).not.toContain('always-denies')
  })

  it('does not find that everybody is: a workload may be none', () => {
    const everybody = anyOf(spiffe('spiffe://a/**'), not(spiffe('spiffe://a/**')))
    expect(found(everybody)).not.toContain('always-allows')
  })

  it('finds a part in the shadow of another', () => {
    expect(found(anyOf(spiffe('spiffe://a/*'), spiffe('spiffe://a/x')))).toContain('part-without-effect')
    expect(found(anyOf(spiffe('spiffe://a/*'), spiffe('spiffe://a/x/y')))).not.toContain('part-without-effect')
  })

  it('shows a workload that a change lets in, and one that it shuts out', () => {
    const [difference] = diffPolicies(spiffe('spiffe://a/x', 'spiffe://b/y'), spiffe('spiffe://a/*'))
    expect(difference).toMatchObject({
      opens: { workload: 'spiffe://a/other' },
      closes: { workload: 'spiffe://b/y' },
      isComplete: true,
    })
    expect(diffPolicies(spiffe('spiffe://a/*', 'spiffe://a/*/**'), spiffe('spiffe://a/**'))).toEqual([])
  })

  it('says where it tried a sample', () => {
    const many = Array.from({ length: 14 }, (_, at) =>
      Array.from({ length: 14 }, (_, index) => (index === at ? `s${at}` : '*')).join('/'),
    ).map((path) => `spiffe://a/${path}`)
    const contradiction = allOf(spiffe(...many), not(spiffe('spiffe://a/**')))
    expect(found(contradiction)).toContain('not-exhaustive')
    expect(found(contradiction)).not.toContain('always-denies')
    expect(diffPolicies(spiffe(...many), spiffe('spiffe://a/x'))).toMatchObject([{ isComplete: false }])
  })
})
