// Policies through the verifier: what they are judged by, what the client is told, what the operator is, and for how long.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigurationError } from './errors.js'
import type { DecisionEvent } from './events.js'
import { claim, param } from './policy/comparison.js'
import { policySet } from './policy/policy-set.js'
import { req } from './policy/request-words.js'
import {
  acrAtLeast,
  allOf,
  anyOf,
  authenticatedWithin,
  boundBy,
  custom,
  not,
  policy,
  role,
  scope,
  use,
} from './policy/words.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const verifier = createVerifier(inline)
const now = clock()

const request = async (claims: object = {}, more: object = {}) => ({
  headers: { authorization: `Bearer ${await idp.issue({ ...claims })}` },
  ...more,
})

describe('a policy', () => {
  const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))

  it.each([
    ['the tenant of the route', { tenant: 't1' }, { tenantId: 't1' }, true],
    ['another tenant', { tenant: 't2' }, { tenantId: 't1' }, false],
    ['no tenant, and no parameter', {}, {}, false],
    ['an admin of another tenant', { tenant: 't2', roles: ['admin'] }, { tenantId: 't1' }, true],
    ['roles that are text', { tenant: 't2', roles: 'admin' }, { tenantId: 't1' }, false],
    ['a tenant that is a list', { tenant: ['t1'] }, { tenantId: 't1' }, false],
    ['two of the same kind that are no text', { tenant: { a: 1 } }, { tenantId: { a: 1 } }, false],
  ])('judges claims and route parameters: %s', async (_, claims, params, allowed) => {
    expect(await verifier.verify(await request(claims, { params }), ofTenant)).toMatchObject({ allowed })
  })

  it('reads what the issuer signed, not what the schema of the application makes of it', async () => {
    const stripping = createVerifier({ ...inline, claims: z.object({ sub: z.string().transform(() => 'root') }) })
    const shown = await request({ sub: 'ann', plan: 'paid' })
    const decision = await stripping.verify(shown, allOf(claim('sub').equals('ann'), claim('plan').equals('paid')))
    expect(decision).toMatchObject({ allowed: true, auth: { claims: { sub: 'root' } } })
    expect(await stripping.verify(shown, claim('sub').equals('root'))).toMatchObject({ allowed: false })
  })

  it('reads scopes and roles where the issuer writes them', async () => {
    const elsewhere = createVerifier({ ...inline, scopeClaims: [['permissions']], roleClaims: [['app', 'roles']] })
    const shown = await request({ permissions: ['read'], app: { roles: ['clerk'] }, scope: 'write', roles: ['admin'] })
    expect(await elsewhere.verify(shown, allOf(scope('read'), role('clerk')))).toMatchObject({ allowed: true })
    expect(await elsewhere.verify(shown, scope('write'))).toMatchObject({ allowed: false })
    expect(await elsewhere.verify(shown, role('admin'))).toMatchObject({ allowed: false })
  })

  it('sees method and headers, and a header that came twice not at all', async () => {
    const eu = allOf(req.method('GET', 'HEAD'), req.header('X-Region').equals('eu'))
    const shown = await request()
    const withHeaders = (...regions: string[]) => ({
      ...shown,
      method: 'GET',
      rawHeaders: regions.flatMap((region) => ['x-region', region]),
    })
    expect(await verifier.verify(withHeaders('eu'), eu)).toMatchObject({ allowed: true })
    expect(await verifier.verify(withHeaders('us'), eu)).toMatchObject({ allowed: false })
    expect(await verifier.verify(withHeaders('eu', 'eu'), eu)).toMatchObject({ allowed: false })
    expect(await verifier.verify({ ...withHeaders('eu'), method: 'POST' }, eu)).toMatchObject({ allowed: false })
    expect(await verifier.verify({ ...withHeaders('eu'), method: undefined }, eu)).toMatchObject({ allowed: false })
  })

  it.each([
    [undefined, '10.20.0.7', undefined, false],
    [[], '10.20.0.7', undefined, true],
    [[], '10.21.0.7', undefined, false],
    [[], '192.0.2.1', '10.20.0.7', false],
    [['192.0.2.1'], '192.0.2.1', '10.20.0.7', true],
    [['192.0.2.0/24'], '192.0.2.1', '10.20.0.7, 192.0.2.9', true],
    [['192.0.2.1'], '192.0.2.1', '10.20.0.7, 203.0.113.5', false],
    [['192.0.2.1'], '192.0.2.1', '10.20.0.7, oops', false],
  ])(
    'believes in an address what trustedProxies %j say: %s, %s',
    async (trustedProxies, remoteAddress, forwarded, allowed) => {
      const behind = createVerifier({ ...inline, ...(trustedProxies && { trustedProxies }) })
      const { headers } = await request()
      const shown = { headers: { ...headers, ...(forwarded && { 'x-forwarded-for': forwarded }) }, remoteAddress }
      expect(await behind.verify(shown, req.ipIn('10.20.0.0/16'))).toMatchObject({ allowed })
    },
  )

  it('that asks for a proof lets nobody pass yet, nor does its opposite', async () => {
    expect(await verifier.verify(await request(), boundBy('dpop'))).toMatchObject({ code: 'policy_denied' })
    expect(await verifier.verify(await request(), not(boundBy('dpop')))).toMatchObject({ code: 'policy_denied' })
  })

  it('is judged by one moment', async () => {
    const moments: number[] = []
    const noting = custom('noting', {}, (facts) => moments.push(facts.now) > 0)
    const ticking = createVerifier({ ...inline, clock: () => clock() + moments.length })
    await ticking.verify(await request(), allOf(noting, noting))
    expect(moments).toEqual([now, now])
  })
})

describe('what the client is told', () => {
  it('is every scope that is needed', async () => {
    const both = allOf(scope('read'), anyOf(role('admin'), scope('write')))
    expect(await verifier.verify(await request({ scope: 'read' }), both)).toMatchObject({
      code: 'scope_insufficient',
      status: 403,
      headers: { 'WWW-Authenticate': expect.stringContaining('error="insufficient_scope"') },
    })
    const { headers } = (await verifier.verify(await request(), both)) as { headers: Record<string, string> }
    expect(headers['WWW-Authenticate']).toMatch(/ scope="read write"$/)
  })

  it('R-9470-1: is how and how recently to log in', async () => {
    const levels = ['loa:1', 'loa:2', 'loa:3']
    const strong = allOf(scope('pay'), acrAtLeast('loa:2', levels), authenticatedWithin('5m'))
    const claims = { scope: 'pay', acr: 'loa:2', auth_time: now - 300 }
    expect(await verifier.verify(await request(claims), strong)).toMatchObject({ allowed: true })
    for (const [spoiled, challenge] of [
      [{ ...claims, auth_time: now - 301 }, 'acr_values="loa:2 loa:3", max_age="300"'],
      [{ ...claims, acr: 'loa:1' }, 'acr_values="loa:2 loa:3", max_age="300"'],
      [{ ...claims, scope: 'read', acr: 'loa:1' }, 'scope="pay", acr_values="loa:2 loa:3", max_age="300"'],
    ] as const) {
      const decision = await verifier.verify(await request(spoiled), strong)
      expect(decision).toMatchObject({ code: 'step_up_required', status: 401 })
      expect(decision.allowed || decision.headers['WWW-Authenticate']).toBe(
        `Bearer realm="api", error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required", ${challenge}`,
      )
    }
  })

  it.each([undefined, null, 'yesterday', String(now), now + 61])(
    'R-9470-2: is to log in where auth_time is %j',
    async (auth_time) => {
      const decision = await verifier.verify(await request({ auth_time }), authenticatedWithin('5m'))
      expect(decision).toMatchObject({ code: 'step_up_required' })
    },
  )

  it('R-9470-3: is not to log in where the token is no good at all', async () => {
    const decision = await verifier.verify(await request({ exp: now - 60, iat: now - 90 }), authenticatedWithin('5m'))
    expect(decision).toMatchObject({ code: 'token_expired' })
  })

  it('is nothing where nothing would help', async () => {
    const decision = await verifier.verify(await request(), allOf(scope('read'), claim('tenant').equals('t1')))
    expect(decision).toMatchObject({ code: 'policy_denied', status: 403 })
    expect(decision.allowed || decision.headers['WWW-Authenticate']).toBe('Bearer realm="api"')
  })
})

describe('what the operator is told', () => {
  const mine = policy('mine', {
    allow: allOf(scope('read'), claim('tenant').equals(param('tenantId'))),
    message: 'the people of the tenant',
  })

  it('is why, part by part, and for one who passes too', async () => {
    const denied = await verifier.explain(
      await request({ scope: 'read', tenant: 't2' }, { params: { tenantId: 't1' } }),
      mine,
    )
    expect(denied).toMatchObject({
      code: 'policy_denied',
      reason: 'the policy mine is not satisfied: the people of the tenant',
      policy: {
        text: 'policy mine',
        outcome: 'false',
        message: 'the people of the tenant',
        parts: [{ parts: [{ outcome: 'true' }, { text: 'claim tenant equals param tenantId', outcome: 'false' }] }],
      },
    })
    expect(denied.checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      check: 'policy',
      got: 'claim tenant equals param tenantId: false',
    })
    const allowed = await verifier.explain(
      await request({ scope: 'read', tenant: 't1' }, { params: { tenantId: 't1' } }),
      mine,
    )
    expect(allowed).toMatchObject({ allowed: true, policy: { text: 'policy mine', outcome: 'true' } })
  })

  it('holds no policy where none was reached', async () => {
    expect(await verifier.explain({ headers: {} }, mine)).not.toHaveProperty('policy')
    expect(await verifier.explain(await request())).not.toHaveProperty('policy')
  })

  it('comes with the event, without a value of the token', async () => {
    const events: DecisionEvent[] = []
    const listener = (event: unknown) => void events.push(event as DecisionEvent)
    subscribe('sallyport:decision', listener)
    await verifier.verify(
      await request({ tenant: 'a-secret-tenant' }, { params: { tenantId: 'a-secret-param' } }),
      mine,
    )
    unsubscribe('sallyport:decision', listener)
    expect(events).toMatchObject([{ allowed: false, code: 'policy_denied', policy: { text: 'policy mine' } }])
    expect(JSON.stringify(events)).not.toContain('a-secret')
  })
})

describe('validUntil', () => {
  it('is the end of the token', async () => {
    expect(await verifier.verify(await request())).toMatchObject({ validUntil: now + 300 })
    expect(await verifier.verify(await request({ scope: 'a' }), scope('a'))).toMatchObject({ validUntil: now + 300 })
  })

  it('is the end of what the policy asks, if that comes first', async () => {
    const fresh = anyOf(scope('a'), authenticatedWithin('2m'))
    const shown = await request({ auth_time: now - 60 })
    expect(await verifier.verify(shown, fresh)).toMatchObject({ validUntil: now + 60 })
    expect(await verifier.verify(await request({ scope: 'a', auth_time: now - 60 }), fresh)).toMatchObject({
      validUntil: now + 300,
    })
  })
})

describe('named policies', () => {
  const policies = policySet(policy('orders.read', { allow: scope('read:orders') }))
  const named = createVerifier({ ...inline, policies, policy: use('orders.read') })

  it('are found by use, and may be the default', async () => {
    expect(await named.verify(await request({ scope: 'read:orders' }))).toMatchObject({ allowed: true })
    expect(await named.verify(await request({ scope: 'read:menu' }))).toMatchObject({ code: 'scope_insufficient' })
    expect(await named.verify(await request({ scope: 'read:menu' }), scope('read:menu'))).toMatchObject({
      allowed: true,
    })
  })

  it('that are not there are a mistake of the developer, and let nobody pass', async () => {
    const shown = await request({ scope: 'read:orders' })
    await expect(named.verify(shown, use('orders.raed'))).rejects.toThrow(
      new ConfigurationError('no policy is named orders.raed; did you mean orders.read?'),
    )
    await expect(verifier.verify(shown, not(use('orders.read')))).rejects.toThrow('`policies`')
    expect(() => createVerifier({ ...inline, policies, policy: use('orders') })).toThrow('no policy is named orders')
    expect(() => createVerifier({ ...inline, policy: use('orders.read') })).toThrow('`policies`')
    const auth = await named.verifyToken(await idp.issue())
    await expect(named.authorize(auth, use('orders'))).rejects.toThrow(ConfigurationError)
  })

  it.each([null, {}, 'policies.yaml', [policies], new Map()])('are a set or a file of them, not %j', (wrong) => {
    expect(() => createVerifier({ ...inline, policies: wrong as never })).toThrow('`policies`')
  })

  it('tell the route parameters that they read', () => {
    const set = policySet(policy('t', { allow: claim('tenant').equals(param('tenantId')) }))
    const verifier = createVerifier({ ...inline, policies: set })
    expect(verifier.routeParamsOf(allOf(use('t'), param('region').oneOf('eu', 'us')))).toEqual(['region', 'tenantId'])
    expect(verifier.routeParamsOf(scope('a'))).toEqual([])
  })
})

describe('trustedProxies', () => {
  it.each(['10.0.0.0/8', [7], ['proxy.example'], ['10.0.0.0/33'], ['::1/129'], ['10.0.0.0/-1']])(
    'are addresses and ranges, not %j',
    (wrong) => {
      expect(() => createVerifier({ ...inline, trustedProxies: wrong as never })).toThrow('`trustedProxies`')
    },
  )
})
