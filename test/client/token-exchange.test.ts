// RFC 8693: the token of a caller becomes one for the service behind us.
import { serviceClient, type TokenExchangeOptions, tokenExchange } from '@sallyport/client'
import { ConfigurationError } from '@sallyport/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestAuthority } from '../fixtures/certificates.js'
import { certificateFolder, startPlainService } from './services.js'
import { type HandMadeServer, refusal, startHandMadeServer, tokens } from './token-endpoint.js'

const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`
const issued = { issued_token_type: type('access_token') }

/** Answers with the token that it was called with. */
const startApi = () => startPlainService(({ headers }, response) => void response.end(headers.authorization))

function clientOf(server: HandMadeServer, options: Partial<TokenExchangeOptions>, clock?: () => number) {
  const trust = { issuer: server.issuer, clientId: 'billing', clientSecret: 'secret' }
  const token = tokenExchange({ ...trust, subjectToken: () => 'of ann', ...options })
  const client = serviceClient({ dangerouslyAllowAnyOrigin: true, token, ...(clock && { clock }) })
  onTestFinished(() => client.close())
  return client
}

async function startServer(): Promise<HandMadeServer> {
  const server = await startHandMadeServer()
  server.answer = tokens(issued)
  return server
}

describe('what is asked (RFC 8693 §2.1)', () => {
  it('is the least', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    expect(await (await clientOf(server, {}).fetch(api.url)).text()).toBe('Bearer token-1')
    expect(server.requests.map(({ authorization, parameters }) => [authorization, parameters])).toEqual([
      [
        `Basic ${Buffer.from('billing:secret').toString('base64')}`,
        [
          ['subject_token', 'of ann'],
          ['subject_token_type', type('access_token')],
          ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
        ],
      ],
    ])
  })

  it('is every parameter', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    server.answer = tokens({ issued_token_type: type('jwt') })
    const client = clientOf(server, {
      scope: ['read:orders', 'write:orders'],
      resource: ['https://a.example.com/', 'https://b.example.com/'],
      audience: 'orders',
      subjectTokenType: 'id_token',
      actorToken: () => 'of billing',
      actorTokenType: 'urn:example:badge',
      requestedTokenType: 'jwt',
    })
    await client.fetch(api.url)
    expect(server.requests[0]?.parameters).toEqual([
      ['scope', 'read:orders write:orders'],
      ['resource', 'https://a.example.com/'],
      ['resource', 'https://b.example.com/'],
      ['audience', 'orders'],
      ['subject_token', 'of ann'],
      ['subject_token_type', type('id_token')],
      ['actor_token', 'of billing'],
      ['actor_token_type', 'urn:example:badge'],
      ['requested_token_type', type('jwt')],
      ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    ])
  })

  it.each([
    ['an actor type without an actor', { actorTokenType: 'jwt' }],
    ['a type that is none', { subjectTokenType: 'bearer' }],
    ['an ID token to call with', { requestedTokenType: 'id_token' }],
    ['a refresh token to call with', { requestedTokenType: type('refresh_token') }],
    ['a subject token that is not asked for at each call', { subjectToken: 'of ann' }],
    ['a resource with a fragment', { resource: 'https://a.example.com/#b' }],
    ['a misspelled option', { subjectTokenTyp: 'jwt' }],
  ])('%s does not build', async (_, options) => {
    const trust = { issuer: 'https://idp.example.com', clientId: 'billing', clientSecret: 'secret' }
    const given = { ...trust, subjectToken: () => 'of ann', ...options } as unknown as TokenExchangeOptions
    expect(() => tokenExchange(given)).toThrow(ConfigurationError)
  })
})

describe('what is answered (RFC 8693 §2.2)', () => {
  it.each([
    ['no issued_token_type', {}],
    ['an ID token', { issued_token_type: type('id_token') }],
    ['a token that is none to call with', { issued_token_type: type('access_token'), token_type: 'N_A' }],
    ['a token that cannot be sent', { ...issued, access_token: 'two\nlines' }],
  ])('%s is not sent on', async (_, more) => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    server.answer = tokens(more)
    await expect(clientOf(server, {}).fetch(api.url)).rejects.toMatchObject({ code: 'token_unavailable' })
    expect(api.connections()).toBe(0)
  })

  it('another type than was requested is not sent on', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    const call = clientOf(server, { requestedTokenType: 'jwt' }).fetch(api.url)
    await expect(call).rejects.toMatchObject({ code: 'token_unavailable' })
  })

  it('a refusal has its error', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    server.answer = refusal(400, { error: 'invalid_target' })
    const expected = { code: 'token_refused', oauthError: 'invalid_target' }
    await expect(clientOf(server, {}).fetch(api.url)).rejects.toMatchObject(expected)
  })
})

describe('tokens of several subjects', () => {
  it('are kept apart, each for its subject and its actor', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    let [subject, actor] = ['ann', 'one']
    const client = clientOf(server, { subjectToken: () => subject, actorToken: () => actor })
    const call = async (who: string, by = 'one') => {
      ;[subject, actor] = [who, by]
      return (await client.fetch(api.url)).text()
    }
    expect([await call('ann'), await call('bob'), await call('ann'), await call('ann', 'two')]).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-1',
      'Bearer token-3',
    ])
  })

  it('are as many as was said: the one that was not used for longest goes', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    let subject = ''
    const client = clientOf(server, { subjectToken: () => subject, greatestSubjects: 2 })
    for (const who of ['ann', 'bob', 'ann', 'eve', 'ann', 'bob']) {
      subject = who
      await client.fetch(api.url)
    }
    const asked = server.requests.map(({ parameters }) => parameters[0]?.[1])
    expect(asked).toEqual(['ann', 'bob', 'eve', 'bob'])
  })

  it('calls at one moment for one subject ask once', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    const client = clientOf(server, {})
    await Promise.all(Array.from({ length: 20 }, () => client.fetch(api.url)))
    expect(server.requests).toHaveLength(1)
  })

  it('a token that the service refuses is replaced with one for the same subject', async () => {
    let now = 1_000
    let subject = 'ann'
    const server = await startServer()
    const seen: unknown[] = []
    const api = await startPlainService(({ headers: { authorization } }, response) => {
      seen.push(authorization)
      if (authorization !== 'Bearer token-1') return void response.end()
      subject = 'bob' // the next request has begun meanwhile
      now += 20
      return void response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
    })
    const client = clientOf(server, { subjectToken: () => subject }, () => now)
    expect((await client.fetch(api.url)).status).toBe(200)
    expect(seen).toEqual(['Bearer token-1', 'Bearer token-2'])
    expect(server.requests.map(({ parameters }) => parameters[0]?.[1])).toEqual(['ann', 'ann'])
  })

  it('are all replaced when the certificate is', async () => {
    const mesh = createTestAuthority('mesh')
    const [server, api] = await Promise.all([startServer(), startApi()])
    const files = await certificateFolder({ ...mesh.issue('billing'), ca: mesh.ca })
    let subject = ''
    const trust = { issuer: server.issuer, clientId: 'billing', clientSecret: 'secret' }
    const token = tokenExchange({ ...trust, subjectToken: () => subject })
    const client = serviceClient({ dangerouslyAllowAnyOrigin: true, tls: files.paths, token, reloadSeconds: 0 })
    onTestFinished(() => client.close())
    const call = async (who: string) => {
      subject = who
      return (await client.fetch(api.url)).text()
    }
    expect([await call('ann'), await call('bob')]).toEqual(['Bearer token-1', 'Bearer token-2'])
    await files.write(mesh.issue('billing'))
    await client.reload()
    await expect.poll(() => call('ann')).toBe('Bearer token-3')
    await expect.poll(() => call('bob')).toBe('Bearer token-4')
  })

  it('an error of who is asked for the subject stays what it is', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    const client = clientOf(server, {
      subjectToken: () => {
        throw new RangeError('outside of a request')
      },
    })
    await expect(client.fetch(api.url)).rejects.toThrow(RangeError)
    expect(api.connections()).toBe(0)
  })

  it('without a subject there is no call', async () => {
    const [server, api] = await Promise.all([startServer(), startApi()])
    const call = clientOf(server, { subjectToken: () => '' }).fetch(api.url)
    await expect(call).rejects.toMatchObject({ code: 'token_unavailable' })
    expect(server.requests).toEqual([])
  })
})
