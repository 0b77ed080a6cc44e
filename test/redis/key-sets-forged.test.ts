// Key sets in a Redis that somebody else can write to: nothing that he puts there makes a token pass.
import { createTestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RemoteJwkSet } from '../../packages/core/src/keys/remote-jwk-set.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { answer, fleetWorld, keyOf, ringOf, secret } from './key-set-fleet.js'

const world = fleetWorld()
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(() => redis.cli('FLUSHALL'))

const node = (ring = ringOf(secret)) => world.node(redis.url, { ring })
const doc = () => keyOf(world.idp, 'doc')
const stored = () => redis.cli('GET', doc())
const rejections = () => world.stateEvents.filter(({ outcome }) => outcome === 'rejected').length

/** A node that has stored what the issuer has. */
async function warm(): Promise<RemoteJwkSet> {
  const keys = (await node()).keysOf(world.idp)
  await keys.warmUp()
  return keys
}

/** Puts something in the place of the document. */
async function plant(text: string): Promise<void> {
  await redis.cli('SET', doc(), text)
}

/** The text with one bit changed. */
function spoil(text: string, place: number): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
  return bytes.toString('base64url')
}

describe('a document that this fleet has not sealed for its place', () => {
  const planted = () =>
    JSON.stringify({ url: world.idp.jwksUri, text: JSON.stringify(world.idp.jwks), fetchedAt: Date.now() / 1000 })
  const parts = async (): Promise<[string, string]> => (await stored()).split(' ') as [string, string]
  const serial = '1764000000000000'

  it.each<[string, () => Promise<string> | string]>([
    ['is not sealed at all', () => `${serial} ${planted()}`],
    ['is nonsense', () => `${serial} bm9uc2Vuc2U`],
    ['has lost its end', async () => (await stored()).slice(0, -4)],
    ['has lost all but its serial', () => `${serial} `],
    ['has a changed first byte', async () => (await parts()).map((part, i) => (i ? spoil(part, 0) : part)).join(' ')],
    ['has a changed nonce', async () => (await parts()).map((part, i) => (i ? spoil(part, 5) : part)).join(' ')],
    ['has a changed text', async () => (await parts()).map((part, i) => (i ? spoil(part, 40) : part)).join(' ')],
    ['is sealed by others', () => `${serial} ${ringOf(Buffer.alloc(32, 1)).seal('jwks', doc(), planted())}`],
    ['is sealed for another place', () => `${serial} ${ringOf(secret).seal('jwks', `${doc()}x`, planted())}`],
    ['is sealed for another purpose', () => `${serial} ${ringOf(secret).seal('vc', doc(), planted())}`],
    ['is sealed, and no document', () => `${serial} ${ringOf(secret).seal('jwks', doc(), '{"url":1}')}`],
    ['is far too large', () => `${serial} ${'A'.repeat(131_000)}`],
    ['has the greatest serial of all', () => `99999999999999999999999999 ${planted()}`],
  ])('is a miss where it %s, and is replaced', async (_, forge) => {
    await warm()
    await plant(await forge())
    const before = world.idp.requests.jwks
    const keys = (await node()).keysOf(world.idp)
    expect(await answer(keys, 'key-1')).toBe('key')
    expect(world.idp.requests.jwks - before).toBe(1)
    expect(rejections()).toBeGreaterThan(0)
    const another = (await node()).keysOf(world.idp)
    expect(await answer(another, 'key-1')).toBe('key')
    expect(world.idp.requests.jwks - before).toBe(1)
  })

  it('is a miss where it is larger than any, and is replaced', async () => {
    await redis.cli('SET', doc(), '1764000000000000 A')
    await redis.cli('SETRANGE', doc(), String(200 * 1_048_576), 'A')
    const keys = (await node()).keysOf(world.idp)
    expect(await answer(keys, 'key-1')).toBe('key')
    expect(rejections()).toBeGreaterThan(0)
    expect((await stored()).length).toBeLessThan(2_000)
  })

  it('is a miss where it was sealed for another issuer', async () => {
    const other = await createTestIssuer()
    world.atEnd(() => other.close())
    const first = await node()
    await first.keysOf(other).warmUp()
    await first.keysOf(world.idp).warmUp()
    const foreign = await redis.cli('GET', keyOf(other, 'doc'))
    await redis.cli('SET', keyOf(other, 'doc'), await stored())
    await plant(foreign)
    const { kid } = await other.rotate()
    const second = await node()
    const [keys, foreignKeys] = [second.keysOf(world.idp), second.keysOf(other)]
    expect(await answer(keys, 'key-1')).toBe('key')
    expect(await answer(foreignKeys, kid)).toBe('key')
    expect([keys.describe().kids, foreignKeys.describe().kids]).toEqual([['key-1'], ['key-1', kid]])
    expect(rejections()).toBeGreaterThan(1)
  })

  it('is a miss on a push, too, and the set in force stays', async () => {
    const keys = await warm()
    await plant(`${serial} ${planted()}`)
    await redis.cli('PUBLISH', keyOf(world.idp, 'up'), `${serial} 1`)
    await expect.poll(rejections).toBeGreaterThan(0)
    expect(keys.describe().kids).toEqual(['key-1'])
  })
})

describe('a document of this fleet that is put back', () => {
  it('does not bring a removed key back to a node that knows better', async () => {
    const keys = await warm()
    const old = await stored()
    const { kid } = await world.idp.rotate()
    world.idp.dropKey('key-1')
    expect(await answer(keys, kid)).toBe('key')
    const [, sealed] = old.split(' ')
    for (const text of [old, `9000000000000000 ${sealed}`]) {
      await plant(text)
      await redis.cli('PUBLISH', keyOf(world.idp, 'up'), '9000000000000000 1')
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub') // and it looks again, once it hears again
      await expect.poll(async () => (await redis.cli('PUBSUB', 'CHANNELS')) !== '').toBe(true)
    }
    expect(await answer(keys, 'key-1')).toBe('key_unknown')
    expect(keys.describe().kids).toEqual([kid])
  })

  it('serves a new node no longer than from when it was fetched', async () => {
    await warm()
    const old = await stored()
    world.advance(300)
    await plant(old)
    const before = world.idp.requests.jwks
    expect(await answer((await node()).keysOf(world.idp), 'key-1')).toBe('key')
    expect(world.idp.requests.jwks - before).toBe(1)
    world.advance(3_900)
    world.idp.fail()
    await plant(old)
    expect(await answer((await node()).keysOf(world.idp), 'key-1')).toBe('keys_unavailable')
  })
})

describe('a secret that changes', () => {
  it('opens what was sealed with the one before', async () => {
    await warm()
    const next = ringOf(Buffer.alloc(32, 'the next one'), secret)
    expect(await answer((await node(next)).keysOf(world.idp), 'key-1')).toBe('key')
    expect(world.idp.requests.jwks).toBe(1)
  })
})

describe('what holds up a fetch', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a lock for ever', () => redis.cli('SET', keyOf(world.idp, 'lock'), '1764000000000000 forged')],
    ['a lock for an hour', () => redis.cli('SET', keyOf(world.idp, 'lock'), '1764000000000000 x', 'EX', '3600')],
    ['a lock of another type', () => redis.cli('LPUSH', keyOf(world.idp, 'lock'), 'x')],
    ['a budget of nonsense', () => redis.cli('SET', keyOf(world.idp, 'cool'), 'x')],
    ['a budget of the future', () => redis.cli('SET', keyOf(world.idp, 'cool'), '0 9999999999999999')],
  ])('is not %s', async (_, put) => {
    await put()
    const keys = (await node()).keysOf(world.idp)
    expect(await answer(keys, 'key-1')).toBe('key')
    const { kid } = await world.idp.rotate()
    expect(await answer(keys, kid)).toBe('key')
    expect(await redis.cli('KEYS', '*')).toBe(doc())
  })

  it.each(['doc', 'cool'] as const)(
    'is not a %s of another type: the node asks by itself, and says so',
    async (part) => {
      const keys = await warm()
      await redis.cli('DEL', keyOf(world.idp, part))
      await redis.cli('LPUSH', keyOf(world.idp, part), 'x')
      const { kid } = await world.idp.rotate()
      expect(await answer(keys, kid)).toBe('key')
      expect(world.stateEvents).toContainEqual({
        outcome: 'warning',
        reason: expect.stringMatching(/^key sets are not shared: /),
      })
    },
  )
})

describe('a fleet that somebody keeps from its issuer', () => {
  const seconds = 0.3 // of waiting for others
  /** A node with a set of which the lifetime is over, and a key that the issuer has withdrawn since. */
  async function outdated(forger: (port: RedisPort) => RedisPort = (port) => port): Promise<RemoteJwkSet> {
    const { port } = await node()
    const attacked = await world.node(redis.url, { port: forger(port), connects: false })
    const keys = attacked.keysOf(world.idp, { timeoutSeconds: seconds })
    await keys.warmUp()
    await world.idp.rotate()
    world.idp.dropKey('key-1')
    world.advance(300 + 1_800) // stale by now, and good for as long again if the issuer were down
    return keys
  }

  /** Does something again and again, as fast as it can, as long as something else takes. */
  async function meanwhile<T>(act: () => Promise<unknown>, what: Promise<T>): Promise<T> {
    let isOver = false
    const over = what.finally(() => {
      isOver = true
    })
    while (!isOver) await act()
    return over
  }

  it.each([
    ['a lock that is renewed', '1 x'],
    ['a lock that says nothing', ''],
    ['a lock of the future', '9999999999999999 x'],
    ['a lock of a megabyte', `1 ${'x'.repeat(1_000_000)}`],
  ])('by %s still hears of a key that is gone', async (_, lock) => {
    const keys = await outdated()
    const [fetches, from] = [world.idp.requests.jwks, performance.now()]
    const hold = () => redis.cli('SET', keyOf(world.idp, 'lock'), lock, 'PX', '3000')
    await hold()
    const sent = await bytesSent()
    expect(await meanwhile(hold, answer(keys, 'key-1'))).toBe('key_unknown')
    expect((await bytesSent()) - sent).toBeLessThan(500_000) // nobody reads such a lock to its end
    expect(world.idp.requests.jwks - fetches).toBe(1)
    expect(performance.now() - from).toBeGreaterThan(seconds * 1000 - 50)
    expect(performance.now() - from).toBeLessThan(4_000) // 0.5 by itself; machines that run tests may have much else to do
    expect(keys.describe().kids).toEqual([world.idp.key.kid])
  })

  it('by a document that is another one at every look still hears of it', async () => {
    let [looks, isAttacked] = [0, false]
    const keys = await outdated((port) =>
      withRun(port, async (...call) => {
        looks += 1
        if (isAttacked) await plant(`${looks} forged`)
        return port.run(...call)
      }),
    )
    isAttacked = true
    const fetches = world.idp.requests.jwks
    expect(await answer(keys, 'key-1')).toBe('key_unknown')
    expect(world.idp.requests.jwks - fetches).toBe(1)
    expect(looks).toBeGreaterThan(3)
  })

  it('by pushes that never end still hears of it', async () => {
    const keys = await outdated()
    const hold = async () => {
      await redis.cli('SET', keyOf(world.idp, 'lock'), '1 x', 'PX', '3000')
      await redis.cli('PUBLISH', keyOf(world.idp, 'up'), '9000000000000000 1')
    }
    await hold()
    expect(await meanwhile(hold, answer(keys, 'key-1'))).toBe('key_unknown')
  })

  async function bytesSent(): Promise<number> {
    return Number(/total_net_output_bytes:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1])
  }

  /** The same port, but for how scripts go through it. */
  function withRun(port: RedisPort, run: RedisPort['run']): RedisPort {
    return new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        return name === 'run' ? run : typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
})
