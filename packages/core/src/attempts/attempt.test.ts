import { describe, expect, it } from 'vitest'
import { VerificationError } from '../errors.js'
import { MemoryAttemptCounters } from '../state/memory-attempt-counters.js'
import { createTestClock } from '../testing.js'
import { Attempt } from './attempt.js'
import { AttemptLimit } from './attempt-limit.js'

const clock = createTestClock()
const refusal = new VerificationError('audience_mismatch', 'the token is meant for another audience')
const claims = { iss: 'https://idp.example.com', client_id: 'app', sub: 'ann' }
const [home, elsewhere] = ['192.0.2.1', '192.0.2.2']

/** Two failures are too many. */
function createLimit(): AttemptLimit {
  return new AttemptLimit({ limit: 2, windowSeconds: 60 }, new MemoryAttemptCounters(clock), clock)
}

interface Try {
  readonly from?: string | undefined
  readonly says?: object
  readonly isGenuine?: boolean
  readonly isCounted?: boolean
  readonly isGood?: boolean
}

/** Looks at a token as the verifier does, and answers what came of it. */
async function attempt(limit: AttemptLimit, each: Try = {}): Promise<string> {
  const { says = claims, isGenuine = true, isCounted = true, isGood = false } = each
  try {
    const begun = new Attempt(limit, 'from' in each ? each.from : home, isCounted)
    await begun.watch(async () => {
      begun.requireAddress()
      begun.requireHolder(says as typeof claims)
      if (isGenuine) begun.vouchFor()
      if (!isGood) throw refusal
    })
    return 'passed'
  } catch (error) {
    return (error as VerificationError).code
  }
}

async function after(times: number, failed: Try, next: Try): Promise<string> {
  const limit = createLimit()
  for (let each = 0; each < times; each++) expect(await attempt(limit, failed)).toBe('audience_mismatch')
  return attempt(limit, { isGood: true, ...next })
}

describe('a token that nobody has vouched for', () => {
  const forged = { isGenuine: false }

  it('counts against the address that sent it', async () => {
    expect(await after(1, forged, {})).toBe('passed')
    expect(await after(2, forged, {})).toBe('attempts_exceeded')
    expect(await after(2, forged, { from: elsewhere })).toBe('passed')
  })

  it('counts against all of an IPv6 /64', async () => {
    const from = { from: '2001:db8::1', ...forged }
    expect(await after(2, from, { from: '2001:db8::2' })).toBe('attempts_exceeded')
    expect(await after(2, from, { from: '2001:db8:0:1::1' })).toBe('passed')
  })

  it('never counts against the client that it names', async () => {
    expect(await after(2, { ...forged, from: elsewhere }, {})).toBe('passed')
  })

  it('counts against nobody where the address is not known', async () => {
    expect(await after(5, { ...forged, from: undefined }, { from: undefined })).toBe('passed')
  })
})

describe('a genuine token that is refused', () => {
  it('counts against its client, wherever the next one comes from', async () => {
    expect(await after(1, {}, { from: elsewhere })).toBe('passed')
    expect(await after(2, {}, { from: elsewhere })).toBe('attempts_exceeded')
    expect(await after(2, {}, { from: undefined })).toBe('attempts_exceeded')
  })

  it('does not count against the address: others are behind it', async () => {
    expect(await after(2, {}, { says: { ...claims, client_id: 'other' } })).toBe('passed')
  })

  it.each([
    ['another subject', { ...claims, sub: 'bob' }],
    ['another client', { ...claims, client_id: 'app2' }],
    ['another issuer', { ...claims, iss: 'https://other.example.com' }],
    ['no subject', { iss: claims.iss, client_id: 'app' }],
  ])('lets pass one of %s', async (_, says) => {
    expect(await after(2, {}, { says })).toBe('passed')
  })

  it.each(['client_id', 'azp', 'cid', 'appid'])('finds the client in `%s`', async (name) => {
    const says = { iss: claims.iss, [name]: 'app' }
    expect(await after(2, { says }, { says })).toBe('attempts_exceeded')
    expect(await after(2, { says }, { says: { iss: claims.iss, [name]: 'app2' } })).toBe('passed')
  })

  it('counts against nobody where it names neither client nor subject', async () => {
    const says = { iss: claims.iss, client_id: 7, sub: {} }
    expect(await after(5, { says }, { says })).toBe('passed')
  })

  it('counts against nobody under a name too long to remember', async () => {
    const says = { ...claims, sub: 'a'.repeat(2_048) }
    expect(await after(5, { says }, { says })).toBe('passed')
  })
})

it('counts nothing where it only explains, and says what it would', async () => {
  expect(await after(5, { isCounted: false, isGenuine: false }, {})).toBe('passed')
  expect(await after(2, { isGenuine: false }, { isCounted: false })).toBe('attempts_exceeded')
})

it('counts what is refused before there is anything to wait for', async () => {
  const limit = createLimit()
  for (let each = 0; each < 2; each++) {
    const begun = new Attempt(limit, home, true)
    expect(() =>
      begun.watch(() => {
        throw refusal
      }),
    ).toThrow(refusal)
  }
  expect(await attempt(limit, { isGood: true })).toBe('attempts_exceeded')
})

it('counts one refusal once', async () => {
  const limit = createLimit()
  await attempt(limit, { isGenuine: false })
  expect(await attempt(limit, { isGood: true })).toBe('passed')
})
