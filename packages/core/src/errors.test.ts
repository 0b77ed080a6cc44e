import { describe, expect, expectTypeOf, it } from 'vitest'
import { ConfigurationError, describeCode, type ErrorCode, errorCodes, VerificationError } from './errors.js'

const wire: Readonly<Record<ErrorCode, readonly [status: number, oauthError?: string]>> = {
  credential_missing: [401],
  credential_malformed: [400, 'invalid_request'],
  credential_ambiguous: [400, 'invalid_request'],
  attempts_exceeded: [429],
  certificate_rejected: [401, 'invalid_token'],
  token_malformed: [401, 'invalid_token'],
  token_type_rejected: [401, 'invalid_token'],
  algorithm_rejected: [401, 'invalid_token'],
  issuer_untrusted: [401, 'invalid_token'],
  token_inactive: [401, 'invalid_token'],
  key_unknown: [401, 'invalid_token'],
  signature_invalid: [401, 'invalid_token'],
  token_expired: [401, 'invalid_token'],
  token_not_active: [401, 'invalid_token'],
  token_too_old: [401, 'invalid_token'],
  audience_mismatch: [401, 'invalid_token'],
  claim_missing: [401, 'invalid_token'],
  claim_invalid: [401, 'invalid_token'],
  binding_missing: [401, 'invalid_token'],
  binding_mismatch: [401, 'invalid_token'],
  proof_invalid: [401, 'invalid_dpop_proof'],
  proof_nonce_required: [401, 'use_dpop_nonce'],
  proof_replayed: [401, 'invalid_dpop_proof'],
  token_revoked: [401, 'invalid_token'],
  subject_unknown: [401, 'invalid_token'],
  scope_insufficient: [403, 'insufficient_scope'],
  step_up_required: [401, 'insufficient_user_authentication'],
  policy_denied: [403],
  keys_unavailable: [503],
  introspection_unavailable: [503],
  state_unavailable: [503],
  subject_unavailable: [503],
  policy_service_unavailable: [503],
}

describe('the table of codes', () => {
  it('lists these codes and no other', () => {
    expect([...errorCodes].sort()).toEqual(Object.keys(wire).sort())
    expect(Object.isFrozen(errorCodes)).toBe(true)
    expectTypeOf<ErrorCode>().toEqualTypeOf<keyof typeof wire>()
  })

  it.each(errorCodes)('says what goes on the wire for %s', (code) => {
    const { status, oauthError } = describeCode(code)
    expect(oauthError === undefined ? [status] : [status, oauthError]).toEqual(wire[code])
  })

  it.each(errorCodes)('titles %s with words that may stand in a header', (code) => {
    expect(describeCode(code).title).toMatch(/^[A-Z][a-z]*(?: \w+)+$/)
  })

  it('titles each code in its own words', () => {
    expect(new Set(errorCodes.map((code) => describeCode(code).title)).size).toBe(errorCodes.length)
  })
})

describe('VerificationError', () => {
  it('carries what it was told', () => {
    const cause = new Error('below')
    const details = {
      claim: 'exp',
      header: 'kid',
      bySchema: true,
      isUnexamined: true,
      requiredScopes: ['a'],
      retryAfterSeconds: 7,
      cause,
    }
    const error = new VerificationError('token_expired', 'a reason', details)
    expect(error).toMatchObject({ name: 'VerificationError', code: 'token_expired', message: 'a reason', ...details })
    expect(error).toBeInstanceOf(Error)
  })

  it('carries nothing else', () => {
    const error = new VerificationError('token_expired', 'a reason')
    const { claim, header, bySchema, isUnexamined, requiredScopes, retryAfterSeconds } = error
    expect({ claim, header, bySchema, isUnexamined, requiredScopes, retryAfterSeconds }).toEqual({
      bySchema: false,
      isUnexamined: false,
    })
    expect('cause' in error).toBe(false)
  })
})

describe('ConfigurationError', () => {
  it('is an error of its own', () => {
    const error = new ConfigurationError('a reason')
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({ name: 'ConfigurationError', message: 'a reason' })
  })
})
