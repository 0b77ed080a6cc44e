// The key sets of a fleet on a real Redis: fetched by one node for all.
import { createTestIssuer } from '@sallyport/core/testing'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RemoteJwkSet } from '../../packages/core/src/keys/remote-jwk-set.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { answer, fleetWorld, keyOf } from './key-set-fleet.js'

const world = fleetWorld()
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(() => redis.cli('FLUSHALL'))

/** The keys of the issuer on so many nodes. */
async function fleet(size: number): Promise<RemoteJwkSet[]> {
  const nodes = await Promise.all(Array.from({ length: size }, () => world.node(redis.url)))
  return nodes.map((node) => node.keysOf(world.idp))
}

async function warmFleet(size: number): Promise<RemoteJwkSet[]> {
  const all = await fleet(size)
  await Promise.all(all.map((keys) => keys.warmUp()))
  return all
}

const answers = (all: readonly RemoteJwkSet[], kid: string): Promise<string[]> =>
  Promise.all(all.map((keys) => answer(keys, kid)))
const isKnown = (keys: RemoteJwkSet, kid: string): boolean => keys.describe().kids.includes(kid)
const fetches = (): number => world.idp.requests.jwks

describe('a fleet', () => {
  it('that starts at once asks its issuer once', async () => {
    const all = await fleet(8)
    expect(new Set(await answers(all, 'key-1'))).toEqual(new Set(['key']))
    expect(fetches()).toBe(1)
  })

  it('is one before its first connection, too', async () => {
    const nodes = await Promise.all(Array.from({ length: 4 }, () => world.node(redis.url, { connects: false })))
    const all = nodes.map((node) => node.keysOf(world.idp))
    const found = answers(all, 'key-1')
    await Promise.all(nodes.map((node) => node.port.connect(5)))
    expect(new Set(await found)).toEqual(new Set(['key']))
    expect(fetches()).toBe(1)
  })

  it('asks once more when a key is new, and lets every token through', async () => {
    const all = await warmFleet(8)
    const { kid } = await world.idp.rotate()
    expect(new Set(await answers(all, kid))).toEqual(new Set(['key']))
    expect(fetches()).toBe(2)
  })

  it('asks once when the lifetime is over', async () => {
    const all = await warmFleet(8)
    world.advance(300)
    expect(new Set(await answers(all, 'key-1'))).toEqual(new Set(['key']))
    expect(fetches()).toBe(2)
  })

  it('knows a new key on every node when one has met it', async () => {
    const all = await warmFleet(4)
    const { kid } = await world.idp.rotate()
    expect(await answer(all[0] as RemoteJwkSet, kid)).toBe('key')
    for (const keys of all) await expect.poll(() => isKnown(keys, kid)).toBe(true)
    expect(fetches()).toBe(2)
  })

  it('refuses a removed key on every node when one has heard of it', async () => {
    const all = await warmFleet(4)
    const { kid } = await world.idp.rotate()
    world.idp.dropKey('key-1')
    expect(await answer(all[0] as RemoteJwkSet, kid)).toBe('key')
    for (const keys of all) await expect.poll(() => keys.describe().kids).toEqual([kid])
    expect(fetches()).toBe(2)
  })

  it('takes in a new node while the issuer is down', async () => {
    await warmFleet(1)
    world.idp.fail()
    const [second] = await fleet(1)
    expect(await answer(second as RemoteJwkSet, 'key-1')).toBe('key')
    world.advance(3_000)
    const [third] = await fleet(1)
    expect(await answer(third as RemoteJwkSet, 'key-1')).toBe('key')
    world.advance(900)
    const [fourth] = await fleet(1)
    expect(await answer(fourth as RemoteJwkSet, 'key-1')).toBe('keys_unavailable')
  })

  it('keeps the keys of two issuers apart', async () => {
    const other = await createTestIssuer()
    world.atEnd(() => other.close())
    const { kid } = await other.rotate()
    const node = await world.node(redis.url)
    const [keys, foreign] = [node.keysOf(world.idp), node.keysOf(other)]
    expect(await answer(foreign, kid)).toBe('key')
    expect(await answer(keys, 'key-1')).toBe('key')
    expect(keys.describe().kids).toEqual(['key-1'])
    expect([other.requests.jwks, fetches()]).toEqual([1, 1])
  })

  it('hears of what happened while a node had no connection', async () => {
    const proxy = await startTcpProxy(redis.port)
    world.atEnd(() => proxy.stop())
    const [one, other] = [await world.node(proxy.url), await world.node(redis.url)]
    const [keys, meanwhile] = [one.keysOf(world.idp), other.keysOf(world.idp)]
    await Promise.all([keys.warmUp(), meanwhile.warmUp()])
    proxy.cut()
    const { kid } = await world.idp.rotate()
    expect(await answer(meanwhile, kid)).toBe('key')
    expect(isKnown(keys, kid)).toBe(false)
    proxy.heal()
    await expect.poll(() => isKnown(keys, kid)).toBe(true)
    expect(fetches()).toBe(2)
  })
})

describe('a flood of unknown key ids', () => {
  const flood = (all: readonly RemoteJwkSet[], from: number): Promise<string[]> =>
    Promise.all(
      all.flatMap((keys, i) => Array.from({ length: 20 }, (_, j) => answer(keys, `random-${from}-${i}-${j}`))),
    )

  it('costs the issuer what it costs with one node', async () => {
    const all = await warmFleet(5)
    for (let wave = 0; wave < 5; wave++) expect(new Set(await flood(all, wave))).toEqual(new Set(['key_unknown']))
    expect(fetches() - 1).toBeLessThanOrEqual(3)
    expect(fetches() - 1).toBeGreaterThan(0)
  })

  it('does not keep a new key out', async () => {
    const all = await warmFleet(5)
    const refusals = flood(all, 0)
    const { kid } = await world.idp.rotate()
    expect(new Set(await answers(all, kid))).toEqual(new Set(['key']))
    expect(new Set(await refusals)).toEqual(new Set(['key_unknown']))
  })

  it('gets the whole budget back with new keys, and only with those', async () => {
    const all = await warmFleet(2)
    for (let wave = 0; wave < 3; wave++) await flood(all, wave)
    const cool = keyOf(world.idp, 'cool')
    expect(await redis.cli('GET', cool)).toMatch(/^3 \d+$/)
    expect(Number(await redis.cli('PTTL', cool))).toBeLessThanOrEqual(60_001)
    world.advance(300)
    expect(await answers(all, 'key-1')).toEqual(['key', 'key'])
    expect(await redis.cli('GET', cool)).toMatch(/^3 \d+$/)
    await world.idp.rotate()
    world.advance(300)
    expect(await answers(all, 'key-1')).toEqual(['key', 'key'])
    expect(await redis.cli('EXISTS', cool)).toBe('0')
  })

  it('costs nothing of the budget while the issuer is down', async () => {
    const all = await warmFleet(1)
    world.idp.fail()
    expect(await answer(all[0] as RemoteJwkSet, 'random')).toBe('keys_unavailable')
    expect(await redis.cli('GET', keyOf(world.idp, 'cool'))).toMatch(/^0 \d+$/)
    expect(await redis.cli('EXISTS', keyOf(world.idp, 'lock'))).toBe('0')
  })
})

describe('what stands in Redis', () => {
  it('expires, and says nothing', async () => {
    await warmFleet(2)
    const keys = await redis.cli('KEYS', '*')
    expect(keys).toBe(keyOf(world.idp, 'doc'))
    expect(Number(await redis.cli('PTTL', keys))).toBeGreaterThan((600 + 3_600 - 60) * 1_000)
    expect(Number(await redis.cli('PTTL', keys))).toBeLessThanOrEqual((600 + 3_600) * 1_000)
    const stored = await redis.cli('GET', keys)
    expect(stored).toMatch(/^\d{16} [\w-]+$/)
    expect(Buffer.from(stored.split(' ')[1] as string, 'base64url').toString('latin1')).not.toMatch(/key-1|jwks|http/)
  })
})
