import { beforeEach, describe, expect, it } from 'vitest'
import { RedisFault } from '../port/redis-fault.js'
import type { RedisPort } from '../port/redis-port.js'
import { KeyNames } from '../sealing/key-names.js'
import { KeyRing } from '../sealing/key-ring.js'
import { FilterRenewal } from './filter-renewal.js'
import { endless, everyIssuer, type RevocationEntry } from './revocation-entry.js'
import { RevocationFeed } from './revocation-feed.js'
import { RevocationLog } from './revocation-log.js'
import { RevocationTable } from './revocation-table.js'

const hour = 3_600
const most = 100

let now: number
let table: RevocationTable
/** The regions that were asked to be read, in this order. */
let asked: number[]
let onTheirWay: { readonly entry: RevocationEntry }[]
let renewal: FilterRenewal

const entry = (number: number, changes: Partial<RevocationEntry> = {}): RevocationEntry => ({
  kind: 'jti',
  high: Math.imul(number, 0x9e37_79b1) >>> 0,
  low: Math.imul(number, 0x85eb_ca6b) >>> 0,
  issuer: everyIssuer,
  cutOff: endless,
  until: endless,
  ...changes,
})

function put(first: number, last: number): void {
  for (let number = first; number <= last; number += 1) table.put(entry(number))
}

const isRevoked = (number: number): boolean => {
  const { high, low } = entry(number)
  return table.isRevoked({ kinds: 1, issuer: 1, names: [0, high | 0, low | 0] }, 0)
}

/** A feed that notes that it was asked, and does something. */
const feed = (region: number, does: () => void = () => {}): RevocationFeed =>
  ({
    readAnew() {
      asked.push(region)
      does()
    },
  }) as unknown as RevocationFeed

function renewalOf(feeds: readonly RevocationFeed[]): FilterRenewal {
  return new FilterRenewal({
    table,
    maxRevocations: most,
    feeds: () => feeds,
    onTheirWay: () => onTheirWay,
    remember: (each) => void table.put(each),
    stopwatch: () => now,
  })
}

/** A region is read from its beginning, and these are in it. */
function readRegion(region: number, ...numbers: readonly number[]): void {
  renewal.begun(region)
  for (const number of numbers) table.put(entry(number))
  renewal.read(region)
}

beforeEach(() => {
  now = 0
  table = new RevocationTable({ memory: 'filter', maxEntries: most })
  asked = []
  onTheirWay = []
  renewal = renewalOf([feed(0), feed(1)])
})

describe('the renewal of a filter', () => {
  it('begins once three quarters of what fits are known, and not before', () => {
    put(1, 74)
    renewal.look()
    expect(asked).toEqual([])
    put(75, 75)
    renewal.look()
    expect(asked).toEqual([0, 1])
  })

  it('forgets what no region has, once all of them were read', () => {
    put(1, 80)
    renewal.look()
    readRegion(0, 1)
    expect(table.size).toBe(80)
    expect(isRevoked(3)).toBe(true)
    readRegion(1, 2)
    expect(table.size).toBe(2)
    expect([1, 2, 3].map(isRevoked)).toEqual([true, true, false])
  })

  it('is begun once an hour, at most', () => {
    const before = table.bytes
    put(1, 80)
    renewal.look()
    readRegion(0, ...Array.from({ length: 80 }, (_, index) => index + 1))
    readRegion(1)
    expect(table.size).toBe(80)
    asked = []
    now = hour - 1
    renewal.look()
    expect(asked).toEqual([])
    expect(table.bytes).toBe(before)
    now = hour
    renewal.look()
    expect(asked).toEqual([0, 1])
  })

  it('asks once more for what was not begun, and for nothing that was', () => {
    put(1, 80)
    renewal.look()
    renewal.begun(0)
    asked = []
    renewal.look()
    expect(asked).toEqual([1])
    renewal.begun(1)
    renewal.look()
    expect(asked).toEqual([1])
  })
})

describe('a reading', () => {
  it('counts if it began after the renewal did: one that was under way has passed what is put into the new filter', () => {
    renewal = renewalOf([feed(0)])
    renewal.begun(0)
    put(1, 80) // that reading tells them to the old filter
    renewal.look()
    renewal.read(0)
    expect(table.size).toBe(80)
    expect(isRevoked(1)).toBe(true)
    expect(asked).toEqual([0])
    renewal.look()
    expect(asked).toEqual([0, 0])
    readRegion(0, 1)
    expect(table.size).toBe(1)
  })

  it('counts for its own region', () => {
    put(1, 80)
    renewal.look()
    readRegion(0, 1)
    readRegion(0, 1)
    expect(table.size).toBe(80)
  })

  it('that was begun again counts when it has ended', () => {
    renewal = renewalOf([feed(0)])
    put(1, 80)
    renewal.look()
    renewal.begun(0)
    readRegion(0, 1)
    expect(table.size).toBe(1)
  })

  it('that nobody has asked for changes nothing', () => {
    put(1, 74)
    readRegion(0)
    readRegion(1)
    expect(table.size).toBe(74)
  })
})

describe('what is on its way', () => {
  it('is in the new filter, though no region has it yet', () => {
    put(1, 80)
    onTheirWay = [{ entry: entry(80) }]
    renewal.look()
    readRegion(0)
    readRegion(1)
    expect(isRevoked(80)).toBe(true)
    expect(isRevoked(79)).toBe(false)
    expect(table.size).toBe(1)
  })
})

describe('a loss', () => {
  it('ends the renewal that is under way, and every one to come', () => {
    const before = table.bytes
    put(1, 80)
    renewal.look()
    readRegion(0)
    renewal.lost()
    expect(table.bytes).toBe(before)
    readRegion(1)
    expect(table.size).toBe(80)
    asked = []
    now = 100 * hour
    renewal.look()
    readRegion(0)
    readRegion(1)
    expect(asked).toEqual([])
    expect(table.size).toBe(80)
    expect(isRevoked(1)).toBe(true)
  })

  it('before it was begun keeps it from being begun', () => {
    renewal.lost()
    put(1, 80)
    renewal.look()
    expect(asked).toEqual([])
  })
})

describe('a feed', () => {
  it('may be read in the same turn', () => {
    const does = (region: number) => () => readRegion(region, 1)
    renewal = renewalOf([feed(0, does(0)), feed(1, does(1))])
    put(1, 80)
    renewal.look()
    expect(asked).toEqual([0, 1])
    expect(table.size).toBe(1)
  })

  it('may tell of a loss in the same turn', () => {
    renewal = renewalOf([feed(0, () => renewal.lost()), feed(1)])
    put(1, 80)
    renewal.look()
    readRegion(1)
    expect(asked).toEqual([0])
    expect(table.size).toBe(80)
  })

  it('may find nobody who answers, and may have ended', async () => {
    const away = async (): Promise<never> => {
      throw new RedisFault('offline', 'there is no connection', { isUndone: true })
    }
    const port = { publishCommand: 'PUBLISH', run: away, call: away, pipeline: away } as unknown as RedisPort
    const ring = new KeyRing([Buffer.alloc(32, 1)], 'test')
    const log = new RevocationLog(port, new KeyNames(ring, 'test'), { replicas: 0, most: 5, owner: 'us' })
    const begun: number[] = []
    const feeds = [0, 1].map((region) => {
      const owner = {
        learn: () => true,
        learned() {},
        forgetRegion() {},
        resyncing: () => void begun.push(region),
        resynced() {},
        thinned() {},
        moved() {},
      }
      return new RevocationFeed({ region: undefined, log, ring, owner, clock: () => now, stopwatch: () => now })
    })
    await feeds[1]?.end()
    renewal = renewalOf(feeds)
    put(1, 80)
    renewal.look()
    await feeds[0]?.read()
    renewal.look()
    await feeds[0]?.end()
    expect(begun).toEqual([0])
    expect(table.size).toBe(80)
  })
})
