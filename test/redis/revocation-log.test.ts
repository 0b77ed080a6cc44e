// What one region's log does in one step, on a real server.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { LogReader } from '../../packages/redis/src/revocation/log-reader.js'
import type { RevocationEntry } from '../../packages/redis/src/revocation/revocation-entry.js'
import { RevocationLog } from '../../packages/redis/src/revocation/revocation-log.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { log as key, push, written } from './revocation-fleet.js'

const ring = new KeyRing([Buffer.alloc(32, 'the secret of this fleet')], 'test')
let server: RedisServer
let port: RedisPort
let log: RevocationLog

beforeAll(async () => {
  server = await startRedis()
  port = createPort({ url: server.url }, { strict: false, regionName: undefined })
  await port.connect(5)
  log = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 5, owner: 'us' })
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(async () => {
  await port?.close(1)
  await server?.stop()
})

const length = async (): Promise<number> => Number((await server.cli('XLEN', key)).trim())
const text = (jti: string, count = 1): string => written({ jti }, { count })

describe('appending', () => {
  it('pushes each entry with its place in the log', async () => {
    const pushed: string[] = []
    const ready = new Promise<void>((resolve) => port.onReady(resolve))
    const end = port.subscribe(push, (message) => pushed.push(message))
    await ready
    expect(await log.append([text('1'), text('2')], 'each')).toBe(true)
    expect(await log.append([text('3')], 'look')).toBe(true)
    await expect.poll(() => pushed).toHaveLength(3)
    const ids = (await server.cli('XRANGE', key, '-', '+')).split('\n').filter((line) => /^\d+-\d+$/.test(line))
    expect(pushed).toEqual([`1 0-0 ${ids[0]} ${text('1')}`, `2 ${ids[0]} ${ids[1]} ${text('2')}`, 'look'])
    end()
  })

  it('takes all or nothing of what does not fit', async () => {
    expect(await log.append([text('1'), text('2'), text('3'), text('4')], 'each')).toBe(true)
    expect(await log.append([text('5'), text('6')], 'each')).toBe(false)
    expect(await length()).toBe(4)
    expect(await log.append([text('5')], 'each')).toBe(true)
  })
})

describe('the name of a log', () => {
  it('is given once, and says whose it is', async () => {
    expect((await log.read('0-0', 1)).name).toBeUndefined()
    await log.found(false)
    const { name, isSettling } = await log.read('0-0', 1)
    await log.found(false)
    expect((await log.read('0-0', 1)).name).toBe(name)
    expect(isSettling).toBe(false)
    expect(log.isOurs(name ?? '')).toBe(true)
    expect(log.isOurs('1.abc.them')).toBe(false)
  })

  it('makes others wait where a log was there without one', async () => {
    await log.append([text('1')], 'each')
    await log.found(false)
    expect((await log.read('0-0', 1)).isSettling).toBe(true)
  })
})

describe('the lock', () => {
  it('is one’s, who alone drops entries, keeps it and gives it back', async () => {
    await log.append([text('1'), text('2')], 'each')
    const token = (await log.lock(5_000)) ?? ''
    expect(await log.lock(5_000)).toBeUndefined()
    expect(await log.renew('another', '9999999999999-0', [text('1')])).toBe(false)
    expect(await log.hold('another', 0)).toBe(false)
    expect(await length()).toBe(2)
    expect(await log.hold(token, 5_000)).toBe(true)
    const [first] = await log.oldest((await log.time()) + 1, 1)
    const [milliseconds, number] = (first?.id ?? '').split('-')
    expect(await log.renew(token, `${milliseconds}-${Number(number) + 1}`, [text('1')])).toBe(true)
    const texts = (await log.oldest((await log.time()) + 1, 10)).map((row) => row.text)
    expect(texts).toEqual([text('2'), text('1')])
    await log.hold(token, 0)
    await expect.poll(() => log.lock(1)).toBeDefined()
  })
})

describe('a reader that is told of a row', () => {
  let learned: string[]
  let thinned: number
  let reader: LogReader
  let first: string

  beforeEach(async () => {
    learned = []
    thinned = 0
    const listener = {
      learn: (entry: RevocationEntry) => learned.push(`${entry.high} ${entry.low}`),
      reject: () => {},
      settled: () => {},
      thinned: () => {
        thinned += 1
      },
    }
    reader = new LogReader({ log, ring, listener, stopwatch: () => 0 })
    await log.append([text('1')], 'each')
    await reader.readAll()
    first = (await ids())[0] ?? ''
  })

  const ids = async (): Promise<readonly string[]> =>
    (await server.cli('XRANGE', key, '-', '+')).split('\n').filter((line) => /^\d+-\d+$/.test(line))
  const later = '9999999999999-0'

  it('has to read where it is not the next one, and knows it anyway', () => {
    expect(reader.follow({ id: first, count: 2 }, { id: later, text: text('3', 3) })).toBe(true)
    expect(learned).toHaveLength(2)
  })

  it('has to read where another one came before it', () => {
    expect(reader.follow({ id: '9999999999998-0', count: 1 }, { id: later, text: text('2', 2) })).toBe(true)
  })

  it('has nothing to read where it is the next one, or was read', () => {
    const row = { id: later, text: text('2', 2) }
    expect(reader.follow({ id: first, count: 1 }, row)).toBe(false)
    expect(reader.follow({ id: first, count: 1 }, row)).toBe(false)
    expect(reader.follow({ id: '0-0', count: 0 }, { id: first, text: text('1') })).toBe(false)
  })

  it('has to read where the log begins anew', () => {
    expect(reader.follow({ id: '0-0', count: 0 }, { id: later, text: text('1') })).toBe(true)
  })

  it('reads nothing for what is not of this fleet', () => {
    expect(reader.follow({ id: first, count: 6 }, { id: later, text: text('3').slice(1) })).toBe(false)
    expect(learned).toHaveLength(1)
  })

  it('reads on, and notices a row that is missing', async () => {
    await log.append([text('2', 2), text('3', 3)], 'each')
    expect(await reader.readOn()).toBeDefined()
    expect(learned).toHaveLength(3)
    await log.append([text('4', 4), text('5', 5)], 'each')
    await server.cli('XDEL', key, (await ids())[3] ?? '')
    expect(await reader.readOn()).toBeUndefined()
    expect(reader.trouble).toBe('the log has lost entries')
  })

  it('has everything compared where what was pushed is not there', async () => {
    expect(reader.follow({ id: first, count: 1 }, { id: later, text: text('2', 2) })).toBe(false)
    expect(await reader.readOn()).toBeDefined()
    expect(thinned).toBe(1)
  })

  it('has nothing compared where it is', async () => {
    await log.append([text('2', 2)], 'each')
    const second = (await ids())[1] ?? ''
    expect(reader.follow({ id: first, count: 1 }, { id: second, text: text('2', 2) })).toBe(false)
    expect(await reader.readOn()).toBeDefined()
    expect(thinned).toBe(0)
  })

  it('notices that another row is there than the one it was told of', async () => {
    reader.follow({ id: first, count: 1 }, { id: later, text: text('2', 2) })
    await server.cli('XADD', key, '9999999999999-1', 'e', text('3', 2))
    expect(await reader.readOn()).toBeDefined()
    expect(thinned).toBe(1)
  })

  it('notices that what was read last is gone, though the numbers are right', async () => {
    // As after a failover to a server that lacked it, and whose clock was behind.
    await server.cli('DEL', key)
    const [milliseconds = ''] = first.split('-')
    await server.cli('XADD', key, `${Number(milliseconds) - 5}-0`, 'e', text('hidden'))
    await server.cli('XADD', key, `${Number(milliseconds) + 5}-0`, 'e', text('next', 2))
    expect(await reader.readOn()).toBeUndefined()
    await reader.readAll()
    expect(learned).toHaveLength(4)
  })

  it('reads pages of any length to their end', async () => {
    const many = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 5_000, owner: 'us' })
    const texts = Array.from({ length: 2_000 }, (_, index) => text(`more ${index}`, index + 2))
    for (let index = 0; index < 2_000; index += 500) await many.append(texts.slice(index, index + 500), 'look')
    expect(await reader.readOn()).toBeDefined()
    expect(new Set(learned).size).toBe(2_001)
    expect(learned).toHaveLength(2_001)
    learned = []
    expect(await reader.readAll()).toBeDefined()
    expect(learned).toHaveLength(2_001)
    expect(await reader.readOn()).toBeDefined()
    expect(learned).toHaveLength(2_001)
  })
})
