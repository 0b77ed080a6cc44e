import { decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { importAssertionKey } from '../jose/client-assertion.js'
import { UnusableKeyError } from '../jose/jwk.js'
import { createTestKey } from '../testing.js'
import { proveClient } from './client-authentication.js'

const issuer = 'https://idp.example.com'
const now = 1_800_000_000.5

async function privateJwk(algorithm: string) {
  return exportJWK((await generateKeyPair(algorithm, { extractable: true })).privateKey)
}

describe('RFC 6749 §2.3.1: client_secret_basic', () => {
  it('encodes both as values of a form before they are a user name and a password', async () => {
    const { headers, parameters } = await proveClient({ by: 'secret', clientId: 'a:b c', secret: 'ä%+ /' }, issuer, now)
    const [scheme, pair = ''] = headers['authorization']?.split(' ') ?? []
    expect(scheme).toBe('Basic')
    expect(Buffer.from(pair, 'base64').toString()).toBe('a%3Ab+c:%C3%A4%25%2B+%2F')
    expect(parameters).toEqual({})
  })
})

describe('RFC 8705 §2: mutual TLS', () => {
  it('says who we are, and leaves the proof to the connection', async () => {
    const proof = await proveClient({ by: 'certificate', clientId: 'api' }, issuer, now)
    expect(proof).toEqual({ headers: {}, parameters: { client_id: 'api' } })
  })
})

describe('RFC 7523 §3: private_key_jwt', () => {
  it('is an assertion for the issuer alone, for a minute, another one each time', async () => {
    const jwk = await privateJwk('ES256')
    const key = importAssertionKey({ ...jwk, kid: 'k' }, {})
    const prove = () => proveClient({ by: 'key', clientId: 'api', key }, issuer, now)
    const { headers, parameters } = await prove()
    expect(headers).toEqual({})
    expect(parameters['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    const { d: _, ...publicJwk } = jwk
    const assertion = parameters['client_assertion'] ?? ''
    const { payload, protectedHeader } = await jwtVerify(assertion, publicJwk, { currentDate: new Date(now * 1000) })
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'client-authentication+jwt', kid: 'k' })
    const [iat, exp] = [1_800_000_000, 1_800_000_060]
    expect(payload).toEqual({ iss: 'api', sub: 'api', aud: issuer, iat, exp, jti: expect.stringMatching(/.{30,}/) })
    expect((await prove()).parameters['client_assertion']).not.toBe(assertion)
  })

  it.each([
    ['ES256', {}, 'ES256'],
    ['EdDSA', {}, 'EdDSA'],
    ['EdDSA', { algorithm: 'Ed25519' }, 'Ed25519'],
    ['PS256', { algorithm: 'PS256' }, 'PS256'],
  ] as const)('signs with a key for %s, told %j', async (algorithm, facts, alg) => {
    const key = importAssertionKey(await privateJwk(algorithm), facts)
    const { parameters } = await proveClient({ by: 'key', clientId: 'api', key }, issuer, now)
    expect(decodeProtectedHeader(parameters['client_assertion'] ?? '')).toEqual({
      alg,
      typ: 'client-authentication+jwt',
    })
  })

  it('guesses no algorithm, and takes none that the key does not serve', async () => {
    const rsa = await privateJwk('RS256')
    expect(() => importAssertionKey(rsa, {})).toThrow(/needs an `algorithm`/)
    expect(importAssertionKey({ ...rsa, alg: 'RS512' }, {}).algorithm).toBe('RS512')
    expect(() => importAssertionKey(rsa, { algorithm: 'ES256' })).toThrow(UnusableKeyError)
  })

  it('takes no public key, no secret and nothing that is no key', async () => {
    const { publicJwk } = await createTestKey('ES256', 'k')
    for (const key of [publicJwk, { kty: 'oct', k: 'c2VjcmV0' }, {}])
      expect(() => importAssertionKey(key, { algorithm: 'ES256' })).toThrow(UnusableKeyError)
  })
})
