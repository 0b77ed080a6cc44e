import { createPublicKey, createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importSecret, requireRandomSecret } from './jwk.js'

/** Bytes that differ from each other as often as asked. */
const bytes = (length: number, distinct = length) => Buffer.from(Array.from({ length }, (_, index) => index % distinct))

const unusable = (reason: RegExp) =>
  expect.objectContaining({ name: 'UnusableKeyError', message: expect.stringMatching(reason) })

describe('RFC 7518 §3.2: a shared secret is as long as the hash', () => {
  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('%s takes %i bytes and refuses one less', (algorithm, least) => {
    expect([...importSecret(bytes(least), [algorithm]).algorithms]).toEqual([algorithm])
    expect(() => importSecret(bytes(least - 1), [algorithm])).toThrow(
      unusable(new RegExp(`^it is shorter than the ${least} bytes`)),
    )
    expect(() => importSecret(createSecretKey(bytes(least - 1)), [algorithm])).toThrow(unusable(/^it is shorter/))
  })

  it('is as long as each of its algorithms asks for', () => {
    expect([...importSecret(bytes(64), ['HS256', 'HS512', 'HS256']).algorithms]).toEqual(['HS256', 'HS512'])
    expect(() => importSecret(bytes(63), ['HS256', 'HS512'])).toThrow(unusable(/^it is shorter than the 64 bytes/))
  })

  it('refuses none at all', () => {
    expect(() => importSecret(Buffer.alloc(0), ['HS256'])).toThrow(unusable(/^it is shorter/))
  })

  it.each(['RS256', 'ES256', 'none', 'hs256', 'HS1', ''])('serves no %j', (algorithm) => {
    expect(() => importSecret(bytes(64), [algorithm])).toThrow(unusable(/^it is a secret/))
    expect(() => importSecret(bytes(64), ['HS256', algorithm])).toThrow(unusable(/^it is a secret/))
  })
})

describe('RFC 8725 §3.5: a shared secret is not typed by a person', () => {
  it('takes eight different bytes and refuses seven', () => {
    expect(() => importSecret(bytes(32, 8), ['HS256'])).not.toThrow()
    expect(() => requireRandomSecret(importSecret(bytes(32, 7), ['HS256']))).toThrow(unusable(/^it can be guessed/))
  })

  it.each(['0'.repeat(64), 'a'.repeat(64), 'secret'.repeat(8)])('refuses %j', (text) => {
    expect(() => requireRandomSecret(importSecret(Buffer.from(text), ['HS256']))).toThrow(
      unusable(/^it can be guessed/),
    )
  })
})

describe('what a secret comes to', () => {
  it('is a frozen key without a modulus, under the kid that it was given', () => {
    const key = importSecret(bytes(32), ['HS256'], 'key-1')
    expect(key).toMatchObject({ kid: 'key-1', modulusBytes: undefined })
    expect(key.keyObject.export()).toEqual(bytes(32))
    expect(Object.isFrozen(key)).toBe(true)
    expect(importSecret(bytes(32), ['HS256']).kid).toBeUndefined()
  })

  it('is a KeyObject that came as one', () => {
    const keyObject = createSecretKey(randomBytes(32))
    expect(importSecret(keyObject, ['HS256']).keyObject).toBe(keyObject)
  })

  it('is never a public key (§2.1)', () => {
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: bytes(32).toString('base64url') },
      format: 'jwk',
    })
    expect(() => importSecret(publicKey, ['HS256'])).toThrow(unusable(/^it is not a secret key/))
  })
})
