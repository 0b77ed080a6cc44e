// Whoever can write to Redis can take the lock, change rows and end a log: what is known comes back all the same.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { log, meta, noon, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer
const lock = 'sp1:test:{rv}:lock'
const settling = 'sp1:test:{rv}:settling'

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const length = async (): Promise<number> => Number((await server.cli('XLEN', log)).trim())
const rows = (): Promise<string> => server.cli('XRANGE', log, '-', '+')

describe('a lock that was taken by whoever could', () => {
  it.each([
    ['for ever', []],
    ['for longer than anybody takes it', ['PX', '60000']],
  ])('%s is none', async (_, lease) => {
    await using node = await startNode(server.url)
    for (const jti of ['1', '2', '3']) await node.revocations.revoke({ jti })
    await server.cli('SET', lock, 'x', ...lease)
    await server.cli('DEL', log)
    await expect.poll(length, { timeout: 6_000 }).toBe(3)
  })

  it('over and over stops nobody for longer than ten seconds', async () => {
    let ahead = 0
    await using node = await startNode(server.url, { stopwatch: () => performance.now() / 1000 + ahead })
    await node.revocations.revoke({ jti: '1' })
    const take = (): Promise<string> => server.cli('SET', lock, 'x', 'PX', '9000')
    await take()
    await server.cli('DEL', log)
    const waited = performance.now() + 3_500
    await expect.poll(async () => (await take()) && performance.now() > waited, { timeout: 6_000 }).toBe(true)
    expect(await length()).toBe(0) // whoever has it may be at work
    ahead = 11
    const restored = async (): Promise<number> => {
      await take()
      return length()
    }
    await expect.poll(restored, { timeout: 6_000 }).toBe(1)
  }, 20_000)
})

describe('a log that was changed under the same ids', () => {
  it('is read from its beginning now and then, and gets what it lacks', async () => {
    await using node = await startNode(server.url, { auditSeconds: 1 })
    await node.revocations.revoke({ jti: 'taken' })
    await node.revocations.revoke({ jti: 'other' })
    const [first = '', , text = '', second = ''] = (await rows()).split('\n')
    const swap = `redis.call('DEL', KEYS[1]) for i = 1, 2 do redis.call('XADD', KEYS[1], ARGV[i], 'e', ARGV[3]) end`
    await server.cli('EVAL', swap, '1', log, first, second, text)
    await expect.poll(length, { timeout: 8_000 }).toBe(3)
    await using later = await startNode(server.url)
    for (const jti of ['taken', 'other']) expect(later.revocations.isRevoked(token({ jti }))).toBe(true)
  }, 15_000)
})

describe('a log that cannot be continued', () => {
  it('is begun anew with what is known', async () => {
    await using node = await startNode(server.url)
    await node.revocations.revoke({ jti: 'taken' })
    await server.cli('XADD', log, '18446744073709551615-18446744073709551615', 'e', 'x')
    const revoked = (): Promise<boolean> =>
      node.revocations.revoke({ jti: 'later' }).then(
        () => true,
        () => false,
      )
    await expect.poll(revoked, { timeout: 8_000 }).toBe(true)
    await using later = await startNode(server.url)
    for (const jti of ['taken', 'later']) expect(later.revocations.isRevoked(token({ jti }))).toBe(true)
  }, 20_000)

  it('is begun anew although somebody takes the lock over and over', async () => {
    let ahead = 0
    await using node = await startNode(server.url, { stopwatch: () => performance.now() / 1000 + ahead })
    await node.revocations.revoke({ jti: 'taken' })
    const take = (): Promise<string> => server.cli('SET', lock, 'x', 'PX', '9000')
    await take()
    await server.cli('XADD', log, '18446744073709551615-18446744073709551615', 'e', 'x')
    const revoked = async (): Promise<boolean> => {
      ahead += 0.5
      await take()
      return node.revocations.revoke({ jti: 'later' }).then(
        () => true,
        () => false,
      )
    }
    await expect.poll(revoked, { timeout: 20_000 }).toBe(true)
  }, 30_000)

  it('is one with ids of another day, and not of the next hour', async () => {
    const soon = `${Date.now() + 3_600_000}-0`
    await using node = await startNode(server.url)
    await server.cli('XADD', log, soon, 'e', written({ jti: 'ahead' }))
    await node.revocations.revoke({ jti: 'taken' })
    await expect.poll(() => node.revocations.health().revocations, { timeout: 3_000 }).toBe(2)
    expect(await rows()).toContain(soon)
    const late = `${Date.now() + 90_000_000}-0`
    await server.cli('XADD', log, late, 'e', written({ jti: 'far ahead' }, { count: 2 }))
    await expect
      .poll(async () => [await length(), (await rows()).includes(late)], { timeout: 8_000 })
      .toEqual([3, false])
  }, 20_000)
})

describe('the name of a log', () => {
  it.each([
    ['nonsense', ['SET', meta, 'x']],
    ['a list', ['EVAL', `redis.call('DEL', KEYS[1]) redis.call('LPUSH', KEYS[1], 'x')`, '1', meta]],
    ['that of others', ['SET', meta, '1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA']],
    ['huge', ['EVAL', `redis.call('SET', KEYS[1], string.rep('x', 20000000))`, '1', meta]],
  ])('is given once more by those who know the log: %s', async (_, command) => {
    let ahead = 0
    await using node = await startNode(server.url, { stopwatch: () => performance.now() / 1000 + ahead })
    await node.revocations.revoke({ jti: 'taken' })
    const name = await server.cli('GET', meta)
    await server.cli(...command)
    ahead = 31
    await node.revocations.ready()
    const given = await server.cli('GETRANGE', meta, '0', '99')
    expect(given).not.toBe(name)
    expect(given.trim().slice(-22)).toBe(name.trim().slice(-22))
    await using later = await startNode(server.url)
    expect(later.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })
})

describe('what keeps new nodes waiting', () => {
  it.each([
    ['for ever', ['SET', settling, 'x']],
    ['for longer than anybody asks for', ['SET', settling, 'x', 'PX', '60000']],
    ['as a list', ['LPUSH', settling, 'x']],
  ])('does not: %s', async (_, command) => {
    await server.cli(...command)
    await using node = await startNode(server.url, { startTimeoutSeconds: 4 })
    expect(node.revocations.health().status).toBe('ready')
  })

  it('does for as long as it may', async () => {
    await using running = await startNode(server.url)
    await running.revocations.revoke({ jti: 'taken' }, { until: noon + 60 })
    await server.cli('SET', settling, 'x', 'PX', '1900')
    const start = performance.now()
    await using node = await startNode(server.url)
    expect(performance.now() - start).toBeGreaterThan(1_000)
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })
})
