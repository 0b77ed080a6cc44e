// What a route says in `config.auth`: judged while it is registered, and held to on every path that leads to it.
import { ConfigurationError, claim, not, param, policy, policySet, scope, use } from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import sallyport, { type RouteAuth } from '@sallyport/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const ofTenant = claim('tenant').equals(param('tenantId'))
const policies = policySet(policy('readers', { allow: scope('read') }))
const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock, policies }
const bearer = async (claims: Record<string, unknown> = {}) => ({ authorization: `Bearer ${await idp.issue(claims)}` })

async function guarded(): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(sallyport, trust)
  return app
}

const status = async (app: FastifyInstance, url: string, headers = {}, method: 'GET' | 'HEAD' | 'OPTIONS' = 'GET') =>
  (await app.inject({ method, url, headers })).statusCode

describe('config.auth', () => {
  it.each<[string, object]>([
    ['no config', {}],
    ['a config about other things', { config: { other: 1 } }],
    ['auth left undefined', { config: { auth: undefined } }],
  ])('protects a route with %s', async (_name, options) => {
    const app = await guarded()
    app.get('/', options, async () => 'in')
    expect(await status(app, '/')).toBe(401)
    expect(await status(app, '/', await bearer())).toBe(200)
  })

  it.each<[string, RouteAuth]>([
    ['a policy', scope('read')],
    ['a named policy', use('readers')],
    ['the name of one', 'readers'],
  ])('holds a route to %s', async (_name, auth) => {
    const app = await guarded()
    app.get('/', { config: { auth } }, async () => 'in')
    expect(await status(app, '/', await bearer({ scope: 'read' }))).toBe(200)
    expect(await status(app, '/', await bearer({ scope: 'write' }))).toBe(403)
    expect(await status(app, '/')).toBe(401)
  })

  it('makes a route public with false, which does not look at a credential', async () => {
    const app = await guarded()
    app.get('/', { config: { auth: false } }, async (request) => ({ auth: request.auth ?? null }))
    for (const headers of [{}, { authorization: 'Bearer garbage' }, await bearer()]) {
      const answer = await app.inject({ url: '/', headers })
      expect([answer.statusCode, answer.json()]).toEqual([200, { auth: null }])
    }
  })

  it('lets nobody but the absent pass as anonymous where it is optional', async () => {
    const app = await guarded()
    app.get('/', { config: { auth: { optional: true } } }, async ({ auth }) => ({ sub: auth?.subject ?? null }))
    expect((await app.inject('/')).json()).toEqual({ sub: null })
    expect((await app.inject({ url: '/', headers: await bearer({ sub: 'ann' }) })).json()).toEqual({ sub: 'ann' })
    expect(await status(app, '/', { authorization: 'Bearer garbage' })).toBe(401)
  })

  it.each<[string, unknown]>([
    ['true', true],
    ['null', null],
    ['an empty object', {}],
    ['optional: false', { optional: false }],
    ['optional beside something else', { optional: true, policy: 'readers' }],
    ['a number', 1],
    ['a list', [scope('read')]],
    ['a function', () => true],
    ['the name of no policy', 'writers'],
    ['a use of no policy', not(use('writers'))],
    ['a text that is no name', 'x y'],
    ['an empty text', ''],
    ['a claim without an operator', claim('tenant')],
    ['a policy made by hand', { kind: 'scope', scopes: ['read'] }],
  ])('refuses %s at once', async (_name, auth) => {
    const app = await guarded()
    expect(() => app.get('/', { config: { auth: auth as RouteAuth } }, async () => 'in')).toThrow(ConfigurationError)
  })
})

describe('a policy that reads a parameter of the route', () => {
  it('is refused where the route lacks it, by method and url', async () => {
    const app = await guarded()
    expect(() => app.get('/tenants/:tenant', { config: { auth: ofTenant } }, async () => 'in')).toThrow(
      'GET /tenants/:tenant: the policy reads :tenantId, which the route lacks',
    )
    expect(() => app.get('/:tenantIdentity', { config: { auth: ofTenant } }, async () => 'in')).toThrow(/lacks/)
    expect(() => app.get('/::tenantId', { config: { auth: ofTenant } }, async () => 'in')).toThrow(/lacks/) // a colon, and no parameter
  })

  it.each([
    ['/:tenantId', '/a'],
    ['/:tenantId-:other', '/a-b'],
    ['/:other-:tenantId', '/b-a'],
    ['/:tenantId(^[a-z]+).png', '/a.png'],
    ['/:tenantId/*', '/a/b/c'],
  ])('reads it out of %s', async (route, url) => {
    const app = await guarded()
    app.get(route, { config: { auth: ofTenant } }, async () => 'in')
    expect(await status(app, url, await bearer({ tenant: 'a' }))).toBe(200)
    expect(await status(app, url, await bearer({ tenant: 'z' }))).toBe(403)
  })

  it('finds it in the prefix of a parent', async () => {
    const app = await guarded()
    await app.register(
      async (child) => {
        child.get('/orders', { config: { auth: ofTenant } }, async () => 'in')
      },
      { prefix: '/tenants/:tenantId' },
    )
    expect(await status(app, '/tenants/a/orders', await bearer({ tenant: 'a' }))).toBe(200)
    expect(await status(app, '/tenants/b/orders', await bearer({ tenant: 'a' }))).toBe(403)
  })
})

describe('what no route was declared for, or declared early', () => {
  it('protects a route that was declared before the plugin', async () => {
    const app = fastify()
    app.get('/', { config: { auth: scope('read') } }, async () => 'in')
    await app.register(sallyport, trust)
    expect(await status(app, '/')).toBe(401)
    expect(await status(app, '/', await bearer({ scope: 'write' }))).toBe(403)
    expect(await status(app, '/', await bearer({ scope: 'read' }))).toBe(200)
  })

  it('lets nobody pass such a route by a rule that is none', async () => {
    const app = fastify()
    app.get('/', { config: { auth: {} as RouteAuth } }, async () => 'in')
    await app.register(sallyport, trust)
    expect(await status(app, '/', await bearer())).toBe(500)
  })

  it('protects the HEAD route that Fastify makes as the GET route', async () => {
    const app = await guarded()
    app.get('/', { config: { auth: scope('read') } }, async () => 'in')
    expect(await status(app, '/', {}, 'HEAD')).toBe(401)
    expect(await status(app, '/', await bearer({ scope: 'write' }), 'HEAD')).toBe(403)
    expect(await status(app, '/', await bearer({ scope: 'read' }), 'HEAD')).toBe(200)
  })

  it.each([false, true])('tells strangers nothing of unknown paths; own handler: %s', async (own) => {
    const app = await guarded()
    if (own) app.setNotFoundHandler((_request, reply) => void reply.code(404).send('nothing here'))
    expect(await status(app, '/nowhere')).toBe(401)
    expect(await status(app, '/nowhere', await bearer())).toBe(404)
  })

  it('asks a preflight for a token, unless a hook before it has answered', async () => {
    const app = fastify()
    app.addHook('onRequest', async (request, reply) => {
      if (request.method === 'OPTIONS' && request.headers.origin !== undefined) return reply.code(204).send()
    })
    await app.register(sallyport, trust)
    app.get('/', async () => 'in')
    expect(await status(app, '/', { origin: 'https://app.example.com' }, 'OPTIONS')).toBe(204)
    expect(await status(app, '/', {}, 'OPTIONS')).toBe(401)
  })
})
