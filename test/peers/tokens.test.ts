// What peers were measured to accept of tokens, or to refuse, and what happens here.
import { createHmac, createPublicKey } from 'node:crypto'
import { createVerifier, type Denied } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestClaims, type TestTokenOptions } from '@sallyport/core/testing'
import { afterAll, describe, expect, it } from 'vitest'

const clock = createTestClock()
const idp = await createTestIssuer({ clock, algorithm: 'RS256' })
const other = await createTestIssuer({ clock, algorithm: 'RS256' })
afterAll(() => Promise.all([idp.close(), other.close()]))

const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const verifier = createVerifier(trust)

async function judge(token: string, by: Pick<typeof verifier, 'verify'> = verifier): Promise<string> {
  const decision = await by.verify({ headers: { authorization: `Bearer ${token}` } })
  return decision.allowed ? 'allowed' : `${decision.status} ${decision.code}`
}

const judgeWith = async (claims: TestClaims, options: TestTokenOptions = {}) => judge(await idp.issue(claims, options))
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A good token with another header over the same signature. */
async function withHeader(members: object): Promise<string> {
  const [, payload, signature] = (await idp.issue()).split('.')
  return `${encode({ alg: 'RS256', kid: idp.key.kid, typ: 'at+jwt', ...members })}.${payload}.${signature}`
}

describe('kinds of tokens', () => {
  it('unlike express-oauth2-jwt-bearer 1.10, refuses an ID token that is meant for the API', async () => {
    const idToken = { nonce: 'n', at_hash: 'h' }
    expect(await judgeWith(idToken, { header: { typ: 'JWT' } })).toBe('401 token_type_rejected')
    const plain = createVerifier({ ...trust, profile: 'jwt' })
    expect(await judge(await idp.issue(idToken, { header: { typ: 'JWT' } }), plain)).toBe('401 token_type_rejected')
  })

  it('unlike hono 4.13, accepts the type of RFC 9068', async () => {
    expect(await judgeWith({}, { header: { typ: 'at+jwt' } })).toBe('allowed')
    expect(await judgeWith({}, { header: { typ: 'application/at+jwt' } })).toBe('allowed')
  })
})

describe('claims', () => {
  it('unlike aws-jwt-verify 5.2 and hono 4.13, refuses a token without exp', async () => {
    expect(await judgeWith({ exp: undefined })).toBe('401 claim_missing')
  })

  it('unlike express-jwt 8.5 and hono 4.13, refuses a token without aud, and one for another API', async () => {
    expect(await judgeWith({ aud: undefined })).toBe('401 claim_missing')
    expect(await judgeWith({ aud: 'https://other.example.com' })).toBe('401 audience_mismatch')
  })

  it('unlike express-oauth2-jwt-bearer 1.10, refuses an issuer that differs by a slash at its end, and explains it', async () => {
    const token = await idp.issue({ iss: `${idp.issuer}/` })
    expect(await judge(token)).toBe('401 issuer_untrusted')
    const { checks } = await verifier.explain({ headers: { authorization: `Bearer ${token}` } })
    const failed = checks.find(({ outcome }) => outcome === 'failed')
    expect(failed).toMatchObject({ check: 'issuer', expected: `"${idp.issuer}"`, got: `"${idp.issuer}/"` })
    expect(failed?.action).toContain('slash')
  })

  it('unlike @fastify/jwt 10.2, answers 401 and not 500 to nbf in the future and to an algorithm that is not accepted', async () => {
    expect(await judgeWith({ nbf: clock() + 60 })).toBe('401 token_not_active')
    expect(await judge(await withHeader({ alg: 'HS256' }))).toBe('401 algorithm_rejected')
  })

  it('unlike fast-jwt before 5.0.6, refuses an issuer, a subject or an identifier in an array', async () => {
    expect(await judgeWith({ iss: [idp.issuer] })).toBe('401 claim_invalid')
    expect(await judgeWith({ sub: ['ann'] })).toBe('401 claim_invalid')
    expect(await judgeWith({ jti: ['1'] })).toBe('401 claim_invalid')
  })
})

describe('remembered tokens', () => {
  it.each([undefined, clock()])('unlike fast-jwt up to 6.3.2, serves none that has expired: iat %s', async (iat) => {
    const now = clock()
    const token = await idp.issue({ iat, exp: now + 60 })
    for (let sight = 0; sight < 3; sight++) expect(await judge(token)).toBe('allowed')
    clock.set(now + 89)
    expect(await judge(token)).toBe('allowed')
    clock.set(now + 90)
    expect(await judge(token)).toBe('401 token_expired')
    clock.set(now)
  })

  it('unlike fast-jwt with a cacheKeyBuilder, mixes up no two tokens of one subject', async () => {
    const tokens = await Promise.all(['read', 'write'].map((scope) => idp.issue({ sub: 'ann', jti: 'same', scope })))
    for (let sight = 0; sight < 3; sight++) {
      const scopes = await Promise.all(tokens.map(async (token) => (await verifier.verifyToken(token)).scopes))
      expect(scopes).toEqual([['read'], ['write']])
    }
  })
})

describe('keys and algorithms', () => {
  it('unlike @clerk/backend (#9394) and get-jwks (CVE-2025-59936), verifies with no key of another issuer by the same id', async () => {
    expect(idp.key.kid).toBe(other.key.kid)
    const records = [idp, other].map(({ issuer, audience, jwks }) => ({ issuer, audience, jwks }))
    const both = createVerifier({ issuers: records, clock })
    expect(await judge(await other.issue(), both)).toBe('allowed') // its key is known, and by this id
    expect(await judge(await idp.issue({}, { key: other.key }), both)).toBe('401 signature_invalid')
    expect(await judge(await other.issue({}, { key: idp.key }), both)).toBe('401 signature_invalid')
  })

  it('unlike fast-jwt (CVE-2023-48223) and jsonwebtoken (CVE-2015-9235), takes no public key for a secret', async () => {
    const key = createPublicKey({ key: idp.key.publicJwk as never, format: 'jwk' })
    const texts = [key.export({ format: 'pem', type: 'spki' }), key.export({ format: 'pem', type: 'pkcs1' })].map(
      String,
    )
    const spellings = [...texts, ...texts.map((text) => text.trim()), JSON.stringify(idp.key.publicJwk)]
    const [, payload] = (await idp.issue()).split('.')
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const signed = `${encode({ alg, typ: 'at+jwt', kid: idp.key.kid })}.${payload}`
      for (const secret of spellings) {
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(signed)
          .digest('base64url')
        expect(await judge(`${signed}.${mac}`)).toBe('401 algorithm_rejected')
      }
    }
    const pem = texts[0] as string
    expect(() =>
      createVerifier({ issuer: idp.issuer, audience: 'api', secret: pem, algorithms: ['RS256'] as never }),
    ).toThrow('algorithms')
  })

  it.each(['none', 'None', 'NONE', 'nOnE', 'noNE'])(
    'unlike a list of what is forbidden (RFC 8725bis §2), does not accept alg %s',
    async (alg) => {
      const [, payload, signature] = (await idp.issue()).split('.')
      const header = encode({ alg, typ: 'at+jwt', kid: idp.key.kid })
      expect(await judge(`${header}.${payload}.`)).toBe('401 algorithm_rejected')
      expect(await judge(`${header}.${payload}.${signature}`)).toBe('401 algorithm_rejected')
    },
  )

  it('unlike passport-jwt 4.0 without algorithms, takes no HS512 where HS256 was meant', async () => {
    const secret = 'a secret of forty-eight bytes, as random as 8Kq2!'
    const told = createVerifier({ issuer: idp.issuer, audience: idp.audience, secret, algorithms: ['HS256'], clock })
    const [, payload] = (await idp.issue()).split('.')
    const signed = (alg: string) => {
      const input = `${encode({ alg, typ: 'at+jwt' })}.${payload}`
      return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
        .update(input)
        .digest('base64url')}`
    }
    expect(await judge(signed('HS256'), told)).toBe('allowed')
    expect(await judge(signed('HS512'), told)).toBe('401 algorithm_rejected')
  })

  it('unlike fast-jwt (GHSA-gmvf-9v4p-v8jc), has no empty key that verifies anything, nor an empty signature', async () => {
    const [header, payload] = (await idp.issue()).split('.')
    expect(await judge(`${header}.${payload}.`)).toBe('401 signature_invalid')
    for (const secret of ['', new Uint8Array()]) {
      expect(() => createVerifier({ issuer: 'self', audience: 'api', secret, algorithms: ['HS256'] })).toThrow('secret')
    }
    expect(() => createVerifier({ issuer: 'self', audience: 'api', jwks: { keys: [] } })).toThrow('jwks')
  })
})

describe('header parameters', () => {
  it.each([[['urn:example:unknown']], [['exp']], [['b64']], [[]]])(
    'unlike fast-jwt (CVE-2026-35042) and jsonwebtoken 9.0, refuses crit %j',
    async (crit) => {
      const claimed = { crit, exp: 0, b64: true, 'urn:example:unknown': 1 }
      expect(await judgeWith({}, { header: { 'urn:example:unknown': 1 } })).toBe('allowed')
      expect(await judge(await withHeader(claimed))).toBe('401 token_malformed')
    },
  )

  it.each(['jku', 'x5u', 'jwk', 'x5c'])(
    'unlike IdentityModel (CVE-2024-21643), neither follows nor tolerates %s',
    async (name) => {
      const value = { jku: other.jwksUri, x5u: other.jwksUri, jwk: other.key.publicJwk, x5c: ['MIIB'] }[name]
      expect(await judgeWith({}, { header: { [name]: value }, key: other.key })).toBe('401 token_malformed')
      expect(await judgeWith({}, { header: { [name]: value } })).toBe('401 token_malformed')
      expect(other.requests).toEqual({ metadata: 0, jwks: 0 })
    },
  )
})

describe('a bound token', () => {
  it.each([{ 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }, { jkt: 'x' }])(
    'unlike express-oauth2-jwt-bearer 1.10 without getCertificate, is no plain bearer token: %j',
    async (cnf) => {
      const token = await idp.issue({ cnf })
      for (let sight = 0; sight < 4; sight++) expect(await judge(token)).toBe('401 binding_missing')
    },
  )
})

describe('a refusal', () => {
  it('unlike @nestjs/passport 12, says by its code what was wrong', async () => {
    const codes = await Promise.all([
      judgeWith({}, { expiresInSeconds: -60 }),
      judgeWith({}, { key: other.key }),
      verifier.verify({ headers: {} }).then((decision) => (decision as Denied).code),
    ])
    expect(codes).toEqual(['401 token_expired', '401 signature_invalid', 'credential_missing'])
  })
})
