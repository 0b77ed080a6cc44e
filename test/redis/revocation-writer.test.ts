// What a process counts: a count that is left out looks like a loss to everybody who reads.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { decodeEntry } from '../../packages/redis/src/revocation/entry-codec.js'
import { PendingEntries } from '../../packages/redis/src/revocation/pending-entries.js'
import { RegionWriter } from '../../packages/redis/src/revocation/region-writer.js'
import type { RevocationEntry } from '../../packages/redis/src/revocation/revocation-entry.js'
import { RevocationLog } from '../../packages/redis/src/revocation/revocation-log.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'

const ring = new KeyRing([Buffer.alloc(32, 'the secret of this fleet')], 'test')
const entries = (from: number, count: number): RevocationEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'jti',
    high: 0,
    low: from + index,
    issuer: 0,
    cutOff: 1,
    until: 1,
  }))
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

it('counts on where nothing was written', async () => {
  const log = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 5, owner: 'us' })
  const pending = new PendingEntries(1, 0, 10, { done: () => {}, dropped: () => {} })
  const writer = new RegionWriter({ region: 0, log, ring, pending, writer: 'the-process', random: () => 0 })
  expect(await writer.append(entries(0, 2))).toBe(true)
  expect(await writer.append(entries(10, 1_000))).toBe(false)
  expect(await writer.append(entries(20, 3))).toBe(true)
  const { rows } = await log.read('0-0', 10)
  expect(rows.map(({ text }) => decodeEntry(ring, text)?.count)).toEqual([1, 2, 3, 4, 5])
})
