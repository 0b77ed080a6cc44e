import { describe, expect, it } from 'vitest'
import { describeCode, errorCodes } from '../errors.js'
import { isQuotable, toChallenge } from './challenge.js'

describe('RFC 6750 §3: WWW-Authenticate', () => {
  it('has no error where no credential was presented', () => {
    expect(toChallenge('credential_missing', { realm: 'api' })).toBe('Bearer realm="api"')
  })

  it('names error and description where the credential was refused', () => {
    expect(toChallenge('token_expired', { realm: 'api' })).toBe(
      'Bearer realm="api", error="invalid_token", error_description="The token has expired"',
    )
  })

  it('names every scope that is needed', () => {
    expect(toChallenge('scope_insufficient', { realm: 'api', scopes: ['read', 'write'] })).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope", scope="read write"',
    )
  })

  it('R-9470-1: names the levels that will do and the greatest age of the login, and scopes beside them', () => {
    const facts = { realm: 'api', acrValues: ['loa:2', 'loa:3'], maxAgeSeconds: 300, scopes: ['pay'] }
    expect(toChallenge('step_up_required', facts)).toBe(
      'Bearer realm="api", error="insufficient_user_authentication", ' +
        'error_description="A stronger or more recent authentication is required", ' +
        'scope="pay", acr_values="loa:2 loa:3", max_age="300"',
    )
    expect(toChallenge('step_up_required', { realm: 'api', acrValues: [], maxAgeSeconds: 0 })).toMatch(
      /authentication is required", max_age="0"$/,
    )
  })

  it('names no scope where none is needed', () => {
    expect(toChallenge('policy_denied', { realm: 'api', scopes: [] })).toBe('Bearer realm="api"')
    expect(toChallenge('policy_denied', { realm: 'api', scopes: undefined })).toBe('Bearer realm="api"')
  })

  const silent = errorCodes.filter((code) => [429, 503].includes(describeCode(code).status))

  it.each(silent)('does not ask anybody to authenticate again when that would not help: %s', (code) => {
    expect(toChallenge(code, { realm: 'api' })).toBeUndefined()
  })

  it.each(errorCodes.filter((code) => !silent.includes(code)))('is well-formed for %s', (code) => {
    const challenge = toChallenge(code, { realm: 'my api', scopes: ['a'] })
    expect(challenge).toMatch(
      /^Bearer realm="my api"(?:, error="[a-z_]+", error_description="[A-Z][\w ]+")?, scope="a"$/,
    )
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
