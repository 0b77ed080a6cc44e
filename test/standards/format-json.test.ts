// What is in the segments of a token (RFC 7515, RFC 7519, RFC 8259, RFC 8725bis).
import { createVerifier } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { describe, expect, it } from 'vitest'
import { audience, claims, createSigner, issuer, now, type Part, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const verifier = verifierFor(signer)
const good = signer.token()

const judge = (token: string) => verdict(verifier, token)
const judgeHeader = (part: Part) => judge(signer.token(part))
const judgeClaims = (part: Part) => judge(signer.token({}, part))

const goodHeader = { alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }

it('R-FMT: the good token, which the tests below spoil in one place, is accepted', async () => {
  expect(await judge(good)).toBe('accepted')
})

describe('R-FMT-5: JSON objects in UTF-8', () => {
  const texts = ['[]', '[{}]', '"text"', '1', 'null', 'true', '', ' ', '{', 'undefined']

  it.each(texts)('R-FMT-5 refuses %j as header and as claims set', async (text) => {
    expect(await judgeHeader(text)).toBe('token_malformed')
    expect(await judgeClaims(text)).toBe('token_malformed')
  })

  it.each(['x', '{}', ',', '\0', '//'])('R-FMT-5 refuses the trailing text %j', async (text) => {
    expect(await judgeHeader(JSON.stringify(goodHeader) + text)).toBe('token_malformed')
    expect(await judgeClaims(JSON.stringify(claims) + text)).toBe('token_malformed')
    expect(await judgeClaims(`${JSON.stringify(claims)} \r\n\t`)).toBe('accepted')
  })

  it('R-FMT-5 refuses bytes that are not UTF-8, and UTF-16', async () => {
    const broken = (part: object) =>
      Buffer.concat([
        Buffer.from(JSON.stringify({ ...part, x: '' }).slice(0, -2)),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}'),
      ])
    expect(await judgeHeader(broken(goodHeader))).toBe('token_malformed')
    expect(await judgeClaims(broken(claims))).toBe('token_malformed')
    expect(await judgeHeader(Buffer.from(JSON.stringify(goodHeader), 'utf16le'))).toBe('token_malformed')
    expect(await judgeClaims(Buffer.from(JSON.stringify(claims), 'utf16le'))).toBe('token_malformed')
    expect(await judgeClaims({ name: 'Zoë \u{1f511}' })).toBe('accepted')
  })
})

it('R-FMT-6 refuses a byte order mark before the JSON', async () => {
  expect(await judgeHeader(`\ufeff${JSON.stringify(goodHeader)}`)).toBe('token_malformed')
  expect(await judgeClaims(`\ufeff${JSON.stringify(claims)}`)).toBe('token_malformed')
})

describe('R-FMT-7: member names are unique', () => {
  const twice = (part: object, member: string) => `${JSON.stringify(part).slice(0, -1)},${member}}`

  it.each(['"alg":"ES256"', '"kid":"key-1"', '"\\u0061lg":"ES256"', '"a":1,"a":1', '"a":{"b":1,"b":1}'])(
    'R-FMT-7 refuses a header with another %s',
    async (member) => {
      expect(await judgeHeader(twice(goodHeader, member))).toBe('token_malformed')
    },
  )

  it.each([
    `"aud":"${audience}"`,
    `"\\u0061ud":"${audience}"`,
    `"exp":${now + 300}`,
    '"a":1,"a":1',
    '"a":[{"b":1,"b":1}]',
  ])('R-FMT-7 refuses a claims set with another %s', async (member) => {
    expect(await judgeClaims(twice(claims, member))).toBe('token_malformed')
  })

  it('R-FMT-7 takes one name in two objects, and names that differ by case', async () => {
    expect(await judgeClaims({ a: { sub: 'bob' }, b: { sub: 'bob' }, SUB: 'bob' })).toBe('accepted')
  })

  it('R-FMT-7 uses no key set in which a name is twice', async () => {
    const keys = await createTestIssuer({ clock: () => now })
    const options = { issuer: keys.issuer, audience: keys.audience, jwksUri: keys.jwksUri, clock: () => now }
    const token = await keys.issue()
    for (const [kty, expected] of [
      ['"kty":"EC"', 'accepted'],
      ['"kty":"EC","kty":"EC"', 'keys_unavailable'],
    ] as const) {
      keys.garble(JSON.stringify(keys.jwks).replace('"kty":"EC"', kty))
      const fetching = createVerifier(options)
      expect(await verdict(fetching, token)).toBe(expected)
      await fetching.close()
    }
    await keys.close()
  })
})

describe('R-FMT-8: bounds before work', () => {
  /** No segment has 4n + 1 characters, so the header makes up for it. */
  function ofLength(bytes: number): string {
    const space = bytes - signer.token({ pad: '' }, { pad: '' }).length
    for (const [header, payload] of [0, 1, 2].flatMap((some) =>
      [0, 1, 2, 3].map((less) => [some, Math.ceil((space * 3) / 4) - less] as const),
    )) {
      const token = signer.token({ pad: 'p'.repeat(header) }, { pad: 'p'.repeat(payload) })
      if (token.length === bytes) return token
    }
    throw new Error('no token is so long')
  }

  it('R-FMT-8 takes a token of 16,384 bytes, and refuses one byte more', async () => {
    expect(await judge(ofLength(16_384))).toBe('accepted')
    expect(await judge(ofLength(16_385))).toBe('token_malformed')
    expect(await verdict(verifierFor(signer, { maxTokenBytes: 16_385 }), ofLength(16_385))).toBe('accepted')
  })

  it('R-FMT-8 takes as many bytes as the options say, and not one more', async () => {
    expect(await verdict(verifierFor(signer, { maxTokenBytes: good.length }), good)).toBe('accepted')
    expect(await verdict(verifierFor(signer, { maxTokenBytes: good.length - 1 }), good)).toBe('token_malformed')
  })

  it('R-FMT-8 takes 32 levels of JSON, and refuses 33', async () => {
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown
    expect(await judgeClaims({ nested: nested(31) })).toBe('accepted')
    expect(await judgeClaims({ nested: nested(32) })).toBe('token_malformed')
    expect(await judgeHeader({ nested: nested(31) })).toBe('accepted')
    expect(await judgeHeader({ nested: nested(32) })).toBe('token_malformed')
  })

  it('R-FMT-8 takes 2,000 members, and refuses 2,001', async () => {
    const roomy = verifierFor(signer, { maxTokenBytes: 100_000 })
    const members = (count: number) =>
      Object.fromEntries(Array.from({ length: count - Object.keys(claims).length }, (_, index) => [`m${index}`, 0]))
    expect(await verdict(roomy, signer.token({}, members(2_000)))).toBe('accepted')
    expect(await verdict(roomy, signer.token({}, members(2_001)))).toBe('token_malformed')
  })

  it('R-FMT-8 lets no __proto__ of a token reach further than itself', async () => {
    const polluted = (part: object) => `${JSON.stringify(part).slice(0, -1)},"__proto__":{"admin":true,"aud":"x"}}`
    const auth = await verifier.verifyToken(signer.token(polluted(goodHeader), polluted(claims)))
    expect(auth.claims['admin']).toBeUndefined()
    expect(Object.keys(auth.claims)).toContain('__proto__')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(await judgeClaims(polluted({ ...claims, aud: undefined }))).toBe('claim_missing')
  })
})

describe('R-FMT-9: claims replicated into the header', () => {
  it.each([
    ['iss', issuer],
    ['sub', 'ann'],
    ['aud', audience],
  ])('R-FMT-9 must say the same: %s', async (name, value) => {
    expect(await judgeHeader({ [name]: value })).toBe('accepted')
    expect(await judgeHeader({ [name]: `${value}/` })).toBe('claim_invalid')
    expect(await judgeHeader({ [name]: [value] })).toBe('claim_invalid')
  })

  it('R-FMT-9 replace nothing', async () => {
    expect(await judge(signer.token({ aud: audience }, { aud: undefined }))).toBe('claim_missing')
    expect(await judge(signer.token({ iss: issuer }, { iss: undefined }))).toBe('claim_missing')
    expect(await judge(signer.token({ iss: issuer }, { iss: 'https://other.example' }))).toBe('issuer_untrusted')
    expect(await judge(signer.token({ exp: now + 300 }, { exp: undefined }))).toBe('claim_missing')
  })
})
