import { describe, expect, it } from 'vitest'
import { DownstreamError } from '../downstream-error.js'
import { HeldToken, refreshTimeOf } from './held-token.js'
import type { AccessToken } from './token-source.js'

/** A held token, its clock, and an authorization server that answers when it is told. */
function begin() {
  const world = {
    now: 1_000,
    events: [] as string[],
    asked: 0,
    answers: [] as (() => void)[],
    isAway: false,
    isSlow: false,
  }
  const held = new HeldToken(
    () => world.now,
    ({ outcome }) => void world.events.push(outcome),
  )
  const fetchToken = async (): Promise<AccessToken> => {
    world.asked += 1
    const value = `token-${world.asked}`
    if (world.isSlow) await new Promise<void>((resolve) => world.answers.push(resolve))
    if (world.isAway) throw new DownstreamError('token_unavailable', 'away')
    return { value, obtainedAt: world.now, refreshAt: refreshTimeOf(world.now, 600), expiresAt: world.now + 600 }
  }
  const current = async () => (await held.current(fetchToken)).value
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { world, held, fetchToken, current, settled }
}

describe('when a token is replaced', () => {
  it.each([
    [3_600, 3_540],
    [600, 540],
    [300, 270],
    [100, 90],
    [60, 50],
    [10, 5],
    [1, 0.5],
  ])('of %d seconds: after %d', (lifetime, after) => {
    expect(refreshTimeOf(1_000, lifetime)).toBe(1_000 + after)
  })

  it('is served until then', async () => {
    const { world, current } = begin()
    await current()
    world.now += 539
    expect([await current(), world.asked]).toEqual(['token-1', 1])
  })

  it('is fetched anew from then on, while the old one is served', async () => {
    const { world, current, settled } = begin()
    await current()
    world.now += 540
    expect(await current()).toBe('token-1')
    await settled()
    expect([await current(), world.asked]).toEqual(['token-2', 2])
  })

  it('is not served once it has expired', async () => {
    const { world, current } = begin()
    await current()
    world.now += 600
    expect(await current()).toBe('token-2')
  })

  it('is asked for once by many', async () => {
    const { world, current } = begin()
    world.isSlow = true
    const calls = Array.from({ length: 50 }, current)
    for (const answer of world.answers) answer()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['token-1']))
    expect([world.asked, world.events]).toEqual([1, ['token_obtained']])
  })
})

describe('a failure', () => {
  it('takes nothing away from a token that holds, to its last second', async () => {
    const { world, current, settled } = begin()
    await current()
    world.isAway = true
    world.now += 599
    expect(await current()).toBe('token-1')
    await settled()
    expect([await current(), world.events]).toEqual(['token-1', ['token_obtained', 'token_failed']])
    world.now += 1
    await expect(current()).rejects.toMatchObject({ code: 'token_unavailable' })
  })

  it('is not repeated for two seconds, and then it is tried again', async () => {
    const { world, current } = begin()
    world.isAway = true
    for (let call = 0; call < 5; call += 1) await expect(current()).rejects.toThrow('away')
    expect(world.asked).toBe(1)
    world.now += 1.9
    await expect(current()).rejects.toThrow('away')
    world.isAway = false
    world.now += 0.1
    expect([await current(), world.asked]).toEqual(['token-2', 2])
  })
})

describe('a token that a service refuses', () => {
  async function refused(ageSeconds: number) {
    const begun = begin()
    const token = await begun.held.current(begun.fetchToken)
    begun.world.now += ageSeconds
    return { ...begun, token, replace: () => begun.held.replace(token, begun.fetchToken) }
  }

  it('is replaced', async () => {
    const { replace, current } = await refused(10)
    expect((await replace())?.value).toBe('token-2')
    expect(await current()).toBe('token-2')
  })

  it('is not replaced when it is young: a service that refuses all would have one fetched for each call', async () => {
    const { replace, world, current } = await refused(9.9)
    expect([await replace(), world.asked, await current()]).toEqual([undefined, 1, 'token-1'])
  })

  it('is replaced once by many that were refused', async () => {
    const { replace, world } = await refused(10)
    const all = await Promise.all(Array.from({ length: 20 }, replace))
    expect([new Set(all.map((token) => token?.value)), world.asked]).toEqual([new Set(['token-2']), 2])
    expect([(await replace())?.value, world.asked]).toEqual(['token-2', 2])
  })

  it('stays where no other can be had: for others it may be good', async () => {
    const { replace, world, current } = await refused(10)
    world.isAway = true
    expect([await replace(), await current()]).toEqual([undefined, 'token-1'])
  })
})

describe('a certificate that has changed', () => {
  it('has the token replaced, while the old one is served', async () => {
    const { world, held, current, settled } = begin()
    await current()
    held.renew()
    expect(await current()).toBe('token-1')
    await settled()
    expect([await current(), world.asked]).toEqual(['token-2', 2])
  })

  it('a young token that is refused now is replaced, also while that is under way', async () => {
    const { world, held, fetchToken } = begin()
    const token = await held.current(fetchToken)
    held.renew()
    world.isSlow = true
    await held.current(fetchToken)
    const replacing = held.replace(token, fetchToken)
    for (const answer of world.answers) answer()
    expect([(await replacing)?.value, world.asked]).toEqual(['token-2', 2])
  })

  it('is not forgotten when the token could not be replaced', async () => {
    const { world, held, current, settled } = begin()
    await current()
    held.renew()
    world.isAway = true
    await current()
    await settled()
    world.isAway = false
    world.now += 2
    await current()
    await settled()
    expect(await current()).toBe('token-3')
  })
})
