// What is particular to the state of one process: its bound, what it forgets when, and its options. The rest is the contract of
// states, test/contracts/state.contract.ts.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import type { TokenFacts } from '../policy/facts.js'
import { createTestClock } from '../testing.js'
import { createMemoryState } from './memory-state.js'

const clock = createTestClock()
const now = clock()
const [ours, another] = ['https://idp.example.com', 'https://other.example.com']

/** A token that most revocations below are about. */
function token(changed: object = {}, issuer: string = ours): TokenFacts {
  const issuedClaims = { jti: 'token-1', sub: 'ann', iat: now, ...changed, iss: issuer }
  return { issuedClaims, issuer, scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
}

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('a revocation', () => {
  it('is one by its type as well', async () => {
    const state = createMemoryState({ clock })
    // @ts-expect-error nothing is named
    await expect(state.revoke({})).rejects.toThrow()
  })

  it('is kept in this process, and says so', async () => {
    const receipt = await createMemoryState().revoke({ jti: 'token-1' })
    expect(receipt).toEqual({ reached: ['this process'], pending: [] })
  })
})

describe('the bound', () => {
  it('refuses what does not fit, and revokes nothing away', async () => {
    const state = createMemoryState({ clock, maxRevocations: 2 })
    await state.revoke({ jti: 'a' })
    await state.revoke({ subject: 'b' })
    await expect(state.revoke({ jti: 'c' })).rejects.toThrow(refused(/^2 revocations/))
    expect(['a', 'c'].map((jti) => state.isRevoked(token({ jti, sub: 'x' })))).toEqual([true, false])
    expect(state.isRevoked(token({ jti: 'x', sub: 'b' }))).toBe(true)
  })

  it('does not stand in the way of what is known: it takes no place', async () => {
    const state = createMemoryState({ clock, maxRevocations: 1 })
    await state.revoke({ subject: 'ann', before: now - 100 })
    await state.revoke({ subject: 'ann', before: now })
    expect(state.isRevoked(token({ iat: now }))).toBe(true)
    await expect(state.revoke({ subject: 'ann', issuer: ours })).rejects.toThrow(refused(/no more fit/))
  })

  const last = now + 60 + 300 // the second of `until`, and the greatest tolerance of clocks

  it.each([
    [now, false],
    [now + 61, false],
    [last, false],
    [last + 1, true],
  ])('at %i, a revocation until 60 s after the start has made room: %j', async (at, hasMadeRoom) => {
    const state = createMemoryState({ clock, maxRevocations: 3 })
    await state.revoke({ jti: 'token-1' }, { until: now + 60 })
    await state.revoke({ jti: 'lasts' })
    await state.revoke({ jti: 'lasts, too' }, { until: now + 86_400 })
    clock.set(at)
    const kept = state.revoke({ jti: 'new' }).then(
      () => false,
      () => true,
    )
    expect(await kept).toBe(!hasMadeRoom)
    clock.set(now)
    expect(state.isRevoked(token())).toBe(!hasMadeRoom)
    for (const jti of ['lasts', 'lasts, too']) expect(state.isRevoked(token({ jti })), jti).toBe(true)
  })

  it('finds the next that is past, time and again', async () => {
    const state = createMemoryState({ clock, maxRevocations: 3 })
    for (let i = 0; i < 20; i++) {
      clock.set(now + i * 1_000)
      await state.revoke({ jti: `token-${i}`, issuer: i % 2 ? ours : another }, { until: clock() + 1_700 })
      const known = [i, i - 1, i - 2].map((j) => state.isRevoked(token({ jti: `token-${j}` }, j % 2 ? ours : another)))
      expect(known.slice(0, Math.min(3, i + 1))).not.toContain(false)
    }
    clock.set(now)
  })

  it('forgets nothing while there is room, however long ago it was', async () => {
    const state = createMemoryState({ clock, maxRevocations: 2 })
    await state.revoke({ jti: 'token-1' }, { until: now - 86_400 })
    await state.revoke({ jti: 'token-2' })
    expect(state.isRevoked(token())).toBe(true)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10'])('is a whole number from 1, not %j', (bound) => {
    expect(() => createMemoryState({ maxRevocations: bound as number })).toThrow(refused(/`maxRevocations`/))
  })

  it('remembers a thing as long as the longest revocation of it asks for, in one place', async () => {
    for (const untils of [
      [now + 1_000, now + 10],
      [now + 10, now + 1_000],
    ]) {
      const state = createMemoryState({ clock, maxRevocations: 1 })
      for (const until of untils) await state.revoke({ jti: 'token-1' }, { until })
      clock.set(now + 900)
      await expect(state.revoke({ jti: 'token-2' })).rejects.toThrow(refused(/no more fit/))
      expect(state.isRevoked(token())).toBe(true)
      clock.set(now)
    }
  })
})

describe('options', () => {
  it.each<[unknown, RegExp]>([
    [null, /object/],
    [{ maxRevocation: 1 }, /did you mean `maxRevocations`/],
    [{ clock: 7 }, /`clock`/],
  ])('%j are refused', (options, message) => {
    expect(() => createMemoryState(options as never)).toThrow(refused(message))
  })

  it('have the clock of the machine where none is given', async () => {
    const state = createMemoryState()
    await state.revoke({ subject: 'ann' })
    expect(state.isRevoked(token({ iat: Date.now() / 1_000 - 60 }))).toBe(true)
    expect(state.isRevoked(token({ iat: Date.now() / 1_000 + 60 }))).toBe(false)
  })

  it('a clock that answers no number revokes nothing, and says so', async () => {
    const state = createMemoryState({ clock: () => Number.NaN })
    await expect(state.revoke({ subject: 'ann' })).rejects.toThrow(refused(/`before`/))
  })
})
