// RFC 6750 §3.1: a service says that our token is no good. It is replaced once, never in a loop.
import { clientCredentials, type ServiceClientOptions, serviceClient } from '@sallyport/client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestAuthority } from '../fixtures/certificates.js'
import { certificateFolder, clientEvents, startPlainService, startService } from './services.js'
import { type HandMadeServer, refusal, startHandMadeServer, tokens } from './token-endpoint.js'

const challenge = { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' }

/** A service that takes only these tokens, and what was sent to it. */
async function startPicky(accepted: readonly string[], headers: Record<string, string> = challenge, status = 401) {
  const seen: string[] = []
  const service = await startPlainService(async (request, response) => {
    let body = ''
    for await (const part of request) body += String(part)
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    seen.push(`${token}:${body}`)
    if (accepted.includes(token)) return void response.end('taken')
    return void response.writeHead(status, headers).end('refused')
  })
  return { url: service.url, seen }
}

function begin(server: HandMadeServer, options: ServiceClientOptions = {}) {
  const world = { now: 1_000 }
  const token = clientCredentials({ issuer: server.issuer, clientId: 'billing', clientSecret: 'secret' })
  const client = serviceClient({
    dangerouslyAllowAnyOrigin: true,
    token,
    clock: () => world.now,
    reloadSeconds: 0,
    ...options,
  })
  onTestFinished(() => client.close())
  /** As long as a token must have been held before it is replaced. */
  const warm = async (url: string) => {
    await (await client.fetch(url)).text()
    world.now += 10
  }
  return { client, world, warm }
}

describe('a token that is refused', () => {
  it('is replaced, and the request is sent again with its body', async () => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky(['token-2']), startPicky(['token-1'])])
    const { client, warm } = begin(server)
    await warm(warmUp.url)
    const response = await client.fetch(api.url, { method: 'POST', body: 'order' })
    expect([response.status, await response.text(), api.seen]).toEqual([
      200,
      'taken',
      ['token-1:order', 'token-2:order'],
    ])
  })

  it('twice is an answer', async () => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky([]), startPicky(['token-1'])])
    const { client, warm } = begin(server)
    await warm(warmUp.url)
    const response = await client.fetch(api.url)
    expect([response.status, await response.text()]).toEqual([401, 'refused'])
    for (let call = 0; call < 5; call += 1) await client.fetch(api.url)
    expect([api.seen.length, server.requests.length]).toEqual([7, 2])
  })

  it('twice is an answer, also where time goes by between the two', async () => {
    const server = await startHandMadeServer()
    let count = 0
    const api = await startPlainService((_, response) => {
      count += 1
      world.now += 20
      response.writeHead(401, count > 3 ? {} : challenge).end()
    })
    const { client, world } = begin(server)
    expect((await client.fetch(api.url)).status).toBe(401)
    expect([count, server.requests.length]).toEqual([2, 2])
  })

  it.each<[string, Record<string, string>, number]>([
    ['for its scope', { 'www-authenticate': 'Bearer error="insufficient_scope"' }, 403],
    ['with that error and another status', challenge, 403],
    ['for want of a stronger login', { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' }, 401],
    ['without a reason', { 'www-authenticate': 'Bearer' }, 401],
    ['without a challenge', {}, 401],
  ])('%s is not replaced', async (_, headers, status) => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky([], headers, status), startPicky(['token-1'])])
    const { client, warm } = begin(server)
    await warm(warmUp.url)
    expect((await client.fetch(api.url)).status).toBe(status)
    expect([api.seen.length, server.requests.length]).toEqual([1, 1])
  })

  it('in a request whose body is gone: that one is answered, the next has another token', async () => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky(['token-2']), startPicky(['token-1'])])
    const { client, warm } = begin(server)
    await warm(warmUp.url)
    const body = new Blob(['order']).stream()
    expect((await client.fetch(api.url, { method: 'POST', body, duplex: 'half' } as RequestInit)).status).toBe(401)
    await expect.poll(() => server.requests.length).toBe(2)
    expect((await client.fetch(api.url)).status).toBe(200)
  })

  it('and no other comes in time: it ends with the call', async () => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky([]), startPicky(['token-1'])])
    const { client, warm } = begin(server, { timeoutSeconds: 1 })
    await warm(warmUp.url)
    server.answer = () => {}
    const begun = performance.now()
    // Whichever of the two clocks is first: that of the call, or that of the request for a token.
    await client.fetch(api.url).catch((error: unknown) => expect(error).toMatchObject({ code: 'token_unavailable' }))
    expect(performance.now() - begun).toBeLessThan(8_000)
  })

  it('while the authorization server is away: the answer is that of the service', async () => {
    const server = await startHandMadeServer()
    const [api, warmUp] = await Promise.all([startPicky([]), startPicky(['token-1'])])
    const { client, warm } = begin(server)
    await warm(warmUp.url)
    server.answer = refusal(503, {})
    expect(await (await client.fetch(api.url)).text()).toBe('refused')
    expect(await (await client.fetch(warmUp.url)).text()).toBe('taken')
  })
})

describe('an outage of the authorization server', () => {
  it('is not felt while the token holds', async () => {
    const server = await startHandMadeServer()
    const api = await startPicky(['token-1'])
    const events = clientEvents()
    const { client, world } = begin(server)
    await client.fetch(api.url)
    server.answer = refusal(503, {})
    world.now += 599
    expect((await client.fetch(api.url)).status).toBe(200)
    await expect.poll(() => events.map(({ outcome }) => outcome)).toEqual(['token_obtained', 'token_failed'])
    world.now += 3
    await expect(client.fetch(api.url)).rejects.toMatchObject({ code: 'token_unavailable' })
    server.answer = tokens({ access_token: 'token-1' })
    world.now += 2
    expect((await client.fetch(api.url)).status).toBe(200)
  })
})

describe('RFC 8705 §3: a token that is bound to the certificate', () => {
  it('is replaced when the certificate is, and no call fails', async () => {
    const mesh = createTestAuthority('mesh')
    const bound = new Map<string, string>()
    const service = await startService(
      { identity: mesh.issue('localhost'), clientCa: mesh.ca },
      async (request, response) => {
        const { fingerprint256 } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate()
        if (request.url === '/token') {
          const token = `token-${bound.size + 1}`
          bound.set(token, fingerprint256)
          response.setHeader('content-type', 'application/json')
          return void response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 600 }))
        }
        const holds = bound.get(request.headers.authorization?.slice('Bearer '.length) ?? '') === fingerprint256
        return void response.writeHead(holds ? 200 : 401, holds ? {} : challenge).end()
      },
    )
    const files = await certificateFolder({ ...mesh.issue('client-1'), ca: mesh.ca })
    const token = clientCredentials({ issuer: service.url, tokenEndpoint: `${service.url}/token`, clientId: 'client' })
    const client = serviceClient({ dangerouslyAllowAnyOrigin: true, tls: files.paths, token, reloadSeconds: 0 })
    onTestFinished(() => client.close())
    const statuses = new Set<number>()
    for (let round = 2; round <= 4; round += 1) {
      const call = async () => statuses.add((await client.fetch(service.url)).status)
      await Promise.all([call(), call()])
      await files.write(mesh.issue(`client-${round}`))
      await client.reload()
      await Promise.all([call(), call(), call()])
    }
    expect([...statuses]).toEqual([200])
    expect(bound.size).toBe(4)
  })
})
