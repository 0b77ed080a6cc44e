import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError, errorCodes, VerificationError } from '../errors.js'
import { MemoryAttemptCounters } from '../state/memory-attempt-counters.js'
import { createTestClock } from '../testing.js'
import { AttemptLimit, judgeFailedAttempts } from './attempt-limit.js'

const clock = createTestClock()
const start = Math.ceil(clock() / 60) * 60
const refusal = new VerificationError('signature_invalid', 'the signature does not hold')

let limit = new AttemptLimit({ limit: 3, windowSeconds: 60 }, new MemoryAttemptCounters(clock), clock)
beforeEach(() => {
  clock.set(start)
  limit = new AttemptLimit({ limit: 3, windowSeconds: 60 }, new MemoryAttemptCounters(clock), clock)
})

function fail(times: number, name = 'ann'): void {
  for (let each = 0; each < times; each++) limit.count(name, refusal)
}

function refused(name = 'ann'): VerificationError | undefined {
  try {
    limit.require(name, 'too many')
    return undefined
  } catch (error) {
    return error as VerificationError
  }
}

describe('RFC 6585 §4', () => {
  it('lets pass one below the limit, and nobody at it', () => {
    fail(2)
    expect(refused()).toBeUndefined()
    fail(1)
    expect(refused()).toMatchObject({ code: 'attempts_exceeded', message: 'too many' })
    expect(refused('bob')).toBeUndefined()
  })

  it('says when asking again can help, and it does', () => {
    clock.set(start + 15)
    fail(3)
    expect(refused()?.retryAfterSeconds).toBe(45)
    clock.set(start + 59)
    expect(refused()?.retryAfterSeconds).toBeCloseTo(1)
    clock.set(start + 60.1) // and a window that slides has room for one
    expect(refused()).toBeUndefined()
  })

  it('says to wait longer the more there was too much', () => {
    fail(6)
    const wait = refused()?.retryAfterSeconds as number
    expect(wait).toBe(60 + 30)
    clock.set(start + wait - 1)
    expect(refused()).toBeDefined()
    clock.set(start + wait + 0.1)
    expect(refused()).toBeUndefined()
  })

  it('never says to wait longer than two windows, nor no time at all', () => {
    fail(100_000)
    for (const at of [0, 1, 59.999]) {
      clock.set(start + at)
      expect(refused()?.retryAfterSeconds).toBeGreaterThan(0)
      expect(refused()?.retryAfterSeconds).toBeLessThanOrEqual(120)
    }
  })
})

describe('what counts', () => {
  const notCounted = new Set<string>([
    'credential_missing',
    'credential_ambiguous',
    'attempts_exceeded',
    'token_expired',
    'token_not_active',
    'token_too_old',
    'proof_invalid',
    'proof_nonce_required',
    'proof_replayed',
    'certificate_rejected',
    'subject_unknown',
    'scope_insufficient',
    'step_up_required',
    'policy_denied',
    'keys_unavailable',
    'introspection_unavailable',
    'policy_service_unavailable',
    'state_unavailable',
    'subject_unavailable',
  ])

  it.each(errorCodes)('%s, unless it happens to the honest', (code) => {
    for (let each = 0; each < 3; each++) limit.count('ann', new VerificationError(code, 'no'))
    expect(refused() === undefined).toBe(notCounted.has(code))
  })

  it('no key that nobody looked for', () => {
    const unexamined = new VerificationError('key_unknown', 'no', { isUnexamined: true })
    for (let each = 0; each < 3; each++) limit.count('ann', unexamined)
    expect(refused()).toBeUndefined()
  })

  it('no error of ours', () => {
    for (let each = 0; each < 3; each++) limit.count('ann', Object.assign(new RangeError('no'), { code: refusal.code }))
    expect(refused()).toBeUndefined()
  })
})

describe('the option', () => {
  it('is off unless somebody says how much is too much', () => {
    expect(judgeFailedAttempts(undefined)).toBeUndefined()
    expect(judgeFailedAttempts(false)).toBeUndefined()
    expect(judgeFailedAttempts({ limit: 1, windowSeconds: 1 })).toEqual({ limit: 1, windowSeconds: 1 })
    expect(judgeFailedAttempts({ limit: 1_000_000, windowSeconds: 86_400 })).toBeDefined()
  })

  it.each([
    [true],
    [null],
    [10],
    [{}],
    [{ limit: 10 }],
    [{ windowSeconds: 10 }],
    [{ limit: 0, windowSeconds: 60 }],
    [{ limit: 1.5, windowSeconds: 60 }],
    [{ limit: 1_000_001, windowSeconds: 60 }],
    [{ limit: Number.NaN, windowSeconds: 60 }],
    [{ limit: '10', windowSeconds: 60 }],
    [{ limit: 10, windowSeconds: 0.5 }],
    [{ limit: 10, windowSeconds: 86_401 }],
    [{ limit: 10, windowSeconds: 60, perClient: true }],
  ])('is not %j', (value) => {
    expect(() => judgeFailedAttempts(value)).toThrow(ConfigurationError)
  })
})
