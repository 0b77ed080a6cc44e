// What Express sees and sends, to the byte: requests as an attacker would write them, answers as a client must read them.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { auth } from '@sallyport/express'
import type { RequestHandler } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const token = await idp.issue()
const good = `Authorization: Bearer ${token}`

describe.each(expressMajors)('on the wire of %s', (_, express) => {
  /** An app with this before its guard. */
  function guarded(...before: RequestHandler[]) {
    const app = express()
    for (const handler of before) app.use(handler)
    app.use(auth(trust), (_request, response) => void response.send('in'))
    return serve(app)
  }

  it.each<[string, string, string[]]>([
    ['two Authorization lines of one token', 'GET /', [good, good]],
    ['a good line before another', 'GET /', [good, 'Authorization: Bearer x']],
    ['a good line behind another', 'GET /', ['Authorization: Basic YTpi', good]],
    ['two lines whose names differ in case', 'GET /', [good, good.replace('Authorization', 'AUTHORIZATION')]],
    ['a token in the query too', `GET /?access_token=${token}`, [good]],
    ['a token in the query of an absolute URL', `GET http://localhost/?access_token=${token}`, [good]],
    ['an empty token in the query', 'GET /?access_token', [good]],
  ])('%s: 400', async (_name, requestLine, headers) => {
    await using app = await guarded()
    const { status, headers: answered, body } = await app.send(requestLine, headers)
    expect(status).toBe(400)
    expect(answered.get('www-authenticate')?.[0]).toContain('error="invalid_request"')
    expect(JSON.parse(body)).toMatchObject({ code: 'credential_ambiguous' })
  })

  it('a token in a query that other middleware has taken away: 400', async () => {
    await using app = await guarded((request, _response, next) => {
      request.url = '/'
      next()
    })
    expect((await app.send(`GET /?access_token=${token}`, [good])).status).toBe(400)
    expect((await app.send('GET /?x=1', [good])).status).toBe(200)
  })

  it.each([true, false])('a token in a form too, parsed before the guard with extended: %s: 400', async (extended) => {
    await using app = await guarded(express.urlencoded({ extended }))
    const form = [good, 'Content-Type: application/x-www-form-urlencoded']
    const answer = await app.send('POST /', form, `x=1&access_token=${token}`)
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 'credential_ambiguous'])
    expect((await app.send('POST /', form, 'x=1')).status).toBe(200)
  })

  it('a token in the query or in a form alone: 401', async () => {
    await using app = await guarded(express.urlencoded({ extended: false }))
    expect((await app.send(`GET /?access_token=${token}`)).status).toBe(401)
    const form = ['Content-Type: application/x-www-form-urlencoded']
    expect((await app.send('POST /', form, `access_token=${token}`)).status).toBe(401)
  })

  it('a line that is folded, or holds a NUL: refused by Node or by us', async () => {
    await using app = await guarded()
    for (const line of [`Authorization: Bearer\r\n ${token}`, `Authorization: Bearer ${token}\0`]) {
      expect((await app.send('GET /', [line])).status).toBe(400)
    }
  })

  it('a header larger than Node reads: 431, and nobody passes', async () => {
    await using app = await guarded()
    expect((await app.send('GET /', [`Authorization: Bearer ${'a'.repeat(20_000)}`])).status).toBe(431)
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('%s is guarded', async (method) => {
    await using app = await guarded()
    expect((await app.send(`${method} /`)).status).toBe(401)
    expect((await app.send(`${method} /`, [good])).status).toBe(200)
  })

  it('HEAD is guarded, and answered with the same headers and no body', async () => {
    await using app = await guarded()
    const [head, get] = [await app.send('HEAD /'), await app.send('GET /')]
    expect(head.status).toBe(401)
    expect(head.body).toBe('')
    for (const name of ['www-authenticate', 'content-type', 'cache-control'])
      expect(head.headers.get(name)).toEqual(get.headers.get(name))
    expect((await app.send('HEAD /', [good])).status).toBe(200)
  })

  it('a preflight is guarded too, unless CORS has answered it before', async () => {
    const preflight = ['Origin: https://app.example', 'Access-Control-Request-Method: DELETE']
    await using app = await guarded()
    expect((await app.send('OPTIONS /', preflight)).status).toBe(401)
    await using open = await guarded((request, response, next) => {
      if (request.method === 'OPTIONS') response.status(204).end()
      else next()
    })
    expect((await open.send('OPTIONS /', preflight)).status).toBe(204)
    expect((await open.send('GET /', preflight)).status).toBe(401)
  })

  it('headers that CORS had exposed before stay exposed', async () => {
    await using app = await guarded((_request, response, next) => {
      response.setHeader('Access-Control-Expose-Headers', 'ETag, X-Total')
      response.setHeader('Access-Control-Allow-Origin', 'https://app.example')
      next()
    })
    const { headers } = await app.send('GET /')
    expect(headers.get('access-control-expose-headers')).toEqual(['ETag, X-Total, WWW-Authenticate'])
    expect(headers.get('access-control-allow-origin')).toEqual(['https://app.example'])
    expect((await app.send('GET /', [good])).headers.get('access-control-expose-headers')).toEqual(['ETag, X-Total'])
  })

  it('a refusal is one problem document, one challenge, and is kept by no cache', async () => {
    await using app = await guarded()
    const { status, headers, body } = await app.send('GET /', ['Authorization: Bearer garbage'])
    expect(status).toBe(401)
    expect(headers.get('content-type')).toEqual(['application/problem+json'])
    expect(headers.get('cache-control')).toEqual(['no-store'])
    expect(headers.get('www-authenticate')).toEqual([
      'Bearer realm="api", error="invalid_token", error_description="The token is malformed"',
    ])
    expect(JSON.parse(body)).toEqual({
      type: 'urn:sallyport:problem:token_malformed',
      title: 'The token is malformed',
      status: 401,
      code: 'token_malformed',
    })
    expect(headers.has('etag')).toBe(false)
  })
})
