import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { importPublicKey, importSecret, UnusableKeyError, type VerificationKey } from '../jose/jwk.js'
import { createTestKey } from '../testing.js'
import { importPublishedKey, JwkSet, parseJwkSet, SecretKeySet } from './jwk-set.js'

const ec = (await createTestKey('ES256', 'a')).publicJwk
const otherEc = (await createTestKey('ES256', 'b')).publicJwk
const okp = (await createTestKey('Ed25519', 'a')).publicJwk

const keyOf = (jwk: object): VerificationKey => importPublicKey({ ...jwk })
const setOf = (...jwks: readonly object[]): JwkSet => new JwkSet(jwks.map(keyOf))
const withoutKid = (jwk: object) => ({ ...jwk, kid: undefined })
const unknown = (message: RegExp) =>
  expect.objectContaining({ code: 'key_unknown', message: expect.stringMatching(message) })

describe('RFC 7515 §4.1.4: the choice of a key', () => {
  it('goes by `kid`, to the letter', () => {
    const set = setOf(ec, otherEc)
    expect(set.find({ alg: 'ES256', kid: 'a' })?.kid).toBe('a')
    expect(set.find({ alg: 'ES256', kid: 'b' })?.kid).toBe('b')
    for (const kid of ['c', 'A', 'a ', '', 'constructor', '__proto__']) {
      expect(set.find({ alg: 'ES256', kid })).toBeUndefined()
    }
  })

  it('goes by algorithm: a key serves its own alone', () => {
    const set = setOf(ec)
    for (const alg of ['ES384', 'RS256', 'HS256', 'none', 'es256', '']) {
      expect(set.find({ alg, kid: 'a' })).toBeUndefined()
    }
  })

  it('takes, of two keys with one `kid`, the one that fits', () => {
    const set = setOf(ec, okp)
    expect(set.find({ alg: 'ES256', kid: 'a' })?.keyObject.asymmetricKeyType).toBe('ec')
    expect(set.find({ alg: 'Ed25519', kid: 'a' })?.keyObject.asymmetricKeyType).toBe('ed25519')
  })

  it('is none where two keys with one `kid` fit', () => {
    const set = setOf(ec, { ...otherEc, kid: 'a' })
    expect(() => set.find({ alg: 'ES256', kid: 'a' })).toThrow(unknown(/^more than one key/))
  })

  it('without `kid` in the token takes the only key that fits', () => {
    expect(setOf(ec, okp).find({ alg: 'ES256' })?.kid).toBe('a')
    expect(setOf(withoutKid(ec)).find({ alg: 'ES256' })?.kid).toBeUndefined()
    expect(setOf(okp).find({ alg: 'ES256' })).toBeUndefined()
  })

  it('without `kid` in the token is none where several fit', () => {
    expect(() => setOf(ec, otherEc).find({ alg: 'ES256' })).toThrow(unknown(/^more than one key/))
    expect(() => setOf(ec, withoutKid(otherEc)).find({ alg: 'ES256' })).toThrow(unknown(/^more than one key/))
  })

  it('does not take a key without `kid` for one that the token names', () => {
    expect(setOf(withoutKid(ec)).find({ alg: 'ES256', kid: 'a' })).toBeUndefined()
    expect(setOf(withoutKid(ec)).find({ alg: 'ES256', kid: 'undefined' })).toBeUndefined()
  })
})

describe('a set', () => {
  it('answers the key that fits, or says that there is none', () => {
    expect(setOf(ec).keyFor({ alg: 'ES256', kid: 'a' }).kid).toBe('a')
    expect(() => setOf(ec).keyFor({ alg: 'ES256', kid: 'b' })).toThrow(unknown(/^no key of the issuer fits/))
    expect(() => new JwkSet([]).keyFor({ alg: 'ES256' })).toThrow(unknown(/^no key of the issuer fits/))
  })

  it('holds its own keys, not their like', () => {
    const key = keyOf(ec)
    expect(new JwkSet([key]).holds(key)).toBe(true)
    expect(new JwkSet([key]).holds(keyOf(ec))).toBe(false)
  })

  it('equals another with the very same keys', () => {
    const [a, b, c] = [keyOf(ec), keyOf(otherEc), keyOf(okp)]
    expect(new JwkSet([a, b]).equals(new JwkSet([b, a]))).toBe(true)
    expect(new JwkSet([]).equals(new JwkSet([]))).toBe(true)
    for (const other of [[a], [a, b, c], [a, c], []]) {
      expect(new JwkSet([a, b]).equals(new JwkSet(other))).toBe(false)
      expect(new JwkSet(other).equals(new JwkSet([a, b]))).toBe(false)
    }
  })

  it('counts and names its keys', () => {
    const set = setOf(ec, otherEc, withoutKid(okp))
    expect(set.size).toBe(3)
    expect(set.describe()).toEqual({ kids: ['a', 'b', '(no kid)'] })
  })

  it('has nothing to fetch and nothing to end', async () => {
    const set = setOf(ec)
    expect(await set.warmUp()).toBeUndefined()
    set.close()
    expect(set.keyFor({ alg: 'ES256', kid: 'a' }).kid).toBe('a')
  })
})

describe('a set of one secret', () => {
  const secret = importSecret(createSecretKey(Buffer.from('a secret of forty bytes, as random as 8Kq')), ['HS256'])

  it('is that secret, and says nothing of it', async () => {
    const set = new SecretKeySet(secret)
    expect(set.keyFor()).toBe(secret)
    expect(set.holds(secret)).toBe(true)
    expect(set.holds(keyOf(ec))).toBe(false)
    expect(set.describe()).toEqual({ kids: [] })
    expect(await set.warmUp()).toBeUndefined()
    set.close()
    expect(set.keyFor()).toBe(secret)
  })
})

describe('RFC 7517 §5: a JWK Set document', () => {
  const texts = (document: object) => {
    const { set, skipped } = parseJwkSet({ ...document })
    return { kids: set.describe().kids, skipped: skipped.map(({ reason }) => reason) }
  }

  it('brings every key that can be used', () => {
    expect(texts({ keys: [ec, otherEc] })).toEqual({ kids: ['a', 'b'], skipped: [] })
    expect(texts({ keys: [] })).toEqual({ kids: [], skipped: [] })
    expect(texts({ keys: [ec], more: 'x' })).toEqual({ kids: ['a'], skipped: [] })
  })

  it.each([{}, { keys: null }, { keys: 'a' }, { keys: { 0: {}, length: 1 } }])('is not %j', (document) => {
    expect(() => parseJwkSet(document)).toThrow(/^it has no array `keys`$/)
  })

  it('holds 256 keys, and not one more', () => {
    const keys = Array.from({ length: 256 }, (_, i) => ({ ...ec, kid: String(i) }))
    expect(parseJwkSet({ keys }).set.size).toBe(256)
    expect(() => parseJwkSet({ keys: [...keys, ec] })).toThrow(/^it holds more than 256 keys$/)
  })

  it.each<[string, unknown, RegExp]>([
    ['of a type nobody knows', { kty: 'XYZ', kid: 'x' }, /./],
    ['without its members', { kty: 'EC', crv: 'P-256', kid: 'x' }, /missing/],
    ['that encrypts', { ...otherEc, use: 'enc' }, /`use`/],
    ['that does not verify', { ...otherEc, key_ops: ['sign'] }, /`key_ops`/],
    ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }, /it is a secret, and key sets are public$/],
    ['that is private', { ...otherEc, d: 'c2VjcmV0' }, /it is a private key$/],
    ['that is private, of ML-DSA', { kty: 'AKP', alg: 'ML-DSA-44', pub: '', priv: 'c2VjcmV0' }, /it is a private key$/],
    ['that is text', 'key', /it is not an object$/],
    ['that is a number', 7, /it is not an object$/],
    ['that is null', null, /it is not an object$/],
    ['that is an array', [otherEc], /it is not an object$/],
  ])('skips an entry %s, and keeps the rest', (_, entry, reason) => {
    const { kids, skipped } = texts({ keys: [entry, ec] })
    expect({ kids, skipped: skipped.length }).toEqual({ kids: ['a'], skipped: 1 })
    expect(skipped[0]).toMatch(/^a key was skipped: /)
    expect(skipped[0]).toMatch(reason)
    expect(skipped[0]).not.toContain('c2VjcmV0')
  })

  it('may list a key twice', () => {
    expect(parseJwkSet({ keys: [ec, { ...ec }] }).set.keyFor({ alg: 'ES256', kid: 'a' }).kid).toBe('a')
  })

  it('keeps a key that has not changed, and only that', () => {
    const first = parseJwkSet({ keys: [ec, otherEc] })
    const second = parseJwkSet({ keys: [{ ...otherEc, alg: undefined }, { ...ec }] }, first.keysByText)
    const [a, b] = ['a', 'b'].map((kid) => first.set.keyFor({ alg: 'ES256', kid })) as [
      VerificationKey,
      VerificationKey,
    ]
    expect(second.set.holds(a)).toBe(true)
    expect(second.set.holds(b)).toBe(false)
  })

  it('forgets a key that is gone', () => {
    const first = parseJwkSet({ keys: [ec, otherEc] })
    const second = parseJwkSet({ keys: [ec] }, first.keysByText)
    const third = parseJwkSet({ keys: [ec, otherEc] }, second.keysByText)
    expect(second.keysByText.size).toBe(1)
    expect(third.set.holds(first.set.keyFor({ alg: 'ES256', kid: 'a' }))).toBe(true)
    expect(third.set.holds(first.set.keyFor({ alg: 'ES256', kid: 'b' }))).toBe(false)
  })

  it('is not read on where something else goes wrong', () => {
    const get = (): never => {
      throw new RangeError('not of the key')
    }
    expect(() => parseJwkSet({ keys: [ec, new Proxy({ ...ec }, { get })] })).toThrow(RangeError)
  })
})

describe('importPublishedKey', () => {
  it('takes a public key', () => {
    expect(importPublishedKey(ec)).toMatchObject({ kid: 'a', algorithms: new Set(['ES256']) })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['nothing', undefined],
    ['text', 'a'],
    ['a number', 7],
    ['an array', [ec]],
    ['a secret', { ...ec, kty: 'oct' }],
    ['a private key', { ...ec, d: '' }],
    ['a private ML-DSA key', { ...ec, priv: '' }],
  ])('refuses %s', (_, entry) => {
    expect(() => importPublishedKey(entry)).toThrow(UnusableKeyError)
  })
})
