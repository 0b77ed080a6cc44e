// Keys that must not verify, and keys that are not what they are taken for (RFC 7518, 8725bis).
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto'
import { createVerifier } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  audience,
  claims,
  createMacSigner,
  createPrivate,
  createSigner,
  encode,
  issuer,
  now,
  verdict,
  verifierFor,
} from '../fixtures/signer.js'

const rsaKey = createPrivate('RS256')
const rsa = createSigner('RS256', rsaKey)
const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index))

const mistake = expect.objectContaining({ name: 'ConfigurationError' })

describe('R-ALG-5: a public key is never a secret', () => {
  const { publicKey, publicJwk } = rsa
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const readings: [string, string | Buffer][] = [
    ['PEM', pem],
    ['PEM without its last newline', pem.trimEnd()],
    ['PEM with the line ends of Windows', pem.replaceAll('\n', '\r\n')],
    ['PEM of PKCS #1', publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['DER', publicKey.export({ type: 'spki', format: 'der' })],
    ['DER of PKCS #1', publicKey.export({ type: 'pkcs1', format: 'der' })],
    ['the JWK as text', JSON.stringify(publicJwk)],
    ['the modulus as text', publicJwk['n'] as string],
    ['the modulus', Buffer.from(publicJwk['n'] as string, 'base64url')],
    ['nothing', ''],
  ]

  it.each(readings)('R-ALG-5 refuses a MAC made with %s', async (_, secret) => {
    for (const algorithm of ['HS256', 'HS384', 'HS512']) {
      const forged = createMacSigner(algorithm, secret).token()
      expect(await verdict(verifierFor(rsa), forged)).toBe('algorithm_rejected')
      const renamed = createMacSigner(algorithm, secret).token({ alg: 'RS256' })
      expect(await verdict(verifierFor(rsa), renamed)).toBe('signature_invalid')
    }
  })

  it.each(['HS256', 'HS384', 'HS512'])(
    'R-ALG-5 builds no verifier that has public keys and accepts %s',
    (algorithm) => {
      expect(() => verifierFor(rsa, { algorithms: [algorithm] })).toThrow(mistake)
      expect(() => verifierFor(rsa, { algorithms: ['RS256', algorithm] })).toThrow(mistake)
      expect(() =>
        verifierFor(rsa, { jwks: { keys: [{ kty: 'oct', k: encode(bytes(64)), alg: algorithm }] } }),
      ).toThrow(mistake)
    },
  )

  it('R-ALG-5 builds no verifier that has a secret and accepts anything else, or has both', () => {
    const withSecret = (options: object) => () => verifierFor(rsa, { jwks: undefined, secret: bytes(64), ...options })
    expect(withSecret({ algorithms: ['HS256'] })).not.toThrow()
    expect(withSecret({})).toThrow(mistake)
    expect(withSecret({ algorithms: ['RS256'] })).toThrow(mistake)
    expect(withSecret({ algorithms: ['HS256'], jwks: { keys: [rsa.publicJwk] } })).toThrow(mistake)
    expect(withSecret({ algorithms: ['HS256'], secret: publicKey })).toThrow(mistake)
    expect(withSecret({ algorithms: ['HS256'], secret: rsaKey })).toThrow(mistake)
    expect(withSecret({ algorithms: ['HS256'], secret: publicJwk })).toThrow(mistake)
  })

  // A secret of the options is taken for one, though everybody can read it.
  it.each(readings.slice(0, 7))('R-ALG-5 builds no verifier whose secret is a public key: %s', (_, secret) => {
    expect(() => verifierFor(rsa, { jwks: undefined, secret, algorithms: ['HS256'] })).toThrow(mistake)
  })

  it('R-ALG-5 refuses a token of a public key where a secret is configured', async () => {
    const withSecret = verifierFor(rsa, { jwks: undefined, secret: bytes(64), algorithms: ['HS256'] })
    expect(await verdict(withSecret, createMacSigner('HS256', bytes(64)).token())).toBe('accepted')
    expect(await verdict(withSecret, rsa.token())).toBe('algorithm_rejected')
  })
})

describe('R-ALG-6: a secret is as long as its hash, and nobody typed it', () => {
  const build =
    (secret: unknown, algorithm = 'HS256') =>
    () =>
      verifierFor(rsa, { jwks: undefined, secret, algorithms: [algorithm] })

  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('R-ALG-6 takes %s with %i bytes, and builds nothing with one less', async (algorithm, least) => {
    const verifier = build(bytes(least), algorithm)()
    expect(await verdict(verifier, createMacSigner(algorithm, bytes(least)).token())).toBe('accepted')
    expect(build(bytes(least - 1), algorithm)).toThrow(mistake)
  })

  it('R-ALG-6 counts the bytes of a text, not its characters', () => {
    expect(build('áéíóúüñçàèìòùâêî')).not.toThrow() // sixteen letters, thirty-two bytes
    expect(build('áéíóúüñçàèìòùâêi')).toThrow(mistake)
  })

  it.each(['secret', 'password', '', 'a'.repeat(64), 'secret'.repeat(8), '0'.repeat(32), undefined, null, 7, {}])(
    'R-ALG-6 builds nothing with %j',
    (secret) => {
      expect(build(secret)).toThrow(mistake)
    },
  )
})

describe('R-ALG-7: weak and odd RSA keys', () => {
  let publisher: TestIssuer
  beforeAll(async () => {
    publisher = await createTestIssuer()
  })
  afterAll(() => publisher.close())

  /** What a token comes to whose key an issuer publishes. */
  async function judgePublished(publicJwk: object, token: string): Promise<string> {
    publisher.garble(JSON.stringify({ keys: [publicJwk] }))
    const verifier = createVerifier({ issuer, audience, jwksUri: publisher.jwksUri, clock: () => now })
    const judged = await verdict(verifier, token)
    await verifier.close()
    return judged
  }

  function signerOf(modulusLength: number) {
    const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
    const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding })
    return createSigner('RS256', createPrivateKey(privateKey))
  }

  it('R-ALG-7 uses a key of 2,048 bits, inline and published', async () => {
    expect(await verdict(verifierFor(rsa), rsa.token())).toBe('accepted')
    expect(await judgePublished(rsa.publicJwk, rsa.token())).toBe('accepted')
  })

  it.each([1_024, 2_047])(
    'R-ALG-7 uses no key of %i bits',
    async (bits) => {
      const weak = signerOf(bits)
      expect(() => verifierFor(weak)).toThrow(mistake)
      expect(await judgePublished(weak.publicJwk, weak.token())).toBe('key_unknown')
    },
    30_000,
  )

  it('R-ALG-7 uses no key with the exponent 1, whose signatures anybody can write', async () => {
    const publicJwk = { ...rsa.publicJwk, e: 'AQ' }
    const [input = ''] = rsa.token().match(/^[^.]+\.[^.]+/) ?? []
    const digestInfo = Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      createHash('sha256').update(input).digest(),
    ])
    const padded = Buffer.concat([
      Buffer.from([0, 1]),
      Buffer.alloc(256 - 3 - digestInfo.length, 0xff),
      Buffer.from([0]),
      digestInfo,
    ])
    expect(verify('sha256', Buffer.from(input), createPublicKey({ key: publicJwk, format: 'jwk' }), padded)).toBe(true)
    expect(() => verifierFor({ ...rsa, publicJwk })).toThrow(mistake)
    expect(await judgePublished(publicJwk, `${input}.${encode(padded)}`)).toBe('key_unknown')
  })

  it.each([
    ['2', 'Ag'],
    ['65536', 'AQAA'],
  ])('R-ALG-7 uses no key with the even exponent %s', async (_, e) => {
    expect(() => verifierFor({ ...rsa, publicJwk: { ...rsa.publicJwk, e } })).toThrow(mistake)
    expect(await judgePublished({ ...rsa.publicJwk, e }, rsa.token())).toBe('key_unknown')
  })

  it('R-ALG-7 uses no key of more than 16,384 bits', async () => {
    const n = (length: number) => encode(Buffer.alloc(length, 0xa5))
    expect(() => verifierFor({ ...rsa, publicJwk: { ...rsa.publicJwk, n: n(2_048) } })).not.toThrow()
    expect(() => verifierFor({ ...rsa, publicJwk: { ...rsa.publicJwk, n: n(2_049) } })).toThrow(mistake)
    expect(await judgePublished({ ...rsa.publicJwk, n: n(2_049) }, rsa.token())).toBe('key_unknown')
  })
})

describe('R-ALG-9: the parameters of PSS', () => {
  const pss = createSigner('PS256', rsaKey)
  const tokenSigned = (make: (input: Buffer) => Buffer) => {
    const input = `${encode({ alg: 'PS256', kid: 'key-1', typ: 'at+jwt' })}.${encode(claims)}`
    return `${input}.${encode(make(Buffer.from(input)))}`
  }
  const salted = (saltLength: number) =>
    tokenSigned((input) => sign('sha256', input, { key: rsaKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }))

  it('R-ALG-9 takes a salt as long as the hash, and no other', async () => {
    expect(await verdict(verifierFor(pss), salted(32))).toBe('accepted')
    for (const length of [0, 20, 31, 33, 48, 222])
      expect(await verdict(verifierFor(pss), salted(length))).toBe('signature_invalid')
  })

  it.each([
    ['sha256', 'accepted'],
    ['sha1', 'signature_invalid'],
    ['sha512', 'signature_invalid'],
  ])(
    'R-ALG-9 takes MGF1 with the same hash: %s is %s',
    async (mgf1HashAlgorithm, expected) => {
      const pair = generateKeyPairSync('rsa-pss', {
        modulusLength: 2_048,
        hashAlgorithm: 'sha256',
        mgf1HashAlgorithm,
        saltLength: 32,
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      } as never) as unknown as { publicKey: Buffer; privateKey: string }
      const key = pair.publicKey.subarray(-270) // RSAPublicKey of PKCS #1, without the parameters before it
      const publicJwk = createPublicKey({ key, format: 'der', type: 'pkcs1' }).export({ format: 'jwk' }) as Record<
        string,
        unknown
      >
      const token = tokenSigned((input) => sign('sha256', input, { key: pair.privateKey, saltLength: 32 }))
      expect(await verdict(verifierFor({ ...pss, publicJwk: { ...publicJwk, kid: 'key-1' } }), token)).toBe(expected)
    },
    30_000,
  )
})
