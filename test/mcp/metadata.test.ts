// RFC 9728: the document by which a client that knows only the URL of the server finds its authorization server.
import { discoverOAuthProtectedResourceMetadata } from '@modelcontextprotocol/sdk/client/auth.js'
import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/sdk/server/auth/router.js'
import { protectedResourceMetadata } from '@sallyport/mcp'
import express from 'express'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { serve } from '../fixtures/served-app.js'

const issuer = 'https://idp.example.com'
const audience = 'https://mcp.example.com/mcp'
const trust = {
  issuer,
  audience,
  jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'a' }] },
}
const path = '/.well-known/oauth-protected-resource/mcp'

type Options = NonNullable<Parameters<typeof protectedResourceMetadata>[0]>

/** What it serves, wherever that is. */
async function documentOf(options: Options): Promise<Record<string, unknown>> {
  const metadata = protectedResourceMetadata(options)
  const { pathname } = new URL(metadata.url)
  return (await request(express().use(metadata)).get(pathname).expect(200)).body
}

afterEach(() => void vi.unstubAllEnvs())

describe.each(expressMajors)('%s', (_, framework) => {
  const app = framework()
  app.use(protectedResourceMetadata(trust))
  app.use((_req, res) => void res.status(401).send('closed'))

  it('serves the document to everybody, as JSON, to browsers too (RFC 9728 §3.2)', async () => {
    const answer = await request(app).get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.body).toEqual({
      resource: audience,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
    })
  })

  it('answers a HEAD, a query, and the question of a browser whether it may ask', async () => {
    const head = await request(app).head(path)
    expect(head.status).toBe(200)
    expect(head.headers['content-type']).toBe('application/json')
    expect((await request(app).get(`${path}?x=1`)).status).toBe(200)
    const preflight = await request(app).options(path).set({
      Origin: 'https://app.example',
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'mcp-protocol-version',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-origin']).toBe('*')
    expect(preflight.headers['access-control-allow-headers']).toBe('*')
  })

  it.each([
    ['POST', path],
    ['DELETE', path],
    ['GET', `${path}/`],
    ['GET', `${path}/more`],
    ['GET', `${path}%2f`],
    ['GET', `/x/..${path}`],
    ['GET', `/${path}`],
    ['GET', path.toUpperCase()],
    ['GET', '/.well-known/oauth-protected-resource'],
    ['GET', '/mcp'],
    ['OPTIONS', '/mcp'],
    ['GET', `/mcp?${path}`],
  ])('opens nothing else: %s %s', async (method, target) => {
    await using served = await serve(app)
    expect(await served.send(`${method} ${target}`)).toMatchObject({ status: 401, body: 'closed' })
  })

  it('is the same where the application is mounted', async () => {
    const mounted = framework()
    mounted.use('/.well-known', protectedResourceMetadata(trust))
    expect((await request(mounted).get(path)).status).toBe(200)
  })
})

describe('RFC 9728 §3.1: where the document is', () => {
  it.each([
    ['https://mcp.example.com', 'https://mcp.example.com/.well-known/oauth-protected-resource'],
    ['https://mcp.example.com/', 'https://mcp.example.com/.well-known/oauth-protected-resource'],
    ['https://mcp.example.com/mcp', 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'],
    ['https://mcp.example.com:8443/a/b', 'https://mcp.example.com:8443/.well-known/oauth-protected-resource/a/b'],
    ['http://localhost:3000/mcp', 'http://localhost:3000/.well-known/oauth-protected-resource/mcp'],
    ['http://127.0.0.1:3000/mcp', 'http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp'],
    ['http://[::1]:3000/mcp', 'http://[::1]:3000/.well-known/oauth-protected-resource/mcp'],
  ])('%s', async (resource, url) => {
    expect(protectedResourceMetadata({ ...trust, resource }).url).toBe(url)
    expect(getOAuthProtectedResourceMetadataUrl(new URL(resource))).toBe(url) // the SDK looks there
    expect((await documentOf({ ...trust, resource }))['resource']).toBe(resource) // §3.3: to the letter
  })

  it('is where the SDK looks, and in a form that it reads', async () => {
    const app = express()
    await using served = await serve(app)
    const resource = `${served.url}/mcp`
    app.use(protectedResourceMetadata({ ...trust, resource, scopesSupported: ['a', 'b'] }))
    const document = await discoverOAuthProtectedResourceMetadata(resource)
    expect(document).toMatchObject({ resource, authorization_servers: [issuer], scopes_supported: ['a', 'b'] })
  })
})

describe('RFC 9728 §2: what the document says', () => {
  it('is what the options say', async () => {
    const said = {
      scopesSupported: ['a'],
      resourceName: 'Orders',
      resourceDocumentation: 'https://mcp.example.com/docs',
      authorizationServers: ['https://login.example.com'],
    }
    expect(await documentOf({ ...trust, ...said })).toEqual({
      resource: audience,
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['a'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://mcp.example.com/docs',
    })
  })

  it('leaves out what has no value (§3.2)', async () => {
    expect(await documentOf({ ...trust, scopesSupported: [] })).not.toHaveProperty('scopes_supported')
  })

  it('names every issuer that is a URL, each tenant as an issuer of its own', async () => {
    const tenants = ['red', 'blue']
    const issuers = [
      trust,
      { ...trust, issuer: 'https://login.example/{tenant}/v2', tenants },
      { ...trust, issuer: 'internal' },
    ]
    expect((await documentOf({ issuers }))['authorization_servers']).toEqual([
      issuer,
      'https://login.example/red/v2',
      'https://login.example/blue/v2',
    ])
  })

  it('is what the environment says where the options say nothing of trust', async () => {
    vi.stubEnv('SALLYPORT_ISSUER', issuer)
    vi.stubEnv('SALLYPORT_AUDIENCE', audience)
    expect(await documentOf({ resourceName: 'Orders' })).toMatchObject({
      resource: audience,
      authorization_servers: [issuer],
      resource_name: 'Orders',
    })
  })

  it('takes the one audience that is a URL', async () => {
    expect((await documentOf({ ...trust, audience: ['api', audience] }))['resource']).toBe(audience)
  })
})

describe('building', () => {
  it.each<[string, Options]>([
    ['resource', { ...trust, resource: 'mcp' }],
    ['resource', { ...trust, resource: 'http://mcp.example.com/mcp' }],
    ['resource', { ...trust, resource: 'http://localhost.example.com/mcp' }],
    ['resource', { ...trust, resource: 'ftp://mcp.example.com' }],
    ['resource', { ...trust, resource: 'https://ann:secret@mcp.example.com' }],
    ['fragment', { ...trust, resource: `${audience}#x` }],
    ['fragment', { ...trust, resource: `${audience}#` }],
    ['query', { ...trust, resource: `${audience}?x=1` }],
    ['resource', { ...trust, audience: 'api' }],
    ['resource', { ...trust, audience: [audience, 'https://mcp.example.com/other'] }],
    ['authorizationServers', { ...trust, issuer: 'internal' }],
    ['authorizationServers', { ...trust, authorizationServers: [] }],
    ['authorizationServers', { ...trust, authorizationServers: ['internal'] }],
    ['scopesSupported', { ...trust, scopesSupported: 'a' } as never],
    ['authorizationServers', { ...trust, authorizationServers: 'https://idp.example.com' } as never],
    ['resourceName', { ...trust, resourceNames: 'x' } as Options],
    ['audience', { issuer } as Options],
    ['Authorization', { ...trust, credentials: 'authorization' }],
  ])('says what is wrong with `%s`', (word, options) => {
    expect(() => protectedResourceMetadata(options)).toThrow(word)
  })
})
