// Status lists through the verifier, on a real server: each rule of draft-ietf-oauth-status-list-20, and what becomes of it.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import type { StateEvent } from './events.js'
import type { StatusListOptions } from './status-lists.js'
import { createTestClock, createTestIssuer, createTestKey, type TestKey } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
const stranger = await createTestKey('ES256', 'key-1')
const lists = createServer()
let requests: IncomingMessage[] = []
let respond: RequestListener = (_, response) => void response.writeHead(404).end()
lists.on('request', (request, response) => {
  requests.push(request)
  respond(request, response)
})
lists.listen(0, '127.0.0.1')
await once(lists, 'listening')
const host = `127.0.0.1:${(lists.address() as AddressInfo).port}`
const uri = `http://${host}/lists/1`
afterAll(async () => {
  await idp.close()
  lists.close()
  lists.closeAllConnections()
})

let events: StateEvent[] = []
const listener = (event: unknown) => void events.push(event as StateEvent)
let verifiers: Verifier[] = []
beforeEach(() => {
  clock.set(1_767_225_600)
  requests = []
  events = []
  subscribe('sallyport:state', listener)
})
afterEach(async () => {
  unsubscribe('sallyport:state', listener)
  await Promise.all(verifiers.map((each) => each.close()))
  verifiers = []
})

function gate(statusLists: StatusListOptions | true = { allowedHosts: [host] }, more: object = {}): Verifier {
  const options = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock, statusLists, ...more }
  const verifier = createVerifier(options as VerifierOptions) as Verifier
  verifiers.push(verifier)
  return verifier
}

const statusOf = (idx: unknown, more: object = {}) => ({ status: { status_list: { idx, uri, ...more } } })
const tokenAt = (idx: unknown, more: object = {}) => idp.issue(statusOf(idx, more), { expiresInSeconds: 100_000 })

/** Index 0 is valid, 1 is not, 2 is suspended, 3 is what an application says. */
const packed = deflateSync(Buffer.from([0b11_10_01_00])).toString('base64url')

interface ListToken {
  readonly claims?: object
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: TestKey
}

function listToken({ claims = {}, header = {}, key = idp.key }: ListToken = {}): Promise<string> {
  const good = { sub: uri, iat: clock(), exp: clock() + 86_400, ttl: 100, status_list: { bits: 2, lst: packed } }
  return key.sign(JSON.stringify({ ...good, ...claims }), { typ: 'statuslist+jwt', ...header })
}

/** Serves a token, or what it is told. */
async function serve(token: ListToken | string = {}, headers: Record<string, string> = {}): Promise<void> {
  const body = typeof token === 'string' ? token : await listToken(token)
  respond = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/statuslist+jwt', ...headers }).end(body)
  }
}

async function outcome(verifier: Verifier, token: string): Promise<string> {
  const decision = await verifier.verify({ headers: { authorization: `Bearer ${token}` } })
  return decision.allowed ? 'allowed' : `${decision.status} ${decision.code}`
}

describe('R-TSL-1, §8.3: the token is judged first', () => {
  it('asks no list about a token that does not pass without one', async () => {
    await serve()
    const verifier = gate()
    const claims = statusOf(0)
    const [good = '', ...rest] = (await tokenAt(0)).split('.')
    expect(await outcome(verifier, [good, ...rest.slice(0, -1), 'AAAA'].join('.'))).toBe('401 signature_invalid')
    expect(await outcome(verifier, await idp.issue({ ...claims, aud: 'other' }))).toBe('401 audience_mismatch')
    const expired = await idp.issue(claims, { expiresInSeconds: 1 })
    clock.advance(100)
    expect(await outcome(verifier, expired)).toBe('401 token_expired')
    expect(requests).toEqual([])
  })

  it('asks none about a token that was revoked', async () => {
    await serve()
    const verifier = gate()
    await verifier.revoke({ subject: 'user-1' })
    expect(await outcome(verifier, await tokenAt(0))).toBe('401 token_revoked')
    expect(requests).toEqual([])
  })

  it('lets a valid status pass no expired token', async () => {
    await serve()
    const verifier = gate()
    const token = await idp.issue(statusOf(0), { expiresInSeconds: 60 })
    expect(await outcome(verifier, token)).toBe('allowed')
    clock.advance(91)
    expect(await outcome(verifier, token)).toBe('401 token_expired')
  })
})

describe('R-TSL-2, §6.2: the claim `status`', () => {
  it('is asked for nothing of a token that has none, unless the issuer is held to it', async () => {
    const token = await idp.issue()
    expect(await outcome(gate(), token)).toBe('allowed')
    expect(await outcome(gate({ allowedHosts: [host] }, { requiredClaims: ['status'] }), token)).toBe(
      '401 claim_missing',
    )
    expect(requests).toEqual([])
  })

  it('is not looked at where the options say nothing of status lists', async () => {
    expect(await outcome(gate(undefined, { statusLists: undefined }), await tokenAt(1))).toBe('allowed')
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['a negative index', statusOf(-1)],
    ['half an index', statusOf(0.5)],
    ['an index in words', statusOf('0')],
    ['an index beyond numbers', statusOf(2 ** 53)],
    ['no index', statusOf(undefined)],
    ['no URI', statusOf(0, { uri: undefined })],
    ['a URI that is none', statusOf(0, { uri: '/lists/1' })],
    ['a URI that is a list', statusOf(0, { uri: [uri] })],
    ['a very long URI', statusOf(0, { uri: `${uri}${'a'.repeat(3_000)}` })],
    ['a status list that is text', { status: { status_list: uri } }],
    ['a status list that is a list', { status: { status_list: [0, uri] } }],
    ['another mechanism', { status: { other: {} } }],
    ['a text', { status: 'valid' }],
    ['nothing', { status: null }],
  ])('with %s is refused', async (_, claims) => {
    await serve()
    expect(await outcome(gate(), await idp.issue(claims))).toBe('401 claim_invalid')
    expect(requests).toEqual([])
  })

  it.each([
    ['another host', 'https://evil.example/lists/1'],
    ['another port', 'http://127.0.0.1:1/lists/1'],
    ['a host that begins alike', `http://${host}.evil.example/lists/1`],
    ['a name before the host', `http://evil@${host}/lists/1`],
    ['no web', `file://${host}/lists/1`],
    ['the host in the path', `https://evil.example/${host}`],
  ])('names a place that is asked by nobody: %s', async (_, elsewhere) => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(url)
      return new Response('')
    }
    const token = await tokenAt(0, { uri: elsewhere })
    expect(await outcome(gate({ allowedHosts: [host] }, { fetch }), token)).toBe('401 claim_invalid')
    expect(asked).toEqual([])
  })

  it('names a plain http host only where that is this machine', async () => {
    const remote = 'status.example.com'
    const at = (scheme: string) => tokenAt(0, { uri: `${scheme}://${remote}/1` })
    const fetch = async () => new Response('', { status: 404 })
    const verifier = gate({ allowedHosts: [remote] }, { fetch })
    expect(await outcome(verifier, await at('http'))).toBe('401 claim_invalid')
    expect(await outcome(verifier, await at('https'))).toBe('503 state_unavailable')
  })

  it('may name the host of the issuer where no other is said', async () => {
    const own = `${idp.issuer}/lists/1`
    idp.garble(await listToken({ claims: { sub: own } }))
    expect(await outcome(gate(true), await tokenAt(0, { uri: own }))).toBe('allowed')
    expect(await outcome(gate(true), await tokenAt(0))).toBe('401 claim_invalid')
    idp.recover()
  })
})

describe('R-TSL-3, §5.1: the status list token', () => {
  it.each<[string, ListToken]>([
    ['is good', {}],
    ['has neither `exp` nor `ttl`', { claims: { exp: undefined, ttl: undefined } }],
    ['names its issuer', { claims: { iss: idp.issuer } }],
    ['says more', { claims: { more: 1 } }],
    ['was issued at the edge of what clocks may differ', { claims: { iat: 1_767_225_630 } }],
    ['expires a second later, tolerance included', { claims: { exp: 1_767_225_600 - 29 } }],
    ['has a type with its prefix', { header: { typ: 'application/statuslist+jwt' } }],
  ])('that %s is believed', async (_, token) => {
    await serve(token)
    expect(await outcome(gate(), await tokenAt(0))).toBe('allowed')
    expect(await outcome(gate(), await tokenAt(1))).toBe('401 token_revoked')
  })

  it.each<[string, ListToken | string]>([
    ['has another type', { header: { typ: 'at+jwt' } }],
    ['has no type', { header: { typ: undefined } }],
    ['is signed with another key', { key: stranger }],
    ['is about another list', { claims: { sub: `${uri}/` } }],
    ['is about no list', { claims: { sub: undefined } }],
    ['is of another issuer', { claims: { iss: 'https://other.example' } }],
    ['was issued at no time', { claims: { iat: undefined } }],
    ['was issued in words', { claims: { iat: '5' } }],
    ['was issued later than clocks may differ', { claims: { iat: 1_767_225_631 } }],
    ['is not to be used yet', { claims: { nbf: 1_767_225_631 } }],
    ['has expired', { claims: { exp: 1_767_225_600 - 30 } }],
    ['expires in words', { claims: { exp: 'never' } }],
    ['lives for no time', { claims: { ttl: 0 } }],
    ['lives for less than no time', { claims: { ttl: -1 } }],
    ['lives in words', { claims: { ttl: '100' } }],
    ['has no list', { claims: { status_list: undefined } }],
    ['has a list that is none', { claims: { status_list: { bits: 3, lst: packed } } }],
    ['brings its own key', { header: { jwk: stranger.publicJwk } }],
    ['has an extension that is not understood', { header: { crit: ['b64'], b64: true } }],
    ['is no token', 'nonsense'],
    ['is nothing', ''],
  ])('that %s is not believed: nobody can tell then', async (_, token) => {
    await serve(token)
    expect(await outcome(gate(), await tokenAt(0))).toBe('503 state_unavailable')
  })

  it('is signed by whom the options say', async () => {
    const signer = { issuer: 'https://status.example', jwks: { keys: [stranger.publicJwk] } }
    await serve({ key: stranger, claims: { iss: signer.issuer } })
    expect(await outcome(gate({ allowedHosts: [host], signer }), await tokenAt(0))).toBe('allowed')
    await serve({ claims: { iss: signer.issuer } }) // by the issuer itself
    expect(await outcome(gate({ allowedHosts: [host], signer }), await tokenAt(0))).toBe('503 state_unavailable')
    await serve({ key: stranger, claims: { iss: idp.issuer } })
    expect(await outcome(gate({ allowedHosts: [host], signer }), await tokenAt(0))).toBe('503 state_unavailable')
  })
})

describe('R-TSL-5, §7.1: the status', () => {
  it.each([
    [0, 'allowed'],
    [1, '401 token_revoked'],
    [2, '401 token_revoked'],
    [3, '401 token_revoked'],
    [4, '401 claim_invalid'], // beyond the end of the list
    [2 ** 53 - 1, '401 claim_invalid'],
  ])('at index %i: %s', async (index, expected) => {
    await serve()
    expect(await outcome(gate(), await tokenAt(index))).toBe(expected)
  })

  it('of an application passes where the options say so, and no other', async () => {
    await serve()
    const verifier = gate({ allowedHosts: [host], dangerouslyAllowStatuses: [3] })
    expect(await outcome(verifier, await tokenAt(3))).toBe('allowed')
    expect(await outcome(verifier, await tokenAt(2))).toBe('401 token_revoked')
  })

  it('is asked for on every request, also of a token that was verified before', async () => {
    await serve()
    const verifier = gate()
    const token = await tokenAt(0)
    for (let sight = 0; sight < 4; sight++) expect(await outcome(verifier, token)).toBe('allowed')
    expect(requests).toHaveLength(1)
    const taken = deflateSync(Buffer.from([0b11_10_01_01])).toString('base64url')
    clock.advance(100) // its `ttl`
    await serve({ claims: { status_list: { bits: 2, lst: taken } } })
    expect(await outcome(verifier, token)).toBe('401 token_revoked')
    expect(() => verifier.recall(token)).toThrow(expect.objectContaining({ code: 'token_revoked' }))
    await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'token_revoked' })
  })
})

describe('R-TSL-6, §8.1, §13.7: fetching', () => {
  it('asks for the type of the token', async () => {
    await serve()
    await outcome(gate(), await tokenAt(0))
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/lists/1' })
    expect(requests[0]?.headers.accept).toBe('application/statuslist+jwt')
  })

  it('asks once for all who wait', async () => {
    await serve()
    const verifier = gate()
    const tokens = await Promise.all([0, 1, 0, 2, 0].map((index) => tokenAt(index)))
    const outcomes = await Promise.all(tokens.map((token) => outcome(verifier, token)))
    expect(outcomes).toEqual(['allowed', '401 token_revoked', 'allowed', '401 token_revoked', 'allowed'])
    expect(requests).toHaveLength(1)
  })

  it('`ttl` comes before what HTTP says', async () => {
    await serve({}, { 'cache-control': 'max-age=10000' })
    const verifier = gate()
    const token = await tokenAt(0)
    await outcome(verifier, token)
    clock.advance(79)
    expect(await outcome(verifier, token)).toBe('allowed')
    expect(requests).toHaveLength(1)
    clock.advance(1)
    expect(await outcome(verifier, token)).toBe('allowed') // ahead of its end, and nobody waits
    await expect.poll(() => requests.length).toBe(2)
  })

  it.each<[string, object, Record<string, string>, number]>([
    [
      '`exp` where there is no `ttl`',
      { ttl: undefined, exp: 1_767_225_600 + 50 },
      { 'cache-control': 'max-age=9' },
      80,
    ],
    ['HTTP where there is neither', { ttl: undefined, exp: undefined }, { 'cache-control': 'max-age=60' }, 60],
    ['our own where nothing is said', { ttl: undefined, exp: undefined }, {}, 300],
    ['no longer than we let it', { ttl: 10_000 }, {}, 300],
    ['no shorter than we let it', { ttl: 1 }, {}, 15],
  ])('keeps a list as long as is said: %s', async (_, claims, headers, seconds) => {
    await serve({ claims }, headers)
    const verifier = gate({ allowedHosts: [host], staleSeconds: 0 })
    const token = await tokenAt(0)
    await outcome(verifier, token)
    respond = (_request, response) => void response.writeHead(500).end()
    clock.advance(seconds - 1)
    expect(await outcome(verifier, token)).toBe('allowed')
    clock.advance(1)
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
  })

  it('keeps one that has not changed, as long as it lasts', async () => {
    const body = await listToken({ claims: { exp: clock() + 150 } })
    respond = (request, response) => {
      const isKnown = request.headers['if-none-match'] === '"1"'
      response.writeHead(isKnown ? 304 : 200, { etag: '"1"' }).end(isKnown ? '' : body)
    }
    const verifier = gate()
    const token = await tokenAt(0)
    await outcome(verifier, token)
    clock.advance(100)
    expect(await outcome(verifier, token)).toBe('allowed')
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"'])
    clock.advance(80) // `exp`, tolerance included
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
  })

  it('follows redirects on one host, and nowhere else', async () => {
    const body = await listToken()
    respond = (request, response) => {
      if (request.url === '/lists/1') response.writeHead(302, { location: '/elsewhere' }).end()
      else response.writeHead(200).end(body)
    }
    expect(await outcome(gate(), await tokenAt(0))).toBe('allowed')
    respond = (_, response) => void response.writeHead(302, { location: `${idp.issuer}/lists/1` }).end()
    expect(await outcome(gate(), await tokenAt(0))).toBe('503 state_unavailable')
    respond = (request, response) => void response.writeHead(302, { location: `${request.url}1` }).end()
    requests = []
    expect(await outcome(gate(), await tokenAt(0))).toBe('503 state_unavailable')
    expect(requests.length).toBeLessThan(6)
  })

  it('reads no more than a list may have', async () => {
    const zeros = deflateSync(Buffer.alloc(2_000_000)).toString('base64url')
    await serve({ claims: { status_list: { bits: 1, lst: zeros } } })
    expect(await outcome(gate(), await tokenAt(0))).toBe('allowed')
    const small = { allowedHosts: [host], maxListBytes: 1_999_999 }
    expect(await outcome(gate(small), await tokenAt(0))).toBe('503 state_unavailable')
    respond = (_, response) => void response.writeHead(200).end(Buffer.alloc(20_000, 'a'))
    expect(await outcome(gate({ allowedHosts: [host], maxListBytes: 100 }), await tokenAt(0))).toBe(
      '503 state_unavailable',
    )
    expect(events.at(-1)?.reason).toContain('is larger than 16584 bytes')
  })

  it('asks for no more than a hundred lists at a time', async () => {
    respond = () => {}
    const verifier = gate({ allowedHosts: [host], timeoutSeconds: 3_600 })
    const tokens = await Promise.all(Array.from({ length: 101 }, (_, i) => tokenAt(0, { uri: `${uri}${i}` })))
    const waiting = tokens.map((token) => outcome(verifier, token))
    expect(await Promise.race(waiting)).toBe('503 state_unavailable') // the one too many
    await expect.poll(() => requests.length).toBe(100)
    await verifier.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['503 state_unavailable']))
  })

  it('gives a server up that does not answer', async () => {
    respond = () => {}
    expect(await outcome(gate({ allowedHosts: [host], timeoutSeconds: 1 }), await tokenAt(0))).toBe(
      '503 state_unavailable',
    )
  })
})

describe('R-TSL-7: a list that cannot be had', () => {
  it('lets nobody pass, says when to come again, and nothing of where it is', async () => {
    respond = (_, response) => void response.writeHead(404).end()
    const verifier = gate()
    const decision = await verifier.verify({ headers: { authorization: `Bearer ${await tokenAt(0)}` } })
    expect(decision).toMatchObject({ allowed: false, status: 503, headers: { 'Retry-After': '1' } })
    expect(events).toEqual([
      { outcome: 'degraded', reason: `${idp.issuer}: a status list cannot be fetched: it: answered 404` },
    ])
  })

  it('is believed for a while beyond its lifetime, and then no more', async () => {
    await serve()
    const verifier = gate({ allowedHosts: [host], staleSeconds: 60 })
    const token = await tokenAt(0)
    await outcome(verifier, token)
    respond = (_, response) => void response.writeHead(500).end()
    clock.advance(159)
    expect(await outcome(verifier, token)).toBe('allowed')
    clock.advance(1)
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
  })

  it('is waited for no longer once it is known to be away', async () => {
    await serve()
    const verifier = gate({ allowedHosts: [host], timeoutSeconds: 3_600 })
    const token = await tokenAt(0)
    await outcome(verifier, token)
    clock.advance(100)
    respond = (_, response) => void response.writeHead(500).end()
    expect(await outcome(verifier, token)).toBe('allowed')
    respond = () => {}
    expect(await outcome(verifier, token)).toBe('allowed')
    await expect.poll(() => requests.length).toBe(3)
  })

  it('is never believed beyond its `exp`', async () => {
    await serve({ claims: { exp: clock() + 110 } })
    const verifier = gate({ allowedHosts: [host], staleSeconds: 600 })
    const token = await tokenAt(0)
    await outcome(verifier, token)
    respond = (_, response) => void response.writeHead(500).end()
    clock.advance(139)
    expect(await outcome(verifier, token)).toBe('allowed')
    clock.advance(1)
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
  })

  it('is had again, and that is told', async () => {
    respond = (_, response) => void response.writeHead(500).end()
    const verifier = gate()
    const token = await tokenAt(0)
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
    await serve()
    expect(await outcome(verifier, token)).toBe('allowed') // the first retry is free
    expect(events.map(({ outcome: what }) => what)).toEqual(['degraded', 'ready'])
  })

  it('is not asked for again at once where it failed again', async () => {
    respond = (_, response) => void response.writeHead(500).end()
    const verifier = gate()
    const token = await tokenAt(0)
    for (let times = 0; times < 10; times++) expect(await outcome(verifier, token)).toBe('503 state_unavailable')
    expect(requests).toHaveLength(2)
  })

  it('that is older than the one before takes the place of none', async () => {
    await serve()
    const verifier = gate()
    const old = await listToken({ claims: { status_list: { bits: 2, lst: packed }, iat: clock() - 1 } })
    const taken = await tokenAt(1)
    expect(await outcome(verifier, taken)).toBe('401 token_revoked')
    clock.advance(100)
    await serve(old)
    expect(await outcome(verifier, taken)).toBe('401 token_revoked')
    expect(events.map(({ reason }) => reason)).toEqual([expect.stringContaining('older than the one before')])
  })

  it('that has expired takes the place of none', async () => {
    await serve()
    const verifier = gate()
    const token = await tokenAt(0)
    await outcome(verifier, token)
    clock.advance(100)
    await serve({ claims: { exp: clock() - 30 } })
    expect(await outcome(verifier, token)).toBe('allowed') // on the one before, for a while
  })

  it('dies with the key that signed it', async () => {
    const issuer = await createTestIssuer({ clock, cacheControl: 'max-age=60' })
    const key = await issuer.rotate()
    await serve({ key })
    const verifier = createVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      clock,
      statusLists: { allowedHosts: [host], greatestLifetimeSeconds: 3_600 },
    }) as Verifier
    verifiers.push(verifier)
    const next = await issuer.rotate()
    const token = await issuer.issue(statusOf(0), { key: next, expiresInSeconds: 10_000 })
    expect(await outcome(verifier, token)).toBe('allowed')
    issuer.dropKey(key.kid)
    clock.advance(61)
    expect(await outcome(verifier, token)).toBe('503 state_unavailable')
    await issuer.close()
  })

  it('is waited for by nobody after the end', async () => {
    respond = () => {}
    const verifier = gate({ allowedHosts: [host], timeoutSeconds: 3_600 })
    const waiting = outcome(verifier, await tokenAt(0))
    await expect.poll(() => requests.length).toBe(1)
    await verifier.close()
    expect(await waiting).toBe('503 state_unavailable')
  })
})

describe('options', () => {
  it.each<[string, unknown]>([
    ['no options', false],
    ['an option that does not exist', { allowedHost: [host] }],
    ['no hosts', { allowedHosts: [] }],
    ['a URL for a host', { allowedHosts: [`https://${host}`] }],
    ['a path behind a host', { allowedHosts: [`${host}/lists`] }],
    ['a slash behind a host', { allowedHosts: [`${host}/`] }],
    ['nothing but a port', { allowedHosts: [':443'] }],
    ['somebody before a host', { allowedHosts: [`a@${host}`] }],
    ['no time', { allowedHosts: [host], timeoutSeconds: 0 }],
    ['a least beyond the greatest', { allowedHosts: [host], leastLifetimeSeconds: 400 }],
    ['no bytes', { allowedHosts: [host], maxListBytes: 0 }],
    ['a suspended token that passes', { allowedHosts: [host], dangerouslyAllowStatuses: [2] }],
    ['a signer without a name', { allowedHosts: [host], signer: { jwks: idp.jwks } }],
    ['a signer with a secret', { allowedHosts: [host], signer: { issuer: 'a', secret: 'a'.repeat(32) } }],
  ])('%s', (_, statusLists) => {
    expect(() => gate(statusLists as StatusListOptions)).toThrow(ConfigurationError)
  })

  it('an issuer that is no URL says where its lists are', () => {
    const named = { issuer: 'internal', jwks: idp.jwks }
    expect(() => gate(true, named)).toThrow(ConfigurationError)
    expect(() => gate({ allowedHosts: [host] }, named)).not.toThrow()
  })
})
