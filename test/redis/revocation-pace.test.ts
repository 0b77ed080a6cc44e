// Whoever can write to Redis can give reasons to read a whole log, over and over: it is read as often as its pace says, and no
// sooner. The stopwatch stands still between the steps, so what is counted is exact.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisFault } from '../../packages/redis/src/port/redis-fault.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { KnownRevocations } from '../../packages/redis/src/revocation/known-revocations.js'
import { PendingEntries } from '../../packages/redis/src/revocation/pending-entries.js'
import { RegionRevocations } from '../../packages/redis/src/revocation/region-revocations.js'
import { RevocationLog } from '../../packages/redis/src/revocation/revocation-log.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { log, meta, noon, written } from './revocation-fleet.js'

const ring = new KeyRing([Buffer.alloc(32, 'the secret of this fleet')], 'test')
const names = new KeyNames(ring, 'test')
const owner = ring.name('rv', 'owner of the log')
const entries = 30

let server: RedisServer
let port: RedisPort
/** Seconds. */
let now: number
/** What a reading from the beginning takes. */
let seconds: number
/** How often a log was read from its beginning. */
let readings: number
/** Whether readings from the beginning fail, when their time is over. */
let isCut: boolean
/** What the region told: each that was read anew, and each comparison. */
let told: string[]

beforeAll(async () => {
  server = await startRedis()
  port = createPort({ url: server.url }, { strict: false, regionName: undefined })
  await port.connect(5)
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
  now = seconds = readings = 0
  isCut = false
  told = []
  await new RevocationLog(port, names, { replicas: 0, most: 100, owner }).found(false)
  for (let index = 1; index <= entries; index += 1)
    await server.cli('XADD', log, '*', 'e', written({ jti: `${index}` }, { count: index }))
})

afterAll(async () => {
  await port?.close(1)
  await server?.stop()
})

/** The same port, with an eye on what is read from the beginning. */
const watched = (): RedisPort => ({
  call: (...args) => port.call(...args),
  pipeline(key, commands, deadline) {
    const [read] = commands
    if (read?.[0] === 'EVAL_RO' && read[6] === '0-0') {
      readings += 1
      now += seconds
      if (isCut) return Promise.reject(new RedisFault('disconnected', 'the connection ended', { isUndone: false }))
    }
    return port.pipeline(key, commands, deadline)
  },
  run: (...args) => port.run(...args),
  callAndWait: (...args) => port.callAndWait(...args),
  subscribe: (...args) => port.subscribe(...args),
  onReady: (listener) => port.onReady(listener),
  isConnected: true,
  publishCommand: port.publishCommand,
  connect: async () => {},
  close: async () => {},
})

/** Follows the log, with room for so many, until it was read once. */
async function follow(maxRevocations = 1_000): Promise<RegionRevocations & AsyncDisposable> {
  const clock = (): number => noon + now
  const region = new RegionRevocations(
    0,
    { name: undefined, port: watched(), replicas: 0 },
    {
      names,
      ring,
      known: new KnownRevocations({ ring, memory: 'exact', maxRevocations, clock }),
      pending: new PendingEntries(1, 0, 100, { done() {}, dropped() {} }),
      writer: 'its-process',
      maxRevocations,
      memory: 'exact',
      clock,
      stopwatch: () => now,
      random: () => 0,
      moved() {},
      resyncing: () => void told.push('resyncing'),
      compared: () => void told.push('compared'),
      resynced: (_, how) => void told.push(how),
    },
  )
  region.feed.start()
  await expect.poll(() => region.feed.isSynced || region.feed.isOverflowing).toBe(true)
  expect(readings).toBe(1)
  return Object.assign(region, { [Symbol.asyncDispose]: () => region.end() })
}

let renamed = 0
/** The log gets another name, so that it has to be read from its beginning; and is looked at. */
async function rename(region: RegionRevocations): Promise<void> {
  renamed += 1
  await server.cli('SET', meta, `1.name-${renamed}.${owner}`)
  await region.feed.read()
}

/** A row is taken out, so that it has to be looked whether all is there; and that is noticed. */
async function takeOut(region: RegionRevocations): Promise<void> {
  const [id = ''] = await ids()
  await server.cli('XDEL', log, id)
  await region.feed.read()
  region.repair.look()
}

const ids = async (): Promise<readonly string[]> =>
  (await server.cli('XRANGE', log, '-', '+')).split('\n').filter((line) => /^\d+-\d+$/.test(line))

const length = async (): Promise<number> => Number((await server.cli('XLEN', log)).trim())

describe('a log with another name over and over', () => {
  it('is read once a second', async () => {
    await using region = await follow()
    for (let round = 0; round < 20; round += 1) await rename(region)
    now = 0.99
    await rename(region)
    expect(readings).toBe(1)
    expect(region.feed.isWhole).toBe(false)
    now = 1
    await region.feed.read()
    expect(readings).toBe(2)
    expect(region.feed.isWhole).toBe(true)
    for (let round = 0; round < 20; round += 1) await rename(region)
    expect(readings).toBe(2)
  })

  it('is read for a third of the time', async () => {
    await using region = await follow()
    now = 1
    seconds = 4
    await rename(region)
    expect([readings, now]).toEqual([2, 5])
    await rename(region)
    for (const second of [5, 9, 12.99]) {
      now = second
      await rename(region)
    }
    expect(readings).toBe(2)
    now = 13
    await region.feed.read()
    expect(readings).toBe(3)
  })
})

describe('a log with more than fits', () => {
  it('is read every ten seconds', async () => {
    await using region = await follow(entries - 1)
    for (const second of [1, 5, 9.99]) {
      now = second
      await region.feed.read()
    }
    expect(readings).toBe(1)
    now = 10
    await region.feed.read()
    expect(readings).toBe(2)
  })
})

describe('a log that cannot be read to its end', () => {
  it('is tried for a third of the time', async () => {
    await using region = await follow()
    now = 1
    seconds = 4
    isCut = true
    await rename(region)
    expect([readings, now]).toEqual([2, 5])
    for (const second of [5, 9, 12.99]) {
      now = second
      await region.feed.read()
    }
    expect(readings).toBe(2)
    now = 13
    await region.feed.read()
    expect(readings).toBe(3)
  })
})

describe('a log that is lost while it is too soon to look for rows that were taken out', () => {
  it('is written again at once', async () => {
    await using region = await follow()
    seconds = 4
    await takeOut(region)
    await expect.poll(() => told).toContain('compared')
    seconds = 0
    await takeOut(region) // is looked for at 12, and it is 4
    await server.cli('DEL', log)
    await region.feed.read()
    expect(told).toContain('lost')
    region.repair.want('restore') // as whoever is told does
    await expect.poll(length).toBe(entries)
    expect(now).toBe(4)
  })
})

describe('a log that rows are taken out of over and over', () => {
  it('is read beside everything else once a second, and gets them back', async () => {
    await using region = await follow()
    await takeOut(region)
    await expect.poll(length).toBe(entries)
    await expect.poll(() => told).toContain('compared')
    expect(readings).toBe(2)
    for (let round = 0; round < 20; round += 1) await takeOut(region)
    now = 0.99
    await takeOut(region)
    expect(await length()).toBe(entries - 21)
    expect(readings).toBe(2)
    now = 1
    region.repair.look()
    await expect.poll(length).toBe(entries)
    expect(readings).toBe(3)
  })

  it('is read for a third of the time', async () => {
    await using region = await follow()
    seconds = 4
    await takeOut(region)
    await expect.poll(() => told).toContain('compared')
    expect([readings, now, await length()]).toEqual([2, 4, entries])
    for (const second of [4, 5, 9, 11.99]) {
      now = second
      for (let round = 0; round < 5; round += 1) await takeOut(region)
    }
    expect(await length()).toBe(entries - 20)
    expect(readings).toBe(2)
    now = 12
    region.repair.look()
    await expect.poll(length).toBe(entries)
    expect(readings).toBe(3)
  })
})

describe('a reading beside everything else', () => {
  it('is none that a filter could be made anew with', async () => {
    await using region = await follow()
    expect(told).toEqual(['resyncing', 'first'])
    region.repair.want('audit')
    await expect.poll(() => told).toContain('compared')
    expect(readings).toBe(2)
    expect(told).toEqual(['resyncing', 'first', 'compared'])
  })
})
