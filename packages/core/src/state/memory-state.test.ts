import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import type { TokenFacts } from '../policy/facts.js'
import { createTestClock } from '../testing.js'
import { createMemoryState } from './memory-state.js'
import type { Revocation, RevocationOptions, State } from './state.js'

const clock = createTestClock()
const now = clock()
const [ours, another] = ['https://idp.example.com', 'https://other.example.com']

/** A token that every revocation below is about. */
const claims = { jti: 'token-1', sid: 'session-1', sub: 'ann', client_id: 'app', iat: now }

function token(changed: object = {}, issuer: string = ours): TokenFacts {
  const issuedClaims = { ...claims, ...changed, iss: issuer }
  return { issuedClaims, issuer, scopes: [], scopesAreKnown: true, roles: [], rolesAreKnown: true }
}

async function stateWith(...revocations: readonly Revocation[]): Promise<State> {
  const state = createMemoryState({ clock })
  for (const revocation of revocations) await state.revoke(revocation)
  return state
}

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('nothing revoked', () => {
  it('revokes nothing', () => {
    expect(createMemoryState().isRevoked(token())).toBe(false)
  })
})

describe('what is named to the letter', () => {
  const rows: readonly [name: string, revocation: Revocation, neighbours: readonly object[]][] = [
    ['a token', { jti: 'token-1' }, [{ jti: 'token-2' }, { jti: 'Token-1' }, { jti: 'token-1 ' }, { jti: undefined }]],
    ['a session', { session: 'session-1' }, [{ sid: 'session-2' }, { sid: ['session-1'] }, { sid: undefined }]],
    ['a subject', { subject: 'ann' }, [{ sub: 'anna' }, { sub: 'Ann' }, { sub: undefined }]],
    ['a client', { client: 'app' }, [{ client_id: 'app2' }, { client_id: ['app'] }, { client_id: undefined }]],
  ]

  it.each(rows)('%s is revoked, and its neighbours are not', async (_, revocation, neighbours) => {
    const state = await stateWith(revocation)
    expect(state.isRevoked(token())).toBe(true)
    for (const neighbour of neighbours) expect(state.isRevoked(token(neighbour)), JSON.stringify(neighbour)).toBe(false)
  })

  it.each(rows)('%s counts for every issuer, unless one is named', async (_, revocation) => {
    expect((await stateWith(revocation)).isRevoked(token({}, another))).toBe(true)
    const scoped = await stateWith({ ...revocation, issuer: ours } as Revocation)
    expect(scoped.isRevoked(token())).toBe(true)
    expect(scoped.isRevoked(token({}, another))).toBe(false)
  })

  it('one name is not taken for another', async () => {
    const state = await stateWith({ jti: 'ann' }, { session: 'ann' }, { client: 'ann' }, { issuer: 'ann' })
    expect(state.isRevoked(token())).toBe(false)
  })

  it('an issuer is revoked, and another is not', async () => {
    const state = await stateWith({ issuer: ours })
    expect(state.isRevoked(token())).toBe(true)
    expect(state.isRevoked(token({}, another))).toBe(false)
    expect(state.isRevoked(token({}, `${ours}/`))).toBe(false)
  })

  it.each(['client_id', 'azp', 'cid', 'appid'])('a client is found in `%s`', async (name) => {
    const state = await stateWith({ client: 'app' })
    expect(state.isRevoked(token({ client_id: undefined, [name]: 'app' }))).toBe(true)
    expect(state.isRevoked(token({ client_id: undefined, [name]: 'other' }))).toBe(false)
  })

  it('a client is found under its second name, whatever the first says', async () => {
    expect((await stateWith({ client: 'app' })).isRevoked(token({ client_id: 'other', azp: 'app' }))).toBe(true)
  })

  it.each(['__proto__', 'constructor', 'toString'])('%s is a value like any other', async (name) => {
    const state = await stateWith({ subject: 'ann' })
    expect(state.isRevoked(token({ sub: name }))).toBe(false)
    await state.revoke({ subject: name })
    expect(state.isRevoked(token({ sub: name }))).toBe(true)
  })
})

describe('a cut-off in time', () => {
  const rows: readonly [name: string, revocation: Revocation][] = [
    ['a subject', { subject: 'ann' }],
    ['a client', { client: 'app' }],
    ['an issuer', { issuer: ours }],
    ['a subject of one issuer', { subject: 'ann', issuer: ours }],
  ]

  it.each(rows)('%s is revoked up to `before`, and not a second later', async (_, revocation) => {
    const state = await stateWith({ ...revocation, before: now - 100 } as Revocation)
    expect(state.isRevoked(token({ iat: now - 101 }))).toBe(true)
    expect(state.isRevoked(token({ iat: now - 100 }))).toBe(true)
    expect(state.isRevoked(token({ iat: now - 99 }))).toBe(false)
  })

  it.each(rows)('%s is revoked up to now where nothing is said', async (_, revocation) => {
    const state = await stateWith({ ...revocation, before: undefined } as never)
    expect(state.isRevoked(token({ iat: now }))).toBe(true)
    expect(state.isRevoked(token({ iat: now + 1 }))).toBe(false)
  })

  it.each(rows)('%s: a token that does not say when it was issued is as old as can be', async (_, revocation) => {
    const state = await stateWith({ ...revocation, before: -1 } as Revocation)
    expect(state.isRevoked(token({ iat: 0 }))).toBe(false)
    expect(state.isRevoked(token({ iat: undefined }))).toBe(true)
  })

  it('has no say in a token or a session: these do not come back', async () => {
    const state = await stateWith({ jti: 'token-1' }, { session: 'session-1' })
    const later = { iat: now + 86_400 }
    expect(state.isRevoked(token({ ...later, sid: 's' }))).toBe(true)
    expect(state.isRevoked(token({ ...later, jti: 't' }))).toBe(true)
    await expect(state.revoke({ jti: 'x', before: now } as never)).rejects.toThrow(refused(/`before`/))
    await expect(state.revoke({ session: 'x', before: now } as never)).rejects.toThrow(refused(/`before`/))
  })
})

describe('revocations of one thing', () => {
  const [earlier, later] = [now - 200, now - 100]
  const orders = [
    [earlier, later],
    [later, earlier],
    [later, later, earlier],
  ]

  it.each(orders.map((befores) => ({ befores })))('come to the latest, in any order: $befores', async ({ befores }) => {
    const state = await stateWith(...befores.map((before) => ({ subject: 'ann', before })))
    expect(state.isRevoked(token({ iat: later }))).toBe(true)
    expect(state.isRevoked(token({ iat: later + 1 }))).toBe(false)
  })

  it('come to the latest when they come at once', async () => {
    const state = createMemoryState({ clock })
    const befores = Array.from({ length: 100 }, (_, i) => now - ((i * 37) % 100))
    await Promise.all(befores.map((before) => state.revoke({ subject: 'ann', before })))
    expect(state.isRevoked(token({ iat: now }))).toBe(true)
    expect(state.isRevoked(token({ iat: now + 1 }))).toBe(false)
  })

  it('are remembered as long as the longest asks for, and take one place', async () => {
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

  it('of one issuer and of every issuer stand side by side', async () => {
    const every = { subject: 'ann', before: earlier }
    const own = { subject: 'ann', before: later, issuer: ours }
    for (const revocations of [
      [every, own],
      [own, every],
    ]) {
      const state = await stateWith(...revocations)
      expect(state.isRevoked(token({ iat: later }))).toBe(true)
      expect(state.isRevoked(token({ iat: later }, another))).toBe(false)
      expect(state.isRevoked(token({ iat: earlier }, another))).toBe(true)
    }
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
})

describe('what is no revocation', () => {
  const huge = 'x'.repeat(1_025)

  it.each<[unknown, RegExp]>([
    [undefined, /object/],
    [null, /object/],
    ['token-1', /object/],
    [{}, /`issuer`/],
    [[], /`issuer`/],
    [{ before: now }, /`issuer`/],
    [{ jti: '' }, /`jti`/],
    [{ jti: 7 }, /`jti`/],
    [{ jti: null }, /`jti`/],
    [{ jti: huge }, /`jti`.+1024/],
    [{ session: ['s'] }, /`session`/],
    [{ subject: {} }, /`subject`/],
    [{ subject: huge }, /`subject`/],
    [{ client: true }, /`client`/],
    [{ issuer: '' }, /`issuer`/],
    [{ issuer: huge }, /`issuer`/],
    [{ jti: 'a', issuer: null }, /`issuer`/],
    [{ jti: 'a', issuer: '' }, /`issuer`/],
    [{ jti: 'a', subject: 'b' }, /one of `jti`, `session`, `subject`, `client`/],
    [{ session: 'a', client: 'b', issuer: ours }, /one of/],
    [{ subject: 'a', before: Number.NaN }, /`before`/],
    [{ subject: 'a', before: Number.POSITIVE_INFINITY }, /`before`/],
    [{ subject: 'a', before: '1767225600' }, /`before`/],
    [{ subject: 'a', before: new Date() }, /`before`/],
    [{ subject: 'a', before: null }, /`before`/],
    [{ subject: 'a', before: now * 1_000 }, /`before`.+seconds/], // milliseconds would lock out for good
    [{ issuer: ours, before: Number.NaN }, /`before`/],
    [{ sub: 'ann' }, /`sub`/],
    [{ sesion: 's' }, /`sesion`; did you mean `session`/],
    [{ subject: 'ann', befor: now }, /`befor`; did you mean `before`/],
  ])('is refused, and nothing is revoked: %j', async (revocation, message) => {
    const state = createMemoryState({ clock })
    await expect(state.revoke(revocation as Revocation)).rejects.toThrow(refused(message))
    expect(state.isRevoked(token())).toBe(false)
  })

  // As a program writes it that has found no `jti` in a token: everything of the issuer would go.
  it.each(['jti', 'session', 'subject', 'client'])('is one whose `%s` got lost beside an issuer', async (name) => {
    const state = createMemoryState({ clock })
    await expect(state.revoke({ [name]: undefined, issuer: ours } as never)).rejects.toThrow(refused(/of a revocation/))
    expect(state.isRevoked(token())).toBe(false)
  })

  it('is refused by its type as well', async () => {
    const state = createMemoryState({ clock })
    // @ts-expect-error nothing is named
    await expect(state.revoke({})).rejects.toThrow()
  })

  it.each<[unknown, RegExp]>([
    [null, /named/],
    [now, /named/],
    [{ until: Number.NaN }, /`until`/],
    [{ until: Number.POSITIVE_INFINITY }, /`until`/],
    [{ until: null }, /`until`/],
    [{ until: now * 1_000 }, /`until`.+seconds/],
    [{ untill: now }, /`untill`; did you mean `until`/],
  ])('is refused with options %j', async (options, message) => {
    const state = createMemoryState({ clock })
    await expect(state.revoke({ jti: 'token-1' }, options as RevocationOptions)).rejects.toThrow(refused(message))
    expect(state.isRevoked(token())).toBe(false)
  })

  it('is not a value of the greatest length', async () => {
    const jti = 'x'.repeat(1_024)
    expect((await stateWith({ jti })).isRevoked(token({ jti }))).toBe(true)
  })
})

describe('listeners', () => {
  it('are called after each revocation, which holds by then, and not after one that was refused', async () => {
    const state = createMemoryState({ clock })
    const heard: boolean[] = []
    state.onRevoked(() => void heard.push(state.isRevoked(token())))
    await state.revoke({ jti: 'token-1' })
    await state.revoke({ jti: 'token-1' })
    await expect(state.revoke({} as never)).rejects.toThrow()
    expect(heard).toEqual([true, true])
  })

  it('are called until they end it, each by itself', async () => {
    const state = createMemoryState({ clock })
    let calls = 0
    const listener = (): void => void calls++
    const [first, second] = [state.onRevoked(listener), state.onRevoked(listener)]
    first()
    first()
    await state.revoke({ jti: 'a' })
    expect(calls).toBe(1)
    second()
    await state.revoke({ jti: 'b' })
    expect(calls).toBe(1)
  })

  it('that listen anew while they are called are not called again for it', async () => {
    const state = createMemoryState({ clock })
    let calls = 0
    const listenAnew = (): void => {
      calls += 1
      state.onRevoked(listenAnew)
    }
    state.onRevoked(listenAnew)
    await state.revoke({ jti: 'a' })
    expect(calls).toBe(1)
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
