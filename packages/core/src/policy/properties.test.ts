// What holds for every policy and every token, tried on many of both.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authorizationDetails } from './authorization-details-word.js'
import { claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import { evaluatePolicy, explainPolicy, isSatisfied, type PolicyFactsInput, policyFacts } from './evaluate.js'
import type { PartOutcome, PolicyTrace } from './facts.js'
import { type Expression, isReference, make, type NamedPolicy, type Policy, partsOf } from './policy.js'
import { policySet } from './policy-set.js'
import { between, req } from './request-words.js'
import { formatTrace, tracePolicy } from './trace.js'
import { holdsUntil } from './validity.js'
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
  custom,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from './words.js'

const now = Date.parse('2026-11-24T10:00:00Z') / 1000
type Claims = Readonly<Record<string, unknown>>

/** Few values, so that policies and tokens meet. */
const leaves: readonly Expression[] = [
  ...[allow(), denyAll(), use('one'), use('two'), use('nowhere')],
  ...[scope('a'), scope('a', 'b'), anyScope('b', 'c'), make({ kind: 'scope', scopes: ['a:x'], wildcard: ':' })],
  ...[role('admin'), role('user', 'admin'), issuer('i'), audience('x'), subject('s'), client('c', 'd')],
  ...[authenticatedWithin('5m'), acrAtLeast('mid', ['low', 'mid', 'high']), amr('otp'), amr('pwd', 'hwk')],
  ...[boundBy('dpop'), actor.none(), actor.is('s'), actor.depthAtMost(1), between('09:00', '11:00')],
  ...[req.method('GET'), req.header('x-a').equals('a'), req.ipIn('10.0.0.0/8'), param('p').equals('s')],
  ...[claim('sub').equals(param('p')), claim('tenant').equals('a'), claim('tenant').oneOf('a', 'b')],
  ...[claim('tenant').equals(claim('sub')), claim('tenant').startsWith('a'), claim('tenant').endsWith('b')],
  ...[claim('groups').includes('a'), claim('groups').includes(param('p')), claim('groups').includesAny('a', 'b')],
  ...[claim('groups').includesAll('a', 'b'), claim('realm', 'roles').includes('admin')],
  ...[claim('level').atLeast(1), claim('level').atMost(2), claim('level').equals(2), claim('flag').equals(true)],
  ...[claim('level').asString().equals('2'), claim('tenant').asSpaceList().includes('a'), claim('groups').exists()],
  ...[claim('tenant').absent(), claim('flag').orElse(false).equals(false), claim('level').orElse(2).atLeast(2)],
  ...[authorizationDetails('pay'), authorizationDetails('pay', { actions: ['a', 'b'], identifier: param('p') })],
  ...[authorizationDetails('pay', { locations: ['x'], fields: { level: { of: claim('level') }, flag: true } })],
  custom('c', {}, ({ claims }) => claims['tenant'] === undefined),
]

const expression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => {
  const nodes = fc.array(tie('node'), { minLength: 1, maxLength: 4 })
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { arbitrary: fc.constantFrom(...leaves), weight: 3 },
      nodes.map((of) => allOf(...of)),
      nodes.map((of) => anyOf(...of)),
      fc.tuple(nodes, fc.nat()).map(([of, count]) => atLeast((count % of.length) + 1, ...of)),
      tie('node').map((of) => not(of)),
    ),
  }
}).node

const named: fc.Arbitrary<NamedPolicy> = fc
  .tuple(expression, fc.array(expression, { maxLength: 2 }))
  .map(([allowed, forbid]) => policy('p', { allow: allowed, forbid }))

const text = fc.constantFrom('a', 'b', 's', '', 'a b', '2')
const texts = fc.subarray(['a', 'b', 's', 'admin', 'otp', 'x'])
const detail = fc.record(
  {
    type: fc.constantFrom('pay', 'other'),
    locations: fc.subarray(['x', 'y']),
    actions: texts,
    identifier: text,
    level: fc.record({ of: fc.constantFrom(0, 1, 2, 3) }),
    flag: fc.boolean(),
  },
  { requiredKeys: ['type'] },
)
const details = fc.array(detail, { maxLength: 3 })
const good: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  iss: fc.constantFrom('i', 'j'),
  aud: fc.oneof(text, fc.constantFrom('x', ['x', 'y'])),
  sub: text,
  scope: fc.constantFrom('a', 'a b', 'b c', 'a:* b', ''),
  scp: fc.constantFrom(['a'], ['a', 'b'], []),
  roles: fc.subarray(['admin', 'user', 'other']),
  client_id: fc.constantFrom('c', 'e'),
  azp: fc.constantFrom('c', 'e'),
  auth_time: fc.constantFrom(now, now - 300, now - 301, now + 60, now + 61),
  acr: fc.constantFrom('low', 'mid', 'high', 'other'),
  amr: fc.subarray(['otp', 'pwd']),
  act: fc.constantFrom({ sub: 's' }, { sub: 't', act: { sub: 's' } }),
  tenant: text,
  groups: texts,
  realm: fc.record({ roles: texts }),
  level: fc.constantFrom(0, 1, 2, 3),
  flag: fc.boolean(),
  authorization_details: details,
}
const names = Object.keys(good)

const hostile = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(null, undefined, '\ud800', Number.NaN, 1 / 0, -0, 2 ** 53, {}, [], [null], [['a']]),
  fc.constantFrom<unknown>({ $ne: '' }, { length: 1, 0: 'a' }, { roles: { includes: 'admin' } }, { sub: ['s'] }),
  fc.constantFrom<unknown>(
    Array(1_025).fill('a'),
    Object.create({ sub: 's' }),
    JSON.parse('{"__proto__":{"sub":"s"}}'),
  ),
)

function claimsOf(value: (name: string) => fc.Arbitrary<unknown>): fc.Arbitrary<Claims> {
  return fc.record(Object.fromEntries(names.map((name) => [name, value(name)])), { requiredKeys: [] })
}

const decent = claimsOf((name) => good[name] as fc.Arbitrary<unknown>)
const mixed = claimsOf((name) => fc.oneof({ arbitrary: good[name] as fc.Arbitrary<unknown>, weight: 3 }, hostile))
const odd = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('toString', ...names)), hostile)

const oddRecord = fc.dictionary(fc.constantFrom('p', 'x-a', 'X-A', 'toString'), hostile)
const request = fc.record({
  now: fc.constantFrom(now, now, now + 3_600, 0, Number.NaN, -1 / 0, 1e300),
  method: fc.constantFrom(undefined, 'GET', 'get', ''),
  params: fc.oneof(fc.constantFrom({ p: 's' }, { p: 'a' }, {}), oddRecord),
  headers: fc.oneof(fc.constantFrom({ 'x-a': 'a' }, {}), oddRecord),
  ip: fc.constantFrom(undefined, '10.1.2.3', '192.0.2.1', '::1', 'nonsense'),
  binding: fc.constantFrom(undefined, 'dpop' as const, 'mtls' as const),
})
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

const policies = policySet(
  policy('one', { allow: anyOf(scope('a'), claim('tenant').equals('a')), forbid: [claim('flag').equals(true)] }),
  policy('two', { allow: allOf(use('one'), not(role('other'))) }),
)

const factsOf = (claims: Claims, shown: Omit<PolicyFactsInput, 'claims'>) => policyFacts({ claims, policies, ...shown })
const verdictOf = (asked: Policy, claims: Claims, shown: Request) => compilePolicy(asked).check(factsOf(claims, shown))
const runs = { numRuns: 400 }

describe('no token and no request', () => {
  it('makes a judgement throw, and all ways to judge agree', () => {
    fc.assert(
      fc.property(named, fc.oneof(mixed, odd), request, (asked, claims, shown) => {
        const facts = factsOf(claims, shown)
        const verdict = compilePolicy(asked).check(facts)
        expect([-1, 0, 1]).toContain(verdict)
        expect(isSatisfied(asked, facts)).toBe(verdict === 1)
        expect(evaluatePolicy(asked, facts).satisfied).toBe(verdict === 1)
        expect(explainPolicy(asked, facts).outcome).toEqual(evaluatePolicy(asked, facts))
        expect(formatTrace(tracePolicy(compilePolicy(asked), facts))).toContain('policy p: ')
        if (verdict === 1) expect(holdsUntil(compilePolicy(asked), facts)).not.toBeNaN()
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the words that combine', () => {
  it('a not that is negated is the thing itself', () => {
    fc.assert(
      fc.property(expression, mixed, request, (asked, claims, shown) => {
        expect(verdictOf(not(not(asked)), claims, shown)).toBe(verdictOf(asked, claims, shown))
      }),
      runs,
    )
  })

  it('the order of the parts changes nothing', () => {
    const orders = fc
      .array(expression, { minLength: 2, maxLength: 5 })
      .chain((parts) => fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length })))
    fc.assert(
      fc.property(orders, fc.nat(), mixed, request, ([parts, others], nat, claims, shown) => {
        const count = (nat % parts.length) + 1
        for (const word of [allOf, anyOf, (...of: readonly Expression[]) => atLeast(count, ...of)]) {
          expect(verdictOf(word(...parts), claims, shown)).toBe(verdictOf(word(...others), claims, shown))
        }
        const forbidding = (forbid: readonly Expression[]) => policy('q', { allow: allow(), forbid })
        expect(verdictOf(forbidding(parts), claims, shown)).toBe(verdictOf(forbidding(others), claims, shown))
      }),
      runs,
    )
  })

  it('what is said of all is said of none by the contrary (De Morgan)', () => {
    fc.assert(
      fc.property(fc.array(expression, { minLength: 1, maxLength: 5 }), mixed, request, (parts, claims, shown) => {
        const nots = parts.map((part) => not(part))
        expect(verdictOf(not(allOf(...parts)), claims, shown)).toBe(verdictOf(anyOf(...nots), claims, shown))
      }),
      runs,
    )
  })

  it('one more forbid lets nobody pass who did not', () => {
    fc.assert(
      fc.property(named, expression, mixed, request, (asked, more, claims, shown) => {
        const stricter = policy('p', { allow: asked.allow, forbid: [...asked.forbid, more] })
        expect(verdictOf(stricter, claims, shown)).toBeLessThanOrEqual(verdictOf(asked, claims, shown))
      }),
      runs,
    )
  })
})

/** Whether a policy asks, somewhere, for something not to be there. Then less can be more. */
function asksForAbsence(node: Policy, wanted = true): boolean {
  switch (node.kind) {
    case 'compare': {
      const hasElse = [node.subject, node.operand].some((side) => isReference(side) && 'orElse' in side)
      return hasElse || node.operator === (wanted ? 'absent' : 'exists')
    }
    case 'actorNone':
    case 'actorDepthAtMost':
    case 'custom':
      return true
    case 'not':
      return asksForAbsence(node.of, !wanted)
    case 'policy':
      return asksForAbsence(node.allow, wanted) || node.forbid.some((part) => asksForAbsence(part, !wanted))
    default:
      return partsOf(node).some((part) => asksForAbsence(part, wanted))
  }
}

/** Two names for one thing: taking one of them away can end a contradiction. */
const contradicts = (claims: Claims) =>
  (claims['scope'] !== undefined && claims['scp'] !== undefined) ||
  (claims['client_id'] !== undefined && claims['azp'] !== undefined)

function without(claims: Claims, name: string): Claims {
  const { [name]: _, ...rest } = claims
  return rest
}

const asking = fc.constantFrom(...leaves.flatMap((leaf) => [leaf, not(leaf)]))

describe('a token that says less', () => {
  const changes: readonly (readonly [string, (claims: Claims, name: string) => Claims])[] = [
    ['that lacks a claim', without],
    ['with null for a claim', (claims, name) => ({ ...claims, [name]: null })],
    ['with an object for a claim', (claims, name) => ({ ...claims, [name]: { [name]: 'a' } })],
    ['with claims that nobody asked for', (claims, name) => ({ ...claims, [`${name}_`]: 'a', toString: 'a' })],
  ]

  it.each(changes)('%s passes nowhere where it did not pass before', (_, change) => {
    fc.assert(
      fc.property(fc.oneof(named, asking), decent, request, fc.constantFrom(...names), (asked, claims, shown, name) => {
        fc.pre(Object.hasOwn(claims, name) && !asksForAbsence(asked) && !contradicts(claims))
        if (verdictOf(asked, claims, shown) === 1) return
        expect(verdictOf(asked, change(claims, name), shown)).not.toBe(1)
      }),
      { numRuns: 600 },
    )
  })

  it('is at most as certain, for every claim that a part can ask for', () => {
    fc.assert(
      fc.property(decent, request, ({ scp: _, azp: __, ...claims }, shown) => {
        for (const leaf of leaves) {
          if (asksForAbsence(leaf, true) || asksForAbsence(leaf, false)) continue
          const before = verdictOf(leaf, claims, shown)
          for (const name of Object.keys(claims)) {
            expect([0, before], `${name} of ${JSON.stringify(leaf)}`).toContain(
              verdictOf(leaf, without(claims, name), shown),
            )
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is at most as certain, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.oneof(expression, asking),
        decent,
        request,
        fc.constantFrom(...names),
        (asked, claims, shown, name) => {
          fc.pre(Object.hasOwn(claims, name) && !contradicts(claims))
          fc.pre(!asksForAbsence(asked, true) && !asksForAbsence(asked, false))
          const [before, after] = [claims, without(claims, name)].map((each) => verdictOf(asked, each, shown))
          expect([0, before]).toContain(after)
        },
      ),
      { numRuns: 600 },
    )
  })
})

const outcomes: readonly PartOutcome[] = ['false', 'undetermined', 'true']
const rank = (outcome: PartOutcome) => outcomes.indexOf(outcome)

/** What the outcomes of the parts come to. */
function combined({ text: head, outcome, parts }: PolicyTrace): PartOutcome {
  const bare = head.replace(/^forbid: /, '')
  const ranks = parts.map((part) => rank(part.outcome))
  const pick = (value: number) => outcomes[value] as PartOutcome
  const needed = /^at least (\d+) of$/.exec(bare)
  if (parts.length === 0) return outcome
  if (bare === 'all of') return pick(Math.min(...ranks))
  if (bare === 'any of') return pick(Math.max(...ranks))
  if (bare === 'not') return pick(2 - (ranks[0] as number))
  if (needed !== null) return pick(ranks.toSorted((a, b) => b - a)[Number(needed[1]) - 1] as number)
  if (bare.startsWith('use ')) return pick(ranks[0] as number)
  return pick(
    Math.min(...parts.map((part) => (part.text.startsWith('forbid: ') ? 2 - rank(part.outcome) : rank(part.outcome)))),
  )
}

function allParts(tree: PolicyTrace): readonly PolicyTrace[] {
  return [tree, ...tree.parts.flatMap(allParts)]
}

describe('a trace', () => {
  it('says what was decided, and every part is what its own parts come to', () => {
    fc.assert(
      fc.property(named, mixed, request, (asked, claims, shown) => {
        const facts = factsOf(claims, shown)
        const tree = tracePolicy(compilePolicy(asked), facts)
        expect(tree.outcome).toBe(outcomes[compilePolicy(asked).check(facts) + 1])
        for (const part of allParts(tree)) {
          expect(part.outcome, part.text).toBe(combined(part))
          const isLeaf = part.parts.length === 0
          expect('reason' in part, part.text).toBe(isLeaf && part.outcome === 'undetermined')
        }
      }),
      runs,
    )
  })

  it('shows no value of the token and of the request', () => {
    const marked = fc.uniqueArray(fc.stringMatching(/^[g-z]{12}$/), { minLength: 40, maxLength: 40 })
    const shapes = [
      (value: string): unknown => value,
      (value: string): unknown => [value],
      (value: string): unknown => ({ [value]: value, sub: value, roles: [value] }),
    ]
    fc.assert(
      fc.property(
        named,
        marked,
        fc.array(fc.nat({ max: 2 }), { minLength: 20, maxLength: 20 }),
        (asked, marks, kinds) => {
          const valueAt = (index: number) =>
            (shapes[kinds[index % 20] as number] as (value: string) => unknown)(marks[index] as string)
          const claims = Object.fromEntries(names.map((name, index) => [name, valueAt(index)]))
          const [method, p, header] = marks.slice(-3) as [string, string, string]
          const shown = {
            now,
            method,
            params: { p },
            headers: { 'x-a': header },
            ip: '198.51.100.77',
            binding: undefined,
          }
          const { tree, outcome } = explainPolicy(asked, factsOf(claims, shown))
          const written = `${JSON.stringify(tree)}${formatTrace(tree)}${JSON.stringify(outcome)}`
          for (const mark of [...marks, '198.51.100.77']) expect(written).not.toContain(mark)
        },
      ),
      runs,
    )
  })
})
