import { describe, expect, it } from 'vitest'
import { type TokenProfile, tokenProfiles } from './token-profile.js'
import { type ClaimRules, type ValidatedClaims, validateClaims } from './validate-claims.js'

const now = 1_767_225_600
const tolerance = 30
const year9999 = 253_402_300_799

const good = { iss: 'https://idp.example.com', aud: 'api', exp: now + 200 }

const rules: ClaimRules = {
  issuer: 'https://idp.example.com',
  audiences: new Set(['api']),
  profile: tokenProfiles.get('rfc9068') as TokenProfile,
  requiredClaims: [],
  clockToleranceSeconds: tolerance,
  maxTokenAgeSeconds: undefined,
  maxTokenLifetimeSeconds: undefined,
  scopes: [],
  roles: [],
}

function validate(claims: object, changed: Partial<ClaimRules> = {}, at = now): ValidatedClaims {
  const jwt = { unverifiedHeader: { alg: 'ES256', typ: 'at+jwt' }, unverifiedClaims: { ...good, ...claims } }
  return validateClaims(jwt as unknown as Parameters<typeof validateClaims>[0], { ...rules, ...changed }, at)
}

const refused = (code: string, claim: string) =>
  expect.objectContaining({ code, claim, message: expect.stringMatching(/^`\w+` .+[^.]$/) })

describe('RFC 7519 §4.1.4: exp', () => {
  it('lets a token pass until its tolerance ends', () => {
    expect(() => validate({ exp: now - tolerance + 1 })).not.toThrow()
    expect(() => validate({ exp: now - tolerance + 0.001 })).not.toThrow()
  })

  it('refuses a token at the very second its tolerance ends', () => {
    expect(() => validate({ exp: now - tolerance })).toThrow(refused('token_expired', 'exp'))
  })

  it('refuses an expired token at once where no tolerance is given', () => {
    expect(() => validate({ exp: now }, { clockToleranceSeconds: 0 })).toThrow(refused('token_expired', 'exp'))
    expect(() => validate({ exp: now + 1 }, { clockToleranceSeconds: 0 })).not.toThrow()
  })

  it('refuses a token without exp', () => {
    expect(() => validate({ exp: undefined })).toThrow(refused('claim_missing', 'exp'))
  })

  it('refuses exp further ahead than the greatest lifetime', () => {
    const limits = { maxTokenLifetimeSeconds: 3_600 }
    expect(() => validate({ exp: now + 3_600 + tolerance }, limits)).not.toThrow()
    expect(() => validate({ exp: now + 3_600 + tolerance + 1 }, limits)).toThrow(refused('claim_invalid', 'exp'))
  })

  it('takes any lifetime where no greatest one is given', () => {
    expect(() => validate({ exp: year9999 })).not.toThrow()
  })
})

describe('RFC 7519 §4.1.5: nbf', () => {
  it('lets a token pass from where its tolerance begins', () => {
    expect(() => validate({ nbf: now + tolerance })).not.toThrow()
  })

  it('refuses a token one second before that', () => {
    expect(() => validate({ nbf: now + tolerance + 1 })).toThrow(refused('token_not_active', 'nbf'))
  })
})

describe('RFC 7519 §4.1.6: iat', () => {
  it('lets a token pass from where its tolerance begins', () => {
    expect(() => validate({ iat: now + tolerance })).not.toThrow()
  })

  it('refuses a token one second before that', () => {
    expect(() => validate({ iat: now + tolerance + 1 })).toThrow(refused('token_not_active', 'iat'))
  })

  it('refuses a token that was issued after it expires', () => {
    expect(() => validate({ exp: now + 10, iat: now + 10 })).not.toThrow()
    expect(() => validate({ exp: now + 10, iat: now + 11 })).toThrow(refused('claim_invalid', 'iat'))
  })
})

describe('the greatest age', () => {
  const limits = { maxTokenAgeSeconds: 600 }

  it('counts from iat, with tolerance', () => {
    expect(() => validate({ iat: now - 600 - tolerance + 1 }, limits)).not.toThrow()
    expect(() => validate({ iat: now - 600 - tolerance }, limits)).toThrow(refused('token_too_old', 'iat'))
  })

  it('makes iat required', () => {
    expect(() => validate({}, limits)).toThrow(refused('claim_missing', 'iat'))
  })

  it('does not exist by default', () => {
    expect(() => validate({ iat: 0 })).not.toThrow()
    expect(() => validate({})).not.toThrow()
  })
})

describe('RFC 7519 §2: NumericDate', () => {
  const names = ['exp', 'nbf', 'iat'] as const

  it.each(names)('refuses %s that is no number', (name) => {
    for (const value of [String(now), null, true, [now], { seconds: now }, '', Number.NaN]) {
      expect(() => validate({ [name]: value })).toThrow(refused('claim_invalid', name))
    }
  })

  it.each(names)('refuses %s beyond the year 9999, as of milliseconds or 1e999', (name) => {
    for (const value of [year9999 + 1, -year9999 - 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => validate({ [name]: value })).toThrow(refused('claim_invalid', name))
    }
  })

  it('judges a date at either end of the range as a date', () => {
    expect(() => validate({ exp: year9999 })).not.toThrow()
    expect(() => validate({ exp: -year9999 })).toThrow(refused('token_expired', 'exp'))
    expect(() => validate({ nbf: -year9999, iat: -year9999 })).not.toThrow()
  })

  it('takes fractions of a second', () => {
    expect(() => validate({ nbf: now + 29.9, iat: now - 0.5 })).not.toThrow()
    expect(() => validate({ nbf: now + 30.1 })).toThrow(refused('token_not_active', 'nbf'))
  })
})

describe('validity', () => {
  it.each<[string, object, Partial<ClaimRules>, { notBefore: number; notAfter: number }]>([
    ['exp alone', {}, {}, { notBefore: -tolerance, notAfter: now + 200 + tolerance }],
    ['nbf', { nbf: now - 7 }, {}, { notBefore: now - 7 - tolerance, notAfter: now + 200 + tolerance }],
    ['iat', { iat: now - 9 }, {}, { notBefore: now - 9 - tolerance, notAfter: now + 200 + tolerance }],
    ['the later of nbf and iat', { nbf: now - 7, iat: now - 9 }, {}, { notBefore: now - 37, notAfter: now + 230 }],
    ['the later of iat and nbf', { nbf: now - 9, iat: now - 7 }, {}, { notBefore: now - 37, notAfter: now + 230 }],
    [
      'the age, where it ends first',
      { iat: now - 9 },
      { maxTokenAgeSeconds: 60 },
      { notBefore: now - 39, notAfter: now + 81 },
    ],
    [
      'exp, where it ends first',
      { iat: now - 9 },
      { maxTokenAgeSeconds: 600 },
      { notBefore: now - 39, notAfter: now + 230 },
    ],
    ['no tolerance', { iat: now }, { clockToleranceSeconds: 0 }, { notBefore: now, notAfter: now + 200 }],
  ])('spans %s', (_, claims, limits, validity) => {
    expect(validate(claims, limits).validity).toEqual(validity)
  })

  it('ends at the second at which the token would be refused afresh', () => {
    const { validity } = validate({ iat: now - 9, nbf: now - 9 }, { maxTokenAgeSeconds: 60 })
    const at = (second: number) => () => validate({ iat: now - 9, nbf: now - 9 }, { maxTokenAgeSeconds: 60 }, second)
    expect(at(validity.notAfter - 1)).not.toThrow()
    expect(at(validity.notAfter)).toThrow(refused('token_too_old', 'iat'))
    expect(at(validity.notBefore)).not.toThrow()
    expect(at(validity.notBefore - 1)).toThrow(refused('token_not_active', 'nbf'))
  })
})

describe('a clock that answers no number', () => {
  it('lets no token pass', () => {
    expect(() => validate({}, {}, Number.NaN)).toThrow()
  })
})
