import { describe, expect, it } from 'vitest'
import { type TokenProfile, tokenProfiles } from './token-profile.js'
import { type ClaimRules, type ValidatedClaims, validateClaims } from './validate-claims.js'

const now = 1_767_225_600
const issuer = 'https://idp.example.com'
const good = { iss: issuer, aud: 'api', exp: now + 200, iat: now, sub: 'ann', jti: 'token-1' }

const rules: ClaimRules = {
  issuer,
  audiences: new Set(['api', 'https://api.example.com']),
  profile: tokenProfiles.get('rfc9068') as TokenProfile,
  requiredClaims: [],
  clockToleranceSeconds: 30,
  maxTokenAgeSeconds: undefined,
  maxTokenLifetimeSeconds: undefined,
  scopes: [['scope']],
  roles: [['roles']],
}

function validate(claims: object, changed: Partial<ClaimRules> = {}, header: object = {}): ValidatedClaims {
  const jwt = { unverifiedHeader: { alg: 'ES256', typ: 'at+jwt', ...header }, unverifiedClaims: { ...good, ...claims } }
  return validateClaims(jwt as unknown as Parameters<typeof validateClaims>[0], { ...rules, ...changed }, now)
}

const refused = (code: string, claim: string) =>
  expect.objectContaining({ code, claim, message: expect.stringMatching(/^`\w+` .+[^.]$/) })

describe('RFC 7519 §4.1.3: aud', () => {
  it.each([[['api']], ['https://api.example.com'], [['other', 'api']]])('lets %j pass', (aud) => {
    expect(() => validate({ aud })).not.toThrow()
  })

  it.each(['other', '', 'API', 'api ', 'api/', 'ap', 'apis', 'api other', 'https://api.example.com/'])(
    'refuses %j, which is no audience of ours',
    (aud) => {
      expect(() => validate({ aud })).toThrow(refused('audience_mismatch', 'aud'))
      expect(() => validate({ aud: [aud] })).toThrow(refused('audience_mismatch', 'aud'))
    },
  )

  it('keeps those of ours that the token is for, and no others', () => {
    const audiencesOf = (aud: unknown, changed?: Partial<ClaimRules>) =>
      validate({ aud }, changed).accessToken.audiences
    expect(audiencesOf('api')).toEqual(['api'])
    expect(audiencesOf(['other', 'https://api.example.com'])).toEqual(['https://api.example.com'])
    expect(audiencesOf(['https://api.example.com', 'api'])).toEqual(['api', 'https://api.example.com'])
    const profile = { ...rules.profile, audienceClaims: ['aud', 'client_id'] }
    expect(validate({ aud: undefined, client_id: 'api' }, { profile }).accessToken.audiences).toEqual(['api'])
  })

  it('refuses an empty array', () => {
    expect(() => validate({ aud: [] })).toThrow(refused('audience_mismatch', 'aud'))
  })

  it.each([[null], [7], [true], [{ api: true }], [['api', 7]], [['api', null]], [[['api']]]])('refuses %j', (aud) => {
    expect(() => validate({ aud })).toThrow(refused('claim_invalid', 'aud'))
  })

  it('refuses a token without aud', () => {
    expect(() => validate({ aud: undefined })).toThrow(refused('claim_missing', 'aud'))
  })

  it('looks at the first audience claim that is there, and at no other', () => {
    const profile = { ...rules.profile, audienceClaims: ['aud', 'client_id'] }
    expect(() => validate({ aud: undefined, client_id: 'api' }, { profile })).not.toThrow()
    expect(() => validate({ aud: 'other', client_id: 'api' }, { profile })).toThrow(refused('audience_mismatch', 'aud'))
    expect(() => validate({ aud: undefined, client_id: 'x' }, { profile })).toThrow(
      refused('audience_mismatch', 'client_id'),
    )
    expect(() => validate({ aud: undefined, client_id: 7 }, { profile })).toThrow(refused('claim_invalid', 'client_id'))
    expect(() => validate({ aud: undefined }, { profile })).toThrow(refused('claim_missing', 'aud'))
  })
})

describe('RFC 7519 §4.1.2, §4.1.7: sub and jti', () => {
  it.each(['sub', 'jti'])('refuses %s that is no string, or empty', (name) => {
    for (const value of ['', null, 7, true, ['ann'], { id: 'ann' }]) {
      expect(() => validate({ [name]: value })).toThrow(refused('claim_invalid', name))
    }
  })

  it.each(['sub', 'jti'])('lets a token without %s pass', (name) => {
    expect(() => validate({ [name]: undefined })).not.toThrow()
  })
})

describe('RFC 8693 §4.1: act', () => {
  it('R-8693-1: is an object, whatever it says', () => {
    for (const act of [{}, { sub: 'app' }, { sub: 'app', act: { sub: 'other' } }, undefined])
      expect(() => validate({ act })).not.toThrow()
    for (const act of [null, 'app', 7, true, [], [{ sub: 'app' }]])
      expect(() => validate({ act })).toThrow(refused('claim_invalid', 'act'))
  })
})

describe('RFC 9396 §9.1: authorization_details', () => {
  const name = 'authorization_details'

  it('R-9396-1: is an array of objects with a type', () => {
    for (const details of [
      [],
      [{ type: 'payment' }],
      [{ type: 'payment', actions: ['read'] }, { type: '' }],
      undefined,
    ])
      expect(() => validate({ [name]: details })).not.toThrow()
    for (const details of [null, {}, 'payment', { type: 'payment' }, ['payment'], [null], [[]], [{}], [{ type: 7 }]])
      expect(() => validate({ [name]: details })).toThrow(refused('claim_invalid', name))
    expect(() => validate({ [name]: [{ type: 'payment' }, {}] })).toThrow(refused('claim_invalid', name))
  })
})

describe('required claims', () => {
  it('refuses a token that lacks one which the record requires', () => {
    const requiredClaims = ['tenant', 'sid']
    expect(() => validate({ tenant: 't', sid: 's' }, { requiredClaims })).not.toThrow()
    expect(() => validate({ tenant: 't' }, { requiredClaims })).toThrow(refused('claim_missing', 'sid'))
    expect(() => validate({ sid: 's' }, { requiredClaims })).toThrow(refused('claim_missing', 'tenant'))
  })

  it('refuses a token that lacks one which the profile requires', () => {
    const profile = { ...rules.profile, requiredClaims: ['client_id'] }
    expect(() => validate({ client_id: 'app' }, { profile })).not.toThrow()
    expect(() => validate({}, { profile })).toThrow(refused('claim_missing', 'client_id'))
  })

  it('takes null for missing, and false, zero and empty text for there', () => {
    const requiredClaims = ['tenant']
    expect(() => validate({ tenant: null }, { requiredClaims })).toThrow(refused('claim_missing', 'tenant'))
    for (const tenant of [false, 0, '']) expect(() => validate({ tenant }, { requiredClaims })).not.toThrow()
  })

  it('does not take an inherited member for a claim', () => {
    const requiredClaims = ['constructor']
    expect(() => validate({}, { requiredClaims })).toThrow(refused('claim_missing', 'constructor'))
  })
})

describe('RFC 7519 §5.3: claims replicated into the header', () => {
  it.each([
    ['iss', issuer],
    ['sub', 'ann'],
    ['aud', 'api'],
  ])('lets %s pass that says the same, and refuses one that does not', (name, value) => {
    expect(() => validate({}, {}, { [name]: value })).not.toThrow()
    expect(() => validate({}, {}, { [name]: `${value}x` })).toThrow(refused('claim_invalid', name))
  })

  it('compares arrays by what they hold', () => {
    expect(() => validate({ aud: ['api', 'b'] }, {}, { aud: ['api', 'b'] })).not.toThrow()
    expect(() => validate({ aud: ['api', 'b'] }, {}, { aud: ['b', 'api'] })).toThrow(refused('claim_invalid', 'aud'))
  })

  it('refuses a header that says what the claims set does not', () => {
    expect(() => validate({ sub: undefined }, {}, { sub: 'root' })).toThrow(refused('claim_invalid', 'sub'))
  })

  it('names the header as what is wrong', () => {
    expect(() => validate({}, {}, { sub: 'root' })).toThrow(expect.objectContaining({ claim: 'sub', header: 'sub' }))
  })

  it('replaces nothing: a header alone names no audience', () => {
    expect(() => validate({ aud: undefined }, {}, { aud: 'api' })).toThrow(refused('claim_missing', 'aud'))
  })
})

describe('the access token that comes of it', () => {
  it('holds the claims as they came, and what they say', () => {
    const claims = { scope: 'read write', roles: ['admin'], client_id: 'app', cnf: { jkt: 'x' }, tenant: 't' }
    expect(validate(claims).accessToken).toEqual({
      claims: { ...good, ...claims },
      issuedClaims: { ...good, ...claims },
      scopesAreKnown: true,
      rolesAreKnown: true,
      audiences: ['api'],
      issuer,
      subject: 'ann',
      clientId: 'app',
      scopes: ['read', 'write'],
      roles: ['admin'],
      expiresAt: now + 200,
      confirmation: { jkt: 'x' },
    })
  })

  it('does not invent what is not there', () => {
    const { accessToken } = validate({ sub: undefined })
    expect(accessToken).toMatchObject({
      subject: undefined,
      clientId: undefined,
      scopes: [],
      roles: [],
      confirmation: undefined,
    })
  })

  it('splits a scope claim at its spaces, and no role', () => {
    const { scopes, roles } = validate({ scope: 'a b', roles: 'a b' }).accessToken
    expect(scopes).toEqual(['a', 'b'])
    expect(roles).toEqual([])
  })

  it.each(['client_id', 'azp', 'cid', 'appid'])('knows the client by %s', (name) => {
    expect(validate({ [name]: 'app' }).accessToken.clientId).toBe('app')
  })

  it('prefers client_id to azp, azp to cid, cid to appid', () => {
    const all = { client_id: '1', azp: '2', cid: '3', appid: '4' }
    expect(validate(all).accessToken.clientId).toBe('1')
    expect(validate({ ...all, client_id: undefined }).accessToken.clientId).toBe('2')
    expect(validate({ ...all, client_id: undefined, azp: undefined }).accessToken.clientId).toBe('3')
  })

  it('names no client where the claim is no string', () => {
    expect(validate({ client_id: 7 }).accessToken.clientId).toBeUndefined()
  })
})
