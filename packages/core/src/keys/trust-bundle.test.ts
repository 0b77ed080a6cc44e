import { describe, expect, it } from 'vitest'
import { createTestAuthority, type TestCertificate } from '../../../../test/fixtures/der-certificates.js'
import { authorityEntry, bundleOf } from '../../../../test/fixtures/svids.js'
import type { JsonObject } from '../jose/strict-json.js'
import { createTestKey } from '../testing.js'
import { parseJwkSet } from './jwk-set.js'
import { parseTrustBundle, type TrustBundle } from './trust-bundle.js'

const key = await createTestKey('ES256', 'key-1')
const { use: _use, ...publicJwk } = key.publicJwk
const [one, two] = [createTestAuthority({ subject: 'one' }), createTestAuthority({ subject: 'two' })]
const parse = (document: object, previous?: Parameters<typeof parseTrustBundle>[1]) =>
  parseTrustBundle(document as JsonObject, previous)
const bundleWith = (...entries: readonly unknown[]) => parse({ keys: entries })
const base64 = ({ der }: TestCertificate) => der.toString('base64')
const counts = ({ set }: { set: TrustBundle }) => [set.size, set.authorities.length]

describe('a bundle', () => {
  it('has authorities, in their order, and keys for JWT-SVIDs', () => {
    const { set, skipped } = parse(bundleOf([one, two], [publicJwk]))
    expect(set.authorities.map((der) => Buffer.compare(der, one.der))).toEqual([0, expect.any(Number)])
    expect(set.authorities[1]).toEqual(two.der)
    expect(set.keyFor({ alg: 'ES256', kid: 'key-1' })).toMatchObject({ kid: 'key-1' })
    expect(skipped).toEqual([])
  })

  it('is itself what is in force', () => {
    const { set } = parse(bundleOf([one]))
    expect(set.current()).toBe(set)
  })

  it('holds authorities that nobody can add to', () => {
    expect(Object.isFrozen(parse(bundleOf([one])).set.authorities)).toBe(true)
  })

  it.each(['{}', '{"keys":{}}', '{"keys":"x"}', '{"key":[]}'])('is not %s', (text) => {
    expect(() => parse(JSON.parse(text))).toThrow('it has no array `keys`')
  })

  it('may be empty, and may hold 256 entries, for whatever they are, and no more', () => {
    expect(counts(bundleWith())).toEqual([0, 0])
    const entries = Array.from({ length: 256 }, () => ({ use: 'wit-svid' }))
    expect(counts(bundleWith(...entries))).toEqual([0, 0])
    expect(() => bundleWith(...entries, {})).toThrow('it holds more than 256 keys')
  })
})

describe('`use`', () => {
  it.each([undefined, 'sig', 'enc', 'wit-svid', 'X509-SVID', 'JWT-SVID', ['x509-svid'], null, 7])(
    'of %j is for neither, and passed over without a word',
    (use) => {
      const bundle = bundleWith({ ...publicJwk, x5c: [base64(one)], use }, authorityEntry(two))
      expect(counts(bundle)).toEqual([0, 1])
      expect(bundle.skipped).toEqual([])
    },
  )

  it.each([null, 7, 'x', [], ['use']])('is not in %j', (entry) => {
    expect(counts(bundleWith(entry, authorityEntry(one)))).toEqual([0, 1])
  })

  it('x509-svid makes no key for JWT-SVIDs, and jwt-svid no authority', () => {
    expect(counts(bundleWith({ ...publicJwk, ...authorityEntry(one) }))).toEqual([0, 1])
    expect(counts(bundleWith({ ...publicJwk, use: 'jwt-svid', x5c: [base64(one)] }))).toEqual([1, 0])
  })

  it('makes a bundle no key set of an issuer: there, none of its keys is one', () => {
    const document = bundleOf([one], [publicJwk]) as unknown as JsonObject
    const { set, skipped } = parseJwkSet(document)
    expect(set.size).toBe(0)
    expect(skipped).toHaveLength(2)
  })
})

describe('a key for JWT-SVIDs', () => {
  it.each<[string, object, RegExp]>([
    ['without `kid`', { kid: undefined }, /it has no `kid`$/],
    ['that is private', { d: 'AQ' }, /it is a private key$/],
    ['that is private, of a post-quantum kind', { priv: 'AQ' }, /it is a private key$/],
    ['that is a secret', { kty: 'oct', k: 'AQ' }, /it is a secret, and key sets are public$/],
    ['that lacks a coordinate', { y: undefined }, /it has missing or impossible members/],
    ['whose operations do not verify', { key_ops: ['encrypt'] }, /verify/],
  ])('%s is skipped, and the others serve', (_, spoiled, reason) => {
    const bundle = parse(bundleOf([one], [JSON.parse(JSON.stringify({ ...publicJwk, ...spoiled })), publicJwk]))
    expect(counts(bundle)).toEqual([1, 1])
    expect(bundle.skipped).toEqual([{ reason: expect.stringMatching(reason) }])
  })

  it('stays the same object from one document to the next, as long as its entry does', () => {
    const first = parse(bundleOf([one], [publicJwk]))
    const find = ({ set }: { set: TrustBundle }) => set.keyFor({ alg: 'ES256', kid: 'key-1' })
    const second = parse(bundleOf([two], [publicJwk]), first.keysByText)
    expect(find(second)).toBe(find(first))
    expect(second.set.holds(find(first))).toBe(true)
    expect(find(parse(bundleOf([one], [{ ...publicJwk, x5t: 'other' }])))).not.toBe(find(first))
  })
})

describe('an authority', () => {
  const [text] = [base64(one)]

  it.each<[string, unknown]>([
    ['no `x5c`', undefined],
    ['text in place of a list', text],
    ['an empty list', []],
    ['two certificates', [text, base64(two)]],
    ['one certificate twice', [text, text]],
    ['something behind it', [text, 7]],
    ['a number', [7]],
    ['base64url', [one.der.toString('base64url')]],
    ['base64 with lines', [text.replace(/.{64}/g, '$&\n')]],
    ['base64 with a space', [`${text} `]],
    [
      'base64 without its padding',
      [
        Buffer.concat([one.der, Buffer.alloc(1)])
          .toString('base64')
          .replace(/=+$/, ''),
      ],
    ],
    ['PEM', [one.pem]],
    ['no certificate', [Buffer.from('no certificate').toString('base64')]],
    ['a certificate with a byte behind it', [Buffer.concat([one.der, Buffer.from([0])]).toString('base64')]],
    ['nothing', ['']],
  ])('is not %s: it is skipped, and the others serve', (_, x5c) => {
    const bundle = bundleWith({ ...authorityEntry(one), x5c }, authorityEntry(two))
    expect(bundle.set.authorities).toEqual([two.der])
    expect(bundle.skipped).toEqual([{ reason: 'a key was skipped: its `x5c` is not one certificate' }])
  })

  it.each(['d', 'priv'])('whose private key is published, as `%s`, is anybody: it is skipped', (name) => {
    const bundle = bundleWith({ ...authorityEntry(one), [name]: 'AQ' }, authorityEntry(two))
    expect(bundle.set.authorities).toEqual([two.der])
    expect(bundle.skipped).toEqual([{ reason: 'a key was skipped: it is a private key' }])
  })

  it('needs neither a key type nor a key id', () => {
    expect(counts(bundleWith({ use: 'x509-svid', x5c: [text] }))).toEqual([0, 1])
  })
})

describe('two bundles', () => {
  const good = parse(bundleOf([one, two], [publicJwk]))
  const equals = (...authorities: readonly TestCertificate[]) =>
    good.set.equals(parse(bundleOf(authorities, [publicJwk]), good.keysByText).set)

  it('are the same with the same keys and authorities', () => {
    expect(equals(one, two)).toBe(true)
  })

  it('differ by an authority more, less or in place of another', () => {
    expect(equals(one)).toBe(false)
    expect(equals(one, two, two)).toBe(false)
    expect(equals(one, one)).toBe(false)
    expect(equals(two, two)).toBe(false)
  })

  it('differ by a key', () => {
    expect(good.set.equals(parse(bundleOf([one, two])).set)).toBe(false)
    expect(good.set.equals(parse(bundleOf([one, two], [publicJwk])).set)).toBe(false) // read anew, it is another
  })

  it('are none with a key set that is no bundle', () => {
    const bare = parse(bundleOf([])).set
    expect(bare.equals(parseJwkSet({ keys: [] }).set)).toBe(false)
  })
})

describe('spiffe_refresh_hint', () => {
  const lifetime = (hint: unknown) => parse({ keys: [], spiffe_refresh_hint: hint }).set.lifetimeSeconds

  it('says how long the bundle lives', () => {
    expect(lifetime(300)).toBe(300)
    expect(lifetime(0.5)).toBe(0.5)
  })

  it.each([undefined, null, 0, -1, '300', true, [300], {}, Number.NaN])('says nothing as %j', (hint) => {
    expect(lifetime(hint)).toBeUndefined()
  })
})
