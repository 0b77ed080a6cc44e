// Answers that a fleet remembers, on a real server: sealed, bounded, and a miss whatever goes wrong.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Answer, StateEvent } from '@sallyport/core'
import { createTestClock } from '@sallyport/core/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisVerdictCache } from '../../packages/redis/src/redis-verdict-cache.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'

const clock = createTestClock()
const now = clock()
const secret = Buffer.alloc(32, 1)
const ring = new KeyRing([secret], 'test')
const names = new KeyNames(ring, 'test')
const question = { kind: 'introspection', of: 'https://idp.example.com', about: 'opaque-token-1' }
const key = names.key('vc', [question.kind, question.of, question.about])
const inAMinute = now + 60

const redis = await startRedis()
afterAll(() => redis.stop())

const heard: StateEvent[] = []
const listen = (event: unknown) => void heard.push(event as StateEvent)
let opened: { close(): unknown }[] = []
beforeEach(async () => {
  clock.set(now)
  await redis.cli('FLUSHALL')
  subscribe('sallyport:state', listen)
})
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
  unsubscribe('sallyport:state', listen)
  heard.length = 0
})

/** A cache with a connection of its own, as another process has it. */
async function openCache(url = redis.url, keys = ring): Promise<RedisVerdictCache> {
  const port = createPort({ url }, { strict: false, regionName: undefined })
  opened.push({ close: () => port.close(0.2) })
  await port.connect(5)
  return new RedisVerdictCache(port, new KeyNames(keys, 'test'), keys, clock)
}

/** What one process asks for after another was told. A machine that has much else to do may take longer than a miss does. */
async function expectRecalled(cache: RedisVerdictCache, answer: Answer): Promise<void> {
  await expect.poll(() => cache.recall(question)).toEqual({ answer })
}

async function expectRemembered(cache: RedisVerdictCache, answer: Answer, until = inAMinute): Promise<void> {
  const isThere = async (): Promise<string> => {
    await cache.remember(question, answer, until)
    return redis.cli('EXISTS', key)
  }
  await expect.poll(isThere).toBe('1')
}

const rejections = () => heard.filter(({ outcome }) => outcome === 'rejected')

describe('an answer', () => {
  it.each<Answer>([
    { active: true, scope: 'read', roles: ['a', null], depth: { n: 1.5 } },
    [],
    'text \u{1f511}\ud800',
    0,
    false,
    null,
  ])('that one process remembers, another recalls: %j', async (answer) => {
    const [here, there] = [await openCache(), await openCache()]
    await expectRemembered(here, answer)
    await expectRecalled(there, answer)
  })

  it.each([
    ['kind', { kind: 'subject' }],
    ['source', { of: 'https://other.example.com' }],
    ['matter', { about: 'opaque-token-2' }],
  ])('to a question of another %s is another', async (_, other) => {
    const cache = await openCache()
    await expectRemembered(cache, true)
    await expectRecalled(cache, true)
    for (let each = 0; each < 5; each++) expect(await cache.recall({ ...question, ...other })).toBeUndefined()
    expect(rejections()).toEqual([])
  })

  it('holds until its time, by the clock of whoever asks', async () => {
    const cache = await openCache()
    await expectRemembered(cache, true)
    clock.set(inAMinute - 0.001)
    await expectRecalled(cache, true)
    clock.set(inAMinute)
    for (let each = 0; each < 5; each++) expect(await cache.recall(question)).toBeUndefined()
  })

  it.each([
    ['its time', 60, 60],
    ['a day at most', 100_000, 86_400],
    ['a day at most, if it is for ever', Number.POSITIVE_INFINITY, 86_400],
  ])('is kept for %s', async (_, seconds, expected) => {
    const cache = await openCache()
    await expectRemembered(cache, true, now + seconds)
    const milliseconds = Number(await redis.cli('PTTL', key))
    expect(milliseconds).toBeGreaterThan(expected * 1000 - 5_000)
    expect(milliseconds).toBeLessThanOrEqual(expected * 1000)
    clock.set(now + expected - 0.001)
    await expectRecalled(cache, true)
    clock.set(now + expected)
    for (let each = 0; each < 5; each++) expect(await cache.recall(question)).toBeUndefined()
  })

  it('of which the time is over is not remembered', async () => {
    const cache = await openCache()
    await redis.cli('CONFIG', 'RESETSTAT')
    for (const until of [now, now - 1, Number.NaN]) await cache.remember(question, true, until)
    expect(await redis.cli('DBSIZE')).toBe('0')
    expect(await redis.cli('INFO', 'commandstats')).not.toContain('cmdstat_set:') // nobody was asked
  })

  it('is not remembered if it is too large, and is if it just fits', async () => {
    const cache = await openCache()
    const rest = JSON.stringify({ answer: '', until: inAMinute }).length
    const fits = 'ä'.repeat((65_536 - rest) / 2)
    await cache.remember(question, `${fits}aa`, inAMinute)
    expect(await redis.cli('DBSIZE')).toBe('0')
    await expectRemembered(cache, fits)
    await expectRecalled(cache, fits)
  })

  it('replaces the one before', async () => {
    const cache = await openCache()
    await expectRemembered(cache, 'first')
    await cache.remember(question, 'second', inAMinute)
    await expect
      .poll(async () => {
        await cache.remember(question, 'second', inAMinute)
        return cache.recall(question)
      })
      .toEqual({ answer: 'second' })
  })

  it('is not readable in Redis, nor is the question', async () => {
    const cache = await openCache()
    await expectRemembered(cache, { secretRole: 'owner' })
    expect(await redis.cli('KEYS', '*')).toBe(key)
    expect(key).toMatch(/^sp1:test:\{vc:[\w-]{22}\}$/)
    const stored = await redis.cli('GET', key)
    expect(stored).toMatch(/^[\w-]+$/)
    expect(Buffer.from(stored, 'base64url').toString('latin1')).not.toContain('owner')
  })
})

describe('a miss, and nothing worse, comes of', () => {
  it('a server that hangs, soon', async () => {
    const proxy = await startTcpProxy(redis.port)
    opened.push({ close: () => proxy.stop() })
    const cache = await openCache(proxy.url)
    await expectRemembered(cache, true)
    proxy.hang()
    const start = performance.now()
    expect(await cache.recall(question)).toBeUndefined()
    await cache.remember(question, false, inAMinute)
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('no connection', async () => {
    const proxy = await startTcpProxy(redis.port)
    opened.push({ close: () => proxy.stop() })
    const cache = await openCache(proxy.url)
    proxy.cut()
    expect(await cache.recall(question)).toBeUndefined()
    await expect(cache.remember(question, false, inAMinute)).resolves.toBeUndefined()
  })

  it('a value of another type, which gives way to an answer', async () => {
    const cache = await openCache()
    await redis.cli('RPUSH', key, 'a')
    for (let each = 0; each < 5; each++) expect(await cache.recall(question)).toBeUndefined()
    const recall = async () => {
      await cache.remember(question, true, inAMinute)
      return cache.recall(question)
    }
    await expect.poll(recall).toEqual({ answer: true })
  })

  it('a server that is full', async () => {
    const cache = await openCache()
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(cache.remember(question, true, inAMinute)).resolves.toBeUndefined()
      expect(await cache.recall(question)).toBeUndefined()
    } finally {
      await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await redis.cli('DBSIZE')).toBe('0')
  })

  it('a secret that this process does not have, and it says so', async () => {
    const other = new KeyRing([Buffer.alloc(32, 2), secret], 'test') // names alike, seals anew
    const [here, there] = [await openCache(), await openCache(redis.url, other)]
    await expectRemembered(there, true)
    await expectRecalled(there, true)
    await expect
      .poll(async () => {
        expect(await here.recall(question)).toBeUndefined()
        return rejections().length
      })
      .toBeGreaterThan(0)
  })

  it('a value that is longer than any of ours, which is not read to its end', async () => {
    const cache = await openCache()
    await redis.cli('SETRANGE', key, '20000000', 'x')
    const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1])
    const before = await sent()
    await expect
      .poll(async () => {
        expect(await cache.recall(question)).toBeUndefined()
        return rejections().length
      })
      .toBeGreaterThan(0)
    expect((await sent()) - before).toBeLessThan(1_000_000)
  })
})
