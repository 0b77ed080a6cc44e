// The mistakes that languages of policies invite, each with what happens here instead.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  anyOf,
  audience,
  authenticatedWithin,
  type Clock,
  checkPolicies,
  claim,
  createVerifier,
  custom,
  evaluatePolicy,
  explainPolicy,
  isSatisfied,
  issuer,
  loadPolicies,
  not,
  type Policy,
  type PolicyFactsInput,
  param,
  parsePolicies,
  policy,
  policyFacts,
  policyKit,
  policySet,
  req,
  role,
  scope,
  subject,
  use,
} from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { describe, expect, it } from 'vitest'

const now = 1_800_000_000

type Input = Partial<PolicyFactsInput>
const passes = (asked: Policy, input: Input = {}) => isSatisfied(asked, policyFacts({ claims: {}, now, ...input }))
const outcome = (asked: Policy, input: Input = {}) =>
  explainPolicy(asked, policyFacts({ claims: {}, now, ...input })).tree.outcome

/** What is found in a set of one policy. */
const findings = (asked: Policy, issuers: readonly string[] = []) =>
  checkPolicies(policySet(policy('p', { allow: asked as never })), { issuers }).map(({ rule }) => rule)

describe('a policy', () => {
  it('missing == missing: what is not there equals nothing, not even what is not there either', () => {
    const sameTenant = claim('tenant').equals(param('tenantId'))
    for (const tenant of [undefined, null]) {
      for (const params of [{}, { tenantId: null }, { tenantId: undefined }]) {
        expect(outcome(sameTenant, { claims: { tenant }, params })).toBe('undetermined')
      }
    }
    expect(passes(sameTenant, { claims: { tenant: 'a' }, params: { tenantId: 'a' } })).toBe(true)
  })

  it('negation of a missing claim: what is not known is not false', () => {
    const notSuspended = not(claim('suspended').equals(true))
    expect(outcome(notSuspended)).toBe('undetermined')
    expect(passes(notSuspended, { claims: { suspended: false } })).toBe(true)
    expect(passes(anyOf(claim('suspended').absent(), notSuspended))).toBe(true)
    expect(passes(not(claim('suspended').orElse(false).equals(true)))).toBe(true)
  })

  it('deny rule whose condition errors: a forbid that is undetermined denies, and one that locks out is found', () => {
    const asked = policy('p', { allow: allow(), forbid: [claim('suspended').equals(true)] })
    expect(passes(asked)).toBe(false)
    expect(passes(asked, { claims: { suspended: 'yes' } })).toBe(false)
    expect(passes(asked, { claims: { suspended: false } })).toBe(true)
    expect(checkPolicies(policySet(asked)).map(({ rule, severity }) => `${severity} ${rule}`)).toEqual([
      'error forbid-locks-out',
    ])
    const guarded = policy('p', { allow: allow(), forbid: [claim('suspended').orElse(false).equals(true)] })
    expect(checkPolicies(policySet(guarded))).toEqual([])
  })

  it('default allow: there is none, and no empty word that would be one', () => {
    const nothing = undefined as never
    expect(() => policy('p', {} as never)).toThrow(/made by the policy words/)
    expect(() => allOf()).toThrow(/at least one part/)
    expect(() => scope()).toThrow(/at least one name/)
    expect(() => not(nothing)).toThrow(/made by the policy words/)
    expect(() => evaluatePolicy({ kind: 'allOf', of: [] }, policyFacts({ claims: {}, now }))).toThrow(/policy words/)
    expect(passes(use('nowhere'))).toBe(false)
    expect(passes(not(use('nowhere')))).toBe(false)
  })

  it('string where array expected: a text includes nothing', () => {
    for (const roles of ['admin', 'superadmin', 'bob admin']) {
      expect(outcome(claim('roles').includes('admin'), { claims: { roles } })).toBe('undetermined')
      expect(outcome(role('admin'), { claims: { roles } })).toBe('undetermined')
    }
    expect(outcome(claim('roles').asSpaceList().includes('admin'), { claims: { roles: 'superadmin' } })).toBe('false')
    expect(passes(claim('roles').asSpaceList().includes('admin'), { claims: { roles: 'bob admin' } })).toBe(true)
    expect(() => audience('')).toThrow(/names one by one/)
    expect(outcome(audience('a'), { claims: { aud: [] } })).toBe('false')
  })

  it('`scope` vs `scp` vs array: all are read, and where two differ neither is believed', () => {
    for (const claims of [
      { scope: 'a b' },
      { scope: ['a'] },
      { scp: 'a b' },
      { scp: ['a'] },
      { scope: 'a', scp: ['a'] },
    ]) {
      expect(passes(scope('a'), { claims })).toBe(true)
    }
    expect(outcome(scope('a'), { claims: { scope: 'a', scp: ['b'] } })).toBe('undetermined')
  })

  it('number vs string: they are never equal, unless the policy says how', () => {
    expect(outcome(claim('org').equals('2'), { claims: { org: 2 } })).toBe('undetermined')
    expect(outcome(claim('org').equals(2), { claims: { org: '2' } })).toBe('undetermined')
    expect(passes(claim('org').asString().equals('2'), { claims: { org: 2 } })).toBe(true)
    expect(outcome(claim('level').atLeast(1), { claims: { level: Number.POSITIVE_INFINITY } })).toBe('undetermined')
  })

  it('future `auth_time`: nobody has authenticated in the year 5138', () => {
    const fresh = authenticatedWithin('15m')
    expect(passes(fresh, { claims: { auth_time: 100_000_000_000 } })).toBe(false)
    expect(passes(fresh, { claims: { auth_time: now + 61 } })).toBe(false)
    expect(passes(fresh, { claims: { auth_time: now + 60 } })).toBe(true)
  })

  it('prototype keys: they are no claims, neither written nor inherited', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      expect(() => claim(name)).toThrow(/is no claim that a policy may read/)
      expect(() => claim('a', name, 'b')).toThrow(/is no claim that a policy may read/)
    }
    expect(outcome(claim('toString').exists())).toBe('false')
    expect(outcome(claim('a', 'valueOf').exists(), { claims: { a: {} } })).toBe('false')
    const claims = JSON.parse('{"__proto__": {"admin": true}, "a": {"__proto__": {"admin": true}}}')
    expect(outcome(claim('admin').equals(true), { claims })).toBe('undetermined')
    expect(outcome(claim('a', 'admin').equals(true), { claims })).toBe('undetermined')
  })

  it('operators inside claim values: an object is never compared', () => {
    for (const owner of [{ $ne: '' }, { __entity: { type: 'User', id: 'a' } }, ['a'], { toString: 'a' }]) {
      expect(outcome(claim('owner').equals(param('id')), { claims: { owner }, params: { id: 'a' } })).toBe(
        'undetermined',
      )
      expect(outcome(claim('owner').equals(claim('owner')), { claims: { owner } })).toBe('undetermined')
    }
    expect(() => claim('owner').equals({ $ne: '' } as never)).toThrow(/strings, finite numbers and booleans/)
  })

  it('ReDoS: text is compared as text, and there is no word for a pattern', () => {
    const words = Object.getOwnPropertyNames(Object.getPrototypeOf(claim('a'))).concat(Object.keys(req))
    expect(words.filter((word) => /match|regex|pattern|like/i.test(word))).toEqual([])
    expect(passes(claim('a').startsWith('^(a+)+$'), { claims: { a: `${'a'.repeat(100_000)}!` } })).toBe(false)
    expect(passes(claim('a').startsWith('(a+)+$'), { claims: { a: '(a+)+$' } })).toBe(true)
    expect(() => parsePolicies('version: 1\npolicies:\n  p:\n    allow: { claim: a, matches: b }\n')).toThrow(/matches/)
  })

  it('async predicate: a promise is no true', () => {
    expect(() => custom('c', {}, (async () => false) as never)).toThrow(/a promise is no true/)
    const sly = custom('c', {}, (() => Promise.resolve(true)) as never)
    expect(outcome(sly)).toBe('undetermined')
    expect(passes(not(sly))).toBe(false)
    expect(passes(custom('c', {}, () => true))).toBe(true)
  })

  it('URL-named claims: a name is a name, whatever is in it', () => {
    const url = 'https://example.com/roles'
    expect(passes(claim(url).includes('admin'), { claims: { [url]: ['admin'] } })).toBe(true)
    expect(passes(claim('a.b').equals('x'), { claims: { 'a.b': 'x' } })).toBe(true)
    expect(outcome(claim('a.b').equals('x'), { claims: { a: { b: 'x' } } })).toBe('undetermined')
  })

  it('nested claims: a path leads to them, from the outside in', () => {
    const asked = claim('resource_access', 'orders-api', 'roles').includes('read')
    expect(passes(asked, { claims: { resource_access: { 'orders-api': { roles: ['read'] } } } })).toBe(true)
    expect(outcome(asked, { claims: { resource_access: 'orders-api' } })).toBe('undetermined')
    const roleClaims = [['realm_access', 'roles']] as const
    expect(passes(role('admin'), { claims: { realm_access: { roles: ['admin'] } }, roleClaims })).toBe(true)
  })

  it('wildcard scopes: off, and then whole segments of what is granted', () => {
    const granted = { claims: { scope: 'orders:*' } }
    const kit = policyKit({ scopes: { wildcard: ':' } })
    expect(passes(scope('orders:read'), granted)).toBe(false)
    expect(passes(kit.scope('orders:read'), granted)).toBe(true)
    expect(passes(kit.scope('orders:a:b'), granted)).toBe(false)
    expect(passes(kit.scope('orders:a:b'), { claims: { scope: 'orders:**' } })).toBe(true)
    expect(passes(kit.scope('orders:*'), { claims: { scope: 'orders:read' } })).toBe(false)
    expect(findings(scope('orders:*'))).toContain('wildcard-required')
  })

  it('delegation chains: the outermost actor acts, and those before are history', () => {
    const claims = { act: { sub: 'agent', act: { sub: 'trusted' } } }
    expect(passes(actor.is('trusted'), { claims })).toBe(false)
    expect(passes(actor.is('agent'), { claims })).toBe(true)
    expect(passes(actor.depthAtMost(1), { claims })).toBe(false)
    expect(passes(actor.depthAtMost(2), { claims })).toBe(true)
    expect(findings(claim('act', 'act', 'sub').equals('trusted'))).toContain('actor-history')
  })

  it('`acr` ordering: the ladder is said, and a level beside it is unknown', () => {
    const asked = acrAtLeast('silver', ['bronze', 'silver', 'gold'])
    expect(passes(asked, { claims: { acr: 'gold' } })).toBe(true)
    expect(outcome(asked, { claims: { acr: 'bronze' } })).toBe('false')
    expect(outcome(asked, { claims: { acr: 'zinc' } })).toBe('undetermined')
  })

  it('claim without issuer: with two issuers, a claim alone is found', () => {
    const two = ['https://a', 'https://b']
    expect(findings(subject('ann'), two)).toContain('claim-without-issuer')
    expect(findings(claim('tenant').equals('a'), two)).toContain('claim-without-issuer')
    expect(findings(allOf(issuer('https://a'), claim('tenant').equals('a')), two)).toEqual([])
    expect(findings(claim('tenant').equals('a'), two.slice(1))).toEqual([])
  })

  it('`email` without `email_verified` is found', () => {
    const ours = claim('email').endsWith('@example.com')
    expect(findings(ours)).toEqual(['email-unverified'])
    expect(findings(allOf(ours, claim('email_verified').equals(true)))).toEqual([])
  })

  it('request facts: one text each, or they are not known', () => {
    const mine = claim('sub').equals(param('id'))
    expect(outcome(mine, { claims: { sub: 'a' }, params: { id: ['a', 'b'] } })).toBe('undetermined')
    expect(outcome(mine, { claims: { sub: '%61' }, params: { id: 'a' } })).toBe('false')
    expect(outcome(req.header('x-a').equals('a'), { headers: { 'x-a': ['a', 'b'] } })).toBe('undetermined')
    expect(outcome(req.ipIn('10.0.0.0/8'))).toBe('undetermined')
    expect(passes(req.ipIn('10.0.0.0/8'), { ip: '::ffff:10.1.2.3' })).toBe(true)
  })

  it('cache confusion: a policy remembers no token', () => {
    const asked = allOf(scope('a'), claim('tenant').equals('x'))
    const [mine, others] = [
      { scope: 'a', tenant: 'x' },
      { scope: 'a', tenant: 'y' },
    ].map((claims) => policyFacts({ claims, now })) as [ReturnType<typeof policyFacts>, ReturnType<typeof policyFacts>]
    expect([mine, others, mine, others].map((facts) => isSatisfied(asked, facts))).toEqual([true, false, true, false])
    expect(isSatisfied(asked, policyFacts({ claims: { scope: 'a', tenant: 'y', jti: 'same' }, now }))).toBe(false)
  })

  it('policy store tampering: what is not good never takes over from what was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policies-'))
    const path = join(folder, 'policies.json')
    const document = (allowed: unknown) => JSON.stringify({ version: 1, policies: { p: { allow: allowed } } })
    try {
      writeFileSync(path, document({ scope: 'a' }))
      const policies = loadPolicies(path, { reloadSeconds: 0 })
      const asked = (granted: string) => passes(use('p'), { claims: { scope: granted }, policies: policies.current })
      for (const bad of [
        '',
        '{',
        document({}),
        document({ scpoe: 'b' }),
        document({ use: 'q' }),
        'x'.repeat(2_000_000),
      ]) {
        writeFileSync(path, bad)
        await policies.reload()
        expect([asked('a'), asked('b')]).toEqual([true, false])
      }
      writeFileSync(path, document({ scope: 'b' }))
      await policies.reload()
      expect([asked('a'), asked('b')]).toEqual([false, true])
      expect(() => loadPolicies(join(folder, 'nowhere.json'))).toThrow(/cannot be read/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('YAML 1.1 traps: a text is what it looks like, and nothing is merged, linked or said twice', () => {
    const document = (allowed: string) => `version: 1\npolicies:\n  p:\n    allow: ${allowed}\n`
    const asked = parsePolicies(document('{ claim: country, equals: no }')).get('p') as Policy
    expect(passes(asked, { claims: { country: 'no' } })).toBe(true)
    const hours = parsePolicies(document('{ between: [08:00, 18:00] }')).get('p') as Policy
    expect(hours).toMatchObject({ allow: { from: '08:00', to: '18:00' } })
    for (const trap of [
      '{ scope: &a x }',
      '{ scope: *a }',
      '{ scope: !!str x }',
      '{ <<: { scope: x } }',
      '{ scope: x, scope: y }',
    ]) {
      expect(() => parsePolicies(document(trap)), trap).toThrow(/^policies:4:/)
    }
  })
})

describe('time of check', () => {
  it('every part of a policy is told the same time, and the decision says how long it holds', async () => {
    const clock = createTestClock()
    const idp = await createTestIssuer({ clock })
    try {
      const start = clock()
      let ticks = 0
      const ticking: Clock = () => start + (ticks++ % 10)
      const verifier = createVerifier({
        issuers: [{ issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, profile: 'jwt' }],
        clock: ticking,
      })
      const told: number[] = []
      const listening = (name: string) => custom(name, {}, ({ now: time }) => told.push(time) > 0)
      const asked = allOf(listening('a'), authenticatedWithin('5m'), anyOf(listening('b')))
      const request = { headers: await idp.asUser({ auth_time: start - 60 }) }
      for (let round = 0; round < 3; round++) {
        told.length = 0
        expect(await verifier.verify(request, asked)).toMatchObject({ allowed: true, validUntil: start + 240 })
        expect(told.length).toBeGreaterThan(1)
        expect(new Set(told).size).toBe(1)
      }
    } finally {
      await idp.close()
    }
  })
})
