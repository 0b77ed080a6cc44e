// The promises of this package that a verifier keeps, one test or more for each, by its number. What each check does to
// the last second and byte is tested beside that check.
import { createHmac, createPublicKey } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestClock, createTestIssuer, type TestTokenOptions } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
const other = await createTestIssuer({ clock })
afterAll(() => Promise.all([idp.close(), other.close()]))

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const verifier = createVerifier(inline)
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

/** `allowed`, or the code of the refusal. */
async function verdict(token: string, by: Verifier<unknown> = verifier): Promise<string> {
  const decision = await by.verify(bearer(token))
  return decision.allowed ? 'allowed' : decision.code
}

/** The verdict on a token that is good but for these claims and this header. */
async function verdictOn(
  claims: object,
  options: TestTokenOptions = {},
  by: Verifier<unknown> = verifier,
): Promise<string> {
  return verdict(await idp.issue({ ...claims }, options), by)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('Promise 1: no path without a signature check', () => {
  it('a good token passes', async () => {
    expect(await verdictOn({})).toBe('allowed')
  })

  it.each(['none', 'None', 'NONE', 'nOnE', '', 'es256', 'ES257'])(
    '`alg: %s` is refused, whatever the signature',
    async (alg) => {
      const [, payload, signature] = (await idp.issue()).split('.')
      for (const end of ['', signature]) {
        expect(await verdict(`${encode({ alg, typ: 'at+jwt', kid: 'key-1' })}.${payload}.${end}`)).toBe(
          'algorithm_rejected',
        )
      }
    },
  )

  it('a token without its signature is refused, dot or no dot', async () => {
    const [header, payload] = (await idp.issue()).split('.')
    expect(await verdict(`${header}.${payload}.`)).toBe('signature_invalid')
    expect(await verdict(`${header}.${payload}`)).toBe('token_malformed')
  })

  it('a token changed in its payload is refused, also after the good one was seen', async () => {
    const token = await idp.issue({ sub: 'ann' })
    const [header, payload = '', signature] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = `${header}.${encode({ ...claims, sub: 'bob' })}.${signature}`
    expect(await verdict(forged)).toBe('signature_invalid')
    for (let sight = 0; sight < 3; sight++) expect(await verdict(token)).toBe('allowed')
    expect(await verdict(forged)).toBe('signature_invalid')
  })

  it('a public key is never a secret: HMAC over any of its spellings is refused', async () => {
    const publicKey = createPublicKey({ key: idp.key.publicJwk as never, format: 'jwk' })
    const pem = publicKey.export({ format: 'pem', type: 'spki' })
    const spellings = [pem, pem.toString().trim(), publicKey.export({ format: 'der', type: 'spki' })]
    const [, payload] = (await idp.issue()).split('.')
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${payload}`
    for (const secret of [...spellings, JSON.stringify(idp.key.publicJwk), '']) {
      const mac = createHmac('sha256', secret).update(signed).digest('base64url')
      expect(await verdict(`${signed}.${mac}`)).toBe('algorithm_rejected')
    }
  })

  it.each(['jku', 'jwk', 'x5u', 'x5c'])('`%s` of a token is never followed', async (name) => {
    const fetched: string[] = []
    const fetch = (url: string): Promise<Response> => {
      fetched.push(url)
      return Promise.reject(new Error('nothing is to be fetched'))
    }
    const header = { [name]: name === 'jwk' ? other.key.publicJwk : other.jwksUri }
    expect(await verdictOn({}, { header, key: other.key }, createVerifier({ ...inline, fetch }))).toBe(
      'token_malformed',
    )
    const tolerant = createVerifier({ ...inline, fetch, dangerouslyAllowKeyHeaders: true })
    expect(await verdictOn({}, { header, key: other.key }, tolerant)).toBe('signature_invalid')
    expect(fetched).toEqual([])
    expect(other.requests.jwks).toBe(0)
  })

  it.each([[['exp']], [['b64']], [['urn:example:unknown']], [[]], ['exp'], [null]])(
    '`crit: %j` is refused',
    async (crit) => {
      const [, payload, signature] = (await idp.issue()).split('.')
      const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1', crit, 'urn:example:unknown': 1 })
      expect(await verdict(`${header}.${payload}.${signature}`)).toBe('token_malformed')
    },
  )
})

describe('Promise 2: trust is per issuer', () => {
  const both = createVerifier({
    issuers: [
      { issuer: idp.issuer, audience: 'for-idp', jwks: idp.jwks, algorithms: ['ES256'] },
      { issuer: other.issuer, audience: 'for-other', jwks: other.jwks, algorithms: ['ES384', 'ES256'], profile: 'jwt' },
    ],
    clock,
  })

  it('each issuer passes by its own record', async () => {
    expect(await verdict(await idp.issue({ aud: 'for-idp' }), both)).toBe('allowed')
    expect(await verdict(await other.issue({ aud: 'for-other' }, { header: { typ: 'JWT' } }), both)).toBe('allowed')
  })

  it('no key of one issuer verifies the token of another, though both call it key-1', async () => {
    expect(idp.key.kid).toBe(other.key.kid)
    expect(await verdictOn({ aud: 'for-idp' }, { key: other.key }, both)).toBe('signature_invalid')
  })

  it('no audience or type of one issuer serves another', async () => {
    expect(await verdictOn({ aud: 'for-other' }, {}, both)).toBe('audience_mismatch')
    expect(await verdictOn({ aud: 'for-idp' }, { header: { typ: 'JWT' } }, both)).toBe('token_type_rejected')
  })

  it.each<[string, (issuer: string) => unknown, string]>([
    ['a slash at the end', (issuer) => `${issuer}/`, 'issuer_untrusted'],
    ['another case', (issuer) => issuer.toUpperCase(), 'issuer_untrusted'],
    ['a percent-encoding', (issuer) => issuer.replace('127', '%3127'), 'issuer_untrusted'],
    ['a space', (issuer) => `${issuer} `, 'issuer_untrusted'],
    ['the name of a member of every object', () => 'constructor', 'issuer_untrusted'],
    ['a trusted issuer in an array', (issuer) => [issuer], 'claim_invalid'],
    ['nothing', () => undefined, 'claim_missing'],
  ])('an issuer with %s is another issuer, and nothing is fetched for it', async (_, change, code) => {
    const fresh = await createTestIssuer({ clock })
    const remote = createVerifier({ issuer: fresh.issuer, audience: fresh.audience, clock })
    expect(await verdict(await fresh.issue(), remote)).toBe('allowed') // by now all is fetched that there is to fetch
    const before = fresh.requests
    expect(await verdict(await fresh.issue({ iss: change(fresh.issuer) }), remote)).toBe(code)
    expect(fresh.requests).toEqual(before)
    await remote.close()
    await fresh.close()
  })
})

describe('Promise 3: strict by default, loud to relax', () => {
  it.each(['exp', 'aud', 'iss'])('a token without %s is refused', async (name) => {
    expect(await verdictOn({ [name]: undefined })).toBe('claim_missing')
  })

  it('RFC 9068 types are accepted, and ID tokens refused', async () => {
    for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT'])
      expect(await verdictOn({}, { header: { typ } })).toBe('allowed')
    for (const typ of ['JWT', undefined, 'id+jwt'])
      expect(await verdictOn({}, { header: { typ } })).toBe('token_type_rejected')
    const plain = createVerifier({ ...inline, profile: 'jwt' })
    expect(await verdictOn({ nonce: 'n' }, { header: { typ: 'JWT' } }, plain)).toBe('token_type_rejected')
  })

  it('options without issuer or audience do not build', () => {
    expect(() => createVerifier({ issuer: idp.issuer } as never)).toThrow('audience')
    expect(() => createVerifier({ audience: 'api' } as never)).toThrow('issuer')
    expect(() => createVerifier({} as never)).toThrow('issuer')
  })
})

describe('Promise 4: optional means "absent is fine", never "bad is fine"', () => {
  const optional = createVerifier({ ...inline, optional: true })

  it('an absent credential passes as nobody', async () => {
    expect(await optional.verify({ headers: {} })).toEqual({
      allowed: true,
      auth: undefined,
      validUntil: Number.POSITIVE_INFINITY,
    })
  })

  it.each(['garbage', '', 'a.b.c'])('the credential %j is refused', async (token) => {
    expect((await optional.verify(bearer(token))).allowed).toBe(false)
  })

  it('an expired token, and one of another scheme, are refused', async () => {
    expect(await verdictOn({}, { expiresInSeconds: -31 }, optional)).toBe('token_expired')
    expect((await optional.verify({ headers: { authorization: 'Basic YTpi' } })).allowed).toBe(false)
  })
})

describe('Promise 9: unknown context denies', () => {
  it('a request that shows no headers, and a policy of unknown make, let nobody pass', async () => {
    const token = await idp.issue()
    await expect(verifier.verify({} as never)).rejects.toThrow(TypeError)
    await expect(verifier.verify(bearer(token), Object.freeze({ kind: 'everybody' }) as never)).rejects.toThrow(
      'policy',
    )
    await expect(verifier.verify(bearer(token), null as never)).rejects.toThrow('policy')
  })
})
