import { createHmac, createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { verifyCompactJws } from './verify-compact-jws.js'

const { privateKey: pem } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const privateKey = createPrivateKey(pem)
const publicKey = createPublicKey(pem)
const publicJwk = publicKey.export({ format: 'jwk' })

const secret = Buffer.from(Array.from({ length: 64 }, (_, index) => index))
const oct = { kty: 'oct', k: secret.toString('base64url') }

const encode = (text: string) => Buffer.from(text).toString('base64url')
const inputOf = (header: object) => `${encode(JSON.stringify(header))}.${encode('payload')}`

function es256(header: object = {}): string {
  const input = inputOf({ alg: 'ES256', ...header })
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function hmac(alg: string, key: string | Buffer = secret): string {
  const input = inputOf({ alg })
  return `${input}.${createHmac(`sha${alg.slice(2)}`, key)
    .update(input)
    .digest('base64url')}`
}

type Arguments = Parameters<typeof verifyCompactJws>
const verify = (jws: unknown, key: unknown, algorithms: unknown) => () =>
  verifyCompactJws(jws as Arguments[0], key as Arguments[1], { algorithms } as Arguments[2])

const refused = (code: string) => expect.objectContaining({ code, message: expect.stringMatching(/^[a-z].*[^.]$/) })

const misused = (reason: RegExp) =>
  expect.objectContaining({ name: 'ConfigurationError', message: expect.stringMatching(reason) })

describe('RFC 7515 §5.2: a compact JWS under one key', () => {
  it.each([
    ['a JWK', publicJwk],
    ['a JWK with all that goes with it', { ...publicJwk, alg: 'ES256', use: 'sig', key_ops: ['verify'], kid: 'key-1' }],
    ['a public KeyObject', publicKey],
    ['a private KeyObject, of which the public half is used', privateKey],
  ])('is verified with %s', (_, key) => {
    const { header, payload } = verifyCompactJws(es256({ kid: 'another' }), key, { algorithms: ['ES256'] })
    expect(header).toEqual({ alg: 'ES256', kid: 'another' })
    expect(Buffer.from(payload).toString()).toBe('payload')
  })

  it.each(['HS256', 'HS384', 'HS512'])('is verified with a secret where it says %s', (alg) => {
    expect(verify(hmac(alg), oct, [alg])).not.toThrow()
    expect(verify(hmac(alg), { ...oct, alg, use: 'sig' }, [alg, 'ES256'])).not.toThrow()
    expect(verify(hmac(alg), createSecretKey(secret), [alg, 'ES256'])).not.toThrow()
  })

  it('is refused where the signature does not hold', () => {
    const other = es256().replace(/\.[^.]+$/, es256({ kid: 'other' }).replace(/^.*\./, '.'))
    expect(verify(other, publicJwk, ['ES256'])).toThrow(refused('signature_invalid'))
    expect(verify(hmac('HS256', 'other'), oct, ['HS256'])).toThrow(refused('signature_invalid'))
  })

  it.each([[undefined], [null], [7], [{}], [[es256()]], [Buffer.from(es256())], [''], ['a.b'], [`${es256()}=`]])(
    'is refused where it is %j',
    (jws) => {
      expect(verify(jws, publicJwk, ['ES256'])).toThrow(refused('token_malformed'))
    },
  )
})

describe('RFC 8725 §3.1: the caller says which algorithms it trusts', () => {
  it.each([[undefined], [null], [[]], ['ES256'], [{}], [new Set(['ES256'])]])(
    'and is told to, where it says %j',
    (algorithms) => {
      expect(verify(es256(), publicJwk, algorithms)).toThrow(misused(/^`algorithms` must list at least one/))
    },
  )

  it('and is told to, without options at all', () => {
    expect(() => (verifyCompactJws as (...some: unknown[]) => unknown)(es256(), publicJwk)).toThrow(ConfigurationError)
  })

  it.each(['none', 'None', 'es256', '', 'ES256K', 7, null])('and %j is none that it can trust', (name) => {
    expect(verify(es256(), publicJwk, [name])).toThrow(misused(/^`algorithms` lists one that/))
    expect(verify(es256(), publicJwk, ['ES256', name])).toThrow(misused(/^`algorithms` lists one that/))
  })

  it.each([['ES384'], ['EdDSA', 'HS256']])('and no other passes: %j', (...algorithms) => {
    expect(verify(es256(), publicJwk, algorithms)).toThrow(refused('algorithm_rejected'))
  })

  it('and the key must serve it too', () => {
    const { publicKey: ed25519 } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    expect(verify(es256(), createPublicKey(ed25519), ['ES256', 'EdDSA'])).toThrow(refused('algorithm_rejected'))
    expect(verify(hmac('HS256'), { ...oct, alg: 'HS512' }, ['HS256', 'HS512'])).toThrow(refused('algorithm_rejected'))
    expect(verify(hmac('HS512'), { ...oct, alg: 'HS512' }, ['HS256', 'HS512'])).not.toThrow()
  })

  it('and a public key is never a secret (§2.1)', () => {
    for (const key of [publicJwk, publicKey]) {
      for (const bytes of [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(publicJwk),
      ]) {
        expect(verify(hmac('HS256', bytes), key, ['ES256', 'HS256'])).toThrow(refused('algorithm_rejected'))
      }
    }
  })
})

describe('a key that must not be used', () => {
  it.each([
    ['an encryption key', { ...publicJwk, use: 'enc' }],
    ['a key that signs only', { ...publicJwk, key_ops: ['sign'] }],
    ['half a key', { ...publicJwk, y: undefined }],
    ['nothing of a key', {}],
    ['a secret without bytes', { kty: 'oct' }],
    ['a secret that is no text', { ...oct, k: 7 }],
    ['a secret in another spelling', { ...oct, k: `${oct.k}=` }],
    ['a secret that is too short', { ...oct, k: secret.subarray(0, 31).toString('base64url') }],
    ['a secret for encryption', { ...oct, use: 'enc' }],
    ['a secret KeyObject that is too short', createSecretKey(secret.subarray(0, 31))],
  ])('is a mistake of the caller: %s', (_, key) => {
    expect(verify(es256(), key, ['ES256', 'HS256'])).toThrow(misused(/^the key can't be used: it.*[^.]$/))
    expect(verify(es256(), key, ['ES256', 'HS256'])).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ name: 'UnusableKeyError' }) }),
    )
  })

  // `importOctKey` looks at `use` and not at `key_ops` (RFC 7517 §4.3).
  it('is a secret that is for something else by its key_ops', () => {
    expect(verify(hmac('HS256'), { ...oct, key_ops: ['sign'] }, ['HS256'])).toThrow(misused(/^the key can't be used/))
  })

  // `null` is asked for its `kty` before anybody asks what it is.
  it.each([[null], [undefined]])('is a mistake of the caller: %j', (key) => {
    expect(verify(es256(), key, ['ES256'])).toThrow(misused(/^the key can't be used/))
  })

  it('is refused before the token is looked at', () => {
    expect(verify('', { ...publicJwk, use: 'enc' }, ['ES256'])).toThrow(ConfigurationError)
  })
})
