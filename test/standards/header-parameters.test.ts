// The header of a token is input of whoever wrote it (RFC 7515 §4, §10; RFC 8725bis).
import { once } from 'node:events'
import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answer, createSigner, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const attacker = createSigner('ES256')
const verifier = verifierFor(signer)

const judgeHeader = (header: Readonly<Record<string, unknown>>) => verdict(verifier, signer.token(header))

describe('R-HDR-1: crit', () => {
  it.each([
    ['a name that we do not know', ['https://example.com/x'], { 'https://example.com/x': 1 }],
    ['a name of the standard', ['alg'], {}],
    ['a name of the standard that is not there', ['zip'], {}],
    ['exp, which others process', ['exp'], { exp: 1 }],
    ['b64', ['b64'], { b64: true }],
    ['a name that is not there', ['x'], {}],
    ['a name twice', ['x', 'x'], { x: 1 }],
    ['no name', [], {}],
    ['something that is no name', [7], {}],
    ['a name outside of a list', 'x', { x: 1 }],
    ['null', null, {}],
    ['an object', { x: true }, { x: 1 }],
  ])('R-HDR-1 refuses crit of %s', async (_, crit, members) => {
    expect(await judgeHeader({ ...members })).toBe('b64' in members ? 'token_malformed' : 'accepted')
    expect(await judgeHeader({ ...members, crit })).toBe('token_malformed')
  })
})

describe('R-HDR-2: a token brings no key of its own', () => {
  const visits: (string | undefined)[] = []
  let decoy: Server
  let base: string

  beforeAll(async () => {
    decoy = createServer((request, response) => {
      visits.push(request.url)
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: [attacker.publicJwk] }))
    })
    decoy.on('connection', () => visits.push('a connection'))
    decoy.listen(0, '127.0.0.1')
    await once(decoy, 'listening')
    base = `http://127.0.0.1:${(decoy.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    visits.length = 0
  })
  afterAll(() => {
    decoy.closeAllConnections()
    decoy.close()
  })

  /** Everybody who came to the decoy before we did, which comes to light when we do. */
  async function visitors(): Promise<readonly (string | undefined)[]> {
    const [response] = await once(get(`${base}/us`, { agent: false }), 'response')
    response.resume()
    return visits.slice(0, visits.lastIndexOf('a connection'))
  }

  const headers = () => ({
    jku: `${base}/jwks`,
    x5u: `${base}/chain.pem`,
    jwk: attacker.publicJwk,
    x5c: [Buffer.from('certificate').toString('base64')],
  })
  const names = ['jku', 'x5u', 'jwk', 'x5c'] as const

  it.each(names)('R-HDR-2 refuses %s, of a stranger and of the issuer', async (name) => {
    for (const who of [attacker, signer]) {
      const token = who.token({ [name]: headers()[name] })
      expect(await verdict(verifier, token)).toBe('token_malformed')
      expect(await answer(verifier, token)).toEqual({ status: 401, code: 'token_malformed' })
    }
    for (const value of [null, '', 7, {}]) expect(await judgeHeader({ [name]: value })).toBe('token_malformed')
    expect(await visitors()).toEqual([])
  })

  it.each(names)('R-HDR-2 ignores %s where it is tolerated, and never follows it', async (name) => {
    const tolerant = verifierFor(signer, { dangerouslyAllowKeyHeaders: true })
    const header = { [name]: headers()[name] }
    expect(await verdict(tolerant, signer.token(header))).toBe('accepted')
    expect(await verdict(tolerant, attacker.token(header))).toBe('signature_invalid')
    expect(await verdict(tolerant, attacker.token({ ...header, kid: 'key-2' }))).toBe('key_unknown')
    expect(await verdict(tolerant, attacker.token({ ...header, kid: undefined }))).toBe('signature_invalid')
    expect(await visitors()).toEqual([])
  })

  it('R-HDR-2 would have seen a connection', async () => {
    await fetch(headers().jku)
    expect(await visitors()).toEqual(['a connection', '/jwks'])
  })

  it('R-HDR-2 ignores thumbprints, which bring no key', async () => {
    expect(await judgeHeader({ x5t: 'AAAA', 'x5t#S256': 'AAAA' })).toBe('accepted')
  })
})

describe('R-HDR-3: kid is text to compare, and nothing else', () => {
  it.each([[null], [7], [true], [['key-1']], [{ kid: 'key-1' }]])('R-HDR-3 refuses kid %j', async (kid) => {
    expect(await judgeHeader({ kid })).toBe('token_malformed')
  })

  it.each([
    'KEY-1',
    'key-1 ',
    ' key-1',
    'key-1\0',
    'key‐1',
    'key-',
    'key-11',
    '',
    '*',
    'undefined',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '../../../dev/null',
    '/etc/passwd',
    "' OR '1'='1",
    'http://127.0.0.1/jwks',
    '%s%n',
    'key-1\r\nX-Injected: 1',
  ])('R-HDR-3 finds no key by kid %j', async (kid) => {
    expect(await judgeHeader({ kid })).toBe('key_unknown')
  })

  it('R-HDR-3 takes 1,024 characters, and refuses one more', async () => {
    const long = createSigner('ES256', undefined, 'k'.repeat(1_024))
    expect(await verdict(verifierFor(long), long.token())).toBe('accepted')
    expect(await verdict(verifierFor(long), long.token({ kid: 'k'.repeat(1_025) }))).toBe('token_malformed')
  })

  it('R-HDR-3 finds a key whatever its name means elsewhere', async () => {
    for (const kid of ['__proto__', 'constructor', "' OR '1'='1", 'ключ']) {
      const odd = createSigner('ES256', undefined, kid)
      expect(await verdict(verifierFor([signer, odd]), odd.token())).toBe('accepted')
    }
  })
})

describe('R-HDR-4: typ is a media type', () => {
  it.each(['at+jwt', 'AT+JWT', 'At+Jwt', 'application/at+jwt', 'Application/AT+JWT'])(
    'R-HDR-4 takes %j',
    async (typ) => {
      expect(await judgeHeader({ typ })).toBe('accepted')
    },
  )

  it.each([
    'at+jwt;charset=utf-8',
    'at+jwt; x=1',
    ' at+jwt',
    'at+jwt ',
    'at-jwt',
    'application/application/at+jwt',
    'text/at+jwt',
    'applikation/at+jwt',
    'application/',
    '/at+jwt',
    'JWT',
    'dpop+jwt',
    '',
  ])('R-HDR-4 refuses %j', async (typ) => {
    expect(await judgeHeader({ typ })).toBe('token_type_rejected')
  })

  it('R-HDR-4 refuses a typ that is missing, or no text', async () => {
    expect(await judgeHeader({ typ: undefined })).toBe('token_type_rejected')
    for (const typ of [null, 7, ['at+jwt']]) expect(await judgeHeader({ typ })).toBe('token_malformed')
  })
})

it('R-HDR-5 ignores what it does not know', async () => {
  expect(await judgeHeader({ 'https://example.com/x': { a: [1] }, ver: '1', nonce: 'n', ppt: null })).toBe('accepted')
})
