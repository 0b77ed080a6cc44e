import { describe, expect, it } from 'vitest'
import { describeCode, errorCodes, VerificationError } from '../errors.js'
import { bearerRules } from './challenge.js'
import { toDenied, toProblem } from './denial.js'

const denied = (code: (typeof errorCodes)[number], details = {}) =>
  toDenied(new VerificationError(code, 'a reason for the operator alone', details), bearerRules('api'))

describe('RFC 9457 §3: the problem', () => {
  it.each(errorCodes)('of %s is the same for every occurrence, and says no more than its title', (code) => {
    const { status, title } = describeCode(code)
    expect(toProblem(code)).toStrictEqual({ type: `urn:sallyport:problem:${code}`, title, status, code })
    expect(denied(code).body).toStrictEqual(toProblem(code))
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(toProblem('token_expired'))).toBe(true)
  })
})

describe('a denial', () => {
  it.each(errorCodes)('by %s carries the status of its code', (code) => {
    expect(denied(code)).toMatchObject({ allowed: false, code, status: describeCode(code).status })
  })

  it('has its problem, its challenge, and is kept by no cache', () => {
    expect(denied('token_expired').headers).toStrictEqual({
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'Access-Control-Expose-Headers': 'WWW-Authenticate',
      'WWW-Authenticate': 'Bearer realm="api", error="invalid_token", error_description="The token has expired"',
    })
  })

  it('names the scopes that the policy asks for', () => {
    const { headers } = denied('scope_insufficient', { requiredScopes: ['read', 'write'] })
    expect(headers['WWW-Authenticate']).toContain('scope="read write"')
  })

  it('cannot be changed', () => {
    const answer = denied('token_expired')
    expect(Object.isFrozen(answer)).toBe(true)
    expect(Object.isFrozen(answer.headers)).toBe(true)
  })

  it('says nothing of the reason', () => {
    const cause = new Error('a secret of the issuer')
    expect(JSON.stringify(denied('claim_invalid', { claim: 'tenant', header: 'kid', cause }))).not.toMatch(
      /reason|secret|tenant|kid/,
    )
  })
})

describe('RFC 9110 §10.2.3: Retry-After', () => {
  it.each([
    [undefined, '1'],
    [0, '1'],
    [0.2, '1'],
    [7, '7'],
    [7.1, '8'],
  ])('of %s seconds is %j', (retryAfterSeconds, expected) => {
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
    const { headers } = denied('keys_unavailable', details)
    expect(headers['Retry-After']).toBe(expected)
    expect(headers).not.toHaveProperty('WWW-Authenticate')
  })

  it('is not sent where the fault is the caller’s', () => {
    expect(denied('token_expired', { retryAfterSeconds: 7 }).headers).not.toHaveProperty('Retry-After')
  })
})
