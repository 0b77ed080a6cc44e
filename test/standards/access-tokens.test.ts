// JWT access tokens (RFC 9068).
import type { Denied } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { claims, createSigner, encode, issuer, now, type Part, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const stranger = createSigner('ES256')

function judge(payload: Part, options: Readonly<Record<string, unknown>> = {}, header: Part = {}): Promise<string> {
  return verdict(verifierFor(signer, options), signer.token(header, payload))
}

describe('R-9068-1: typ', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('R-9068-1 accepts %s', async (typ) => {
    expect(await judge({}, {}, { typ })).toBe('accepted')
  })

  it.each(['JWT', undefined, '', 'at+jwt ', 'at+jwt; v=1', 'text/at+jwt', 'application/x/at+jwt', 'at', 'id_token'])(
    'R-9068-1 refuses %s',
    async (typ) => {
      expect(await judge({}, {}, { typ })).toBe('token_type_rejected')
    },
  )

  it('R-9068-1 relaxed for one issuer accepts plain JWTs, and still no token of another kind', async () => {
    const relaxed = { profile: 'jwt' }
    for (const typ of ['JWT', 'application/jwt', undefined]) expect(await judge({}, relaxed, { typ })).toBe('accepted')
    for (const typ of ['id+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt']) {
      expect(await judge({}, relaxed, { typ })).toBe('token_type_rejected')
    }
    expect(await judge({ nonce: 'of an ID token' }, relaxed, { typ: 'JWT' })).toBe('token_type_rejected')
  })
})

describe('R-9068-2: required claims', () => {
  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])('R-9068-2 wants %s in strict mode', async (name) => {
    expect(await judge({}, { profile: 'rfc9068-strict' })).toBe('accepted')
    expect(await judge({ [name]: undefined }, { profile: 'rfc9068-strict' })).toBe('claim_missing')
  })

  it.each(['sub', 'client_id', 'iat', 'jti'])('R-9068-2 does without %s by default', async (name) => {
    expect(await judge({ [name]: undefined })).toBe('accepted')
  })
})

/** Everything that R-9068-3 asks for, each in one way unmet. */
const failures: readonly [string, string, () => string][] = [
  ['iss is not exactly the issuer', 'issuer_untrusted', () => signer.token({}, { iss: `${issuer}/` })],
  ['aud does not contain us', 'audience_mismatch', () => signer.token({}, { aud: 'https://other.example.com' })],
  ['alg is none', 'algorithm_rejected', () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims)}.`],
  ['the key is not of the issuer', 'signature_invalid', () => stranger.token()],
  ['the key id is not of the issuer', 'key_unknown', () => signer.token({ kid: 'key-2' })],
  ['it has expired', 'token_expired', () => signer.token({}, { iat: now - 60, exp: now - 30 })],
  ['typ is another', 'token_type_rejected', () => signer.token({ typ: 'JWT' })],
]

describe('R-9068-3: validation', () => {
  it.each(failures)('R-9068-3 refuses a token where %s', async (_, code, forge) => {
    expect(await verdict(verifierFor(signer), forge())).toBe(code)
  })

  it('R-9068-3 accepts a token that meets it all', async () => {
    expect(await judge({ aud: ['https://other.example.com', 'https://api.example.com'] })).toBe('accepted')
  })
})

describe('R-9068-4: the answer', () => {
  it.each(failures)('R-9068-4 is 401 invalid_token where %s', async (_, __, forge) => {
    const decision = await verifierFor(signer).verify({ headers: { authorization: `Bearer ${forge()}` } })
    expect(decision).toMatchObject({ allowed: false, status: 401 })
    expect((decision as Denied).headers['WWW-Authenticate']).toMatch(/^Bearer .*error="invalid_token"/)
  })
})

describe('R-9068-5: what is granted', () => {
  const granted = async (payload: Part, options = {}) => {
    const { scopes, roles } = await verifierFor(signer, options).verifyToken(signer.token({}, payload))
    return { scopes, roles }
  }

  it('R-9068-5 reads scope as words between spaces, and none where there is no scope', async () => {
    expect(await granted({ scope: 'read write' })).toMatchObject({ scopes: ['read', 'write'] })
    expect(await granted({})).toMatchObject({ scopes: [] })
    expect(await granted({ scope: 7 })).toMatchObject({ scopes: [] })
  })

  it('R-9068-5 reads roles, and groups and entitlements where they are asked for', async () => {
    const payload = { roles: ['admin'], groups: ['staff'], entitlements: ['reports'] }
    expect(await granted(payload)).toMatchObject({ roles: ['admin'] })
    const roleClaims = [['roles'], ['groups'], ['entitlements']]
    expect(await granted(payload, { roleClaims })).toMatchObject({ roles: ['admin', 'staff', 'reports'] })
  })

  it('R-9068-5 knows the dialects of vendors', async () => {
    expect(await granted({ scp: ['read', 'write'] })).toMatchObject({ scopes: ['read', 'write'] })
    const realm = { realm_access: { roles: ['admin'] } }
    expect(await granted(realm, { profile: 'keycloak' })).toMatchObject({ roles: ['admin'] })
    expect(await granted({ permissions: ['read'] }, { profile: 'auth0' })).toMatchObject({ scopes: ['read'] })
  })
})

describe('R-9068-6: users and clients', () => {
  it('R-9068-6 keeps the subject and the client apart, and makes neither out of the other', async () => {
    const who = async (payload: Part) => {
      const { subject, clientId } = await verifierFor(signer).verifyToken(signer.token({}, payload))
      return { subject, clientId }
    }
    expect(await who({ sub: 'app', client_id: 'app' })).toEqual({ subject: 'app', clientId: 'app' })
    expect(await who({ sub: undefined, client_id: 'app' })).toEqual({ subject: undefined, clientId: 'app' })
    expect(await who({ sub: 'ann', client_id: undefined })).toEqual({ subject: 'ann', clientId: undefined })
  })
})

describe('R-9068-7: auth_time, acr, amr', () => {
  it('R-9068-7 hands on what the issuer said about the authentication, as it said it', async () => {
    const said = { auth_time: now - 3_600, acr: 'urn:mace:incommon:iap:silver', amr: ['pwd', 'otp'] }
    expect((await verifierFor(signer).verifyToken(signer.token({}, said))).claims).toMatchObject(said)
  })
})
