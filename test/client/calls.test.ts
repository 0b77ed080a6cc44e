// What a call may do and what it may not, whatever it is called with.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { inspect } from 'node:util'
import {
  type ClientCredentialsOptions,
  clientCredentials,
  DownstreamError,
  type ServiceClientOptions,
  serviceClient,
} from '@sallyport/client'
import { ConfigurationError } from '@sallyport/core'
import { Request as UndiciRequest } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestAuthority } from '../fixtures/certificates.js'
import { certificateFolder, clientEvents, createMesh, startPlainService, startService } from './services.js'
import { type HandMadeServer, json, refusal, startHandMadeServer, tokens } from './token-endpoint.js'

function clientWith(options: ServiceClientOptions = {}): ReturnType<typeof serviceClient> {
  const client = serviceClient({ reloadSeconds: 0, dangerouslyAllowAnyOrigin: true, ...options })
  onTestFinished(() => client.close())
  return client
}

const sourceOf = ({ issuer }: { readonly issuer: string }, more: Partial<ClientCredentialsOptions> = {}) =>
  clientCredentials({ issuer, clientId: 'billing', clientSecret: 'a very secret secret', ...more })

/** Answers with all that came. */
const startEcho = () =>
  startPlainService(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { method, url, headers } = request
    json(response, 200, { method, url, headers, body: Buffer.concat(parts).toString() })
  })

interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

const echoOf = async (response: Promise<Response>) => (await (await response).json()) as Echo

describe('what fetch is called with', () => {
  const form = new FormData()
  form.set('file', new Blob(['of bytes']), 'a.txt')

  it.each([
    ['a text', { body: 'text' }, 'text'],
    ['bytes', { body: new TextEncoder().encode('bytes') }, 'bytes'],
    ['parameters', { body: new URLSearchParams({ a: 'b' }) }, 'a=b'],
    ['a blob', { body: new Blob(['blob']) }, 'blob'],
    ['a stream', { body: new Blob(['stream']).stream(), duplex: 'half' }, 'stream'],
    ['a form', { body: form }, 'of bytes'],
  ])('%s arrives', async (_, init, expected) => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    const client = clientWith({ token: sourceOf(server) })
    const arrived = await echoOf(client.fetch(`${echo.url}/a?b`, { method: 'post', ...(init as RequestInit) }))
    expect(arrived).toMatchObject({ method: 'POST', url: '/a?b', headers: { authorization: 'Bearer token-1' } })
    expect(arrived.body).toContain(expected)
    if (init.body === form) expect(arrived.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  })

  it.each([
    ["a Request of Node's own", Request],
    ['a Request of undici', UndiciRequest as unknown as typeof Request],
  ])('%s arrives whole', async (_, Kind) => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    const request = new Kind(`${echo.url}/orders`, { method: 'PUT', body: 'whole', headers: { 'x-order': '7' } })
    const arrived = await echoOf(clientWith({ token: sourceOf(server) }).fetch(request))
    const headers = { authorization: 'Bearer token-1', 'x-order': '7' }
    expect(arrived).toMatchObject({ method: 'PUT', url: '/orders', body: 'whole', headers })
  })

  it('a URL object and other headers arrive', async () => {
    const echo = await startEcho()
    const arrived = await echoOf(
      clientWith().fetch(new URL(echo.url), { headers: new Headers({ accept: 'text/plain' }) }),
    )
    expect(arrived).toMatchObject({ method: 'GET', headers: { accept: 'text/plain' } })
    expect(arrived.headers).not.toHaveProperty('authorization')
  })

  it('a signal ends it with the reason of the caller', async () => {
    const service = await startPlainService(() => {})
    const abort = new AbortController()
    const call = clientWith().fetch(service.url, { signal: abort.signal })
    await expect.poll(service.connections).toBe(1)
    abort.abort(new RangeError('enough'))
    await expect(call).rejects.toThrow(RangeError)
  })

  it('a mistake stays one', async () => {
    await expect(clientWith().fetch('no url')).rejects.toThrow(TypeError)
    await expect(clientWith().fetch('https://example.com', { method: 'GE T' })).rejects.toThrow(TypeError)
  })
})

describe('where credentials do not go', () => {
  const refused = { name: 'DownstreamError', code: 'endpoint_refused' }

  it('over no TLS, except to this machine', async () => {
    const [server, echo, { files }] = await Promise.all([startHandMadeServer(), startEcho(), createMesh()])
    for (const options of [{ token: sourceOf(server) }, { tls: files.paths }]) {
      const client = clientWith(options)
      await expect(client.fetch('http://orders.example.com/')).rejects.toMatchObject(refused)
      expect((await client.fetch(echo.url)).status).toBe(200)
    }
    expect(server.requests).toHaveLength(1) // for the loopback host; where nothing goes, no token is fetched
  })

  it('to an origin that is not listed', async () => {
    const [server, echo, other] = await Promise.all([startHandMadeServer(), startEcho(), startEcho()])
    const client = clientWith({ token: sourceOf(server), origins: [echo.url] })
    expect((await client.fetch(`${echo.url}/any/path`)).status).toBe(200)
    await expect(client.fetch(other.url)).rejects.toMatchObject(refused)
    expect(other.connections()).toBe(0)
  })

  it('after a redirect', async () => {
    const [server, thief] = await Promise.all([startHandMadeServer(), startEcho()])
    const service = await startPlainService((_, response) => response.writeHead(307, { location: thief.url }).end())
    const client = clientWith({ token: sourceOf(server) })
    expect((await client.fetch(service.url)).status).toBe(307)
    expect((await client.fetch(new Request(service.url))).status).toBe(307)
    await expect(client.fetch(service.url, { redirect: 'follow' })).rejects.toMatchObject(refused)
    expect(thief.connections()).toBe(0)
    expect((await clientWith().fetch(service.url, { redirect: 'follow' })).status).toBe(200)
  })

  it('in a URL', async () => {
    await expect(clientWith().fetch('https://ann:secret@example.com')).rejects.toMatchObject(refused)
  })

  it('to a token endpoint without TLS, whoever named it', async () => {
    const server = await startHandMadeServer({ token_endpoint: 'http://idp.example.com/token' })
    await expect(clientWith({ token: sourceOf(server) }).fetch(server.issuer)).rejects.toMatchObject(refused)
  })

  it('R-MCP-1: the token of a caller is not passed on beside ours', async () => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    const client = clientWith({ token: sourceOf(server) })
    for (const name of ['Authorization', 'DPoP']) {
      await expect(client.fetch(echo.url, { headers: { [name]: 'Bearer of-ann' } })).rejects.toThrow(ConfigurationError)
    }
    expect(echo.connections()).toBe(0)
  })
})

describe('whom a client believes', () => {
  it.each<[string, { name?: string; stranger?: boolean; expired?: boolean }]>([
    ['a server of another authority', { stranger: true }],
    ['a server of another name', { name: 'other.example' }],
    ['a server whose certificate has expired', { expired: true }],
  ])('not %s', async (_, { name = 'localhost', stranger = false, expired = false }) => {
    const [mesh, other] = [createTestAuthority('mesh'), createTestAuthority('mesh')]
    const identity = (stranger ? other : mesh).issue(name, { expired })
    const service = await startService({ identity, clientCa: mesh.ca })
    const files = await certificateFolder({ ...mesh.issue('client-1'), ca: mesh.ca })
    const call = clientWith({ tls: files.paths }).fetch(service.url)
    await expect(call).rejects.toMatchObject({ code: 'service_unavailable' })
  })

  it('a server of the name that it was told', async () => {
    const mesh = createTestAuthority('mesh')
    const service = await startService({ identity: mesh.issue('orders.example'), clientCa: mesh.ca })
    const files = await certificateFolder({ ...mesh.issue('client-1'), ca: mesh.ca })
    const client = clientWith({ tls: { ...files.paths, servername: 'orders.example' } })
    expect(await (await client.fetch(service.url)).text()).toBe('client-1')
  })

  it('X509-SVID: a server of the SPIFFE ID that it was told, and no other', async () => {
    const mesh = createTestAuthority('mesh')
    const identity = mesh.issue('orders', { uri: 'spiffe://prod.example/orders' })
    const service = await startService({ identity, clientCa: mesh.ca })
    const { folder } = await certificateFolder({ ...mesh.issue('client-1'), ca: mesh.ca })
    const of = (serverIds?: string | readonly string[]) =>
      clientWith({ tls: { spiffeFolder: folder, ...(serverIds && { serverIds }) } }).fetch(service.url)
    const right = ['spiffe://prod.example/billing', 'spiffe://prod.example/orders']
    expect(await (await of(right)).text()).toBe('client-1')
    for (const wrong of ['spiffe://prod.example/order', 'spiffe://prod.example/orders/7', undefined])
      await expect(of(wrong)).rejects.toMatchObject({ code: 'service_unavailable' })
  })

  it('RFC 8996: no server that speaks TLS 1.1, whatever the process allows', async () => {
    const [version, ciphers] = [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS]
    onTestFinished(() => void Object.assign(tls, { DEFAULT_MIN_VERSION: version, DEFAULT_CIPHERS: ciphers }))
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
    const mesh = createTestAuthority('mesh')
    const server = tls.createServer({ ...mesh.issue('localhost'), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
    server
      .on('secureConnection', (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
      .on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const careless = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: mesh.ca })
    await once(careless, 'secureConnect')
    careless.destroy()
    const files = await certificateFolder({ ...mesh.issue('client-1'), ca: mesh.ca })
    const call = clientWith({ tls: files.paths }).fetch(`https://localhost:${port}`)
    await expect(call).rejects.toMatchObject({ code: 'service_unavailable' })
  })

  it('without a certificate of its own a client gets no connection where one is asked for', async () => {
    const { service, files } = await createMesh()
    const call = clientWith({ tls: { caFile: files.paths.caFile } }).fetch(service.url)
    await expect(call).rejects.toMatchObject({ code: 'service_unavailable' })
  })
})

describe('bounds', () => {
  it('an answer that does not come', async () => {
    const service = await startPlainService(() => {})
    const call = clientWith({ timeoutSeconds: 0.1 }).fetch(service.url)
    await expect(call).rejects.toMatchObject({ code: 'service_unavailable', message: expect.stringMatching(/in time/) })
  })

  it('a call that waits for a connection is bounded, too', async () => {
    const service = await startPlainService(() => {})
    const client = clientWith({ timeoutSeconds: 0.1, connectionsPerOrigin: 1 })
    const calls = await Promise.allSettled([1, 2, 3].map(() => client.fetch(service.url)))
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })

  it('connections to one origin', async () => {
    const service = await startPlainService((_, response) => void setImmediate(() => response.end()))
    const client = clientWith({ connectionsPerOrigin: 3 })
    await Promise.all(Array.from({ length: 30 }, async () => (await client.fetch(service.url)).text()))
    expect(service.connections()).toBe(3)
  })

  it('a token that does not come', async () => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    server.answer = () => {}
    const call = clientWith({ timeoutSeconds: 0.2, token: sourceOf(server) }).fetch(echo.url)
    await expect(call).rejects.toMatchObject({ code: 'token_unavailable' })
    expect(echo.connections()).toBe(0)
  })

  it('an answer of the authorization server that has no end', async () => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    server.answer = (_, response) => void response.end(Buffer.alloc(1_000_000, ' '))
    const call = clientWith({ token: sourceOf(server) }).fetch(echo.url)
    await expect(call).rejects.toMatchObject({ code: 'token_unavailable', message: expect.stringMatching(/too long/) })
  })

  it('closing, with an answer that does not come', async () => {
    const service = await startPlainService(() => {})
    const client = serviceClient({ drainSeconds: 0.05 })
    const call = client.fetch(service.url)
    await expect.poll(service.connections).toBe(1)
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'service_unavailable' }), client.close()])
  })
})

describe('what is never told', () => {
  const secrets = /token-\d|a very secret secret|whispered/

  it.each<[string, (server: HandMadeServer) => void]>([
    [
      'a refusal',
      (server) => (server.answer = refusal(400, { error: 'invalid_grant', error_description: 'whispered' })),
    ],
    ['an error that no standard names', (server) => (server.answer = refusal(400, { error: 'whispered' }))],
    ['an answer of another type', (server) => (server.answer = tokens({ token_type: 'mac' }))],
    ['a token with a line break', (server) => (server.answer = tokens({ access_token: 'whispered\r\nx: y' }))],
    ['a scope that is none', (server) => (server.answer = tokens({ scope: ['whispered'] }))],
    ['an outage', (server) => (server.answer = refusal(503, { access_token: 'whispered' }))],
    ['a connection that ends', (server) => (server.answer = (_, response) => void response.destroy())],
  ])('%s: no token, secret or text of a stranger is in the error or the event', async (_, spoil) => {
    const [server, echo] = await Promise.all([startHandMadeServer(), startEcho()])
    const events = clientEvents()
    spoil(server)
    const client = clientWith({ token: sourceOf(server) })
    const error: unknown = await client.fetch(echo.url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DownstreamError)
    expect((error as DownstreamError).code).toMatch(/^token_/)
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(secrets)
    expect(events.map(({ outcome }) => outcome)).toEqual(['token_failed'])
    expect(inspect([events, client], { depth: Infinity, showHidden: true })).not.toMatch(secrets)
  })

  it('nor in the error of a call that carried one', async () => {
    const server = await startHandMadeServer()
    const service = await startPlainService((_, response) => void response.destroy())
    const events = clientEvents()
    const call = clientWith({ token: sourceOf(server) }).fetch(service.url, { method: 'POST', body: 'whispered' })
    const error: unknown = await call.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'service_unavailable' })
    expect(inspect([error, events], { depth: Infinity, showHidden: true })).not.toMatch(secrets)
    expect(events.map(({ outcome }) => outcome)).toEqual(['token_obtained'])
  })
})
