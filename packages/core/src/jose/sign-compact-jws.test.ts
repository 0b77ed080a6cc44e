import { createPrivateKey, createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createTestKey } from '../testing/test-keys.js'
import { UnusableKeyError } from './jwk.js'
import { importDocumentKey, importSigningKey, signCompactJws } from './sign-compact-jws.js'
import { verifyCompactJws } from './verify-compact-jws.js'

/** RFC 8037 appendix A.1, A.2. */
const privateJwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
}
const { d: _, ...publicJwk } = privateJwk
const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
const { publicJwk: rsaJwk } = await createTestKey('RS256', 'rsa')
const { publicJwk: ecJwk } = await createTestKey('ES256', 'ec')
const pem = 'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v'

describe('RFC 8037 appendix A.4', () => {
  it('signs what the public key verifies', () => {
    const jws = signCompactJws('example+jws', { a: 1 }, importSigningKey(privateJwk))
    const { header, payload } = verifyCompactJws(jws, publicJwk, { algorithms: ['EdDSA'] })
    expect(header).toEqual({ alg: 'EdDSA', typ: 'example+jws' })
    expect(Buffer.from(payload).toString()).toBe('{"a":1}')
  })

  it('signs the same text as the same JWS', () => {
    const sign = () => signCompactJws('example+jws', { a: 1 }, importSigningKey(privateKey))
    expect(sign()).toBe(sign())
  })
})

describe('a key that signs', () => {
  it.each([
    ['KeyObject', privateKey],
    ['JWK', privateJwk],
  ])('is a private %s of Ed25519, and knows its public key', (_, key) => {
    expect(importSigningKey(key).publicKey.algorithms).toContain('EdDSA')
  })

  it.each<[string, object]>([
    ['a public KeyObject', publicKey],
    ['a public JWK', publicJwk],
    ['a public JWK of RSA', rsaJwk],
    ['a private JWK of another curve', { ...privateJwk, crv: 'X25519' }],
    ['nothing', null as never],
    ['a PEM', pem as never],
  ])('is not %s', (_, key) => {
    expect(() => importSigningKey(key)).toThrow(UnusableKeyError)
  })
})

describe('a key that verifies documents', () => {
  it.each([
    ['KeyObject', publicKey],
    ['JWK', publicJwk],
  ])('is a public %s of Ed25519', (_, key) => {
    expect(importDocumentKey(key).algorithms).toContain('EdDSA')
  })

  it.each<[string, object]>([
    ['a private KeyObject', privateKey],
    ['a private JWK', privateJwk],
    ['a public JWK of EC', ecJwk],
    ['a public JWK of RSA', rsaJwk],
    ['nothing', null as never],
    ['a PEM', pem as never],
  ])('is not %s', (_, key) => {
    expect(() => importDocumentKey(key)).toThrow(UnusableKeyError)
  })
})
