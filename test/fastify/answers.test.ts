// What happens to a refusal inside Fastify: error handlers, hooks, schemas; and to faults, which are not refusals.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import sallyport, { DeniedError, scope } from '@sallyport/fastify'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = async (claims: Record<string, unknown> = {}) => ({ authorization: `Bearer ${await idp.issue(claims)}` })

describe('a refusal', () => {
  it('is answered as the engine words it, where nobody handles errors', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    app.get('/', async () => 'in')
    const answer = await app.inject('/')
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="api"/)
    expect(answer.json()).toMatchObject({ code: 'credential_missing', status: 401 })
  })

  it('goes to the error handler of the application, with status and challenge set', async () => {
    const app = fastify()
    const seen: unknown[] = []
    app.setErrorHandler((error, _request, reply) => {
      seen.push(error, reply.statusCode, reply.getHeader('www-authenticate'))
      return reply.type('application/json').send({ mine: true })
    })
    await app.register(sallyport, trust)
    app.get('/', { config: { auth: scope('read') } }, async () => 'in')
    const answer = await app.inject({ url: '/', headers: await bearer({ scope: 'write' }) })
    expect(seen[0]).toBeInstanceOf(DeniedError)
    expect(seen[0]).toMatchObject({ code: 'scope_insufficient', statusCode: 403, body: { code: 'scope_insufficient' } })
    expect(seen[1]).toBe(403)
    expect(seen[2]).toContain('insufficient_scope')
    expect([answer.statusCode, answer.json()]).toEqual([403, { mine: true }])
    expect(answer.headers['www-authenticate']).toContain('insufficient_scope')
  })

  it('goes to the error handler of the scope that the route stands in', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    app.get('/outer', async () => 'in')
    await app.register(async (child) => {
      child.setErrorHandler((_error, _request, reply) => reply.type('text/plain').send('mine'))
      child.get('/inner', async () => 'in')
    })
    const inner = await app.inject('/inner')
    expect([inner.statusCode, inner.body]).toEqual([401, 'mine'])
    expect((await app.inject('/outer')).json()).toMatchObject({ code: 'credential_missing' })
  })

  it('goes to the error handler of the route itself, and of its HEAD', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    const errorHandler = (_error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
      void reply.type('text/plain').header('x-mine', 'yes').send('mine')
    app.get('/own', { errorHandler, config: { auth: scope('read') } }, async () => 'in')
    app.get('/other', { config: { auth: scope('read') } }, async () => 'in')
    const own = await app.inject({ url: '/own', headers: await bearer({ scope: 'write' }) })
    expect([own.statusCode, own.body, own.headers['www-authenticate']]).toEqual([
      403,
      'mine',
      expect.stringContaining('insufficient_scope'),
    ])
    const head = await app.inject({ method: 'HEAD', url: '/own' })
    expect([head.statusCode, head.headers['x-mine']]).toEqual([401, 'yes'])
    expect((await app.inject('/other')).json()).toMatchObject({ code: 'credential_missing' })
  })

  it('goes to a handler that is called what Fastify calls its own', async () => {
    const app = fastify()
    app.setErrorHandler(function defaultErrorHandler(_error, _request, reply) {
      return reply.type('text/plain').send('mine')
    })
    await app.register(sallyport, trust)
    app.get('/', async () => 'in')
    expect((await app.inject('/')).body).toBe('mine')
  })

  it('is answered as the engine words it by a Fastify whose functions a bundler has renamed', async () => {
    const app = fastify()
    const { errorHandler } = app
    const { name } = errorHandler
    Object.defineProperty(errorHandler, 'name', { value: 'e', configurable: true })
    try {
      await app.register(sallyport, trust)
      app.get('/', async () => 'in')
      const answer = await app.inject('/')
      expect([answer.statusCode, answer.json()]).toEqual([401, expect.objectContaining({ code: 'credential_missing' })])
      expect(answer.headers['content-type']).toBe('application/problem+json')
    } finally {
      Object.defineProperty(errorHandler, 'name', { value: name, configurable: true })
    }
  })

  it.each([false, true])('runs the hooks of the application; own error handler: %s', async (own) => {
    const app = fastify()
    const ran: string[] = []
    if (own) app.setErrorHandler((_error, _request, reply) => reply.type('text/plain').send('mine'))
    app.addHook('onError', async () => void ran.push('onError'))
    app.addHook('onSend', async () => void ran.push('onSend'))
    app.addHook('onResponse', async () => void ran.push('onResponse'))
    app.addHook('preHandler', async () => void ran.push('preHandler'))
    await app.register(sallyport, trust)
    app.get('/', async () => 'in')
    await app.inject('/')
    expect(ran.filter((name) => name !== 'onError')).toEqual(['onSend', 'onResponse'])
    expect(ran.includes('onError')).toBe(own)
  })

  it('keeps its body in spite of a schema for answers', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    const response = { '4xx': { type: 'object', properties: { other: { type: 'string' } } } }
    app.get('/', { schema: { response } }, async () => 'in')
    expect((await app.inject('/')).json()).toMatchObject({ code: 'credential_missing', status: 401 })
  })

  it('comes before the body is parsed, and leaves the parsers as they are', async () => {
    const app = fastify()
    let parsed = 0
    app.addContentTypeParser('text/x-own', { parseAs: 'string' }, (_request, body, done) => {
      parsed++
      done(null, body)
    })
    await app.register(sallyport, trust)
    app.post('/', async ({ body }) => ({ body }))
    const own = { 'content-type': 'text/x-own' }
    expect((await app.inject({ method: 'POST', url: '/', headers: own, payload: 'x' })).statusCode).toBe(401)
    expect(parsed).toBe(0)
    const headers = await bearer()
    const answer = await app.inject({ method: 'POST', url: '/', headers: { ...headers, ...own }, payload: 'x' })
    expect([answer.json(), parsed]).toEqual([{ body: 'x' }, 1])
    const json = await app.inject({ method: 'POST', url: '/', headers, payload: { a: [1] } })
    expect(json.json()).toEqual({ body: { a: [1] } })
  })
})

describe('a fault', () => {
  it('of the function that finds credentials is a 500, and nobody passes', async () => {
    const app = fastify()
    let handled = 0
    const credentials = () => {
      throw new Error('a bug')
    }
    await app.register(sallyport, { ...trust, credentials })
    app.get('/', { config: { auth: { optional: true } } }, async () => ++handled)
    const answer = await app.inject({ url: '/', headers: await bearer() })
    expect([answer.statusCode, handled]).toEqual([500, 0])
  })

  it('of an issuer that is away is a 503 that says when to come back', async () => {
    const away = await createTestIssuer({ clock })
    const token = await away.issue({})
    await away.close()
    const app = fastify()
    await app.register(sallyport, { issuer: away.issuer, audience: away.audience, clock })
    app.get('/', async () => 'in')
    const answer = await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'keys_unavailable' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('of a verifier that is closed lets nobody pass', async () => {
    const app = fastify()
    await app.register(sallyport, trust)
    app.get('/', async () => 'in')
    const headers = await bearer()
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(200)
    app.verifier.close()
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(500)
  })
})

describe('request.auth', () => {
  it('is who passed, whatever a hook before has written there', async () => {
    const app = fastify()
    await app.register(async (child) => {
      child.addHook('onRequest', async (request) => {
        Object.assign(request, { auth: { subject: 'mallory' } })
      })
      await child.register(sallyport, trust)
      child.get('/', async ({ auth }) => ({ sub: auth.subject }))
      child.get('/optional', { config: { auth: { optional: true } } }, async ({ auth }) => ({
        sub: auth?.subject ?? null,
      }))
    })
    expect((await app.inject('/')).statusCode).toBe(401)
    expect((await app.inject({ url: '/', headers: await bearer({ sub: 'ann' }) })).json()).toEqual({ sub: 'ann' })
    expect((await app.inject('/optional')).json()).toEqual({ sub: null })
  })

  it('is nobody on a public route, whatever a hook before has written there', async () => {
    const app = fastify()
    app.addHook('onRequest', async (request) => {
      Object.assign(request, { auth: { subject: 'mallory' } })
    })
    await app.register(sallyport, trust)
    app.get('/', { config: { auth: false } }, async ({ auth }) => ({ sub: auth?.subject ?? null }))
    expect((await app.inject('/')).json()).toEqual({ sub: null })
  })
})
