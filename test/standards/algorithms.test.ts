// Which algorithms may sign, and with which keys (RFC 7515, 7518, 8037, 8725bis, 9864, 9964).
import { createVerifier } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import {
  audience,
  createMacSigner,
  createPrivate,
  createSigner,
  encode,
  issuer,
  now,
  type Signer,
  verdict,
  verifierFor,
} from '../fixtures/signer.js'

const rsaKey = createPrivate('RS256')
const rsa = createSigner('RS256', rsaKey)
const ec = createSigner('ES256')
const ed25519 = createSigner('Ed25519')
const secret = Buffer.from(Array.from({ length: 64 }, (_, index) => index))
const secretOptions = { jwks: undefined, secret, algorithms: ['HS256', 'HS384', 'HS512'] }

const judge = (signer: Signer, token: string, options: object = {}) =>
  verdict(verifierFor(signer, { ...options }), token)

/** The good token with another signature. */
const signedText = (token: string) => token.slice(0, token.lastIndexOf('.'))
const resigned = (token: string, signature: Uint8Array) => `${signedText(token)}.${encode(signature)}`

const mistake = expect.objectContaining({ name: 'ConfigurationError' })

it.each(
  ['RS', 'PS', 'ES'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits)).concat('EdDSA', 'Ed25519'),
)('R-ALG: a good token of %s, such as the tests below spoil in one place, is accepted', async (algorithm) => {
  const signer =
    algorithm.endsWith('S') || /^[RP]/.test(algorithm) ? createSigner(algorithm, rsaKey) : createSigner(algorithm)
  expect(await judge(signer, signer.token())).toBe('accepted')
  expect(await judge(signer, signer.token(), { algorithms: [algorithm] })).toBe('accepted')
})

it.each(['HS256', 'HS384', 'HS512'])('R-ALG: so is one of %s, where a secret is configured', async (algorithm) => {
  const token = createMacSigner(algorithm, secret).token()
  expect(await judge(ec, token, secretOptions)).toBe('accepted')
})

describe('R-ALG-1: alg is a string on a list, to the letter', () => {
  it.each([[undefined], [null], [256], [true], [['ES256']], [{ ES256: 1 }]])('R-ALG-1 refuses alg %j', async (alg) => {
    expect(await judge(ec, ec.token({ alg }))).toBe('token_malformed')
  })

  it.each([
    'es256',
    'Es256',
    'ES256 ',
    ' ES256',
    'ES256\0',
    'ES2560',
    'ES25',
    'ECDSA',
    '',
    'ES256K',
    '__proto__',
    'constructor',
    'toString',
  ])('R-ALG-1 refuses alg %j', async (alg) => {
    expect(await judge(ec, ec.token({ alg }))).toBe('algorithm_rejected')
  })
})

describe('R-ALG-2: no token is without a signature', () => {
  const spellings = Array.from({ length: 16 }, (_, bits) =>
    [...'none'].map((letter, place) => ((bits >> place) & 1 ? letter.toUpperCase() : letter)).join(''),
  )

  it.each(spellings)('R-ALG-2 refuses alg %s, whatever its signature', async (alg) => {
    const token = ec.token({ alg })
    for (const other of [token, resigned(token, Buffer.alloc(0)), resigned(token, Buffer.alloc(64))]) {
      expect(await judge(ec, other)).toBe('algorithm_rejected')
      expect(await verdict(verifierFor(ec, secretOptions), other)).toBe('algorithm_rejected')
    }
    expect(await judge(ec, signedText(token))).toBe('token_malformed')
  })

  it('R-ALG-2 refuses an empty signature of any algorithm, and a token that lost it', async () => {
    const hmac = createMacSigner('HS256', secret).token()
    for (const [token, options] of [
      [ec.token(), {}],
      [hmac, secretOptions],
    ] as const) {
      expect(await judge(ec, resigned(token, Buffer.alloc(0)), options)).toBe('signature_invalid')
      expect(await judge(ec, signedText(token), options)).toBe('token_malformed')
    }
  })

  it.each(['none', 'None', ''])('R-ALG-2 builds no verifier that accepts %j', (alg) => {
    expect(() => verifierFor(ec, { algorithms: [alg] })).toThrow(mistake)
    expect(() => verifierFor(ec, { ...secretOptions, algorithms: ['HS256', alg] })).toThrow(mistake)
  })
})

describe('R-ALG-3: one key, one algorithm', () => {
  it('R-ALG-3 refuses an algorithm that the issuer may not use, though the key could', async () => {
    expect(await judge(rsa, rsa.token(), { algorithms: ['RS256'] })).toBe('accepted')
    expect(await judge(rsa, rsa.token(), { algorithms: ['RS384', 'PS256'] })).toBe('algorithm_rejected')
  })

  it.each(['RS384', 'RS512', 'PS256'])('R-ALG-3 refuses an RS256 token under a key that is marked %s', async (alg) => {
    expect(await judge({ ...rsa, publicJwk: { ...rsa.publicJwk, alg: 'RS256' } }, rsa.token())).toBe('accepted')
    expect(await judge({ ...rsa, publicJwk: { ...rsa.publicJwk, alg } }, rsa.token())).toBe('key_unknown')
  })

  it.each(['RS256', 'ES384', 'ES512', 'EdDSA', 'PS256'])('R-ALG-3 refuses %s under a key of P-256', async (alg) => {
    expect(await judge(ec, ec.token({ alg }))).toBe('key_unknown')
  })

  it.each([
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['PS256', 'PS384'],
    ['RS512', 'RS256'],
  ])('R-ALG-3 refuses a signature of %s that says %s', async (made, said) => {
    expect(await judge(rsa, createSigner(made, rsaKey).token({ alg: said }))).toBe('signature_invalid')
  })
})

it('R-ALG-4 decides for each issuer which algorithms it may use', async () => {
  const other = 'https://other.example'
  const keys = [ec.publicJwk, ed25519.publicJwk]
  const verifier = createVerifier({
    issuers: [
      { issuer, audience, jwks: { keys: [keys[0] as object] }, algorithms: ['ES256'] },
      { issuer: other, audience, jwks: { keys: [keys[1] as object] }, algorithms: ['Ed25519'] },
    ],
    clock: () => now,
  })
  expect(await verdict(verifier, ec.token())).toBe('accepted')
  expect(await verdict(verifier, ed25519.token({}, { iss: other }))).toBe('accepted')
  expect(await verdict(verifier, ec.token({}, { iss: other }))).toBe('algorithm_rejected')
  expect(await verdict(verifier, ed25519.token())).toBe('algorithm_rejected')
})

describe('R-ALG-8: ECDSA signatures', () => {
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const token = ec.token()
  const [r, s] = [0, 32].map((start) =>
    Buffer.from(token.split('.')[2] ?? '', 'base64url').subarray(start, start + 32),
  ) as [Buffer, Buffer]
  const zero = Buffer.alloc(32)

  it.each([
    ['r of zero', zero, s],
    ['s of zero', r, zero],
    ['both of zero', zero, zero],
    ['r as great as the order', order, s],
    ['s as great as the order', r, order],
    ['both greater than the order', Buffer.alloc(32, 0xff), Buffer.alloc(32, 0xff)],
    ['r and s swapped', s, r],
    ['an s that is cut', r, s.subarray(1)],
    ['an s with a zero before it', r, Buffer.concat([zero.subarray(31), s])],
    ['a zero after it', r, Buffer.concat([s, zero.subarray(31)])],
  ])('R-ALG-8 refuses %s', async (_, first, second) => {
    expect(await judge(ec, resigned(token, Buffer.concat([r, s])))).toBe('accepted')
    expect(await judge(ec, resigned(token, Buffer.concat([first, second])))).toBe('signature_invalid')
  })

  it('R-ALG-8 refuses DER', async () => {
    const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes])
    const body = Buffer.concat([integer(r), integer(s)])
    expect(await judge(ec, resigned(token, Buffer.concat([Buffer.from([0x30, body.length]), body])))).toBe(
      'signature_invalid',
    )
  })

  it.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ])('R-ALG-8 takes R and S of %s in %i bytes, and its own curve only', async (alg, bytes) => {
    const signer = createSigner(alg)
    expect(signer.sign('').length).toBe(bytes)
    expect(await judge(signer, signer.token())).toBe('accepted')
    for (const other of ['ES256', 'ES384', 'ES512'].filter((each) => each !== alg)) {
      expect(await judge(signer, signer.token({ alg: other }))).toBe('key_unknown')
    }
  })
})

describe('R-ALG-10: Ed25519 by two names', () => {
  it.each([undefined, 'EdDSA', 'Ed25519'])('R-ALG-10 makes one algorithm of both for a key marked %s', async (alg) => {
    const marked = { ...ed25519, publicJwk: { ...ed25519.publicJwk, ...(alg && { alg }) } }
    for (const said of ['EdDSA', 'Ed25519']) expect(await judge(marked, ed25519.token({ alg: said }))).toBe('accepted')
  })

  it('R-ALG-10 accepts either name only where the issuer may use it', async () => {
    expect(await judge(ed25519, ed25519.token({ alg: 'EdDSA' }), { algorithms: ['Ed25519'] })).toBe(
      'algorithm_rejected',
    )
    expect(await judge(ed25519, ed25519.token(), { algorithms: ['EdDSA'] })).toBe('algorithm_rejected')
  })

  it('R-ALG-10 takes no other curve for it, and none of the names of COSE', async () => {
    const ed448 = createSigner('ed448')
    expect(() => verifierFor(ed448)).toThrow(mistake)
    expect(await judge(ed25519, ed25519.token({ alg: 'Ed448' }))).toBe('algorithm_rejected')
    expect(await judge(ec, ec.token({ alg: 'ESP256' }))).toBe('algorithm_rejected')
  })
})

it('R-ALG-13 leaves RS256 to the issuer: on where nothing is said, off where it is not listed', async () => {
  expect(await judge(rsa, rsa.token())).toBe('accepted')
  const fapi = { algorithms: ['PS256', 'ES256', 'EdDSA', 'Ed25519'] }
  expect(await judge(rsa, rsa.token(), fapi)).toBe('algorithm_rejected')
  expect(await judge(rsa, createSigner('PS256', rsaKey).token(), fapi)).toBe('accepted')
})
