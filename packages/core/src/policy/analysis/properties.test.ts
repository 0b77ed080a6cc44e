// The small models are complete: no request is one that they leave out, and each of them is a real one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authorizationDetails } from '../authorization-details-word.js'
import { claim, param } from '../comparison.js'
import { compilePolicy } from '../compile.js'
import { type PolicyFactsInput, policyFacts } from '../evaluate.js'
import { type Expression, make, type NamedPolicy } from '../policy.js'
import { policySet } from '../policy-set.js'
import { between, req, spiffe } from '../request-words.js'
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
} from '../words.js'
import { checkPolicies } from './check-policies.js'
import { diffPolicies } from './diff-policies.js'
import { leavesOf } from './mentions.js'
import { worldsOf } from './worlds.js'

/** Leaves of every kind, about few facts, so that they get into each other's way. */
const leaves: readonly (readonly Expression[])[] = [
  [allow(), denyAll(), use('one'), use('two'), use('nowhere')],
  [scope('a'), scope('b'), scope('a', 'b'), anyScope('b', 'c'), claim('scope').exists(), claim('scope').absent()],
  [make({ kind: 'scope', scopes: ['a:x'], wildcard: ':' }), claim('scp').absent(), claim('scp').includes('a')],
  [claim('scope').asSpaceList().includes('a'), claim('scope').equals('a b'), claim('scope').startsWith('a')],
  [role('admin'), role('user', 'admin'), claim('roles').exists(), claim('roles').includesAll('user', 'admin')],
  [issuer('i'), issuer('j'), audience('x'), audience('y'), subject('s'), subject('t'), claim('sub').startsWith('s')],
  [client('c', 'd'), client('c'), claim('client_id').equals('c'), claim('client_id').absent(), claim('azp').exists()],
  [authenticatedWithin('5m'), authenticatedWithin('1h'), claim('auth_time').exists()],
  [acrAtLeast('mid', ['low', 'mid', 'high']), acrAtLeast('high', ['low', 'mid', 'high']), claim('acr').equals('other')],
  [amr('otp'), amr('pwd', 'hwk'), amr('pwd'), claim('amr').exists(), boundBy('dpop'), boundBy('mtls', 'dpop')],
  [
    spiffe('spiffe://a/x'),
    spiffe('spiffe://a/*'),
    spiffe('spiffe://a/x/**', 'spiffe://b/other'),
    spiffe('spiffe://a/*/y', 'spiffe://b/**'),
  ],
  [actor.none(), actor.is('s'), actor.is('t'), actor.depthAtMost(1), actor.depthAtMost(2)],
  [
    claim('act', 'sub').equals('s'),
    claim('act', 'act').exists(),
    claim('act', 'act', 'sub').equals('s'),
    claim('act').exists(),
  ],
  [
    req.method('GET'),
    req.method('POST', 'GET'),
    req.ipIn('10.0.0.0/8'),
    req.ipIn('10.0.0.0/16'),
    req.ipIn('2001:db8::/32'),
  ],
  [
    req.ipIn('10.1.2.3'),
    between('09:00', '11:00'),
    between('10:30', '12:30', { tz: 'Europe/Zurich' }),
    between('22:00', '06:00', { days: 'Sat' }),
  ],
  [
    req.header('x-a').equals('a'),
    req.header('x-a').exists(),
    req.header('x-a').startsWith('a'),
    req.header('x-a').equals(param('p')),
  ],
  [param('p').equals('s'), param('p').exists(), param('p').startsWith('s'), claim('sub').equals(param('p'))],
  [
    claim('tenant').equals('a'),
    claim('tenant').oneOf('a', 'b'),
    claim('tenant').startsWith('a'),
    claim('tenant').endsWith('b'),
  ],
  [
    claim('tenant').equals(claim('sub')),
    claim('tenant').equals(param('p')),
    claim('tenant').orElse('s').equals(param('p')),
  ],
  [
    claim('tenant').asSpaceList().includes('a'),
    claim('tenant').asSpaceList().includesAny('a', 'b'),
    claim('tenant').absent(),
  ],
  [claim('tenant').equals(2), claim('tenant').equals(true), claim('tenant').exists()],
  [claim('groups').includes('a'), claim('groups').includes(param('p')), claim('groups').includesAny('a', 'b')],
  [claim('groups').includesAll('a', 'b'), claim('groups').equals('a'), claim('groups', 'x').exists()],
  [
    claim('realm', 'roles').includes('admin'),
    claim('realm').exists(),
    claim('realm', 'flag').equals(true),
    claim('realm').equals('x'),
  ],
  [
    claim('level').atLeast(1),
    claim('level').atMost(2),
    claim('level').equals(2),
    claim('level').atLeast(3),
    claim('level').oneOf(0, 3),
  ],
  [
    claim('level').asString().equals('2'),
    claim('level').asString().startsWith('1'),
    claim('level').asString().equals(param('p')),
  ],
  [
    authorizationDetails('pay'),
    authorizationDetails('pay', { actions: ['a'] }),
    authorizationDetails('pay', { actions: ['a', 'b'], identifier: 's' }),
    authorizationDetails('pay', { identifier: param('p') }),
    authorizationDetails('pay', { actions: ['b'], fields: { sum: { currency: 'EUR' }, level: 2 } }),
    claim('authorization_details').exists(),
  ],
  [
    authorizationDetails('read', { locations: ['x'], datatypes: ['a'] }),
    authorizationDetails('read', { locations: ['y'], privileges: ['a'], fields: { flag: true } }),
  ],
  [
    claim('level').orElse(2).atLeast(2),
    claim('level').equals(claim('flag')),
    claim('flag').equals(true),
    claim('flag').orElse(false).equals(false),
  ],
]

const small = (leaf: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> =>
  fc.letrec<{ node: Expression }>((tie) => {
    const nodes = fc.array(tie('node'), { minLength: 1, maxLength: 3 })
    return {
      node: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        { arbitrary: leaf, weight: 2 },
        nodes.map((of) => allOf(...of)),
        nodes.map((of) => anyOf(...of)),
        fc.tuple(nodes, fc.nat()).map(([of, count]) => atLeast((count % of.length) + 1, ...of)),
        tie('node').map((of) => not(of)),
      ),
    }
  }).node

/** Half of them about one or two facts, where it is hard. */
const expression: fc.Arbitrary<Expression> = fc.oneof(
  small(fc.constantFrom(...leaves.flat())),
  fc
    .subarray([...leaves.keys()], { minLength: 1, maxLength: 2 })
    .chain((rows) => small(fc.constantFrom(...rows.flatMap((row) => leaves[row] as readonly Expression[])))),
)
const named: fc.Arbitrary<NamedPolicy> = fc
  .tuple(expression, fc.array(expression, { maxLength: 1 }))
  .map(([allowed, forbid]) => policy('p', { allow: allowed, forbid }))
const pair = fc.oneof(
  fc.tuple(named, named),
  fc.tuple(named, expression).map(([one, part]) => [one, policy('p', { allow: allOf(one.allow, part) })] as const),
)

const now = Date.parse('2026-11-24T10:00:00Z') / 1000
const text = fc.constantFrom<unknown>('a', 'b', 's', 't', 'ab', 'a b', 'axb', 'st', '2', '12', 'z')
const odd = fc.constantFrom<unknown>(null, {}, [], 7, true, false, { x: 1 }, ['z'], '\ud800', 1.5)
const list = (...items: readonly string[]) => fc.subarray([...items, 'z'])
const oddly = <Value>(value: fc.Arbitrary<Value>) => fc.oneof({ arbitrary: value, weight: 8 }, odd)
const detail = fc.record(
  {
    type: fc.constantFrom('pay', 'read', 'other'),
    locations: oddly(list('x', 'y')),
    actions: oddly(list('a', 'b')),
    datatypes: oddly(list('a')),
    privileges: oddly(list('a')),
    identifier: oddly(text),
    sum: oddly(fc.record({ currency: fc.constantFrom('EUR', 'CHF') }, { requiredKeys: [] })),
    level: fc.constantFrom<unknown>(1, 2, '2'),
    flag: fc.constantFrom<unknown>(true, false, 'true'),
  },
  { requiredKeys: ['type'] },
)
const good: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  aud: fc.oneof(text, list('x', 'y')),
  sub: text,
  scope: fc.constantFrom('a', 'b', 'a b', 'b c', 'a:* b', 'a:x', 'a z', '', ['a'], ['a', 'b']),
  scp: fc.constantFrom(['a'], ['a', 'b'], ['c'], 'a', []),
  roles: list('admin', 'user'),
  client_id: fc.constantFrom('c', 'd', 'e'),
  azp: fc.constantFrom('c', 'd', 'e'),
  auth_time: fc.constantFrom(now, now - 300, now - 301, now - 3_601, now + 60, now + 61),
  acr: fc.constantFrom('low', 'mid', 'high', 'other'),
  amr: list('otp', 'pwd', 'hwk'),
  act: fc.constantFrom<unknown>(
    { sub: 's' },
    { sub: 't', act: { sub: 's' } },
    { sub: 's', act: { act: {} } },
    { act: 'x' },
  ),
  tenant: fc.oneof(text, fc.constantFrom(1, 2, true)),
  groups: fc.oneof(list('a', 'b', 's'), fc.constant('a'), fc.constant({ x: 'a' })),
  realm: fc.oneof(fc.record({ roles: list('admin'), flag: fc.boolean() }, { requiredKeys: [] }), fc.constant('x')),
  level: fc.constantFrom<unknown>(0, 1, 1.5, 2, 2.5, 3, 4, 12, 100, '2', '12'),
  flag: fc.oneof(fc.boolean(), fc.constantFrom(2, 3)),
  authorization_details: fc.array(detail, { maxLength: 3 }),
}
const claims = fc.record(
  {
    iss: fc.constantFrom('i', 'j', 'k'),
    ...Object.fromEntries(
      Object.entries(good).map(([name, value]) => [name, fc.oneof({ arbitrary: value, weight: 6 }, odd)]),
    ),
  },
  { requiredKeys: ['iss'] },
)
const request: fc.Arbitrary<PolicyFactsInput> = fc.record({
  claims,
  now: fc.oneof(
    fc.constant(now),
    fc.integer({ min: 0, max: 7 * 24 * 12 }).map((step) => now + step * 300),
  ),
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  params: fc.record({ p: fc.oneof({ arbitrary: text, weight: 5 }, fc.constant(['s'])) }, { requiredKeys: [] }),
  headers: fc.record({ 'x-a': text }, { requiredKeys: [] }),
  ip: fc.constantFrom(undefined, '10.0.1.1', '10.1.2.3', '10.200.0.0', '192.0.2.1', '2001:db8::1', '::1'),
  binding: fc.constantFrom(undefined, 'dpop' as const, 'mtls' as const),
  workload: fc.constantFrom(
    undefined,
    ...['spiffe://a/x', 'spiffe://a/y', 'spiffe://a/x/y', 'spiffe://a/z/y', 'spiffe://a/x/y/z', 'spiffe://a/z/z/z'],
    ...['spiffe://b/other', 'spiffe://b/x', 'spiffe://b/other/x', 'spiffe://c/x'],
  ),
})

const base = [
  policy('one', { allow: anyOf(scope('a'), claim('tenant').equals('a')), forbid: [claim('flag').equals(true)] }),
  policy('two', { allow: allOf(use('one'), not(role('other'))) }),
  policy('nowhere', { allow: denyAll() }),
] as const
const setOf = (asked: NamedPolicy) => policySet(...base, asked)
const passes = (asked: NamedPolicy, shown: PolicyFactsInput) =>
  compilePolicy(asked).check(policyFacts({ ...shown, policies: setOf(asked) })) === 1
const rulesOf = (asked: NamedPolicy) =>
  checkPolicies(setOf(asked))
    .filter((finding) => finding.policy === 'p')
    .map(({ rule }) => rule)

describe('no request', () => {
  it('is one of which the leaves say what they say of no world', () => {
    fc.assert(
      fc.property(named, fc.array(request, { minLength: 20, maxLength: 20 }), (asked, shown) => {
        const { compiled } = setOf(asked)
        const parts = [...new Set(leavesOf(asked, compiled))]
        const { all, areComplete } = worldsOf([{ policy: asked, named: compiled }])
        fc.pre(areComplete)
        const known = new Set(all.map(({ verdicts }) => verdicts.join()))
        for (const each of shown) {
          const facts = policyFacts({ ...each, policies: compiled })
          const said = parts.map((part) => compilePolicy(part).check(facts)).join()
          expect(known, `${JSON.stringify(parts)} ${JSON.stringify(each)} ${said}`).toContain(said)
        }
      }),
      { numRuns: 200, seed: 2026 },
    )
  })

  it('passes where nobody can, or is denied where everybody passes', () => {
    fc.assert(
      fc.property(named, fc.array(request, { minLength: 10, maxLength: 10 }), (asked, shown) => {
        const rules = rulesOf(asked)
        const passed = shown.map((each) => passes(asked, each))
        if (rules.includes('always-denies') || rules.includes('forbid-covers-allow')) expect(passed).not.toContain(true)
        if (rules.includes('always-allows')) expect(passed).not.toContain(false)
      }),
      { numRuns: 120, seed: 2026 },
    )
  })

  it('is judged differently by policies between which there is no difference', () => {
    fc.assert(
      fc.property(pair, fc.array(request, { minLength: 10, maxLength: 10 }), ([one, two], shown) => {
        const difference = diffPolicies(setOf(one), setOf(two)).find((each) => each.policy === 'p')
        fc.pre(difference?.isComplete !== false)
        for (const each of shown) {
          const change = Number(passes(two, each)) - Number(passes(one, each))
          if (change > 0) expect(difference?.opens).toBeDefined()
          if (change < 0) expect(difference?.closes).toBeDefined()
        }
      }),
      { numRuns: 120, seed: 2026 },
    )
  })
})

describe('every world', () => {
  it('is a request of which the leaves say what the world says', () => {
    fc.assert(
      fc.property(named, (asked) => {
        const meant = { policy: asked, named: setOf(asked).compiled }
        const { all, judge } = worldsOf([meant], 50)
        for (const world of all) {
          const facts = policyFacts({ ...world.request(), policies: meant.named })
          expect(judge(meant)(world)).toBe(compilePolicy(asked).check(facts))
        }
      }),
      { numRuns: 120, seed: 2026 },
    )
  })

  it('that is shown as a difference is judged differently', () => {
    fc.assert(
      fc.property(pair, ([one, two]) => {
        for (const { opens, closes } of diffPolicies(setOf(one), setOf(two))) {
          if (opens) expect([passes(one, opens), passes(two, opens)]).toEqual([false, true])
          if (closes) expect([passes(one, closes), passes(two, closes)]).toEqual([true, false])
        }
      }),
      { numRuns: 120, seed: 2026 },
    )
  })

  it('is judged by a policy as by itself', () => {
    fc.assert(
      fc.property(named, (asked) => {
        expect(diffPolicies(asked, asked)).toEqual([])
        expect(diffPolicies(setOf(asked), setOf(asked))).toEqual([])
      }),
      { numRuns: 40, seed: 2026 },
    )
  })
})
