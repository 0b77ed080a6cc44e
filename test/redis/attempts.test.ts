// Failures that a fleet counts together, on a real server: at once here, soon everywhere, and never waited for.
import { createMemoryState, createVerifier, type Verifier } from '@sallyport/core'
import { createTestClock, createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisAttemptCounters } from '../../packages/redis/src/redis-attempt-counters.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.js'

const clock = createTestClock()
const start = Math.ceil(clock() / 60) * 60
const names = new KeyNames(new KeyRing([Buffer.alloc(32, 1)], 'test'), 'test')
const address = '["address","192.0.2.1"]'
const key = names.key('rl', [address, String(start / 60)])

const redis = await startRedis()
afterAll(() => redis.stop())

let opened: { close(): unknown }[] = []
beforeEach(async () => {
  clock.set(start)
  await redis.cli('FLUSHALL')
})
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
})

/** Counters with a connection of their own, as another process has them. */
async function openCounters(url = redis.url): Promise<RedisAttemptCounters> {
  const port = createPort({ url }, { strict: false, regionName: undefined })
  opened.push({ close: () => port.close(0.2) })
  await port.connect(5)
  return new RedisAttemptCounters(port, names, clock)
}

async function openProxy(): Promise<TcpProxy> {
  const proxy = await startTcpProxy(redis.port)
  opened.push({ close: () => proxy.stop() })
  return proxy
}

function add(counters: RedisAttemptCounters, times: number, name = address): void {
  for (let each = 0; each < times; each++) counters.add(name, 60)
}

describe('a failure', () => {
  it('counts here at once, and for the others soon, by itself', async () => {
    const here = await openCounters()
    add(here, 2)
    expect(here.count(address, 60)).toBe(2)
    await expect.poll(() => redis.cli('GET', key)).toBe('2')
  })

  it('is known to whoever has one of that name himself', async () => {
    const [here, there] = [await openCounters(), await openCounters()]
    add(here, 2)
    await here.flush()
    add(there, 1)
    expect(there.count(address, 60)).toBe(1)
    await there.flush()
    expect([here.count(address, 60), there.count(address, 60)]).toEqual([2, 3])
    add(here, 1)
    await here.flush()
    expect([here.count(address, 60), there.count(address, 60)]).toEqual([4, 3])
  })

  it('is counted once, whoever tells and however often', async () => {
    const [here, there] = [await openCounters(), await openCounters()]
    for (let round = 0; round < 5; round++) {
      add(here, 1)
      add(there, 2)
      await Promise.all([here.flush(), there.flush()])
    }
    add(here, 1)
    add(there, 1)
    await here.flush()
    await there.flush()
    await here.flush()
    expect(await redis.cli('GET', key)).toBe('17')
    expect(there.count(address, 60)).toBe(17)
  })

  it('of one name says nothing of another', async () => {
    const [here, there] = [await openCounters(), await openCounters()]
    add(here, 2)
    await here.flush()
    add(there, 1, 'other')
    await there.flush()
    expect(there.count('other', 60)).toBe(1)
    expect(there.count(address, 60)).toBe(0)
  })

  it('of the others slides out of the window like those of this process', async () => {
    const [here, there] = [await openCounters(), await openCounters()]
    add(here, 6)
    await here.flush()
    add(there, 2)
    await there.flush()
    const at = (seconds: number): number => {
      clock.set(start + seconds)
      return there.count(address, 60)
    }
    expect(at(59)).toBe(8)
    expect(at(90)).toBeCloseTo(4)
    expect(at(120)).toBe(0)
  })

  it('leaves a key that expires, and tells nobody whose it was', async () => {
    const here = await openCounters()
    add(here, 1)
    await here.flush()
    expect(await redis.cli('KEYS', '*')).toBe(key)
    expect(key).toMatch(/^sp1:test:\{rl:[\w-]{22}\}$/)
    const first = Number(await redis.cli('PTTL', key))
    expect(first).toBeGreaterThan(110_000)
    expect(first).toBeLessThanOrEqual(120_000)
    await redis.cli('PEXPIRE', key, '50000')
    add(here, 1)
    await here.flush()
    expect(Number(await redis.cli('PTTL', key))).toBeLessThanOrEqual(50_000) // and not anew with each
  })
})

describe('without Redis', () => {
  it('each process counts by itself, and tells of it later', async () => {
    const proxy = await openProxy()
    const here = await openCounters(proxy.url)
    proxy.cut()
    await expect.poll(() => proxy.connections).toBe(0)
    add(here, 2)
    await here.flush()
    expect(here.count(address, 60)).toBe(2)
    proxy.heal()
    await expect
      .poll(async () => {
        await here.flush()
        return redis.cli('GET', key)
      })
      .toBe('2')
    expect(here.count(address, 60)).toBe(2)
  })

  it('nobody waits for a server that hangs, and nothing is told twice', async () => {
    const proxy = await openProxy()
    const [here, there] = [await openCounters(proxy.url), await openCounters()]
    proxy.hang()
    add(here, 2)
    await here.flush()
    expect(here.count(address, 60)).toBe(2)
    proxy.heal()
    await expect.poll(() => redis.cli('GET', key)).toBe('2')
    add(here, 1)
    await expect
      .poll(async () => {
        await here.flush()
        return redis.cli('GET', key)
      })
      .toBe('3')
    expect(here.count(address, 60)).toBe(3)
    add(there, 1)
    await there.flush()
    expect(there.count(address, 60)).toBe(4)
  })

  it('of which the answers are lost, own failures are not taken for those of others', async () => {
    const proxy = await openProxy()
    const here = await openCounters(proxy.url)
    add(here, 2)
    proxy.swallowReplies(1, '{rl:')
    await here.flush()
    add(here, 1)
    await expect
      .poll(async () => {
        await here.flush()
        return redis.cli('GET', key)
      })
      .toBe('3')
    expect(here.count(address, 60)).toBe(3)
  })

  it('a value of another type counts nothing, and what it kept from the others counts here alone', async () => {
    const [here, there] = [await openCounters(), await openCounters()]
    await redis.cli('RPUSH', key, 'a')
    add(here, 2)
    await here.flush()
    expect(here.count(address, 60)).toBe(2)
    await redis.cli('DEL', key)
    add(there, 3)
    await there.flush()
    add(here, 1)
    await here.flush()
    expect(here.count(address, 60)).toBe(6)
  })

  it('whoever lowers what is counted there lowers nothing here', async () => {
    const here = await openCounters()
    await redis.cli('SET', key, '-1000000')
    add(here, 2)
    await here.flush()
    expect(here.count(address, 60)).toBe(2)
  })
})

describe('a flood', () => {
  it('tells the others of the last 250 names, and counts all of them here', async () => {
    const here = await openCounters()
    for (let each = 0; each < 400; each++) here.add(`name ${each}`, 60)
    await here.flush()
    expect(await redis.cli('DBSIZE')).toBe('250')
    expect(await redis.cli('EXISTS', names.key('rl', ['name 149', String(start / 60)]))).toBe('0')
    expect(await redis.cli('EXISTS', names.key('rl', ['name 150', String(start / 60)]))).toBe('1')
    expect([here.count('name 0', 60), here.count('name 399', 60)]).toEqual([1, 1])
  })

  it('of one name is one command', async () => {
    const here = await openCounters()
    await redis.cli('CONFIG', 'RESETSTAT')
    add(here, 10_000)
    await here.flush()
    expect(await redis.cli('GET', key)).toBe('10000')
    expect(await redis.cli('INFO', 'commandstats')).toContain('cmdstat_incrby:calls=1,')
  })
})

describe('the end', () => {
  it('tells what is left, and nothing after that', async () => {
    const here = await openCounters()
    add(here, 2)
    await here.close()
    expect(await redis.cli('GET', key)).toBe('2')
    add(here, 1)
    await here.flush()
    expect(here.count(address, 60)).toBe(3)
    expect(await redis.cli('GET', key)).toBe('2')
  })
})

describe('RFC 6585 §4: whoever sends bad tokens to one node', () => {
  it('has to wait at the others, too', async () => {
    const idp = await createTestIssuer({ clock })
    opened.push(idp)
    const stranger = await createTestKey('ES256', idp.key.kid)
    const trust = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock, trustedProxies: [] }
    const nodes = await Promise.all(
      [1, 2].map(async () => {
        const attempts = await openCounters()
        const state = Object.assign(createMemoryState({ clock }), { attempts })
        const failedAttempts = { limit: 4, windowSeconds: 60 }
        return { attempts, verifier: createVerifier({ ...trust, state, failedAttempts }) as Verifier }
      }),
    )
    const ask = async (node: (typeof nodes)[number] | undefined, token: string) => {
      const request = { headers: { authorization: `Bearer ${token}` }, remoteAddress: '192.0.2.1' }
      const decision = await node?.verifier.verify(request)
      await node?.attempts.flush()
      return decision?.allowed ? 'allowed' : decision?.code
    }
    const forged = await idp.issue({}, { key: stranger })
    const answers: (string | undefined)[] = []
    for (let each = 0; each < 6; each++) answers.push(await ask(nodes[each % 2], forged))
    expect(answers.slice(0, 4)).toEqual(Array(4).fill('signature_invalid'))
    expect(answers.slice(4)).toContain('attempts_exceeded')
    expect(await ask(nodes[1], await idp.issue())).toBe('attempts_exceeded')
  })
})
