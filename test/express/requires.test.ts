import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { auth, requires, scope } from '@sallyport/express'
import type { Express, RequestHandler } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = async (...issue: Parameters<typeof idp.issue>) => `Authorization: Bearer ${await idp.issue(...issue)}`

describe.each(expressMajors)('requires() in %s', (_, express) => {
  function appWith(build: (app: Express) => void) {
    const app = express()
    build(app)
    return serve(app)
  }

  const orders = (app: Express) =>
    app.get('/orders', requires(scope('read', 'list')), (_request, response) => void response.send('orders'))

  it('lets a token pass that was granted every scope', async () => {
    await using app = await appWith((it) => void orders(it.use(auth(trust))))
    expect((await app.send('GET /orders', [await bearer({ scope: 'list read' })])).body).toBe('orders')
  })

  it('answers 403 with all that is needed where a scope is lacking', async () => {
    await using app = await appWith((it) => void orders(it.use(auth(trust))))
    const { status, headers, body } = await app.send('GET /orders', [await bearer({ scope: 'read' })])
    expect(status).toBe(403)
    expect(headers.get('www-authenticate')?.[0]).toMatch(/^Bearer .*error="insufficient_scope".*scope="read list"$/)
    expect(JSON.parse(body)).toMatchObject({ code: 'scope_insufficient' })
  })

  it('lets nobody anonymous pass behind an optional guard', async () => {
    await using app = await appWith((it) => void orders(it.use(auth({ ...trust, optional: true }))))
    const { status, headers } = await app.send('GET /orders')
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toEqual(['Bearer realm="api"'])
  })

  it('is 500 without auth() before it, and never passes', async () => {
    await using app = await appWith((it) => void orders(it))
    expect((await app.send('GET /orders')).status).toBe(500)
    expect((await app.send('GET /orders', [await bearer({ scope: 'read list' })])).status).toBe(500)
  })

  it('is 500 where auth() stands behind it', async () => {
    await using app = await appWith((it) => {
      it.get('/orders', requires(scope('read')), auth(trust), (_request, response) => void response.send('orders'))
    })
    expect((await app.send('GET /orders', [await bearer({ scope: 'read' })])).status).toBe(500)
  })

  it('is not fooled by who else writes to req.auth', async () => {
    const forging: RequestHandler = (request, _response, next) => {
      Object.assign(request, { auth: { scopes: ['read', 'list'], claims: {} } })
      next()
    }
    await using app = await appWith((it) => {
      it.use(auth(trust), forging)
      orders(it)
    })
    expect((await app.send('GET /orders', [await bearer({ scope: 'read' })])).status).toBe(403)
    await using open = await appWith((it) => {
      it.use(forging)
      orders(it)
    })
    expect((await open.send('GET /orders')).status).toBe(500)
  })

  it('asks for all of several', async () => {
    await using app = await appWith((it) => {
      it.use(auth(trust))
      it.get('/', requires(scope('a')), requires(scope('b')), (_request, response) => void response.send('both'))
    })
    expect((await app.send('GET /', [await bearer({ scope: 'a b' })])).status).toBe(200)
    expect((await app.send('GET /', [await bearer({ scope: 'a' })])).status).toBe(403)
    expect((await app.send('GET /', [await bearer({ scope: 'b' })])).status).toBe(403)
  })

  it('stands on the route that was matched, however its path was written', async () => {
    await using app = await appWith((it) => {
      it.use(auth(trust))
      it.get('/admin', requires(scope('admin')), (_request, response) => void response.send('admin'))
    })
    const line = await bearer({ scope: 'read' })
    for (const path of [
      '/admin',
      '/ADMIN',
      '/admin/',
      '/%61dmin',
      '//admin',
      '/./admin',
      '/x/../admin',
      '/admin?x',
      '/admin;x',
    ]) {
      const { status, body } = await app.send(`GET ${path}`, [line])
      expect([403, 404], `${path}: ${status}`).toContain(status)
      expect(body).not.toBe('admin')
    }
  })

  it('judges the policy on every sight of a token', async () => {
    await using app = await appWith((it) => {
      it.use(auth(trust))
      for (const name of ['read', 'write']) {
        it.get(`/${name}`, requires(scope(name)), (_request, response) => void response.send(name))
      }
    })
    const line = await bearer({ scope: 'read' })
    for (let sight = 0; sight < 3; sight++) {
      expect((await app.send('GET /read', [line])).status).toBe(200)
      expect((await app.send('GET /write', [line])).status).toBe(403)
    }
  })

  it.each([undefined, null, 'read', ['read'], {}, () => true])('does not build of %j', (policy) => {
    expect(() => requires(policy as never)).toThrow('policy')
  })
})
