// What peers were measured to do with requests, and what happens here.
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { auth, requires, scope } from '@sallyport/express'
import express, { type RequestHandler } from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { serve } from '../fixtures/served-app.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const token = await idp.issue({ scope: 'read' })
const appOf = (...handlers: RequestHandler[]) =>
  serve(
    express().use(
      express.urlencoded({ extended: false }),
      ...handlers,
      (_request, response) => void response.send('in'),
    ),
  )

describe('optional mode', () => {
  it.each(['Bearer garbage', 'Bearer a.b.c', `Bearer ${token}x`, 'Bearer'])(
    'unlike express-oauth2-jwt-bearer 1.10 with authRequired: false, makes nobody anonymous who sends %j',
    async (authorization) => {
      await using app = await appOf(auth({ ...trust, optional: true }))
      expect((await fetch(app.url)).status).toBe(200)
      const { status } = await fetch(app.url, { headers: { authorization } })
      expect(status).toBe(authorization === 'Bearer' ? 400 : 401)
    },
  )

  it('unlike nest-keycloak-connect 1.10, refuses an expired token too', async () => {
    await using app = await appOf(auth({ ...trust, optional: true }))
    const expired = await idp.asUser({}, { expiresInSeconds: -60 })
    expect((await fetch(app.url, { headers: expired })).status).toBe(401)
  })
})

describe('WWW-Authenticate', () => {
  it.each<[string, () => Promise<Record<string, string>>]>([
    ['no credential', async () => ({})],
    ['another scheme', async () => ({ authorization: 'Basic YTpi' })],
    ['garbage', async () => ({ authorization: 'Bearer garbage' })],
    ['an expired token', () => idp.asUser({}, { expiresInSeconds: -60 })],
    ['a token for another API', () => idp.asUser({ aud: 'other' })],
    ['nbf in the future', () => idp.asUser({ nbf: clock() + 60 })],
    ['an unknown key', () => idp.asUser({}, { header: { kid: 'unknown' } })],
  ])('unlike express-jwt 8.5 and @fastify/jwt 10.2, is there on 401 for %s', async (_, headers) => {
    await using app = await appOf(auth(trust))
    const response = await fetch(app.url, { headers: await headers() })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="api"/)
  })
})

describe('a token in the query or in a form', () => {
  it('unlike express-oauth2-jwt-bearer 1.10, is not accepted unless the options say so', async () => {
    await using app = await appOf(auth(trust))
    expect((await fetch(`${app.url}/?access_token=${token}`)).status).toBe(401)
    const form = { method: 'POST', body: new URLSearchParams({ access_token: token }) }
    expect((await fetch(app.url, form)).status).toBe(401)
    await using told = await appOf(auth({ ...trust, credentials: { dangerouslyAllowQuery: 'access_token' } }))
    expect((await fetch(`${told.url}/?access_token=${token}`)).status).toBe(200)
  })
})

describe('a preflight', () => {
  it('unlike express-jwt 8.5, is not let through to the handlers by the guard', async () => {
    await using app = await appOf(auth(trust))
    const headers = { origin: 'https://app.example', 'access-control-request-headers': 'authorization' }
    expect((await fetch(app.url, { method: 'OPTIONS', headers })).status).toBe(401)
  })
})

describe('a lacking scope', () => {
  it('unlike express-oauth2-jwt-bearer 1.10 for its claim checks, is 403', async () => {
    await using app = await appOf(auth(trust), requires(scope('write')))
    const response = await fetch(app.url, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="write"')
  })
})

describe('a cookie', () => {
  it('unlike express-oauth2-jwt-bearer 1.10, can be where the token is', async () => {
    await using app = await appOf(auth({ ...trust, credentials: { cookie: 'session' } }))
    expect((await fetch(app.url, { headers: { cookie: `session=${token}` } })).status).toBe(200)
    expect((await fetch(app.url, { headers: { cookie: 'session=garbage' } })).status).toBe(401)
  })
})
