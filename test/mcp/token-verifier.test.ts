// The verifier behind the requireBearerAuth of the SDK, which knows a refusal by the class of the error, and makes a 500 of
// any other.
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import type { AuthInfo as SdkAuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { createVerifier } from '@sallyport/core'
import { createTestIssuer, createTestKey, type TestClaims, type TestTokenOptions } from '@sallyport/core/testing'
import { type AuthInfo, protectedResourceMetadata, role, scope, tokenVerifier } from '@sallyport/mcp'
import express, { type RequestHandler } from 'express'
import request, { type Response } from 'supertest'
import { afterAll, afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'

interface BearerAuthOptions {
  readonly verifier: OAuthTokenVerifier
  readonly requiredScopes?: string[]
  readonly resourceMetadataUrl?: string
  readonly expectedResource?: URL
}

// By a name that the compiler does not follow: what the module declares of `req.auth`, for the whole of a program, is not
// what @sallyport/express does, and here both are in one.
const bearerAuth: string = '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
const { requireBearerAuth } = (await import(bearerAuth)) as {
  requireBearerAuth(options: BearerAuthOptions): RequestHandler
}

const idp = await createTestIssuer({ audience: 'https://mcp.example.com/mcp' })
const strangersKey = await createTestKey('ES256', idp.key.kid)
afterAll(() => idp.close())
afterEach(() => void vi.unstubAllEnvs())

const trust = { issuer: idp.issuer, audience: idp.audience }

/** A server that shows who passed. */
function appBehind(verifier: OAuthTokenVerifier, options: Partial<BearerAuthOptions> = {}) {
  const show: RequestHandler = (req, res) => void res.json((req as { auth?: unknown }).auth)
  return express().use(requireBearerAuth({ verifier, ...options }), show)
}

const ask = async (app: express.Express, claims: TestClaims = {}, options?: TestTokenOptions): Promise<Response> =>
  request(app)
    .get('/')
    .set(await idp.asUser(claims, options))

describe('a good token', () => {
  it('becomes what the SDK knows of a caller', async () => {
    const token = await idp.issue({ sub: 'ann', scope: 'a b', roles: ['admin'] })
    const verifier = tokenVerifier(trust)
    const auth = await verifier.verifyAccessToken(token)
    const { extra, expiresAt, ...rest } = auth
    expect(rest).toEqual({ token, clientId: 'client-1', scopes: ['a', 'b'], resource: new URL(idp.audience) })
    expect(expiresAt).toBeGreaterThan(Date.now() / 1000)
    expect(extra).toEqual({ subject: 'ann', issuer: idp.issuer, roles: ['admin'], claims: expect.any(Object) })
    expect(extra.claims).toMatchObject({ sub: 'ann', aud: idp.audience })
  })

  it('lets its bearer pass the SDK', async () => {
    const answer = await ask(appBehind(tokenVerifier(trust), { requiredScopes: ['a'] }), { sub: 'ann', scope: 'a' })
    expect(answer).toMatchObject({ status: 200, body: { clientId: 'client-1', extra: { subject: 'ann' } } })
  })

  it('that names no client has an empty one, and nobody else in its place', async () => {
    const token = await idp.issue({ sub: 'ann', client_id: undefined })
    expect((await tokenVerifier(trust).verifyAccessToken(token)).clientId).toBe('')
  })

  it('is known by any verifier, and by the environment', async () => {
    const own = createVerifier(trust)
    expect((await ask(appBehind(tokenVerifier(own)))).status).toBe(200)
    await own.close()
    vi.stubEnv('SALLYPORT_ISSUER', idp.issuer)
    vi.stubEnv('SALLYPORT_AUDIENCE', idp.audience)
    expect((await ask(appBehind(tokenVerifier()))).status).toBe(200)
  })

  it('has the types of the SDK', () => {
    expectTypeOf<AuthInfo>().toExtend<SdkAuthInfo>()
    expectTypeOf(tokenVerifier).returns.toExtend<OAuthTokenVerifier>()
    // @ts-expect-error: a forgotten audience
    expect(() => tokenVerifier({ issuer: idp.issuer })).toThrow('audience')
    // @ts-expect-error: an option that does not exist
    expect(() => tokenVerifier({ ...trust, jwksUrl: 'https://idp.example.com/keys' })).toThrow('jwksUri')
  })
})

describe('the resource of a token', () => {
  const audience = ['https://mcp.example.com/a', 'https://mcp.example.com/b', 'api']
  const resourceOf = async (aud: unknown, options: object = {}): Promise<string | undefined> => {
    const verifier = tokenVerifier({ issuer: idp.issuer, audience, ...options })
    return (await verifier.verifyAccessToken(await idp.issue({ aud }))).resource?.href
  }

  it('is the one of our audiences that it is for', async () => {
    expect(await resourceOf(audience[0])).toBe(audience[0])
    expect(await resourceOf(['https://other.example', audience[1]])).toBe(audience[1])
  })

  it('is not said where it is no URI, two of ours, or not to be seen', async () => {
    expect(await resourceOf('api')).toBeUndefined()
    expect(await resourceOf(audience.slice(0, 2))).toBeUndefined()
    expect(await resourceOf(audience[0], { claims: z.object({ sub: z.string() }) })).toBeUndefined()
    const own = createVerifier(trust)
    const { resource } = await tokenVerifier(own).verifyAccessToken(await idp.issue())
    expect(resource).toBeUndefined() // a verifier does not say who we are
    await own.close()
  })

  it('is what the SDK compares with the one that it expects', async () => {
    const app = appBehind(tokenVerifier({ issuer: idp.issuer, audience }), {
      expectedResource: new URL(audience[0] as string),
    })
    expect((await ask(app, { aud: audience[0] })).status).toBe(200)
    expect((await ask(app, { aud: audience[1] })).status).toBe(401)
    expect((await ask(app, { aud: 'api' })).status).toBe(401)
  })
})

describe('a refusal, as the SDK answers it', () => {
  const metadata = protectedResourceMetadata(trust)
  const app = appBehind(tokenVerifier(trust), { requiredScopes: ['a'], resourceMetadataUrl: metadata.url })

  it.each<[string, TestClaims, TestTokenOptions | undefined]>([
    ['has expired', { iat: 1_000_000_000, exp: 1_000_000_300 }, undefined],
    ['is for another server', { aud: 'https://mcp.example.com/other' }, undefined],
    ['is of an issuer that nobody trusts', { iss: 'https://idp.example.com' }, undefined],
    ['is an ID token', {}, { header: { typ: 'JWT' } }],
    ['is signed with another key', {}, { key: strangersKey }],
    ['is bound to a key', { cnf: { jkt: 'x' } }, undefined],
  ])('is a 401 for a token that %s', async (_, claims, options) => {
    const answer = await ask(app, { scope: 'a', ...claims }, options)
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    const challenge = answer.headers['www-authenticate']
    expect(challenge).toContain('error="invalid_token"')
    expect(challenge).toContain('scope="a"')
    expect(challenge).toContain('resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"')
  })

  it.each(['nonsense', 'a.b.c', '"', '='])('is never a 500, whatever the token is: %j', async (token) => {
    const answer = await request(app).get('/').set('Authorization', `Bearer ${token}`)
    expect([400, 401]).toContain(answer.status)
  })

  it('tells nothing but the title of the code', async () => {
    const answer = await ask(app, { aud: 'https://secret.example', scope: 'a' })
    expect(answer.body.error_description).toBe('The token is meant for another audience')
    expect(JSON.stringify([answer.body, answer.headers])).not.toContain('secret')
  })

  it('is that of the policy of the options, too', async () => {
    const scoped = appBehind(tokenVerifier({ ...trust, policy: scope('b') }))
    expect(await ask(scoped, { scope: 'a' })).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect((await ask(scoped, { scope: 'b' })).status).toBe(200)
    // No scope would help: the SDK has no 403 for that.
    const admins = appBehind(tokenVerifier({ ...trust, policy: role('admin') }))
    expect(await ask(admins)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })

  it('is a 500 and never a 401 where the keys of the issuer are not to be had', async () => {
    const gone = await createTestIssuer({ audience: idp.audience })
    const token = await gone.issue({ scope: 'a' })
    await gone.close()
    const orphaned = appBehind(tokenVerifier({ issuer: gone.issuer, audience: gone.audience }))
    const answer = await request(orphaned).get('/').set('Authorization', `Bearer ${token}`)
    expect(answer).toMatchObject({ status: 500, body: { error: 'server_error' } })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    expect(answer.body.error_description).toBe('The keys of the issuer are unavailable')
  })

  it('is a 500 of a verifier that was closed, and nobody passes', async () => {
    const own = createVerifier(trust)
    await own.close()
    expect(await ask(appBehind(tokenVerifier(own)))).toMatchObject({ status: 500, body: { error: 'server_error' } })
  })
})

describe('building', () => {
  it('refuses another place for the token than the one that clients of MCP use', () => {
    expect(() => tokenVerifier({ ...trust, credentials: { cookie: 'token' } })).toThrow('Authorization')
  })

  it('refuses an environment that says nothing', () => {
    vi.stubEnv('SALLYPORT_ISSUER', undefined)
    expect(() => tokenVerifier()).toThrow('SALLYPORT_ISSUER')
  })
})
