// An authorization server that is not what it should be, or not there: what is believed of it, and for how long.
import { type ClientCredentialsOptions, clientCredentials, serviceClient } from '@sallyport/client'
import { ConfigurationError } from '@sallyport/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPlainService } from './services.js'
import { clientKey, type HandMadeServer, json, refusal, startHandMadeServer, tokens } from './token-endpoint.js'

const startApi = () => startPlainService(({ headers }, response) => void response.end(headers.authorization))

function begin(options: Partial<ClientCredentialsOptions>) {
  const world = { now: 1_000 }
  const trust = { issuer: 'http://localhost', clientId: 'billing', clientSecret: 'secret' }
  const client = serviceClient({
    dangerouslyAllowAnyOrigin: true,
    token: clientCredentials({ ...trust, ...options }),
    clock: () => world.now,
  })
  onTestFinished(() => client.close())
  return { client, world }
}

/** A server whose metadata are where they are put, and how often they were read. */
async function startWithMetadata(metadata: Record<string, (issuer: string) => object>) {
  const world = { isAway: false, reads: [] as string[] }
  const service = await startPlainService((request, response) => {
    if (request.method === 'POST')
      return json(response, 200, { access_token: 'a', token_type: 'bearer', expires_in: 100 })
    world.reads.push(String(request.url))
    const document = world.isAway ? undefined : metadata[String(request.url)]
    return document === undefined ? void response.writeHead(404).end() : json(response, 200, document(service.url))
  })
  return { issuer: service.url, world }
}

const [oidc, oauth2] = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'] as const
const good = (issuer: string) => ({ issuer, token_endpoint: `${issuer}/token` })

describe('RFC 8414 §3: the metadata of the issuer', () => {
  it.each([
    ['OpenID Connect', { [oidc]: good }, [oidc]],
    ['OAuth 2.0', { [oauth2]: good }, [oidc, oauth2]],
    ['OAuth 2.0, beside another issuer', { [oidc]: () => good('https://a.example'), [oauth2]: good }, [oidc, oauth2]],
  ])('are found where %s puts them', async (_, metadata, reads) => {
    const [server, api] = await Promise.all([startWithMetadata(metadata), startApi()])
    expect(await (await begin({ issuer: server.issuer }).client.fetch(api.url)).text()).toBe('Bearer a')
    expect(server.world.reads).toEqual(reads)
  })

  it.each<[string, (issuer: string) => object]>([
    ['of another issuer', () => good('https://idp.example.com')],
    ['of an issuer with a slash more', (issuer) => ({ ...good(issuer), issuer: `${issuer}/` })],
    ['without a token endpoint', (issuer) => ({ issuer })],
  ])('%s are not believed', async (_, metadata) => {
    const [server, api] = await Promise.all([startWithMetadata({ [oidc]: metadata }), startApi()])
    await expect(begin({ issuer: server.issuer }).client.fetch(api.url)).rejects.toMatchObject({
      code: 'token_unavailable',
    })
  })

  it('are kept for an hour, and longer while none can be had', async () => {
    const [server, api] = await Promise.all([startWithMetadata({ [oidc]: good }), startApi()])
    const { client, world } = begin({ issuer: server.issuer })
    await client.fetch(api.url)
    world.now += 3_599
    await client.fetch(api.url)
    expect(server.world.reads).toEqual([oidc])
    world.now += 101
    server.world.isAway = true
    expect(await (await client.fetch(api.url)).text()).toBe('Bearer a')
    expect(server.world.reads).toEqual([oidc, oidc, oauth2])
  })

  it('are not asked for where the token endpoint is named', async () => {
    const [server, api] = await Promise.all([startWithMetadata({}), startApi()])
    const { client } = begin({ issuer: server.issuer, tokenEndpoint: `${server.issuer}/any` })
    expect(await (await client.fetch(api.url)).text()).toBe('Bearer a')
    expect(server.world.reads).toEqual([])
  })
})

describe('RFC 6749 §5: an answer', () => {
  const call = async (server: HandMadeServer) => {
    const api = await startApi()
    return begin({ issuer: server.issuer }).client.fetch(api.url)
  }

  it.each([
    [400, 'invalid_scope', 'token_refused'],
    [401, 'invalid_client', 'token_refused'],
    [429, 'slow_down', 'token_unavailable'],
    [500, 'server_error', 'token_unavailable'],
    [503, 'temporarily_unavailable', 'token_unavailable'],
    [302, 'invalid_request', 'token_unavailable'],
  ])('of %d %s is %s', async (status, error, code) => {
    const server = await startHandMadeServer()
    server.answer = refusal(status, { error })
    await expect(call(server)).rejects.toMatchObject({ code, oauthError: code === 'token_refused' ? error : undefined })
  })

  it('with a challenge of Basic is a client that is not known', async () => {
    const server = await startHandMadeServer()
    server.answer = (_, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="idp"' }).end()
    await expect(call(server)).rejects.toMatchObject({ code: 'token_refused', oauthError: 'invalid_client' })
  })

  it('without expires_in counts as 60 seconds', async () => {
    const [server, api] = await Promise.all([startHandMadeServer(), startApi()])
    server.answer = tokens({ expires_in: undefined })
    const { client, world } = begin({ issuer: server.issuer })
    const answers: string[] = []
    for (const seconds of [0, 49, 11]) {
      world.now += seconds
      answers.push(await (await client.fetch(api.url)).text())
    }
    expect(answers).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2'])
  })
})

describe('what does not build', () => {
  const { privateKey } = clientKey('k')

  it.each([
    ['an issuer without TLS', { issuer: 'http://idp.example.com' }],
    ['an issuer that is no URL', { issuer: 'idp' }],
    ['a token endpoint without TLS', { tokenEndpoint: 'http://idp.example.com/token' }],
    ['no client', { clientId: '' }],
    ['two proofs', { privateKey }],
    ['an algorithm without a key', { algorithm: 'ES256' }],
    ['a key id without a key', { keyId: 'k' }],
    ['an empty secret', { clientSecret: '' }],
    ['a scope that is none', { scope: [] }],
    ['a relative resource', { resource: '/orders' }],
    ['`dpop` as a text', { dpop: 'yes' }],
    ['a `fetch` that is none', { fetch: 'fetch' }],
    ['a misspelled option', { audiences: 'orders' }],
  ])('%s', (_, options) => {
    const trust = { issuer: 'https://idp.example.com', clientId: 'billing', clientSecret: 'secret' }
    const given = { ...trust, ...options } as ClientCredentialsOptions
    expect(() => clientCredentials(given)).toThrow(ConfigurationError)
  })
})
