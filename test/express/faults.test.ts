// Faults that are not the caller's: an issuer that is away, and bugs of the application and of ours.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { auth, requires, scope } from '@sallyport/express'
import type { ErrorRequestHandler } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const good = `Authorization: Bearer ${await idp.issue({ scope: 'read' })}`

describe.each(expressMajors)('%s', (_, express) => {
  it('answers 503 with Retry-After while the issuer is away, and 200 when it is back', async () => {
    const issuer = await createTestIssuer({ clock })
    issuer.fail()
    const guard = auth({ issuer: issuer.issuer, audience: issuer.audience, clock })
    const app = express()
    app.use(guard, (_request, response) => void response.send('in'))
    await using served = await serve(app)
    const line = `Authorization: Bearer ${await issuer.issue()}`
    await guard.verifier.verify({ headers: { authorization: line.slice('Authorization: '.length) } }) // joins the warm-up
    const away = await served.send('GET /', [line])
    expect(away.status).toBe(503)
    expect(Number(away.headers.get('retry-after')?.[0])).toBeGreaterThanOrEqual(1)
    expect(away.headers.has('www-authenticate')).toBe(false)
    expect(JSON.parse(away.body)).toMatchObject({ code: 'keys_unavailable' })
    issuer.recover()
    await expect.poll(async () => (await served.send('GET /', [line])).status, { timeout: 5_000 }).toBe(200)
    await guard.verifier.close()
    await issuer.close()
  })

  it('answers 500 to a bug behind the guard’s options, hands it to the error handler, and calls no handler', async () => {
    const bug = new RangeError('a bug')
    const buggy = () => {
      throw bug
    }
    const guards = [
      auth({ ...trust, credentials: buggy }),
      auth({ ...trust, claims: z.object({ sub: z.string().transform(buggy) }) }),
      auth({ ...trust, clock: buggy }),
    ]
    for (const guard of guards) {
      const [seen, app]: [unknown[], ReturnType<typeof express>] = [[], express()]
      const onError: ErrorRequestHandler = (error, _request, _response, next) => {
        seen.push(error)
        next(error)
      }
      app.use(guard, (_request, response) => void response.send('in'))
      app.use(onError)
      await using served = await serve(app)
      const { status, body } = await served.send('GET /', [good])
      expect(status).toBe(500)
      expect(body).not.toBe('in')
      expect(seen).toEqual([bug])
    }
  })

  it('hands a bug of a handler behind the guard to the error handler once', async () => {
    const seen: unknown[] = []
    const app = express()
    app.use(auth(trust), requires(scope('read')), () => {
      throw new RangeError('a bug')
    })
    const onError: ErrorRequestHandler = (error, _request, response, _next) => {
      seen.push(error)
      response.status(500).send('sorry')
    }
    app.use(onError)
    await using served = await serve(app)
    expect(await served.send('GET /', [good])).toMatchObject({ status: 500, body: 'sorry' })
    expect(seen).toHaveLength(1)
  })
})
