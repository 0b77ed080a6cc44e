// What cannot be told is not guessed: a node that has not heard from Redis for too long passes nobody, and passes them again
// once it has.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { heardEvents, log, noon, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const clean = token({ jti: 'clean' })
const unavailable = expect.objectContaining({ code: 'state_unavailable', retryAfterSeconds: 1 })

describe('a node that hears nothing', () => {
  it('passes tokens for as long as it may, then nobody, and mends', async () => {
    using events = heardEvents()
    let ahead = 0
    await using proxy = await startTcpProxy(server.port)
    await using near = await startNode(server.url)
    await using node = await startNode(proxy.url, { stopwatch: () => performance.now() / 1000 + ahead })
    expect(node.revocations.health()).toMatchObject({ status: 'ready', staleSeconds: 0 })
    proxy.hang()
    await near.revocations.revoke({ jti: 'taken' })
    ahead = 15
    expect(node.revocations.isRevoked(clean)).toBe(false)
    expect(node.revocations.health().status).toBe('degraded')
    await expect.poll(() => events.map(({ outcome }) => outcome), { timeout: 3_000 }).toContain('degraded')
    ahead = 29
    expect(node.revocations.health().staleSeconds).toBeGreaterThan(28)
    ahead = 31
    expect(() => node.revocations.isRevoked(clean)).toThrow(unavailable)
    expect(node.revocations.health().status).toBe('stale')
    await expect.poll(() => events.map(({ outcome }) => outcome), { timeout: 3_000 }).toContain('stale')
    proxy.heal()
    await node.revocations.ready()
    expect(node.revocations.isRevoked(clean)).toBe(false)
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })

  it('is not ready before it has heard anything', async () => {
    await using proxy = await startTcpProxy(server.port)
    proxy.hang()
    await using node = await startNode(proxy.url, { wait: false, startTimeoutSeconds: 1 })
    expect(node.revocations.health()).toMatchObject({ status: 'starting', staleSeconds: Number.POSITIVE_INFINITY })
    expect(() => node.revocations.isRevoked(clean)).toThrow(unavailable)
    await expect(node.revocations.ready()).rejects.toEqual(unavailable)
    proxy.heal()
    await expect.poll(() => node.revocations.health().status, { timeout: 5_000 }).toBe('ready')
  })
})

describe('a narrow line', () => {
  it('is read over in smaller pieces', async () => {
    const texts = Array.from({ length: 1_500 }, (_, index) => written({ jti: `token-${index}` }, { count: index + 1 }))
    const fill = `for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end`
    for (let index = 0; index < 1_500; index += 300)
      await server.cli('EVAL', fill, '1', log, ...texts.slice(index, index + 300))
    await using proxy = await startTcpProxy(server.port)
    await using near = await startNode(server.url)
    proxy.throttle(80_000) // a thousand take longer than anybody waits for them
    await using node = await startNode(proxy.url, { startTimeoutSeconds: 25 })
    expect(node.revocations.health().revocations).toBe(1_500)
    expect(near.revocations.health().status).toBe('ready')
  })
})

describe('a master that was cut off', () => {
  it('is not believed, though it answers: it refuses to be written to', async () => {
    let ahead = 0
    const stopwatch = (): number => performance.now() / 1000 + ahead
    await using node = await startNode(server.url, { stopwatch, startTimeoutSeconds: 2 })
    await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    try {
      ahead = 31
      await expect(node.revocations.ready()).rejects.toEqual(unavailable)
      expect((await server.cli('XLEN', log)).trim()).toBe('0') // it answers
    } finally {
      await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
    }
    await node.revocations.ready()
    expect(node.revocations.isRevoked(clean)).toBe(false)
  }, 20_000)
})

describe('more revocations than fit', () => {
  it('are refused to whoever makes them', async () => {
    await using node = await startNode(server.url, { maxRevocations: 3 })
    for (const jti of ['1', '2', '3']) await node.revocations.revoke({ jti })
    await expect(node.revocations.revoke({ jti: '4' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: '3 revocations are remembered, and no more fit: say `until`',
    })
    expect(node.revocations.isRevoked(clean)).toBe(false)
  })

  it('fit where others are past', async () => {
    await using node = await startNode(server.url, { maxRevocations: 3 })
    for (const jti of ['1', '2', '3']) await node.revocations.revoke({ jti }, { until: noon - 200 })
    await expect(node.revocations.revoke({ jti: '4' })).rejects.toMatchObject({ name: 'ConfigurationError' })
    await using other = await startNode(server.url, { maxRevocations: 3, clock: () => noon + 101 })
    await other.revocations.revoke({ jti: '4' })
    expect(other.revocations.health().revocations).toBe(1)
  })

  it('let nobody pass where they are read', async () => {
    using events = heardEvents()
    await using large = await startNode(server.url)
    await using small = await startNode(server.url, { maxRevocations: 3 })
    for (const jti of ['1', '2', '3']) await large.revocations.revoke({ jti })
    await expect.poll(() => small.revocations.health().revocations).toBe(3)
    expect(small.revocations.isRevoked(clean)).toBe(false)
    await large.revocations.revoke({ jti: '4' })
    await expect.poll(() => small.revocations.health().status).toBe('stale')
    expect(() => small.revocations.isRevoked(clean)).toThrow(unavailable)
    expect(events.filter(({ outcome }) => outcome === 'stale')).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('`maxRevocations`') }),
    ])
    expect(large.revocations.isRevoked(clean)).toBe(false)
  })

  it('let nobody pass at once, before anything is read again', async () => {
    await server.cli('ACL', 'SETUSER', 'nosy', 'on', '>pass', '~*', '&*', '+@all')
    await using large = await startNode(server.url)
    await using small = await startNode(server.url.replace('//', '//nosy:pass@'), { maxRevocations: 1 })
    await large.revocations.revoke({ jti: '1' })
    await expect.poll(() => small.revocations.health().revocations).toBe(1)
    await server.cli('ACL', 'SETUSER', 'nosy', '-xrange')
    await large.revocations.revoke({ jti: '2' })
    await expect.poll(() => small.revocations.health().status).toBe('stale')
  })

  it('are refused by a log that is full, in the same words', async () => {
    await using node = await startNode(server.url, { maxRevocations: 100 })
    const most = 100 + 13 + 1_000
    for (let index = 0; index < most; index += 100) {
      const texts = Array.from({ length: Math.min(100, most - index) }, () => written({ jti: 'the same' }))
      await server.cli(
        'EVAL',
        `for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end`,
        '1',
        log,
        ...texts,
      )
    }
    await expect(node.revocations.revoke({ jti: 'one more' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: '100 revocations are remembered, and no more fit: say `until`',
    })
  })
})
