// RFC 9396 from end to end: a token that grants in detail, signed by its issuer or looked up there, on a route of Express.

import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { auth, authorizationDetails, param, requires } from '@sallyport/express'
import express from 'express'
import request from 'supertest'
import { afterAll, describe, expect, it } from 'vitest'
import { startIntrospectionEndpoint } from '../fixtures/introspection-endpoint.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
const endpoint = await startIntrospectionEndpoint()
const { issuer, audience, jwks } = idp
const other = 'https://other.example.com'

const guard = auth({
  issuer,
  audience: [audience, other],
  jwks,
  clock,
  introspection: { endpoint: endpoint.url, clientId: 'api', clientSecret: 'secret' },
})
afterAll(() => Promise.all([guard.verifier.close(), idp.close(), endpoint.close()]))

const app = express()
app.use(guard)
const payments = authorizationDetails('payment_initiation', {
  actions: ['initiate'],
  identifier: param('accountId'),
  fields: { instructedAmount: { currency: 'EUR' } },
})
app.post('/accounts/:accountId/payments', requires(payments), (_req, res) => void res.sendStatus(201))

const payment = {
  type: 'payment_initiation',
  locations: [audience],
  actions: ['initiate'],
  identifier: 'account-1',
  instructedAmount: { currency: 'EUR', amount: '123.50' },
}
const claims = { iss: issuer, aud: audience, exp: clock() + 600, sub: 'ann', token_type: 'Bearer' }

/** A token of the issuer that says so: a JWT, or one that only the issuer can read. */
const tokens = {
  'a JWT': async (more: Readonly<Record<string, unknown>>) => (await idp.asUser(more)).authorization,
  'an opaque token': async (more: Readonly<Record<string, unknown>>) => {
    const token = `opaque-${endpoint.tokens.size}`
    endpoint.tokens.set(token, { ...claims, ...more })
    return `Bearer ${token}`
  },
}

describe.each(Object.entries(tokens))('R-9396-1, R-9396-2: %s', (_, tokenWith) => {
  const post = async (details: unknown, path = '/accounts/account-1/payments', more: object = {}) => {
    const authorization = await tokenWith({ authorization_details: details, ...more })
    return request(app).post(path).set({ authorization })
  }

  it('passes with what it grants', async () => {
    expect((await post([{ type: 'account_information' }, payment])).status).toBe(201)
    expect((await post([{ ...payment, locations: undefined }])).status).toBe(201)
  })

  it.each<[string, unknown]>([
    ['another account', [{ ...payment, identifier: 'account-2' }]],
    ['another action', [{ ...payment, actions: ['status'] }]],
    ['another currency', [{ ...payment, instructedAmount: { currency: 'CHF' } }]],
    ['another type', [{ ...payment, type: 'payment' }]],
    ['an audience of ours that the token is not for', [{ ...payment, locations: [other] }]],
    ['nothing', []],
    ['no details', undefined],
  ])('is refused with %s, and told no more than that', async (_name, details) => {
    const { status, headers, body } = await post(details)
    expect(status).toBe(403)
    expect(body.code).toBe('policy_denied')
    expect(headers['www-authenticate'] ?? '').not.toContain('error')
  })

  it('passes where the token is for that audience too', async () => {
    const details = [{ ...payment, locations: [other] }]
    expect((await post(details, undefined, { aud: [audience, other] })).status).toBe(201)
  })

  it.each([[payment], ['x'], [['payment_initiation']], [[{ actions: ['initiate'] }]]])(
    'that is no array of objects with a type is no token: %j',
    async (details) => {
      const { status, body } = await post(details)
      expect(status).toBe(401)
      expect(body.code).toBe('claim_invalid')
    },
  )
})
