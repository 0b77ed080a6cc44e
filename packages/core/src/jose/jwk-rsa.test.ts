import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importPublicKey } from './jwk.js'

const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** No RSA key at all, but its public half looks like one: nothing here needs the factors. */
function rsa(bits: number, exponent: bigint = 65_537n): Readonly<Record<string, unknown>> {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xa5)
  modulus[0] = 1 << ((bits - 1) % 8)
  const e = exponent.toString(16)
  return { kty: 'RSA', n: encode(modulus), e: encode(Buffer.from(e.padStart(e.length + (e.length % 2), '0'), 'hex')) }
}

const unusable = (reason: RegExp) =>
  expect.objectContaining({ name: 'UnusableKeyError', message: expect.stringMatching(reason) })

describe('RFC 7518 §3.3: the strength of an RSA key', () => {
  it.each([2_048, 2_049, 3_072, 16_384])('takes %i bits', (bits) => {
    expect(importPublicKey(rsa(bits)).modulusBytes).toBe(Math.ceil(bits / 8))
  })

  it.each([512, 1_024, 2_040, 2_047])('refuses %i bits', (bits) => {
    expect(() => importPublicKey(rsa(bits))).toThrow(unusable(/^its modulus is shorter than 2048 bits/))
    expect(() => importPublicKey(createPublicKey({ key: rsa(bits), format: 'jwk' }))).toThrow(
      unusable(/^its modulus is shorter/),
    )
  })

  it('refuses 16,385 bits', () => {
    expect(() => importPublicKey(rsa(16_385))).toThrow(unusable(/^its modulus is longer than 16384 bits/))
  })

  it.each([3n, 17n, 65_537n, 2n ** 64n - 1n])('takes the public exponent %s', (exponent) => {
    expect(() => importPublicKey(rsa(2_048, exponent))).not.toThrow()
  })

  it.each([1n, 2n, 4n, 65_536n, 2n ** 64n + 1n, 2n ** 65n + 1n])('refuses the public exponent %s', (exponent) => {
    expect(() => importPublicKey(rsa(2_048, exponent))).toThrow(unusable(/^its public exponent/))
  })
})
