// Policies on routes: what Express knows of a request, and what the client gets over the socket.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import {
  anyOf,
  auth,
  authenticatedWithin,
  claim,
  param,
  policy,
  policySet,
  req,
  requires,
  role,
  use,
} from '@sallyport/express'
import type { ErrorRequestHandler, Express } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = async (...issue: Parameters<typeof idp.issue>) => `Authorization: Bearer ${await idp.issue(...issue)}`
const ofTenant = anyOf(role('admin'), claim('tenant').equals(param('tenantId')))

describe.each(expressMajors)('policies in %s', (_, express) => {
  const messages: string[] = []
  const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
    messages.push(String(error))
    response.status(500).end()
  }

  function appWith(build: (app: Express) => void) {
    const app = express()
    app.use(auth({ ...trust, trustedProxies: [] }))
    build(app)
    app.use(answerError)
    return serve(app)
  }

  const ok = (_request: unknown, response: { send(body: string): unknown }) => void response.send('in')

  it('protect a multi-tenant route', async () => {
    await using app = await appWith((it) => it.get('/tenants/:tenantId/orders', requires(ofTenant), ok))
    const send = async (path: string, claims: object) =>
      (await app.send(`GET ${path}`, [await bearer({ ...claims })])).status
    expect(await send('/tenants/t1/orders', { tenant: 't1' })).toBe(200)
    expect(await send('/tenants/t2/orders', { tenant: 't1' })).toBe(403)
    expect(await send('/tenants/t2/orders', { tenant: 't1', roles: ['admin'] })).toBe(200)
    expect(await send('/tenants/t2/orders', {})).toBe(403)
    expect(await send('/tenants/T1/orders', { tenant: 't1' })).toBe(403)
    expect(await send('/tenants/t%31/orders', { tenant: 't1' })).toBe(200) // the router decodes it, once
    expect(await send('/tenants/t%2531/orders', { tenant: 't1' })).toBe(403)
    expect(await send('/tenants/t2/orders?tenantId=t1', { tenant: 't1' })).toBe(403)
  })

  it('see the parameters of a router above, where it merges them', async () => {
    await using app = await appWith((it) => {
      const router = express.Router({ mergeParams: true })
      router.get('/orders', requires(ofTenant), ok)
      it.use('/tenants/:tenantId', router)
    })
    expect((await app.send('GET /tenants/t1/orders', [await bearer({ tenant: 't1' })])).status).toBe(200)
    expect((await app.send('GET /tenants/t2/orders', [await bearer({ tenant: 't1' })])).status).toBe(403)
  })

  it('that read a parameter which the route lacks are an error, whoever asks', async () => {
    await using app = await appWith((it) => it.get('/orders/:id', requires(ofTenant), ok))
    expect((await app.send('GET /orders/7', [await bearer({ roles: ['admin'] })])).status).toBe(500)
    expect(messages.at(-1)).toContain(':tenantId')
  })

  it('name the login that is needed', async () => {
    await using app = await appWith((it) => it.post('/payouts', requires(authenticatedWithin('5m')), ok))
    const { status, headers, body } = await app.send('POST /payouts', [await bearer()])
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')?.[0]).toMatch(/error="insufficient_user_authentication".*max_age="300"$/)
    expect(JSON.parse(body)).toMatchObject({ code: 'step_up_required', status: 401 })
    const fresh = await bearer({ auth_time: clock() - 300 })
    expect((await app.send('POST /payouts', [fresh])).status).toBe(200)
  })

  it("see method, headers and the socket's address", async () => {
    await using app = await appWith((it) => {
      it.all('/a', requires(req.method('GET')), ok)
      it.get('/b', requires(req.header('x-region').equals('eu')), ok)
      it.get('/c', requires(req.ipIn('127.0.0.0/8')), ok)
      it.get('/d', requires(req.ipIn('10.0.0.0/8')), ok)
    })
    const who = await bearer()
    expect((await app.send('GET /a', [who])).status).toBe(200)
    expect((await app.send('POST /a', [who])).status).toBe(403)
    expect((await app.send('GET /b', [who, 'X-Region: eu'])).status).toBe(200)
    expect((await app.send('GET /b', [who, 'X-Region: eu', 'X-Region: eu'])).status).toBe(403)
    expect((await app.send('GET /c', [who])).status).toBe(200)
    expect((await app.send('GET /d', [who, 'X-Forwarded-For: 10.0.0.1'])).status).toBe(403)
  })

  it('are found by name', async () => {
    const policies = policySet(policy('tenants', { allow: ofTenant }))
    const app = express()
    app.use(auth({ ...trust, policies }))
    app.get('/tenants/:tenantId', requires(use('tenants')), ok)
    app.get('/orders', requires(use('tenants')), ok)
    app.get('/typo', requires(use('tenant')), ok)
    app.use(answerError)
    await using served = await serve(app)
    const who = await bearer({ tenant: 't1' })
    expect((await served.send('GET /tenants/t1', [who])).status).toBe(200)
    expect((await served.send('GET /tenants/t2', [who])).status).toBe(403)
    expect((await served.send('GET /orders', [who])).status).toBe(500)
    expect((await served.send('GET /typo', [who])).status).toBe(500)
    expect(messages.at(-1)).toContain('did you mean tenants?')
  })
})
