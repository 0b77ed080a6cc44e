// What peers were measured to do with the keys of an issuer, and what happens here.
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { auth } from '@sallyport/express'
import express from 'express'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'

const clock = createTestClock()
let idp: TestIssuer
let guard: ReturnType<typeof auth>
let app: ServedApp

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  guard = auth({ issuer: idp.issuer, audience: idp.audience, clock })
  app = await serve(express().use(guard, (_request, response) => void response.send('in')))
})
afterEach(async () => {
  await guard.verifier.close()
  await app.close()
  await idp.close()
})

const statusOf = async (token: string): Promise<number> =>
  (await fetch(app.url, { headers: { authorization: `Bearer ${token}` } })).status

/** As the middleware asks; all at once, which fifty connections to a busy machine are not. */
const verdictOf = async (token: string): Promise<number> => {
  const decision = await guard.verifier.verify({ headers: { authorization: `Bearer ${token}` } })
  return decision.allowed ? 200 : decision.status
}

const strangers = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => idp.issue({}, { header: { kid: `random-${i}` } })))

const aDay = { expiresInSeconds: 86_400 }

describe('an issuer that is down', () => {
  it('unlike express-oauth2-jwt-bearer 1.10, is 503 and not 401 for its tokens', async () => {
    const token = await idp.issue({}, aDay)
    expect(await statusOf(token)).toBe(200)
    idp.fail()
    clock.advance(300 + 3_600)
    const response = await fetch(app.url, { headers: { authorization: `Bearer ${await idp.issue()}` } })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  it('unlike jose 6.2, does not stop its keys from serving for a while', async () => {
    const token = await idp.issue({}, aDay)
    expect(await statusOf(token)).toBe(200)
    idp.fail()
    clock.advance(301)
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(await idp.issue())).toBe(200)
  })
})

describe('fifty tokens with random key ids', () => {
  beforeEach(async () => {
    expect(await statusOf(await idp.issue())).toBe(200) // the set is warm
  })

  it('unlike jwks-rsa 4.1, get-jwks 11.0 and fastify-jwt-jwks 3.1, make at most two fetches', async () => {
    const before = idp.requests.jwks
    const statuses = await Promise.all((await strangers(50)).map(verdictOf))
    expect(statuses).toEqual(statuses.map(() => 401))
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(2)
  })

  it('unlike jwks-rsa 4.1 with rateLimit, do not lock out a good token', async () => {
    const good = await idp.issue()
    const flood = (await strangers(50)).map(statusOf)
    expect(await statusOf(good)).toBe(200)
    await Promise.all(flood)
    expect(await statusOf(await idp.issue())).toBe(200)
  })

  it('unlike aws-jwt-verify 5.2 and jose 6.2, do not keep out a key that is rotated in the same second', async () => {
    const before = idp.requests.jwks
    const flood = (await strangers(50)).map(statusOf)
    await idp.rotate()
    expect(await statusOf(await idp.issue())).toBe(200)
    await Promise.all(flood)
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(2 * 3) // the budget before the rotation, and after it
  })

  it('do not keep it out either when the rotation comes after them', async () => {
    await Promise.all((await strangers(50)).map(verdictOf))
    await idp.rotate()
    expect(await statusOf(await idp.issue())).toBe(200)
  })
})

describe('a key that its issuer has removed', () => {
  it.each([0, 1, 2, 3])(
    'unlike aws-jwt-verify 5.2, get-jwks 11.0 and fastify-jwt-jwks 3.1, verifies nothing after the refresh, after %i sights',
    async (sights) => {
      const token = await idp.issue({}, aDay)
      for (let sight = 0; sight < sights; sight++) expect(await statusOf(token)).toBe(200)
      const old = idp.key.kid
      await idp.rotate()
      idp.dropKey(old)
      clock.advance(300)
      expect(await statusOf(token)).toBe(401)
      expect(await statusOf(await idp.issue())).toBe(200)
    },
  )
})

describe('a key id that is seen before its key is published', () => {
  it('unlike fastify-jwt-jwks 3.1, is not refused for a week', async () => {
    expect(await statusOf(await idp.issue())).toBe(200)
    const other = await createTestIssuer({ clock })
    const early = await other.rotate()
    expect(await statusOf(await idp.issue({}, { key: early }))).toBe(401)
    idp.garble(JSON.stringify({ keys: [early.publicJwk] }))
    clock.advance(300)
    expect(await statusOf(await idp.issue({}, { key: early }))).toBe(200)
    await other.close()
  })
})

describe('the key set', () => {
  it('unlike hono 4.13, is not fetched for every request', async () => {
    for (let i = 0; i < 20; i++) expect(await statusOf(await idp.issue())).toBe(200)
    expect(idp.requests.jwks).toBe(1)
  })

  it('unlike fast-jwt 6.3, takes the verdicts that it led to with it when it changes', async () => {
    const token = await idp.issue({}, aDay)
    for (let sight = 0; sight < 3; sight++) expect(await statusOf(token)).toBe(200)
    const other = await createTestIssuer({ clock })
    idp.garble(JSON.stringify(other.jwks)) // another key by the same id
    clock.advance(300)
    expect(await statusOf(token)).toBe(401)
    await other.close()
  })
})
