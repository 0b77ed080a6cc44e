// The form of a token (RFC 7515, RFC 7519, RFC 8725bis).
import { CompactEncrypt, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { answer, claims, createSigner, encode, type Part, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const verifier = verifierFor(signer)
const good = signer.token()
const [header = '', payload = '', signature = ''] = good.split('.')

const judge = (token: string) => verdict(verifier, token)
const judgeHeader = (part: Part) => judge(signer.token(part))

/** Tokens with one segment changed; header and payload are signed as they then are. */
const withSegment = (change: (segment: string) => string) => [
  signer.signSegments(change(header), payload),
  signer.signSegments(header, change(payload)),
  `${header}.${payload}.${change(signature)}`,
]

const goodHeader = { alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }

it('R-FMT: the good token, which the tests below spoil in one place, is accepted', async () => {
  expect(await judge(good)).toBe('accepted')
})

describe('R-FMT-1: compact serialization only', () => {
  it.each(['{', '}', '"', ' ', '\r', '\n', '\t', '=', '+', '/', '\0', '~', ',', 'é', '\u{1f511}', '\ufeff'])(
    'R-FMT-1 refuses %j anywhere in the token',
    async (character) => {
      for (const place of [
        (text: string) => character + text,
        (text: string) => text + character,
        (text: string) => text.replace(/^../, `$&${character}`),
      ]) {
        for (const token of withSegment(place)) expect(await judge(token)).toBe('token_malformed')
      }
    },
  )

  it('R-FMT-1 refuses JSON serialization', async () => {
    for (const json of [
      { protected: header, payload, signature },
      { payload, signatures: [{ protected: header, signature }] },
    ]) {
      expect(await judge(JSON.stringify(json))).toBe('token_malformed')
      expect(await answer(verifier, JSON.stringify(json))).toEqual({ status: 400, code: 'credential_malformed' })
    }
  })

  it('R-FMT-1 answers 401 where the character is one of a bearer token, and 400 where it is none', async () => {
    for (const tail of ['=', '+', '/', '~'])
      expect(await answer(verifier, good + tail)).toEqual({ status: 401, code: 'token_malformed' })
    for (const tail of ['"', '{', ',', '\0'])
      expect(await answer(verifier, good + tail)).toEqual({ status: 400, code: 'credential_malformed' })
  })
})

describe('R-FMT-2: three segments', () => {
  it.each([
    ['none', ''],
    ['one', header],
    ['two', `${header}.${payload}`],
    ['four', `${good}.`],
    ['four, the last of them filled', `${good}.${signature}`],
    ['five', `${good}..`],
    ['six', `${good}...`],
  ])('R-FMT-2 refuses %s', async (_, token) => {
    expect(await judge(token)).toBe('token_malformed')
  })

  it('R-FMT-2 refuses a JWE, unless encrypted tokens are configured', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ECDH-ES')
    const protectedHeader = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' }
    const jwe = await new CompactEncrypt(Buffer.from(good)).setProtectedHeader(protectedHeader).encrypt(publicKey)
    expect(await judge(jwe)).toBe('token_malformed')
    const opener = verifierFor(signer, { decryption: { key: privateKey } })
    expect(await verdict(opener, jwe)).toBe('accepted')
    expect(await verdict(opener, `${jwe}.`)).toBe('token_malformed')
  })
})

describe('R-FMT-3: base64url in each segment', () => {
  it.each([
    ['padding', (text: string) => `${text}${'='.repeat((4 - (text.length % 4)) % 4 || 4)}`],
    ['a line break at the end', (text: string) => `${text}\n`],
    ['line breaks as of PEM', (text: string) => text.replace(/.{64}/g, '$&\r\n').concat('\r\n')],
    ['a space in the middle', (text: string) => text.replace(/^.{4}/, '$& ')],
    ['the alphabet of base64', (text: string) => `${text.slice(0, -4)}+/+/`],
    ['a length that base64 never has', (text: string) => `${text}AAAA`.slice(0, text.length - (text.length % 4) + 1)],
  ])('R-FMT-3 refuses %s', async (_, change) => {
    for (const token of withSegment(change)) expect(await judge(token)).toBe('token_malformed')
  })
})

describe('R-FMT-4: one spelling only', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  /** The same bytes, with the last unused bit of the last character set. */
  const respelled = (text: string) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]

  it.each([1, 2])('R-FMT-4 refuses unused bits that are set, %i bytes over', async (over) => {
    const pad = (part: object) => JSON.stringify(part).padEnd(300 + over) // spaces, which JSON does not mind
    const [h, p] = [encode(pad(goodHeader)), encode(pad(claims))]
    const token = signer.signSegments(h, p)
    expect(await judge(token)).toBe('accepted')
    const others = [signer.signSegments(respelled(h), p), signer.signSegments(h, respelled(p)), respelled(token)]
    for (const [index, other] of others.entries()) {
      const bytes = (text: string) => text.split('.').map((segment) => Buffer.from(segment, 'base64url'))
      if (index === 2) expect(bytes(other)).toEqual(bytes(token))
      expect(await judge(other)).toBe('token_malformed')
    }
  })
})

it('R-FMT-10 refuses a token that says it holds another (cty)', async () => {
  for (const cty of ['JWT', 'jwt', 'application/jwt']) expect(await judgeHeader({ cty })).toBe('token_malformed')
  expect(await judge(signer.token({ cty: 'JWT' }, good))).toBe('token_malformed')
  expect(await judgeHeader({ cty: 'json' })).toBe('accepted')
})

it('R-FMT-11 refuses b64, with crit and without', async () => {
  for (const b64 of [false, true]) {
    expect(await judgeHeader({ b64 })).toBe('token_malformed')
    expect(await judgeHeader({ b64, crit: ['b64'] })).toBe('token_malformed')
  }
  const input = `${encode({ ...goodHeader, b64: false, crit: ['b64'] })}.$.02`
  expect(await judge(`${input}.${signer.sign(input).toString('base64url')}`)).toBe('token_malformed')
})
