import { beforeEach, describe, expect, it } from 'vitest'
import { RedisFault } from '../port/redis-fault.js'
import { KeyRing } from '../sealing/key-ring.js'
import { encodeEntry, markAnew } from './entry-codec.js'
import { LogCompaction } from './log-compaction.js'
import type { LogRow } from './log-position.js'
import { endless, type RevocationEntry } from './revocation-entry.js'
import type { RevocationFeed } from './revocation-feed.js'
import type { RevocationLog } from './revocation-log.js'

const now = 1_800_000_000
/** Seconds that clocks may differ: what ended earlier than that is past. */
const tolerance = 300
const secret = (byte: number): Uint8Array => Buffer.alloc(32, byte)
// Names come from the last of the secrets, marks from the first.
const ring = new KeyRing([secret(2), secret(1)], 'test')
const before = new KeyRing([secret(1)], 'test')
const others = new KeyRing([secret(9)], 'test')

interface Renewal {
  readonly firstToStay: string
  readonly living: readonly string[]
}

/** The log, oldest row first, and what was done to it. */
let texts: string[]
let renewals: Renewal[]
let held: number[]
let asked: { readonly until: number; readonly limit: number }[]
let feed: { isSynced: boolean; mayWrite: boolean; length: number }
let lock: string | undefined
let isOurs: boolean
let serverNow: number
let clock: number

function compaction(): LogCompaction {
  const log = {
    most: 10_000,
    lock: async () => lock,
    time: async () => serverNow,
    async oldest(until: number, limit: number): Promise<readonly LogRow[]> {
      asked.push({ until, limit })
      return texts.slice(0, limit).map((text, index) => ({ id: `7-${index}`, text }))
    },
    async renew(_: string, firstToStay: string, living: readonly string[]): Promise<boolean> {
      renewals.push({ firstToStay, living })
      return isOurs
    },
    async hold(_: string, milliseconds: number): Promise<boolean> {
      held.push(milliseconds)
      return true
    },
  }
  return new LogCompaction({
    log: log as unknown as RevocationLog,
    feed: feed as unknown as RevocationFeed,
    ring,
    living: () => 0,
    clock: () => clock,
  })
}

const entry = (low: number, changes: Partial<RevocationEntry> = {}): RevocationEntry => ({
  kind: 'jti',
  high: 0,
  low,
  issuer: 0,
  cutOff: endless,
  until: endless,
  ...changes,
})
const written = (each: RevocationEntry, by = ring): string =>
  encodeEntry(by, { entry: each, writer: 'another-one', count: 1 })

/** What is appended again of these rows. There is one more after them, which stays. */
async function livingOf(...rows: readonly string[]): Promise<readonly string[]> {
  texts = [...rows, written(entry(0))]
  await compaction().run(0)
  expect(renewals).toHaveLength(1)
  expect(renewals[0]?.firstToStay).toBe(`7-${rows.length}`)
  return renewals[0]?.living ?? []
}

beforeEach(() => {
  texts = []
  renewals = []
  held = []
  asked = []
  feed = { isSynced: true, mayWrite: true, length: 1_001 }
  lock = 'a token'
  isOurs = true
  serverNow = now
  clock = now
})

describe('rows that are given up', () => {
  it('are all but the last: whoever has read to it reads on from it', async () => {
    texts = [1, 2, 3].map((low) => written(entry(low)))
    await compaction().run(0)
    expect(renewals).toEqual([{ firstToStay: '7-2', living: texts.slice(0, 2) }])
    expect(held).toEqual([0])
  })

  it('are none where there is only one', async () => {
    texts = [written(entry(1))]
    await compaction().run(0)
    expect(renewals).toEqual([])
    expect(held).toEqual([0])
  })

  it('are those that have rested for an hour', async () => {
    texts = [1, 2].map((low) => written(entry(low)))
    await compaction().run()
    expect(asked).toEqual([{ until: now - 3_600, limit: 501 }])
  })

  it('are five hundred at a time, and the one after them stays', async () => {
    texts = Array.from({ length: 900 }, () => 'garbage')
    await compaction().run(0)
    expect(renewals).toEqual([{ firstToStay: '7-500', living: [] }])
    feed.length = 1_501
    await compaction().run(0)
    expect(renewals).toHaveLength(3)
    expect(held).toEqual([10_000, 0, 10_000, 10_000, 0])
  })

  it('are none where the lock is somebody else’s, or has become that', async () => {
    texts = Array.from({ length: 900 }, () => 'garbage')
    feed.length = 2_000
    lock = undefined
    await compaction().run(0)
    expect(asked).toEqual([])
    lock = 'a token'
    isOurs = false
    await compaction().run(0)
    expect(renewals).toHaveLength(1)
  })
})

describe('what is appended again', () => {
  it('is no garbage', async () => {
    expect(await livingOf('', 'x', `${written(entry(1))}x`, written(entry(1)).slice(1), written(entry(2)))).toEqual([
      written(entry(2)),
    ])
  })

  it('is an entry that nobody here can read, as it is: its secret may come', async () => {
    const strange = written(entry(1), others)
    const damaged = `${written(entry(1)).slice(0, -22)}${'A'.repeat(22)}`
    expect(await livingOf(strange, damaged, written(entry(2)))).toEqual([strange, damaged, written(entry(2))])
  })

  it('is every one of those, though they look alike', async () => {
    const strange = written(entry(1), others)
    expect(await livingOf(strange, strange)).toEqual([strange, strange])
  })

  it('is an entry with the mark of an older secret, with the mark of the newest', async () => {
    const old = written(entry(1), before)
    const anew = markAnew(ring, old)
    expect(anew).not.toBe(old)
    expect(await livingOf(old)).toEqual([anew])
  })

  it('is an entry that somebody’s clock may still count', async () => {
    const living = written(entry(1, { until: now - tolerance }))
    expect(await livingOf(written(entry(2, { until: now - tolerance - 1 })), living)).toEqual([living])
  })

  it.each([
    ['this machine', () => (clock = now + 3_600)],
    ['the server', () => (serverNow = now + 3_600)],
  ])('is an entry that is past by the clock of %s alone', async (_, ahead) => {
    ahead()
    const living = written(entry(1, { until: now - tolerance }))
    expect(await livingOf(living)).toEqual([living])
  })

  it('is once what is said twice', async () => {
    const [weak, strong] = [written(entry(1, { cutOff: 5 })), written(entry(1, { cutOff: 6 }))]
    expect(await livingOf(weak, strong, weak)).toEqual([strong])
  })

  it('is both of two that each say more than the other', async () => {
    const long = written(entry(1, { cutOff: 5, until: now + 9 }))
    const late = written(entry(1, { cutOff: 6, until: now + 8 }))
    expect(await livingOf(long, late)).toEqual([long, late])
  })

  it.each<[string, Partial<RevocationEntry>]>([
    ['another kind', { kind: 'session' }],
    ['another issuer', { issuer: 7 }],
    ['another id', { high: 1 }],
  ])('is what is of %s', async (_, changes) => {
    const [one, other] = [written(entry(1)), written(entry(1, changes))]
    expect(await livingOf(one, other)).toEqual([one, other])
  })
})

describe('a log', () => {
  it.each([
    ['that is short enough', () => (feed.length = 1_000)],
    ['that nobody has read', () => (feed.isSynced = false)],
    ['that this process may not write to', () => (feed.mayWrite = false)],
  ])('%s is left alone', async (_, change) => {
    texts = [1, 2].map((low) => written(entry(low)))
    change()
    await compaction().run(0)
    expect(asked).toEqual([])
  })

  it('that cannot be reached is left for another time', async () => {
    const away = new RedisFault('offline', 'there is no connection', { isUndone: true })
    texts = [1, 2].map((low) => written(entry(low)))
    const log = { most: 1, lock: async () => Promise.reject(away) } as unknown as RevocationLog
    const parts = { log, feed: feed as unknown as RevocationFeed, ring, living: () => 0, clock: () => clock }
    await new LogCompaction(parts).run(0)
    expect(feed.mayWrite).toBe(true)
  })
})
