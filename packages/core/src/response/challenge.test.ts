import { describe, expect, it } from 'vitest'
import { describeCode, type ErrorCode, errorCodes } from '../errors.js'
import { bearerRules, type ChallengeFacts, isQuotable, toChallenge } from './challenge.js'

const challengeOf = (code: ErrorCode, facts: ChallengeFacts = {}): string | undefined =>
  toChallenge(code, bearerRules('api'), facts)

describe('RFC 6750 §3: WWW-Authenticate', () => {
  it('has no error where no credential was presented', () => {
    expect(challengeOf('credential_missing')).toBe('Bearer realm="api"')
  })

  it('names error and description where the credential was refused', () => {
    expect(challengeOf('token_expired')).toBe(
      'Bearer realm="api", error="invalid_token", error_description="The token has expired"',
    )
  })

  it('names every scope that is needed', () => {
    expect(challengeOf('scope_insufficient', { scopes: ['read', 'write'] })).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope", scope="read write"',
    )
  })

  it('R-9470-1: names the levels that will do and the greatest age of the login, and scopes beside them', () => {
    const facts = { acrValues: ['loa:2', 'loa:3'], maxAgeSeconds: 300, scopes: ['pay'] }
    expect(challengeOf('step_up_required', facts)).toBe(
      'Bearer realm="api", error="insufficient_user_authentication", ' +
        'error_description="A stronger or more recent authentication is required", ' +
        'scope="pay", acr_values="loa:2 loa:3", max_age="300"',
    )
    expect(challengeOf('step_up_required', { acrValues: [], maxAgeSeconds: 0 })).toMatch(
      /authentication is required", max_age="0"$/,
    )
  })

  it('names no scope where none is needed', () => {
    expect(challengeOf('policy_denied', { scopes: [] })).toBe('Bearer realm="api"')
    expect(challengeOf('policy_denied', { scopes: undefined })).toBe('Bearer realm="api"')
  })

  const silent = errorCodes.filter((code) => [429, 503].includes(describeCode(code).status))

  it.each(silent)('does not ask anybody to authenticate again when that would not help: %s', (code) => {
    expect(challengeOf(code)).toBeUndefined()
  })

  it.each(errorCodes.filter((code) => !silent.includes(code)))('is well-formed for %s', (code) => {
    const challenge = toChallenge(code, bearerRules('my api'), { scopes: ['a'] })
    expect(challenge).toMatch(
      /^Bearer realm="my api"(?:, error="[a-z_]+", error_description="[A-Z][\w ]+")?, scope="a"$/,
    )
  })
})

describe('RFC 9449 §7.1: challenges of an API that takes proofs', () => {
  const both = { realm: 'api', schemes: ['bearer', 'dpop'], proofAlgorithms: ['ES256', 'EdDSA'] } as const
  const dpopAlone = { ...both, schemes: ['dpop'] } as const
  const [bearer, dpop] = ['Bearer realm="api"', 'DPoP realm="api", algs="ES256 EdDSA"']
  const expired = 'error="invalid_token", error_description="The token has expired"'

  it('R-9449-16: offer both schemes where no credential was presented, without an error', () => {
    expect(toChallenge('credential_missing', both, { presented: [] })).toBe(`${bearer}, ${dpop}`)
    expect(toChallenge('credential_missing', dpopAlone, {})).toBe(dpop)
  })

  it('R-9449-16: tell the error in the scheme that was presented', () => {
    expect(toChallenge('token_expired', both, { presented: ['bearer'] })).toBe(`${bearer}, ${expired}, ${dpop}`)
    expect(toChallenge('token_expired', both, { presented: ['dpop'] })).toBe(
      `DPoP realm="api", ${expired}, algs="ES256 EdDSA", ${bearer}`,
    )
  })

  it('R-9449-16: tell it in both where both were presented', () => {
    const ambiguous = 'error="invalid_request", error_description="More than one credential was presented"'
    expect(toChallenge('credential_ambiguous', both, { presented: ['bearer', 'dpop'] })).toBe(
      `${bearer}, ${ambiguous}, DPoP realm="api", ${ambiguous}, algs="ES256 EdDSA"`,
    )
  })

  it('tell the error in what is offered where something else was presented', () => {
    expect(toChallenge('token_expired', dpopAlone, { presented: ['bearer'] })).toBe(
      `DPoP realm="api", ${expired}, algs="ES256 EdDSA"`,
    )
    expect(toChallenge('token_expired', bearerRules('api'), { presented: ['dpop'] })).toBe(`${bearer}, ${expired}`)
  })

  it('offer nothing else where the token was good, and did not suffice', () => {
    expect(toChallenge('policy_denied', both, { presented: ['dpop'] })).toBe(dpop)
    expect(toChallenge('policy_denied', both, { presented: ['bearer'] })).toBe(bearer)
  })
})

describe('isQuotable', () => {
  it('lets every character of RFC 6750 §3 stand between quotes', () => {
    for (let point = 0; point < 0x180; point++) {
      const isAllowed = point >= 0x20 && point <= 0x7e && point !== 0x22 && point !== 0x5c
      expect(isQuotable(`a${String.fromCodePoint(point)}b`), `U+${point.toString(16)}`).toBe(isAllowed)
    }
  })

  it('lets empty text stand, and nothing that ends a line', () => {
    expect(isQuotable('')).toBe(true)
    expect(isQuotable('api\n')).toBe(false)
    expect(isQuotable('api\r\nSet-Cookie: a=b')).toBe(false)
  })
})
