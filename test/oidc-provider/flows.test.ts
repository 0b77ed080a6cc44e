// Tokens of a real authorization server, got by a real client, at an Express app on a real socket.
import { createTestClock } from '@sallyport/core/testing'
import { auth, requires, scope } from '@sallyport/express'
import express from 'express'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'
import {
  type AuthorizationServer,
  createSigningKey,
  otherResource,
  resource,
  startAuthorizationServer,
  tokenSeconds,
  user,
} from './authorization-server.js'
import { machineToken, userTokens } from './client.js'

const clock = createTestClock(Date.now() / 1000)
let idp: AuthorizationServer
let app: ServedApp
let guard: ReturnType<typeof protect>

const protect = (issuer: string) => auth({ issuer, audience: resource, clock })

beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  guard = protect(idp.issuer)
  const api = express()
  api.use(guard)
  api.get('/me', ({ auth: { subject, clientId, scopes, issuer } }, response) => {
    response.json({ subject, clientId, scopes, issuer })
  })
  api.get('/orders', requires(scope('read:orders')), (_, response) => void response.json([]))
  app = await serve(api)
})
afterAll(async () => {
  await guard.verifier.close()
  await Promise.all([app.close(), idp.close()])
})

const requestWith = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

async function get(path: string, token: string) {
  const response = await fetch(app.url + path, requestWith(token))
  const challenge = response.headers.get('www-authenticate') ?? ''
  return { status: response.status, body: (await response.json()) as { code?: string }, challenge }
}

describe('client credentials', () => {
  it('bring an access token that passes', async () => {
    const token = await machineToken(idp.issuer)
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', kid: 'key-1' })
    expect(await get('/orders', token)).toMatchObject({ status: 200, body: [] })
    expect((await get('/me', token)).body).toEqual({
      subject: 'machine',
      clientId: 'machine',
      scopes: ['read:orders'],
      issuer: idp.issuer,
    })
  })

  it('without the scope of a route do not pass it', async () => {
    const token = await machineToken(idp.issuer, 'write:orders')
    expect(await get('/me', token)).toMatchObject({ status: 200 })
    const { status, body, challenge } = await get('/orders', token)
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'scope_insufficient' })
    expect(challenge).toMatch(/error="insufficient_scope".*scope="read:orders"/)
  })

  it('for another resource do not pass here', async () => {
    const token = await machineToken(idp.issuer, 'read:orders', otherResource)
    expect(decodeJwt(token).aud).toBe(otherResource)
    expect(await get('/orders', token)).toMatchObject({ status: 401, body: { code: 'audience_mismatch' } })
  })

  it('do not pass when they have expired, seen before or not', async () => {
    const [seen, unseen] = await Promise.all([machineToken(idp.issuer), machineToken(idp.issuer)])
    for (let sight = 0; sight < 3; sight++) expect(await get('/orders', seen)).toMatchObject({ status: 200 })
    const now = clock()
    clock.set((decodeJwt(seen).exp ?? 0) + 29)
    expect(await get('/orders', seen)).toMatchObject({ status: 200 })
    clock.set(now + tokenSeconds + 60)
    for (const token of [seen, unseen]) {
      const { status, body, challenge } = await get('/orders', token)
      expect({ status, code: body.code }).toEqual({ status: 401, code: 'token_expired' })
      expect(challenge).toContain('error="invalid_token"')
    }
    clock.set(now)
  })
})

describe('the authorization code with PKCE', () => {
  it('brings an access token that passes', async () => {
    const { accessToken } = await userTokens(idp.issuer)
    expect(await get('/orders', accessToken)).toMatchObject({ status: 200, body: [] })
    expect((await get('/me', accessToken)).body).toMatchObject({ subject: user, clientId: 'app' })
  })

  it('brings an ID token that does not, whoever it is for', async () => {
    const { idToken } = await userTokens(idp.issuer)
    expect(decodeJwt(idToken)).toMatchObject({ iss: idp.issuer, aud: 'app', sub: user })
    expect(await get('/me', idToken)).toMatchObject({ status: 401, body: { code: 'token_type_rejected' } })
    const forTheApp = auth({ issuer: idp.issuer, audience: 'app', clock })
    const decision = await forTheApp.verifier.verify(requestWith(idToken))
    expect(decision).toMatchObject({ allowed: false, code: 'token_type_rejected' })
    await forTheApp.verifier.close()
  })

  // It bears no mark of an ID token, for the app sent no nonce.
  it('brings an ID token that does not pass as a plain JWT either', async () => {
    const { accessToken, idToken } = await userTokens(idp.issuer)
    const plain = auth({ issuer: idp.issuer, audience: ['app', resource], profile: 'jwt', clock })
    expect(await plain.verifier.verify(requestWith(accessToken))).toMatchObject({ allowed: true })
    const decision = await plain.verifier.verify(requestWith(idToken))
    expect(decision).toMatchObject({ allowed: false, code: 'token_type_rejected' })
    await plain.verifier.close()
  })
})

describe('an issuer that is configured with a slash at the end', () => {
  it('is another issuer, and the operator is told so', async () => {
    const token = await machineToken(idp.issuer)
    const { verifier } = protect(`${idp.issuer}/`)
    expect(await verifier.verify(requestWith(token))).toMatchObject({ allowed: false, code: 'issuer_untrusted' })
    const { code, checks } = await verifier.explain(requestWith(token))
    const failed = checks.find(({ outcome }) => outcome === 'failed')
    expect({ code, check: failed?.check }).toEqual({ code: 'issuer_untrusted', check: 'issuer' })
    expect(failed?.expected).toContain(`${idp.issuer}/`)
    expect(failed?.got).toContain(idp.issuer)
    expect(failed?.action).toMatch(/slash/)
    await verifier.close()
  })

  it('does not match the metadata either: 503, not 401', async () => {
    const { verifier } = protect(`${idp.issuer}/`)
    const [header, claims, signature] = (await machineToken(idp.issuer)).split('.')
    const iss = Buffer.from(JSON.stringify({ ...decodeJwt(`${header}.${claims}.`), iss: `${idp.issuer}/` }))
    const forged = `${header}.${iss.toString('base64url')}.${signature}`
    expect(await verifier.verify(requestWith(forged))).toMatchObject({ status: 503, code: 'keys_unavailable' })
    const { checks } = await verifier.explain(requestWith(forged))
    expect(checks.find(({ outcome }) => outcome === 'failed')?.got).toContain(`names the issuer ${idp.issuer}, `)
    await verifier.close()
  })
})
