import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ConfigurationError } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { requireSigningKey } from './signing-key.js'

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const keys = { p256: ec('P-256'), p384: ec('P-384'), rsa: rsa(2048), ed: generateKeyPairSync('ed25519').privateKey }
const jwk = (key: KeyObject, more = {}) => ({ ...key.export({ format: 'jwk' }), ...more })

describe('RFC 7523 §2.2: the key of an assertion', () => {
  it.each([
    ['P-256', keys.p256, undefined, { name: 'ECDSA', namedCurve: 'P-256' }],
    ['P-384', keys.p384, 'ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['Ed25519', keys.ed, undefined, { name: 'Ed25519' }],
    ['RSA, PS256', keys.rsa, 'PS256', { name: 'RSA-PSS', hash: { name: 'SHA-256' } }],
    ['RSA, RS512', keys.rsa, 'RS512', { name: 'RSASSA-PKCS1-v1_5', hash: { name: 'SHA-512' } }],
  ])('%s signs with what it is for', async (_, given, algorithm, expected) => {
    for (const form of [given, jwk(given)]) {
      const { key } = await requireSigningKey(form, algorithm, 'k')()
      expect(key.algorithm).toMatchObject(expected)
      expect([key.type, key.extractable, key.usages]).toEqual(['private', false, ['sign']])
    }
  })

  it('takes algorithm and key id off a JWK, and a key id that is said before that', async () => {
    const given = jwk(keys.rsa, { alg: 'PS384', kid: 'of the JWK' })
    const [own, said] = await Promise.all([
      requireSigningKey(given, undefined, undefined)(),
      requireSigningKey(given, 'PS384', 'said')(),
    ])
    expect([own.kid, said.kid, own.key.algorithm.name]).toEqual(['of the JWK', 'said', 'RSA-PSS'])
  })

  it.each([
    ['an RSA key without an algorithm', keys.rsa, undefined],
    ['an algorithm of another curve', keys.p256, 'ES384'],
    ['an algorithm of another kind', keys.p256, 'RS256'],
    ['a symmetric algorithm', keys.rsa, 'HS256'],
    ['no algorithm', keys.p256, 'none'],
    ['an algorithm beside that of the JWK', jwk(keys.rsa, { alg: 'PS256' }), 'RS256'],
    ['a weak key', rsa(1024), 'PS256'],
    ['a public key', createPublicKey(keys.p256), undefined],
    ['a public JWK', jwk(createPublicKey(keys.p256)), undefined],
    ['a secret', { kty: 'oct', k: 'AAAA' }, undefined],
    ['a PEM', keys.p256.export({ format: 'pem', type: 'pkcs8' }), undefined],
    ['nothing', null, undefined],
  ])('%s does not build', (_, given, algorithm) => {
    expect(() => requireSigningKey(given, algorithm, undefined)).toThrow(ConfigurationError)
  })

  it('takes a CryptoKey as it is, where it may sign', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])
    expect((await requireSigningKey(privateKey, undefined, 'k')()).key).toBe(privateKey)
    expect(() => requireSigningKey(publicKey, undefined, undefined)).toThrow(ConfigurationError)
    expect(() => requireSigningKey(privateKey, 'ES256', undefined)).toThrow(ConfigurationError)
  })
})
