// The header of a JWT-SVID (SPIFFE JWT-SVID §2). A good one, spoiled in one place.
import { afterAll, describe, expect, it } from 'vitest'
import {
  answer,
  authority,
  claims,
  idp,
  key,
  orders,
  sibling,
  svid,
  verifierWith,
} from '../../../test/fixtures/jwt-svids.js'
import { createMacSigner, createPrivate, createSigner } from '../../../test/fixtures/signer.js'
import { createTestKey } from './testing.js'

afterAll(() => idp.close())

describe('the algorithm', () => {
  const nine = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

  const rsa = createPrivate('RS256')

  it.each(nine)('R-JSVID-1: may be %s', async (algorithm) => {
    const own = createSigner(algorithm, algorithm.startsWith('ES') ? undefined : rsa)
    const token = own.token({ typ: 'JWT' }, { ...claims, iss: undefined })
    expect(await answer(token, verifierWith({}, [own.publicJwk]))).toBe('passed')
  })

  it.each(['EdDSA', 'Ed25519'] as const)('R-JSVID-1: may not be %s', async (algorithm) => {
    const own = await createTestKey(algorithm, 'own')
    expect(await answer(svid({}, {}, own), verifierWith({}, [own.publicJwk]))).toBe('algorithm_rejected')
  })

  it.each(['HS256', 'HS384', 'HS512'])('R-JSVID-1: may not be %s, whatever is its secret', async (algorithm) => {
    for (const secret of [JSON.stringify(key.publicJwk), authority.der, '']) {
      const signer = createMacSigner(algorithm, secret)
      expect(await answer(signer.token({ typ: 'JWT' }, { ...claims, iss: undefined }))).toBe('algorithm_rejected')
    }
  })

  it.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256K', 'es256', ''])('R-JSVID-1: may not be %j', async (alg) => {
    const [, ...rest] = (await svid()).split('.')
    const header = Buffer.from(JSON.stringify({ alg, kid: 'key-1' })).toString('base64url')
    expect(await answer([header, ...rest].join('.'))).toBe('algorithm_rejected')
  })

  it.each(['none', 'None'])('R-JSVID-1: may not be %s', async (alg) => {
    const [, payload] = (await svid()).split('.')
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
    for (const signature of ['', 'AA'])
      expect(await answer(`${header}.${payload}.${signature}`)).toMatch(/^(algorithm_rejected|token_malformed)$/)
  })
})

describe('`typ`', () => {
  it.each([undefined, 'JWT', 'jwt', 'JOSE', 'jose', 'application/jwt'])('R-JSVID-1: may be %j', async (typ) => {
    expect(await answer(svid({}, { typ }))).toBe('passed')
  })

  it.each([
    'at+jwt',
    'application/at+jwt',
    'JWT-SVID',
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'wit+jwt',
    'jwt/x',
    '',
  ])('R-JSVID-1: may not be %j', async (typ) => {
    expect(await answer(svid({}, { typ }))).toBe('token_type_rejected')
  })
})

describe('the header', () => {
  it.each<[string, unknown]>([
    ['jku', 'https://keys.example.com'],
    ['jwk', key.publicJwk],
    ['x5u', 'https://keys.example.com'],
    ['x5c', [authority.der.toString('base64')]],
    ['x5t', 'AA'],
    ['x5t#S256', 'AA'],
    ['cty', 'JWT'],
    ['cty', 'x'],
    ['iss', 'spiffe://prod.example'],
    ['sub', orders],
    ['aud', claims.aud],
    ['nonce', 'x'],
    ['x', null],
  ])('R-JSVID-1: may not hold `%s`', async (name, value) => {
    expect(await answer(svid({}, { [name]: value }))).toBe('token_malformed')
  })

  it('R-JSVID-1: may not hold `crit`, nor `b64`', async () => {
    const [, ...rest] = (await svid()).split('.')
    for (const more of [{ crit: ['b64'], b64: true }, { b64: true }, { crit: ['exp'], exp: 1 }]) {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'key-1', ...more })).toString('base64url')
      expect(await answer([header, ...rest].join('.'))).toBe('token_malformed')
    }
  })

  it('R-JSVID-1: of an access token may still hold what it likes', async () => {
    const headers = await idp.asUser({}, { header: { x5t: 'AA' } })
    expect(await verifierWith().verify({ headers })).toMatchObject({ allowed: true })
  })

  it('need not name a key, where one alone fits', async () => {
    expect(await answer(svid({}, { kid: undefined }))).toBe('passed')
    const two = verifierWith({}, [key.publicJwk, sibling.publicJwk])
    expect(await answer(svid({}, { kid: undefined }), two)).toBe('key_unknown')
  })
})
