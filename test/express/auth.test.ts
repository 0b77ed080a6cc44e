import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { type AuthHandler, auth, requires, scope } from '@sallyport/express'
import { afterAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve, type WireAnswer } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = async (...issue: Parameters<typeof idp.issue>) => `Authorization: Bearer ${await idp.issue(...issue)}`
const json = ({ body }: WireAnswer): unknown => JSON.parse(body)

describe.each(expressMajors)('auth() in %s', (_, express) => {
  /** An app that is guarded as a whole and says who it sees. */
  function guarded(guard: AuthHandler<unknown> = auth(trust)) {
    const app = express()
    app.use(guard)
    app.use((request, response) => void response.json({ sub: request.auth?.subject ?? null }))
    return serve(app)
  }

  it('lets a good token pass, and says who it is', async () => {
    await using app = await guarded()
    const answer = await app.send('GET /', [await bearer({ sub: 'ann' })])
    expect(answer.status).toBe(200)
    expect(json(answer)).toEqual({ sub: 'ann' })
  })

  it.each<[string, number, string, () => Promise<string[]>]>([
    ['no credential', 401, 'credential_missing', async () => []],
    ['another scheme', 401, 'credential_missing', async () => ['Authorization: Basic YTpi']],
    ['an expired token', 401, 'token_expired', async () => [await bearer({}, { expiresInSeconds: -31 })]],
    ['garbage', 401, 'token_malformed', async () => ['Authorization: Bearer garbage']],
    ['a malformed credential', 400, 'credential_malformed', async () => ['Authorization: Bearer a b']],
    ['a bound token', 401, 'binding_missing', async () => [await bearer({ cnf: { jkt: 'x' } })]],
  ])('answers %s with %i %s, and calls no handler', async (_name, status, code, headers) => {
    let handled = 0
    const app = express()
    app.use(auth(trust), (_request, response) => void response.send(String(++handled)))
    await using served = await serve(app)
    const answer = await served.send('GET /', await headers())
    expect(answer.status).toBe(status)
    expect(json(answer)).toMatchObject({ code, status, type: `urn:sallyport:problem:${code}` })
    expect(handled).toBe(0)
  })

  it('lets nobody but the absent pass as anonymous', async () => {
    await using app = await guarded(auth({ ...trust, optional: true }))
    const anonymous = await app.send('GET /')
    expect(anonymous.status).toBe(200)
    expect(json(anonymous)).toEqual({ sub: null })
    expect(json(await app.send('GET /', [await bearer({ sub: 'ann' })]))).toEqual({ sub: 'ann' })
    for (const line of ['Bearer garbage', 'Bearer', 'Basic YTpi', 'Bearer a, Bearer b']) {
      expect((await app.send('GET /', [`Authorization: ${line}`])).status).toBeGreaterThanOrEqual(400)
    }
  })

  it('holds to the policy of the options', async () => {
    await using app = await guarded(auth({ ...trust, policy: scope('read') }))
    expect((await app.send('GET /', [await bearer({ scope: 'read' })])).status).toBe(200)
    expect((await app.send('GET /', [await bearer({ scope: 'write' })])).status).toBe(403)
  })

  it('decides anew where one guard stands behind another', async () => {
    const app = express()
    app.use(auth({ ...trust, optional: true }))
    app.use('/private', auth(trust))
    app.use((request, response) => void response.json({ sub: request.auth?.subject ?? null }))
    await using served = await serve(app)
    expect((await served.send('GET /public')).status).toBe(200)
    expect((await served.send('GET /private')).status).toBe(401)
  })

  it('guards a sub-app and a router where they are mounted, and nothing beside them', async () => {
    const [app, inner, router] = [express(), express(), express.Router()]
    inner.use(auth(trust))
    inner.get(
      '/orders',
      requires(scope('read')),
      (request, response) => void response.json({ sub: request.auth.subject }),
    )
    router.get('/orders', auth(trust), requires(scope('read')), (_request, response) => void response.send('orders'))
    app.use('/inner', inner)
    app.use('/router', router)
    app.get('/open', (_request, response) => void response.send('open'))
    await using served = await serve(app)
    const [reader, writer] = [await bearer({ sub: 'ann', scope: 'read' }), await bearer({ scope: 'write' })]
    expect((await served.send('GET /open')).status).toBe(200)
    for (const path of ['/inner/orders', '/router/orders']) {
      expect((await served.send(`GET ${path}`)).status).toBe(401)
      expect((await served.send(`GET ${path}`, [writer])).status).toBe(403)
      expect((await served.send(`GET ${path}`, [reader])).status).toBe(200)
      expect((await served.send(`GET ${path}?access_token=x`, [reader])).status).toBe(400)
    }
  })

  it('judges many requests at once, each by its own token', async () => {
    await using app = await guarded()
    const subjects = Array.from({ length: 20 }, (__, i) => `user-${i}`)
    const lines = await Promise.all(subjects.map((sub) => bearer({ sub })))
    const answers = await Promise.all(lines.map((line) => app.send('GET /', [line])))
    expect(answers.map(json)).toEqual(subjects.map((sub) => ({ sub })))
  })

  it('hands out its verifier, to explain with and to close', async () => {
    const guard = auth(trust)
    await using app = await guarded(guard)
    expect(await guard.verifier.explain({ headers: {} })).toMatchObject({ code: 'credential_missing' })
    await guard.verifier.close()
    expect((await app.send('GET /', [await bearer()])).status).toBe(500)
  })
})
