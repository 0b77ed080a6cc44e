import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestKey } from './test-keys.js'

describe('createTestKey', () => {
  it.each(['ES256', 'EdDSA'] as const)('makes a key of %s that jose verifies with', async (algorithm) => {
    const key = await createTestKey(algorithm, 'k')
    const token = await key.sign('hello', { typ: 'at+jwt' })
    const { payload } = await compactVerify(token, await importJWK(key.publicJwk, algorithm))
    expect(Buffer.from(payload).toString()).toBe('hello')
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, kid: 'k', typ: 'at+jwt' })
  })

  it('publishes nothing private', async () => {
    const { publicJwk, kid, algorithm } = await createTestKey('ES256', 'k')
    expect(publicJwk).toMatchObject({ kid, alg: algorithm, use: 'sig' })
    expect(Object.keys(publicJwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  it('leaves out of the header what is undefined, and puts in what is said', async () => {
    const key = await createTestKey('ES256', 'k')
    expect(decodeProtectedHeader(await key.sign('', { kid: undefined }))).toEqual({ alg: 'ES256' })
    expect(decodeProtectedHeader(await key.sign(new Uint8Array([1]), { kid: 'other' }))).toMatchObject({ kid: 'other' })
  })
})
