import { describe, expect, it } from 'vitest'
import { type TokenProfile, type TokenProfileName, tokenProfiles } from './token-profile.js'
import { type ClaimRules, type ValidatedClaims, validateClaims } from './validate-claims.js'

const now = 1_767_225_600
const good = { iss: 'https://idp.example.com', aud: 'api', exp: now + 200 }

function profileOf(name: TokenProfileName): TokenProfile {
  return tokenProfiles.get(name) as TokenProfile
}

/** `typ` of the header is only looked at here where it says more than the claims. */
function validate(name: TokenProfileName, claims: object, typ: string | undefined): ValidatedClaims {
  const profile = profileOf(name)
  const rules: ClaimRules = {
    issuer: good.iss,
    audiences: new Set(['api']),
    profile,
    requiredClaims: [],
    clockToleranceSeconds: 0,
    maxTokenAgeSeconds: undefined,
    maxTokenLifetimeSeconds: undefined,
    scopes: profile.scopes,
    roles: profile.roles,
  }
  const present = Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined)
  const jwt = { unverifiedHeader: { alg: 'ES256', typ }, unverifiedClaims: Object.fromEntries(present) }
  return validateClaims(jwt as unknown as Parameters<typeof validateClaims>[0], rules, now)
}

const refused = (code: string, claim: string) =>
  expect.objectContaining({ code, claim, message: expect.stringMatching(/^`\w+` .+[^.]$/) })

describe('the accepted types', () => {
  it.each<[TokenProfileName, readonly string[]]>([
    ['rfc9068', ['at+jwt']],
    ['rfc9068-strict', ['at+jwt']],
    ['jwt', ['at+jwt', 'jwt', '']],
    ['auth0', ['at+jwt', 'jwt']],
    ['cognito', ['at+jwt', 'jwt', '']],
    ['entra', ['at+jwt', 'jwt', '']],
    ['keycloak', ['at+jwt', 'jwt', '']],
    ['okta', ['at+jwt', 'jwt', '']],
  ])('of %s are %j', (name, types) => {
    expect(profileOf(name).tokenTypes).toEqual(types)
  })

  it('belong to these profiles and no other', () => {
    expect(tokenProfiles.size).toBe(8)
  })
})

/** An access token of each issuer as it comes, what it grants, and what tells its other tokens apart. */
const plainProfiles: readonly [TokenProfileName, object, { scopes: string[]; roles: string[] }][] = [
  ['jwt', { scope: 'a b', scp: ['b', 'a'], roles: ['r'] }, { scopes: ['a', 'b'], roles: ['r'] }],
  [
    'auth0',
    { azp: 'app', scope: 'a', permissions: ['p'], scp: ['x'], roles: ['r'] },
    { scopes: ['a', 'p'], roles: ['r'] },
  ],
  ['cognito', { token_use: 'access', scope: 'a b', roles: ['r'] }, { scopes: ['a', 'b'], roles: ['r'] }],
  ['entra', { azp: 'app', scp: 'a b', scope: 'x', roles: ['r'] }, { scopes: ['a', 'b'], roles: ['r'] }],
  [
    'keycloak',
    { typ: 'Bearer', scope: 'a', realm_access: { roles: ['r'] }, roles: ['x'] },
    { scopes: ['a'], roles: ['r'] },
  ],
  ['okta', { cid: 'app', scp: ['a'], scope: 'x', roles: ['r'] }, { scopes: ['a'], roles: ['r'] }],
]

describe.each(plainProfiles)('the profile %s', (name, claims, granted) => {
  const marksOfOtherTokens = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'].filter(
    (mark) => name !== 'keycloak' || mark !== 'nonce', // Keycloak writes a nonce into access tokens too
  )

  it('lets an access token of its issuer pass, and reads its scopes and roles', () => {
    expect(validate(name, claims, 'JWT').accessToken).toMatchObject(granted)
  })

  it.each(marksOfOtherTokens)('refuses a plain token with %s', (mark) => {
    for (const typ of ['JWT', undefined, 'at+jwtx', 'xat+jwt', 'application/at+jwt; v=1']) {
      expect(() => validate(name, { ...claims, [mark]: 'x' }, typ)).toThrow(refused('token_type_rejected', mark))
    }
  })

  it.each(marksOfOtherTokens)('lets %s pass where the type says that it is an access token', (mark) => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
      expect(() => validate(name, { ...claims, [mark]: 'x' }, typ)).not.toThrow()
    }
  })
})

describe('what marks an access token', () => {
  it.each(['scope', 'scp', 'client_id'])('is `%s` where nothing else is known of the issuer', (name) => {
    expect(() => validate('jwt', { [name]: 'x' }, 'JWT')).not.toThrow()
    for (const typ of ['JWT', undefined]) {
      expect(() => validate('jwt', { azp: 'app', roles: ['r'] }, typ)).toThrow(refused('token_type_rejected', 'scope'))
    }
  })

  it('is `azp` or `client_id` at Auth0', () => {
    expect(() => validate('auth0', { azp: 'app' }, 'JWT')).not.toThrow()
    expect(() => validate('auth0', { client_id: 'app' }, 'JWT')).not.toThrow()
    expect(() => validate('auth0', { scope: 'a' }, 'JWT')).toThrow(refused('token_type_rejected', 'azp'))
  })

  it('is `token_use: access` at Cognito', () => {
    expect(() => validate('cognito', { token_use: 'id' }, undefined)).toThrow(
      refused('token_type_rejected', 'token_use'),
    )
    expect(() => validate('cognito', {}, undefined)).toThrow(refused('token_type_rejected', 'token_use'))
  })

  it('is `azp` or `appid` at Entra', () => {
    expect(() => validate('entra', { azp: 'app' }, 'JWT')).not.toThrow()
    expect(() => validate('entra', { appid: 'app' }, 'JWT')).not.toThrow()
    expect(() => validate('entra', { tid: 'tenant' }, 'JWT')).toThrow(refused('token_type_rejected', 'azp'))
    expect(() => validate('entra', { tid: 'tenant' }, 'JWT')).toThrow('`azp` or `appid`')
  })

  it('is the claim `typ: Bearer` at Keycloak', () => {
    for (const typ of ['ID', 'Refresh', 'Logout', 'bearer', undefined]) {
      expect(() => validate('keycloak', { typ }, 'JWT')).toThrow(refused('token_type_rejected', 'typ'))
    }
  })

  it('is no nonce that is missing: Keycloak before 24 writes one into access tokens', () => {
    expect(() => validate('keycloak', { typ: 'Bearer', nonce: 'x' }, 'JWT')).not.toThrow()
    expect(() => validate('keycloak', { typ: 'ID', nonce: 'x' }, 'JWT')).toThrow(refused('token_type_rejected', 'typ'))
  })

  it('is `cid` at Okta', () => {
    expect(() => validate('okta', { scp: ['a'] }, undefined)).toThrow(refused('token_type_rejected', 'cid'))
  })

  it('is not asked for where the type says it already', () => {
    for (const name of ['jwt', 'auth0', 'cognito', 'entra', 'keycloak', 'okta'] as const) {
      expect(() => validate(name, {}, 'at+jwt')).not.toThrow()
      expect(() => validate(name, {}, 'application/AT+jwt')).not.toThrow()
    }
  })
})

describe('the audience', () => {
  it('is the client at Cognito, where there is no aud', () => {
    const claims = { token_use: 'access', aud: undefined }
    expect(() => validate('cognito', { ...claims, client_id: 'api' }, undefined)).not.toThrow()
    expect(() => validate('cognito', { ...claims, client_id: 'x' }, undefined)).toThrow(
      refused('audience_mismatch', 'client_id'),
    )
  })

  it('is never the client at another issuer', () => {
    const names = ['rfc9068', 'rfc9068-strict', 'jwt', 'auth0', 'entra', 'keycloak', 'okta'] as const
    for (const name of names) {
      const claims = { aud: undefined, client_id: 'api', azp: 'api', cid: 'api', typ: 'Bearer' }
      expect(() => validate(name, claims, 'at+jwt')).toThrow(refused('claim_missing', 'aud'))
    }
  })
})

describe('RFC 9068', () => {
  it('reads scope and scp, and roles', () => {
    for (const granted of [{ scope: 'a b' }, { scp: ['a', 'b'] }]) {
      const { scopes, roles } = validate('rfc9068', { ...granted, roles: ['r'] }, 'at+jwt').accessToken
      expect({ scopes, roles }).toEqual({ scopes: ['a', 'b'], roles: ['r'] })
    }
  })

  it('§2.2: sub, client_id, iat and jti are required in the strict profile alone', () => {
    const complete = { sub: 'ann', client_id: 'app', iat: now, jti: 'token-1' }
    expect(() => validate('rfc9068-strict', complete, 'at+jwt')).not.toThrow()
    for (const name of Object.keys(complete)) {
      const claims = { ...complete, [name]: undefined }
      expect(() => validate('rfc9068-strict', claims, 'at+jwt')).toThrow(refused('claim_missing', name))
      expect(() => validate('rfc9068', claims, 'at+jwt')).not.toThrow()
    }
  })
})
