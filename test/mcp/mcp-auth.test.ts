// The gate of an MCP server, on both majors of Express: what it refuses and in which words, whom it lets pass, and what it
// asks of who calls a tool. Bodies are parsed by Express; whatever cannot be read is taken for the worst.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AuthInfo as SdkAuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { ConfigurationError } from '@sallyport/core'
import { createTestIssuer, type TestClaims } from '@sallyport/core/testing'
import { type McpAuthHandler, mcpAuth, policy, policySet, role, scope, use } from '@sallyport/mcp'
import type express from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import request, { type Response } from 'supertest'
import { afterAll, afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const idp = await createTestIssuer({ audience: 'https://mcp.example.com/mcp' })
afterAll(() => idp.close())
afterEach(() => void vi.unstubAllEnvs())

const trust = { issuer: idp.issuer, audience: idp.audience, requiredScopes: ['read'] }
const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'
const directions = `resource_metadata="${metadataUrl}"`

/** What the transports of the SDK take from a request. */
const show: RequestHandler = (req, res) => void res.json((req as { auth?: unknown }).auth ?? null)
const tell: ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(error.constructor.name)

/** A message to an MCP server that calls a tool. */
const call = (name: unknown, more: object = {}): object => {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name }, ...more }
}

describe.each(expressMajors)('%s', (_, framework) => {
  const appBehind = (auth: McpAuthHandler, ...handlers: RequestHandler[]): express.Express =>
    framework()
      .use(auth, ...handlers, show)
      .use(tell)
  const ask = async (app: express.Express, claims: TestClaims = { scope: 'read' }): Promise<Response> =>
    request(app)
      .get('/mcp')
      .set(await idp.asUser(claims))

  describe('a request that passes', () => {
    it('carries who calls, as the SDK knows it', async () => {
      const token = await idp.issue({ sub: 'ann', scope: 'read write' })
      const answer = await request(appBehind(mcpAuth(trust)))
        .get('/mcp')
        .set('Authorization', `Bearer ${token}`)
      expect(answer).toMatchObject({ status: 200 })
      expect(answer.body).toMatchObject({
        token,
        clientId: 'client-1',
        scopes: ['read', 'write'],
        resource: idp.audience,
        resourceMetadataUrl: metadataUrl,
        extra: { subject: 'ann', issuer: idp.issuer },
      })
    })

    it('loses what somebody before has written there', async () => {
      const app = framework()
      app.use((req, _res, next) => next(void Object.assign(req, { auth: { clientId: 'evil' } })))
      app.use(mcpAuth({ issuer: idp.issuer, audience: idp.audience, optional: true }), show)
      expect((await request(app).get('/mcp')).body).toBeNull()
    })

    it('is one that the environment trusts, where the options say nothing of trust', async () => {
      vi.stubEnv('SALLYPORT_ISSUER', idp.issuer)
      vi.stubEnv('SALLYPORT_AUDIENCE', idp.audience)
      const app = appBehind(mcpAuth({ requiredScopes: ['read'] }))
      expect((await ask(app)).status).toBe(200)
      expect((await request(app).get(new URL(metadataUrl).pathname)).body).toMatchObject({ scopes_supported: ['read'] })
    })
  })

  describe('a request that does not', () => {
    const app = appBehind(mcpAuth(trust))

    it('is told where to get a token, and for which scopes (RFC 9728 §5.1)', async () => {
      const answer = await request(app).get('/mcp')
      expect(answer).toMatchObject({ status: 401, body: { code: 'credential_missing' } })
      expect(answer.headers['www-authenticate']).toBe(`Bearer realm="api", scope="read", ${directions}`)
    })

    it('is told that its token will not do', async () => {
      const answer = await ask(app, { scope: 'read', aud: 'https://mcp.example.com/other' })
      expect(answer).toMatchObject({ status: 401, body: { code: 'audience_mismatch' } })
      expect(answer.headers['www-authenticate']).toMatch(/error="invalid_token".*, scope="read", resource_metadata="/)
    })

    it('is told which scopes it lacks, each parameter once', async () => {
      const answer = await ask(app, { scope: 'other' })
      expect(answer).toMatchObject({ status: 403, body: { code: 'scope_insufficient' } })
      const challenge = answer.headers['www-authenticate'] ?? ''
      expect(challenge).toContain('error="insufficient_scope"')
      expect(challenge.match(/ scope="read"/g)).toHaveLength(1)
      expect(challenge.endsWith(directions)).toBe(true)
    })

    it('asks for no scope where none is required', async () => {
      const answer = await request(appBehind(mcpAuth({ issuer: idp.issuer, audience: idp.audience }))).get('/mcp')
      expect(answer.headers['www-authenticate']).toBe(`Bearer realm="api", ${directions}`)
    })

    it('is a 400 with two credentials, be the first a good one', async () => {
      await using served = await serve(app)
      const good = `Authorization: Bearer ${await idp.issue({ scope: 'read' })}`
      const answer = await served.send('GET /mcp', [good, 'Authorization: Bearer x'])
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('credential_ambiguous') })
      expect((await served.send('GET /mcp?access_token=x', [good])).status).toBe(400)
    })

    it('is not let in by a token in the query', async () => {
      expect((await request(app).get(`/mcp?access_token=${await idp.issue({ scope: 'read' })}`)).status).toBe(401)
    })

    it('is a 503 with Retry-After and no challenge where the issuer is away', async () => {
      const gone = await createTestIssuer({ audience: idp.audience })
      const bearer = await gone.asUser({ scope: 'read' })
      await gone.close()
      const orphaned = appBehind(mcpAuth({ ...trust, issuer: gone.issuer }))
      const answer = await request(orphaned).get('/mcp').set(bearer)
      expect(answer).toMatchObject({ status: 503, body: { code: 'keys_unavailable' } })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(answer.headers).not.toHaveProperty('www-authenticate')
    })

    it('is a 500 where the application is at fault', async () => {
      const auth = mcpAuth(trust)
      await auth.verifier.close()
      expect(await ask(appBehind(auth))).toMatchObject({ status: 500, text: 'ConfigurationError' })
    })

    it('has to satisfy the policy of the options beside the scopes', async () => {
      const admins = appBehind(mcpAuth({ ...trust, policy: role('admin') }))
      expect((await ask(admins)).body).toMatchObject({ code: 'policy_denied' })
      expect((await ask(admins, { roles: ['admin'] })).body).toMatchObject({ code: 'scope_insufficient' })
      expect((await ask(admins, { roles: ['admin'], scope: 'read' })).status).toBe(200)
    })
  })

  describe('a stream', () => {
    const stream: RequestHandler = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
    }

    it.each<[string, (auth: McpAuthHandler) => Promise<unknown>]>([
      ['its token is revoked', (auth) => auth.verifier.revoke({ subject: 'ann' })],
      ['the verifier is closed', (auth) => auth.verifier.close()],
    ])('ends when %s', async (_when, end) => {
      const auth = mcpAuth(trust)
      await using served = await serve(framework().use(auth, stream))
      const open = async (sub: string) => {
        const headers = { ...(await idp.asUser({ sub, scope: 'read' })), accept: 'text/event-stream' }
        const { body } = await fetch(`${served.url}/mcp`, { headers })
        const reader = (body as ReadableStream<Uint8Array>).getReader()
        await reader.read()
        return reader
      }
      const anns = await open('ann')
      await end(auth)
      await expect(anns.read()).rejects.toThrow('terminated')
    })

    it('is a GET that accepts events; every other request is judged once', async () => {
      const app = appBehind(mcpAuth(trust))
      const bearer = await idp.asUser({ scope: 'read' })
      let judgements = 0
      const count = (): void => void judgements++
      subscribe('sallyport:decision', count)
      await request(app).get('/mcp').set(bearer).expect(200)
      await request(app).post('/mcp').set(bearer).set('Accept', 'application/json, text/event-stream').expect(200)
      expect(judgements).toBe(2)
      await request(app).get('/mcp').set(bearer).set('Accept', 'text/event-stream').expect(200)
      expect(judgements).toBe(4)
      unsubscribe('sallyport:decision', count)
    })

    it('stays when that of somebody else is revoked', async () => {
      const auth = mcpAuth(trust)
      const say: ((text: string) => void)[] = []
      const listening: RequestHandler = (req, res, next) => {
        say.push((text) => void res.write(text))
        stream(req, res, next)
      }
      await using served = await serve(framework().use(auth, listening))
      const headers = { ...(await idp.asUser({ sub: 'bob', scope: 'read' })), accept: 'text/event-stream' }
      const { body } = await fetch(`${served.url}/mcp`, { headers })
      const reader = (body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      await auth.verifier.revoke({ subject: 'ann' })
      say[0]?.('still here')
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('still here')
      await reader.cancel()
    })
  })

  describe('the metadata', () => {
    it('are open, and nothing else is', async () => {
      const app = appBehind(mcpAuth({ ...trust, resourceName: 'Orders' }))
      const { status, body } = await request(app).get(new URL(metadataUrl).pathname)
      expect(status).toBe(200)
      expect(body).toEqual({
        resource: idp.audience,
        authorization_servers: [idp.issuer],
        scopes_supported: ['read'],
        bearer_methods_supported: ['header'],
        resource_name: 'Orders',
      })
      for (const path of ['/', '/mcp', '/.well-known/oauth-protected-resource', '/.well-known/openid-configuration'])
        expect((await request(app).get(path)).status).toBe(401)
    })

    it('name other scopes where the options do', async () => {
      const app = appBehind(mcpAuth({ ...trust, scopesSupported: ['read', 'write'] }))
      const { body } = await request(app).get(new URL(metadataUrl).pathname)
      expect(body.scopes_supported).toEqual(['read', 'write'])
    })
  })

  describe('tools()', () => {
    const auth = mcpAuth(trust)
    const policies = { cancel: scope('write'), purge: role('admin') }
    const app = appBehind(auth, framework.json(), auth.tools(policies))
    const post = async (body: object, claims: TestClaims = { scope: 'read' }): Promise<Response> =>
      request(app)
        .post('/mcp')
        .set(await idp.asUser(claims))
        .send(body)

    it('asks who calls a tool for what the tool asks', async () => {
      expect((await post(call('cancel'), { scope: 'read write' })).status).toBe(200)
      const refused = await post(call('cancel'))
      expect(refused).toMatchObject({ status: 403, body: { code: 'scope_insufficient' } })
      const challenge = refused.headers['www-authenticate']
      expect(challenge).toContain('scope="read write"') // all that it needs, what it holds too
      expect(challenge).toContain(directions)
      expect(await post(call('purge'))).toMatchObject({ status: 403, body: { code: 'policy_denied' } })
    })

    it.each<[string, object]>([
      ['another tool', call('list')],
      ['a tool by the name of a method of every object', call('constructor')],
      ['another method', { jsonrpc: '2.0', id: 1, method: 'tools/list' }],
      ['another method with that name in it', call('cancel', { method: 'prompts/get' })],
      ['an answer', { jsonrpc: '2.0', id: 1, result: {} }],
      ['nothing', []],
    ])('asks nothing more for %s', async (_what, body) => {
      expect((await post(body)).status).toBe(200)
    })

    it('looks at every message of a batch, and asks for all at once', async () => {
      expect((await post([call('list'), call('cancel')])).status).toBe(403)
      expect((await post([call('cancel'), call('list')], { scope: 'read write' })).status).toBe(200)
      const both = [call('cancel'), call('purge')]
      expect((await post(both, { scope: 'read write' })).status).toBe(403)
      expect((await post(both, { scope: 'read', roles: ['admin'] })).body).toMatchObject({ code: 'scope_insufficient' })
      expect((await post(both, { scope: 'read write', roles: ['admin'] })).status).toBe(200)
      expect((await post(Array.from({ length: 999 }, () => call('cancel')))).status).toBe(403) // no fault of ours
    })

    it.each<[string, object]>([
      ['a name that is none', call(['cancel'])],
      ['no parameters', { jsonrpc: '2.0', id: 1, method: 'tools/call' }],
      ['parameters that are null', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: null }],
      ['no message', {}],
      ['no message in a batch', [call('list'), {}]],
      ['a batch in a batch', [[call('cancel')]]],
    ])('takes %s for any of the tools', async (_what, body) => {
      expect((await post(body, { scope: 'read write' })).status).toBe(403)
      expect((await post(body, { scope: 'read write', roles: ['admin'] })).status).toBe(200)
    })

    it('takes a body that Express does not read for any of the tools', async () => {
      // The transport looks for application/json anywhere in the type, and would read what Express has not.
      const answer = await request(app)
        .post('/mcp')
        .set(await idp.asUser({ scope: 'read write' }))
        .set('Content-Type', 'text/plain; x=application/json')
        .send(JSON.stringify(call('cancel')))
      expect(answer.status).toBe(403)
    })

    it('asks nothing more of a stream and of the end of a session', async () => {
      expect((await ask(app)).status).toBe(200)
      expect(
        (
          await request(app)
            .delete('/mcp')
            .set(await idp.asUser({ scope: 'read' }))
        ).status,
      ).toBe(200)
    })

    it('stands behind its own gate', async () => {
      const without = framework().use(framework.json(), auth.tools(policies), show).use(tell)
      const body = call('list')
      const bare = await request(without).post('/mcp').send(body)
      expect(bare).toMatchObject({ status: 500, text: 'ConfigurationError' })
      const another = appBehind(mcpAuth(trust), framework.json(), auth.tools(policies))
      expect(
        (
          await request(another)
            .post('/mcp')
            .set(await idp.asUser({ scope: 'read' }))
            .send(body)
        ).status,
      ).toBe(500)
    })

    it('lets nobody anonymous call a tool that asks for something', async () => {
      const optional = mcpAuth({ issuer: idp.issuer, audience: idp.audience, optional: true })
      const open = appBehind(optional, framework.json(), optional.tools(policies))
      expect((await request(open).post('/mcp').send(call('list'))).status).toBe(200)
      const refused = await request(open).post('/mcp').send(call('cancel'))
      expect(refused).toMatchObject({ status: 401, body: { code: 'credential_missing' } })
      expect(refused.headers['www-authenticate']).toContain(directions)
    })

    it('finds named policies', async () => {
      const policies = policySet(policy('orders.cancel', { allow: scope('write') }))
      const named = mcpAuth({ ...trust, policies })
      const guarded = appBehind(named, framework.json(), named.tools({ cancel: use('orders.cancel') }))
      const cancel = async (granted: string): Promise<Response> =>
        request(guarded)
          .post('/mcp')
          .set(await idp.asUser({ scope: granted }))
          .send(call('cancel'))
      expect((await cancel('read write')).status).toBe(200)
      expect((await cancel('read')).headers['www-authenticate']).toContain('scope="read write"')
    })
  })
})

describe('building', () => {
  it.each<[string, () => unknown]>([
    ['audience', () => mcpAuth({ issuer: idp.issuer } as never)],
    ['requiredScope', () => mcpAuth({ ...trust, requiredScope: 'x' } as never)],
    ['scope', () => mcpAuth({ ...trust, requiredScopes: ['a b'] })],
    ['requiredScopes', () => mcpAuth({ ...trust, requiredScopes: 'read' as never })],
    ['resource', () => mcpAuth({ ...trust, audience: 'api' })],
    ['Authorization', () => mcpAuth({ ...trust, credentials: { header: 'x-token' } })],
    ['use(', () => mcpAuth({ ...trust, policy: policy('p', { allow: scope('a') }) })],
    ['policy', () => mcpAuth(trust).tools({ cancel: 'write' as never })],
    ['use(', () => mcpAuth(trust).tools({ cancel: policy('p', { allow: scope('a') }) as never })],
    ['nowhere', () => mcpAuth(trust).tools({ cancel: use('nowhere') })],
  ])('says what is wrong: %s', (word, build) => {
    expect(build).toThrow(ConfigurationError)
    expect(build).toThrow(word)
  })

  it('has the types of Express and of the SDK', () => {
    expectTypeOf<McpAuthHandler>().toExtend<RequestHandler>()
    expectTypeOf<ReturnType<McpAuthHandler['tools']>>().toExtend<RequestHandler>()
    expectTypeOf<import('@sallyport/mcp').AuthInfo>().toExtend<SdkAuthInfo>()
    // @ts-expect-error: a forgotten audience
    expect(() => mcpAuth({ issuer: idp.issuer })).toThrow('audience')
  })
})
