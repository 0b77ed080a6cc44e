// What a log has to keep while it is shortened: the row that somebody's reading ended with, and every entry that still counts,
// whatever goes wrong in the middle of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { RevocationLog } from '../../packages/redis/src/revocation/revocation-log.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { heardEvents, log, noon, startNode, token, written } from './revocation-fleet.js'

const ring = new KeyRing([Buffer.alloc(32, 'the secret of this fleet')], 'test')
let server: RedisServer
let port: RedisPort

beforeAll(async () => {
  server = await startRedis()
  port = createPort({ url: server.url }, { strict: false, regionName: undefined })
  await port.connect(5)
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(async () => {
  await port?.close(1)
  await server?.stop()
})

/** Writes rows, under ids that begin with these milliseconds. */
async function fill(milliseconds: number, texts: readonly string[]): Promise<void> {
  const write = `for i = 2, #ARGV do redis.call('XADD', KEYS[1], ARGV[1] .. '-' .. i, 'e', ARGV[i]) end`
  await server.cli('EVAL', write, '1', log, String(milliseconds), ...texts)
}

const pastEntries = (count: number, writer: string): readonly string[] =>
  Array.from({ length: count }, (_, index) =>
    written({ jti: `${writer}-${index}` }, { writer, count: index + 1, until: noon - 2_000 }),
  )

const length = async (): Promise<number> => Number((await server.cli('XLEN', log)).trim())

describe('a process that has read a log to its end', () => {
  it('reads on from there, though all before that was given up while it was away', async () => {
    await using proxy = await startTcpProxy(server.port)
    const day = Date.now()
    // Two hours old, and the last of them is where a reader stands that was away since.
    const last = written({ jti: 'last' }, { count: 2 })
    await fill(day - 7_200_000, [written({ jti: 'living' }), ...pastEntries(300, 'writer-past'), last])
    await using near = await startNode(server.url)
    await using far = await startNode(proxy.url)
    using events = heardEvents()
    proxy.cut()
    await fill(day, pastEntries(800, 'writer-late'))
    const compacted = (): Promise<number> => near.revocations.compact().then(length)
    await expect.poll(compacted).toBe(802)
    proxy.heal()
    // Nobody is told of these: the second is read by who has read all before it, and has seen what is missing, if anything is.
    for (const [jti, count] of [['new', 3] as const, ['newer', 4] as const]) {
      await server.cli('XADD', log, '*', 'e', written({ jti }, { count }))
      await expect.poll(() => far.revocations.health().revocations).toBe(count)
    }
    for (const jti of ['living', 'last', 'newer']) expect(far.revocations.isRevoked(token({ jti }))).toBe(true)
    expect(events.map(({ outcome }) => outcome)).not.toContain('resynced')
    await using later = await startNode(server.url)
    expect(later.revocations.isRevoked(token({ jti: 'living' }))).toBe(true)
  })
})

describe('a row with the last id of its millisecond', () => {
  it('is given up like any other', async () => {
    const day = Date.now()
    await using node = await startNode(server.url)
    await fill(day - 7_200_000, pastEntries(1_200, 'writer-past'))
    // The last of the first page.
    const cut = `redis.call('XTRIM', KEYS[1], 'MAXLEN', 499) redis.call('XADD', KEYS[1], ARGV[1], 'e', ARGV[3])
      for i = 1, 1100 do redis.call('XADD', KEYS[1], ARGV[2] .. '-' .. i, 'e', ARGV[3]) end`
    const [last, after] = [`${day - 7_200_000}-18446744073709551615`, String(day - 7_100_000)]
    await server.cli('EVAL', cut, '1', log, last, after, 'garbage')
    const compacted = (): Promise<number> => node.revocations.compact().then(length)
    await expect.poll(compacted).toBeLessThan(1_001)
  })
})

describe('an entry that still counts', () => {
  it('stays where it is when it cannot be appended again', async () => {
    const region = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 100, owner: 'us' })
    const living = written({ jti: 'living' })
    await fill(7, [living])
    await server.cli('XADD', log, '18446744073709551615-18446744073709551615', 'e', 'x') // the last id there is
    const lock = (await region.lock(5_000)) ?? ''
    await expect(region.renew(lock, '8-0', [living])).rejects.toMatchObject({ name: 'RedisFault' })
    expect(await server.cli('XRANGE', log, '-', '+', 'COUNT', '1')).toContain(living)
    expect(await length()).toBe(2)
  })

  it('is there again when its row goes', async () => {
    const region = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 100, owner: 'us' })
    const living = written({ jti: 'living' })
    await fill(7, [living, 'garbage', 'the last'])
    const lock = (await region.lock(5_000)) ?? ''
    expect(await region.renew(lock, '7-4', [living])).toBe(true)
    const rows = (await server.cli('XRANGE', log, '-', '+')).split('\n').filter((_, line) => line % 3 === 2)
    expect(rows.map((row) => row.trim())).toEqual(['the last', living])
  })
})
