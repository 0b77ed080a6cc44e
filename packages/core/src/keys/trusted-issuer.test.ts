import { describe, expect, it } from 'vitest'
import type { JwsHeader } from '../jose/compact-jws.js'
import { JwkSet } from './jwk-set.js'
import { readClaimsSet, type TrustedIssuer, trustIssuer, type UnverifiedJwt } from './trusted-issuer.js'

const iss = 'https://idp.example.com'
const jws = { token: 'a.b.c', unverifiedHeader: { alg: 'ES256' }, signature: Buffer.from('s'), signedLength: 3 }

function issuer(changed: Partial<TrustedIssuer> = {}): TrustedIssuer {
  return {
    issuer: iss,
    algorithms: new Set(['ES256', 'Ed25519']),
    tokenTypes: new Set(['at+jwt']),
    keys: new JwkSet([]),
    dangerouslyAllowKeyHeaders: false,
    ...changed,
  }
}

function trust(
  { claims = { iss }, header = {} }: { claims?: object; header?: object },
  changed: Partial<TrustedIssuer> = {},
): TrustedIssuer {
  const unverifiedHeader = { alg: 'ES256', typ: 'at+jwt', ...header } as JwsHeader
  const jwt: UnverifiedJwt = {
    ...jws,
    unverifiedPayload: Buffer.alloc(0),
    unverifiedHeader,
    unverifiedClaims: { ...claims },
  }
  return trustIssuer(new Map([[iss, issuer(changed)]]), jwt)
}

/** In one sentence, which holds nothing of the token. */
const refused = (code: string, details: object = {}) =>
  expect.objectContaining({ code, message: expect.stringMatching(/^[a-z`][\w ,`]+[^.]$/), ...details })

describe('RFC 7519 §7.2: the claims set', () => {
  const read = (payload: string | Buffer) => readClaimsSet({ ...jws, unverifiedPayload: Buffer.from(payload) })

  it('is read out of the payload, and the token stays what it is', () => {
    const unverifiedPayload = Buffer.from('{"iss":"a"}')
    const read = readClaimsSet({ ...jws, unverifiedPayload })
    expect(read).toEqual({ ...jws, unverifiedPayload, unverifiedClaims: { iss: 'a' } })
  })

  it.each(['', 'null', '[]', '"iss"', '7', '{"iss":"a","iss":"b"}', '{"iss":"a"} ;', '\ufeff{}'])(
    'is one strict JSON object, and not %j',
    (payload) => {
      expect(() => read(payload)).toThrow(refused('token_malformed', { cause: expect.any(Error) }))
    },
  )

  it('is UTF-8', () => {
    expect(() => read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow(refused('token_malformed'))
  })
})

describe('RFC 9068 §4: the issuer', () => {
  it('is found by `iss`, whatever else is trusted', () => {
    const other = issuer({ issuer: 'https://other.example.com' })
    const own = issuer()
    const jwt = { ...jws, unverifiedPayload: Buffer.alloc(0), unverifiedClaims: { iss } }
    const found = trustIssuer(
      new Map([
        [other.issuer, other],
        [iss, own],
      ]),
      { ...jwt, unverifiedHeader: { alg: 'ES256', typ: 'at+jwt' } },
    )
    expect(found).toBe(own)
  })

  it('must be named', () => {
    expect(() => trust({ claims: {} })).toThrow(refused('claim_missing', { claim: 'iss' }))
  })

  it.each([null, 7, true, [iss], { iss }])('is a string, and not %j', (value) => {
    expect(() => trust({ claims: { iss: value } })).toThrow(refused('claim_invalid', { claim: 'iss' }))
  })

  it.each([
    `${iss}/`,
    `${iss} `,
    ` ${iss}`,
    'HTTPS://idp.example.com',
    'https://IDP.example.com',
    'https://idp.example.com:443',
    'https://idp.example%2Ecom',
    'http://idp.example.com',
    'https://idp.example.co',
    'https://idp.éxample.com',
    '',
    'constructor',
    '__proto__',
  ])('is trusted to the letter, and not as %j', (value) => {
    expect(() => trust({ claims: { iss: value } })).toThrow(refused('issuer_untrusted', { claim: undefined }))
  })

  it('is not the same by Unicode normalisation', () => {
    const composed = 'https://idp.example.com/\u00e9'
    const issuers = new Map([[composed, issuer({ issuer: composed })]])
    const jwt = { ...jws, unverifiedPayload: Buffer.alloc(0), unverifiedHeader: { alg: 'ES256', typ: 'at+jwt' } }
    const named = (name: string) => trustIssuer(issuers, { ...jwt, unverifiedClaims: { iss: name } })
    expect(named(composed).issuer).toBe(composed)
    expect(() => named(composed.normalize('NFD'))).toThrow(refused('issuer_untrusted'))
  })
})

describe('RFC 8725 §3.10: keys in the header', () => {
  const names = ['jku', 'jwk', 'x5u', 'x5c']

  it.each(names)('`%s` is not tolerated', (name) => {
    for (const value of ['https://evil.example.com', '', null, {}]) {
      expect(() => trust({ header: { [name]: value } })).toThrow(refused('token_malformed', { header: name }))
    }
  })

  it.each(names)('`%s` is ignored where the issuer’s record says so', (name) => {
    expect(trust({ header: { [name]: 'x' } }, { dangerouslyAllowKeyHeaders: true }).issuer).toBe(iss)
  })

  it.each(['x5t', 'x5t#S256', 'zip', 'nonce'])('`%s` brings no key', (name) => {
    expect(trust({ header: { [name]: 'x' } }).issuer).toBe(iss)
  })
})

describe('RFC 8725 §3.1: the algorithm', () => {
  it('is one that the issuer may use', () => {
    expect(trust({ header: { alg: 'Ed25519' } }).issuer).toBe(iss)
  })

  it.each(['RS256', 'HS256', 'none', 'None', 'es256', 'ES256 ', ''])('is not %j', (alg) => {
    expect(() => trust({ header: { alg } })).toThrow(refused('algorithm_rejected'))
  })
})

describe('RFC 7515 §4.1.9: the type', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('may be written %s', (typ) => {
    expect(trust({ header: { typ } }).issuer).toBe(iss)
  })

  it.each([
    'JWT',
    'jwt',
    '',
    'at+jwt; charset=utf-8',
    'at+jwt ',
    'application/application/at+jwt',
    'text/at+jwt',
    'x/application/at+jwt',
    'application/',
    'dpop+jwt',
    undefined,
  ])('is not %j', (typ) => {
    expect(() => trust({ header: { typ } })).toThrow(refused('token_type_rejected', { claim: undefined }))
  })

  it('may be left out, or be JWT, where the issuer’s record says so', () => {
    const plain = { tokenTypes: new Set(['jwt', '']) }
    expect(trust({ header: { typ: undefined } }, plain).issuer).toBe(iss)
    expect(trust({ header: { typ: 'JWT' } }, plain).issuer).toBe(iss)
    expect(() => trust({ header: { typ: 'application/jwt+x' } }, plain)).toThrow(refused('token_type_rejected'))
  })

  // `application/` alone is no media type, nor is nothing at all: a token that says so has a `typ`, and a wrong one.
  it.each(['', 'application/'])('is not left out by writing %j', (typ) => {
    expect(() => trust({ header: { typ } }, { tokenTypes: new Set(['jwt', '']) })).toThrow(
      refused('token_type_rejected'),
    )
  })
})

describe('RFC 7519 §5.2: the content type', () => {
  it.each(['JWT', 'jwt', 'application/jwt', 'APPLICATION/JWT'])('is not %s: a token in a token', (cty) => {
    expect(() => trust({ header: { cty } })).toThrow(refused('token_malformed', { header: 'cty' }))
  })

  it.each(['json', 'text/jwt', ''])('may be %j', (cty) => {
    expect(trust({ header: { cty } }).issuer).toBe(iss)
  })
})
