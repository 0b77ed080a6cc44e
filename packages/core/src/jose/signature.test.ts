import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { supportedAlgorithms } from './algorithms.js'
import { CompactJwsDecoder, type UnverifiedJws } from './compact-jws.js'
import { importPublicKey, importSecret, type VerificationKey } from './jwk.js'
import { type ProofMemory, verifySignature } from './signature.js'

// What the algorithms are is written here a second time, so that a wrong row of the table meets a right signature.
const pemPair = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const
const privateKeys = new Map<string, KeyObject>()

function privateKey(type: string, options: object): KeyObject {
  const name = type + JSON.stringify(options)
  const known = privateKeys.get(name)
  if (known !== undefined) return known
  const made = createPrivateKey(
    generateKeyPairSync(type as 'ec', { ...options, ...pemPair } as never).privateKey as unknown as string,
  )
  privateKeys.set(name, made)
  return made
}

const rsa = () => privateKey('rsa', { modulusLength: 2_048 })
const ec = (namedCurve: string) => privateKey('ec', { namedCurve })

function keyOf(alg: string): KeyObject {
  if (alg === 'ES256') return ec('P-256')
  if (alg === 'ES384') return ec('P-384')
  if (alg === 'ES512') return ec('P-521')
  return /^[RP]S/.test(alg) ? rsa() : privateKey(alg.startsWith('Ed') ? 'ed25519' : alg.toLowerCase(), {})
}

function signed(alg: string, input: string): Buffer {
  const bytes = Buffer.from(input)
  const digest = /^[RPE]S/.test(alg) ? `sha${alg.slice(2)}` : null
  if (alg.startsWith('PS')) return sign(digest, bytes, { key: rsa(), padding: 6, saltLength: Number(alg.slice(2)) / 8 })
  if (alg.startsWith('ES')) return sign(digest, bytes, { key: keyOf(alg), dsaEncoding: 'ieee-p1363' })
  return sign(digest, bytes, keyOf(alg))
}

const secret = Buffer.from(Array.from({ length: 64 }, (_, index) => index))
const mac = (alg: string, input: string) =>
  createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest()

const secretNames = ['HS256', 'HS384', 'HS512'] as const
const verificationKey = (alg: string): VerificationKey =>
  alg.startsWith('HS') ? importSecret(secret, [alg]) : importPublicKey(keyOf(alg))

const encode = (text: string) => Buffer.from(text).toString('base64url')
const inputOf = (alg: string, payload = '{"sub":"ann"}') => `${encode(JSON.stringify({ alg }))}.${encode(payload)}`
const signatureOf = (alg: string, input: string) => (alg.startsWith('HS') ? mac(alg, input) : signed(alg, input))
const jwsOf = (input: string, signature: Buffer) =>
  new CompactJwsDecoder(40_000).decode(`${input}.${signature.toString('base64url')}`)
const good = (alg: string, payload?: string) => jwsOf(inputOf(alg, payload), signatureOf(alg, inputOf(alg, payload)))

const verify = (jws: UnverifiedJws, key: VerificationKey, proofs?: ProofMemory) => () =>
  verifySignature(jws, key, proofs)

const refused = (code: string) => expect.objectContaining({ code, message: expect.stringMatching(/^[a-z].*[^.]$/) })
const invalid = refused('signature_invalid')

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

describe.each([...supportedAlgorithms(), ...secretNames])('%s', (alg) => {
  const key = verificationKey(alg)
  const input = inputOf(alg)
  const signature = signatureOf(alg, input)

  it('lets a signature pass that holds, and answers the very same JWS', () => {
    const jws = jwsOf(input, signature)
    expect(verifySignature(jws, key)).toBe(jws)
  })

  it('refuses one bit changed, first or last', () => {
    for (const bit of [0, signature.length * 8 - 1])
      expect(verify(jwsOf(input, flipped(signature, bit)), key)).toThrow(invalid)
    expect(verify(jwsOf(inputOf(alg, '{"sub":"anm"}'), signature), key)).toThrow(invalid)
    expect(verify(jwsOf(`${encode(`{"alg":"${alg}" }`)}.${input.split('.')[1]}`, signature), key)).toThrow(invalid)
  })

  it('refuses a byte more, a byte less, and none', () => {
    const [first, zero] = [signature.subarray(0, 1), Buffer.alloc(1)]
    for (const other of [
      Buffer.concat([signature, zero]),
      Buffer.concat([zero, signature]),
      signature.subarray(1),
      first,
      Buffer.alloc(0),
    ]) {
      expect(verify(jwsOf(input, other), key)).toThrow(invalid)
    }
    expect(verify(jwsOf(input, Buffer.alloc(signature.length)), key)).toThrow(invalid)
  })

  it('refuses a key that does not serve it', () => {
    const other = verificationKey(alg === 'ES256' ? 'ES384' : 'ES256')
    expect(verify(jwsOf(input, signature), other)).toThrow(refused('algorithm_rejected'))
  })
})

describe('RFC 8725 §3.1: one key, one algorithm', () => {
  it.each([
    ['RS256', 'RS384'],
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['PS512', 'PS256'],
  ])('refuses a signature of %s that says it is one of %s', (made, said) => {
    expect(verify(jwsOf(inputOf(said), signed(made, inputOf(said))), importPublicKey(rsa()))).toThrow(invalid)
  })

  it('refuses a key marked with another algorithm of its type', () => {
    const jwk = { ...importPublicKey(rsa()).keyObject.export({ format: 'jwk' }), alg: 'RS512' }
    expect(verify(good('RS256'), importPublicKey(jwk))).toThrow(refused('algorithm_rejected'))
    expect(verify(good('RS512'), importPublicKey(jwk))).not.toThrow()
  })

  it('refuses an algorithm without a row, whatever the key says', () => {
    for (const alg of ['none', 'HS1']) {
      const key = { ...importSecret(secret, ['HS256']), algorithms: new Set([alg]) }
      expect(verify(jwsOf(inputOf(alg), mac('HS256', inputOf(alg))), key)).toThrow(invalid)
    }
  })
})

describe('RFC 7518 §3.4, §3.5: parameters', () => {
  it('refuses an ECDSA signature in DER', () => {
    const der = sign('sha256', Buffer.from(inputOf('ES256')), ec('P-256'))
    expect(verify(jwsOf(inputOf('ES256'), der), verificationKey('ES256'))).toThrow(invalid)
  })

  it.each([0, 31, 33, 222])('refuses a PSS salt of %i bytes where the hash has 32', (saltLength) => {
    const signature = sign('sha256', Buffer.from(inputOf('PS256')), { key: rsa(), padding: 6, saltLength })
    expect(verify(jwsOf(inputOf('PS256'), signature), verificationKey('PS256'))).toThrow(invalid)
  })

  it('refuses a MAC that was cut short', () => {
    const cut = mac('HS512', inputOf('HS512')).subarray(0, 32)
    expect(verify(jwsOf(inputOf('HS512'), cut), verificationKey('HS512'))).toThrow(invalid)
  })
})

describe('what was signed', () => {
  const long = (characters: number) => good('HS256', 'a'.repeat(((characters - inputOf('HS256', '').length) * 3) / 4))
  const key = verificationKey('HS256')

  it.each([16_384, 16_385, 30_001])('is verified at a length of %i', (length) => {
    const jws = long(length)
    expect(jws.signedLength).toBe(length)
    expect(verify(jws, key)).not.toThrow()
    expect(verify({ ...jws, token: jws.token.replace('YWFh', 'YWFi') }, key)).toThrow(invalid)
  })

  it('is nothing of the token before', () => {
    for (const jws of [long(16_384), good('HS256'), long(16_385), good('HS256', '')])
      expect(verify(jws, key)).not.toThrow()
  })
})

describe('a memory of proofs', () => {
  const key = verificationKey('ES256')
  const forged = jwsOf(inputOf('ES256'), Buffer.alloc(64))

  it('is believed, and asked about exactly this token and this key', () => {
    const asked: unknown[] = []
    const proves = (...question: unknown[]) => asked.push(question) > 0
    expect(verifySignature(forged, key, { proves })).toBe(forged)
    expect(asked).toEqual([[forged, key]])
  })

  it('that knows nothing changes nothing', () => {
    expect(verify(forged, key, { proves: () => false })).toThrow(invalid)
    expect(verify(good('ES256'), key, { proves: () => false })).not.toThrow()
  })

  it('never makes a key serve an algorithm', () => {
    expect(verify(forged, verificationKey('ES384'), { proves: () => true })).toThrow(refused('algorithm_rejected'))
  })
})
