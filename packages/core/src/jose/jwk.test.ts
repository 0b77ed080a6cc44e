import { createPublicKey, createSecretKey, generateKeyPairSync, KeyObject } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { importPublicKey, UnusableKeyError } from './jwk.js'

type Jwk = Readonly<Record<string, unknown>>

const encode = (bytes: Uint8Array | string) => Buffer.from(bytes as string).toString('base64url')

const pemPair = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

const keys: Record<string, Jwk> = {
  // No RSA key at all, but its public half looks like one: nothing here needs the factors.
  rsa: { kty: 'RSA', n: encode(Buffer.alloc(256, 0xa5)), e: 'AQAB' },
}
let ed25519Private: KeyObject

beforeAll(async () => {
  for (const algorithm of ['ES256', 'ES384', 'ES512', 'Ed25519']) {
    const pair = await generateKeyPair(algorithm, { extractable: true })
    keys[algorithm] = await exportJWK(pair.publicKey)
    if (algorithm === 'Ed25519') ed25519Private = KeyObject.from(pair.privateKey)
  }
})

const algorithmsOf = (key: Jwk | KeyObject) => [...importPublicKey(key).algorithms]

const unusable = (reason: RegExp) =>
  expect.objectContaining({ name: 'UnusableKeyError', message: expect.stringMatching(reason) })

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

describe('RFC 8725 §3.1: a key says which algorithms it serves', () => {
  it.each([
    ['rsa', rsaAlgorithms],
    ['ES256', ['ES256']],
    ['ES384', ['ES384']],
    ['ES512', ['ES512']],
    ['Ed25519', ['Ed25519', 'EdDSA']],
  ])('by type and curve: %s', (name, algorithms) => {
    const jwk = keys[name] as Jwk
    expect(algorithmsOf(jwk)).toEqual(algorithms)
    expect(algorithmsOf(createPublicKey({ key: jwk, format: 'jwk' }))).toEqual(algorithms)
  })

  it.each(rsaAlgorithms)('by its alg alone where it has one: %s', (alg) => {
    expect(algorithmsOf({ ...keys['rsa'], alg })).toEqual([alg])
  })

  it.each(['EdDSA', 'Ed25519'])('by both names of one algorithm where it has either: %s (RFC 9864 §2.2)', (alg) => {
    expect(algorithmsOf({ ...keys['Ed25519'], alg })).toEqual(['Ed25519', 'EdDSA'])
  })

  it.each([
    ['rsa', 'ES256'],
    ['rsa', 'RSA-OAEP'],
    ['rsa', 'HS256'],
    ['rsa', 'none'],
    ['rsa', 'rs256'],
    ['ES256', 'ES384'],
    ['ES256', 'EdDSA'],
    ['Ed25519', 'Ed448'],
    ['Ed25519', 'ES256'],
    ['rsa', ''],
    ['rsa', null],
    ['rsa', 7],
    ['rsa', ['RS256']],
  ])('refuses a key of %s whose alg is %j', (name, alg) => {
    expect(() => importPublicKey({ ...keys[name], alg })).toThrow(unusable(/^its `alg`/))
  })

  // `String(['EdDSA'])` is 'EdDSA', and the table is asked with it.
  it('refuses a key of Ed25519 whose alg is a list of one', () => {
    expect(() => importPublicKey({ ...keys['Ed25519'], alg: ['EdDSA'] })).toThrow(unusable(/^its `alg`/))
  })

  it('refuses curves that no algorithm here has', () => {
    for (const type of ['x25519', 'ed448'] as const) {
      const { publicKey } = generateKeyPairSync(type as 'x25519', pemPair)
      expect(() => importPublicKey(createPublicKey(publicKey))).toThrow(unusable(/^no algorithm goes with/))
    }
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...pemPair })
    expect(() => importPublicKey(createPublicKey(publicKey))).toThrow(unusable(/^no algorithm goes with/))
    expect(() => importPublicKey(createPublicKey(publicKey).export({ format: 'jwk' }) as Jwk)).toThrow(
      unusable(/^no algorithm/),
    )
  })

  it('refuses an RSA key that brings parameters of its own', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 1_024, ...pemPair })
    expect(() => importPublicKey(createPublicKey(publicKey))).toThrow(unusable(/^no algorithm goes with/))
  })
})

describe('RFC 9964 §4: an ML-DSA key', () => {
  const akp = { kty: 'AKP', alg: 'ML-DSA-44', pub: encode(Buffer.alloc(1_312, 7)) }

  it('serves its one algorithm from Node 24 on, and is no key before', () => {
    if (Number.parseInt(process.versions.node, 10) >= 24) expect(algorithmsOf(akp)).toEqual(['ML-DSA-44'])
    else expect(() => importPublicKey(akp)).toThrow(unusable(/this Node/))
  })

  it.each([undefined, 'ML-DSA-65', 'ML-DSA', 'ES256', null, 7])('is none whose alg is %j', (alg) => {
    expect(() => importPublicKey({ ...akp, alg })).toThrow(unusable(/^it has missing or impossible members/))
  })
})

describe('RFC 7517 §4: what a JWK says about itself', () => {
  it('is kept: kid', () => {
    expect(importPublicKey({ ...keys['ES256'], kid: 'key-1' }).kid).toBe('key-1')
    expect(importPublicKey(keys['ES256'] as Jwk).kid).toBeUndefined()
  })

  it.each([[null], [7], [['a']], [{}]])('refuses kid %j (§4.5)', (kid) => {
    expect(() => importPublicKey({ ...keys['ES256'], kid })).toThrow(unusable(/^its `kid`/))
  })

  it.each([[undefined], ['sig']])('takes use %j (§4.2)', (use) => {
    expect(() => importPublicKey({ ...keys['ES256'], use })).not.toThrow()
  })

  it.each([['enc'], ['SIG'], [''], [null], [['sig']]])('refuses use %j (§4.2)', (use) => {
    expect(() => importPublicKey({ ...keys['ES256'], use })).toThrow(unusable(/^its `use`/))
  })

  it.each([[undefined], [['verify']], [['sign', 'verify']]])('takes key_ops %j (§4.3)', (key_ops) => {
    expect(() => importPublicKey({ ...keys['ES256'], key_ops })).not.toThrow()
  })

  it.each([[[]], [['sign']], [['encrypt', 'wrapKey']], ['verify'], [null], [{ verify: true }]])(
    'refuses key_ops %j (§4.3)',
    (key_ops) => {
      expect(() => importPublicKey({ ...keys['ES256'], key_ops })).toThrow(unusable(/^its `key_ops`/))
    },
  )

  it('makes no difference where it means nothing here', () => {
    expect(() => importPublicKey({ ...keys['ES256'], ext: true, x5c: [], 'https://example.com/x': 1 })).not.toThrow()
    expect(() => importPublicKey({ ...keys['rsa'], crv: 'P-256' })).not.toThrow()
  })
})

describe('RFC 7518 §6, RFC 8037 §2: members', () => {
  const spoil = (name: string, change: Jwk) => () => importPublicKey({ ...keys[name], ...change })
  const member = (name: string, of: string) => (keys[name] as Jwk)[of] as string

  it.each([
    ['rsa', ['kty', 'n', 'e']],
    ['ES256', ['kty', 'crv', 'x', 'y']],
    ['Ed25519', ['kty', 'crv', 'x']],
  ])('of %s must be there, and be text', (name, members) => {
    for (const of of members) {
      expect(spoil(name, { [of]: undefined })).toThrow(unusable(/^it has missing/))
      for (const value of [null, 7, [member(name, of)], {}]) {
        expect(spoil(name, { [of]: value })).toThrow(unusable(new RegExp(`^its \`${of}\` is not a string`)))
      }
    }
  })

  it.each([
    ['rsa', 'n'],
    ['rsa', 'e'],
    ['ES256', 'x'],
    ['ES256', 'y'],
    ['Ed25519', 'x'],
  ])('of %s are canonical base64url: %s', (name, of) => {
    for (const text of [`${member(name, of)}=`, ` ${member(name, of)}`, 'A']) {
      expect(spoil(name, { [of]: text })).toThrow(unusable(new RegExp(`^its \`${of}\` is not canonical`)))
    }
  })

  it('of an ML-DSA key are so too', () => {
    expect(() => importPublicKey({ kty: 'AKP', alg: 'ML-DSA-44', pub: 'Zg==' })).toThrow(
      unusable(/^its `pub` is not canonical/),
    )
    expect(() => importPublicKey({ kty: 'AKP', alg: 'ML-DSA-44', pub: 7 })).toThrow(
      unusable(/^its `pub` is not a string/),
    )
  })

  it.each([
    ['ES256', 32],
    ['ES384', 48],
    ['ES512', 66],
  ])('of %s are points of full length (§6.2.1.2)', (name, bytes) => {
    for (const of of ['x', 'y']) {
      const point = Buffer.from(member(name, of), 'base64url')
      expect(point).toHaveLength(bytes)
      for (const other of [point.subarray(1), Buffer.concat([Buffer.alloc(1), point])]) {
        expect(spoil(name, { [of]: encode(other) })).toThrow(
          unusable(new RegExp(`^its \`${of}\` is not ${bytes} bytes`)),
        )
      }
    }
  })

  it('of Ed25519 have 32 bytes (RFC 8037 §2)', () => {
    for (const bytes of [31, 33])
      expect(spoil('Ed25519', { x: encode(Buffer.alloc(bytes, 7)) })).toThrow(unusable(/^its `x` is not 32/))
  })

  it('of EC keys are a point on the curve (§6.2.2)', () => {
    const y = Buffer.from(member('ES256', 'y'), 'base64url')
    y[31] = (y[31] as number) ^ 1
    expect(spoil('ES256', { y: encode(y) })).toThrow(unusable(/^it has missing or impossible members/))
    expect(spoil('ES256', { y: encode(y) })).toThrow(expect.objectContaining({ cause: expect.any(Error) }))
    expect(spoil('ES256', { crv: 'P-257' })).toThrow(unusable(/^it has missing or impossible members/))
  })

  it.each(['n', 'e'])('of RSA keys have no leading zero octet: %s (§6.3.1)', (of) => {
    const padded = encode(Buffer.concat([Buffer.alloc(1), Buffer.from(member('rsa', of), 'base64url')]))
    expect(spoil('rsa', { [of]: padded })).toThrow(unusable(new RegExp(`^its \`${of}\` begins with a zero octet`)))
  })

  it('of EC keys may well begin with one', () => {
    // RFC 7515 appendix A.4: the first octet of both coordinates is 1 or 0, as it is of every point of P-521
    const jwk = {
      kty: 'EC',
      crv: 'P-521',
      x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
      y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
    }
    expect(algorithmsOf(jwk)).toEqual(['ES512'])
  })

  it('that are private stay out of the key', () => {
    const jwk = ed25519Private.export({ format: 'jwk' }) as Jwk
    expect(importPublicKey(jwk).keyObject.export({ format: 'jwk' })).not.toHaveProperty('d')
    expect(importPublicKey({ ...jwk, d: 7 }).keyObject.type).toBe('public')
  })
})

describe('a KeyObject', () => {
  it('that is public is taken as it is, and nothing is said about its kid', () => {
    const keyObject = createPublicKey(ed25519Private)
    expect(importPublicKey(keyObject)).toMatchObject({ kid: undefined, modulusBytes: undefined, keyObject })
  })

  it('that is private is cut down to its public half', () => {
    const { keyObject } = importPublicKey(ed25519Private)
    expect(keyObject.type).toBe('public')
    expect(keyObject.equals(createPublicKey(ed25519Private))).toBe(true)
  })

  it('that is a secret is refused', () => {
    expect(() => importPublicKey(createSecretKey(Buffer.alloc(32, 'k')))).toThrow(unusable(/^it is a secret/))
    expect(() => importPublicKey({ kty: 'oct', k: encode('k'.repeat(32)) })).toThrow(UnusableKeyError)
  })

  it('comes out frozen', () => {
    expect(Object.isFrozen(importPublicKey(ed25519Private))).toBe(true)
  })
})
