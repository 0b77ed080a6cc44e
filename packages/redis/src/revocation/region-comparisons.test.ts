import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyRing } from '../sealing/key-ring.js'
import { OutboxFile } from './outbox-file.js'
import { PendingEntries } from './pending-entries.js'
import { RegionComparisons } from './region-comparisons.js'
import type { RegionRepair } from './region-repair.js'
import { endless, type RevocationEntry } from './revocation-entry.js'
import { RevocationTable } from './revocation-table.js'

const ring = new KeyRing([Buffer.alloc(32, 1)], 'test')
const most = 3

let folder: string
let outbox: OutboxFile
let table: RevocationTable
let pending: PendingEntries
let comparisons: RegionComparisons
/** What was asked for: the region and why. */
let wanted: [number, string][]

const entry = (low: number, kind: RevocationEntry['kind'] = 'jti'): RevocationEntry => ({
  kind,
  high: 0,
  low,
  issuer: 0,
  cutOff: 1,
  until: endless,
})

/** What one process has of three regions. */
function open(memory: 'exact' | 'filter' = 'exact', file: OutboxFile | undefined = outbox): void {
  table = new RevocationTable({ memory, maxEntries: 100 })
  pending = new PendingEntries(3, 0, most, {
    done: (each) => void outbox.remove(each),
    dropped: (missing) => comparisons.dropped(missing),
  })
  const repairs = [0, 1, 2].map((region) => {
    const want = (why: string): void => void wanted.push([region, why])
    return { want, look: () => want('look') } as unknown as RegionRepair
  })
  comparisons = new RegionComparisons({ repairs: () => repairs, table, pending, outbox: file })
}

/** Makes revocations here, of which no region takes one. */
async function revoke(...made: readonly RevocationEntry[]): Promise<void> {
  for (const each of made) {
    table.put(each)
    pending.add(each, 0)
    await outbox.add(each)
  }
}

/** What another process would find on its way. */
async function inFile(): Promise<readonly number[]> {
  await outbox.close()
  const found = new OutboxFile(join(folder, 'outbox'), ring)
  await found.close()
  return found.entries.map(({ low }) => low)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'comparisons-'))
  outbox = new OutboxFile(join(folder, 'outbox'), ring)
  wanted = []
  open()
})

afterEach(async () => {
  await outbox.close()
  await rm(folder, { recursive: true, force: true })
})

describe('more on their way than may be', () => {
  it('are as many as may be, and nothing is compared', async () => {
    await revoke(entry(1), entry(2), entry(3))
    expect(wanted).toEqual([])
    expect([...pending.all()]).toHaveLength(3)
  })

  it('let the oldest go, and the regions that lack it are compared', async () => {
    await revoke(entry(1))
    const [first] = pending.all()
    if (first !== undefined) pending.reach(first, 1)
    await revoke(entry(2), entry(3), entry(4))
    expect(wanted).toEqual([
      [0, 'compare'],
      [2, 'compare'],
    ])
    expect([...pending.all()].map(({ entry: { low } }) => low)).toEqual([2, 3, 4])
  })

  it('are kept in the file until every region that lacks them was compared', async () => {
    await revoke(...[1, 2, 3, 4, 5].map((low) => entry(low)))
    for (const region of [0, 1, 0, 1]) comparisons.compared(region)
    expect(await inFile()).toEqual([1, 2, 3, 4, 5])
  })

  it('are taken out of the file then, but for those that are still on their way', async () => {
    await revoke(...[1, 2, 3, 4, 5].map((low) => entry(low)))
    for (const region of [0, 1, 2]) comparisons.compared(region)
    expect(await inFile()).toEqual([3, 4, 5])
  })

  it('are waited for in the regions that lack them, and in no other', async () => {
    await revoke(entry(1))
    const [first] = pending.all()
    if (first !== undefined) pending.reach(first, 1)
    await revoke(entry(2), entry(3), entry(4))
    comparisons.compared(0)
    comparisons.compared(2)
    expect(await inFile()).toEqual([2, 3, 4])
  })

  it('are compared once more where another was let go since', async () => {
    await revoke(...[1, 2, 3, 4].map((low) => entry(low)))
    comparisons.compared(0)
    comparisons.compared(1)
    await revoke(entry(5))
    comparisons.compared(2)
    expect(await inFile()).toEqual([1, 2, 3, 4, 5])
  })

  it('are all kept in the file where some cannot be listed, and so not be compared', async () => {
    open('filter')
    await revoke(...[1, 2, 3, 4].map((low) => entry(low)))
    for (const region of [0, 1, 2]) comparisons.compared(region)
    expect(await inFile()).toEqual([1, 2, 3, 4])
  })

  it('are not, where a filter has none of them', async () => {
    open('filter')
    await revoke(...[1, 2, 3, 4].map((low) => entry(low, 'subject')))
    for (const region of [0, 1, 2]) comparisons.compared(region)
    expect(await inFile()).toEqual([2, 3, 4])
  })

  it('need no file', async () => {
    open('exact', undefined)
    await revoke(...[1, 2, 3, 4].map((low) => entry(low)))
    for (const region of [0, 1, 2]) comparisons.compared(region)
    expect(wanted).toHaveLength(3)
  })
})

describe('a comparison that nothing was let go for', () => {
  it('takes nothing out of the file', async () => {
    await revoke(entry(1))
    await outbox.add(entry(9)) // of an earlier process, say
    for (const region of [0, 1, 2]) comparisons.compared(region)
    expect(await inFile()).toEqual([1, 9])
  })

  it('does not write to the file either', async () => {
    await revoke(entry(1))
    const before = await readFile(join(folder, 'outbox'), 'latin1')
    for (const region of [0, 1, 2]) comparisons.compared(region)
    await outbox.close()
    expect(await readFile(join(folder, 'outbox'), 'latin1')).toBe(before)
  })
})

describe('a region that was read', () => {
  it('is restored where it has lost something, and may have what the others lack', () => {
    comparisons.resynced(1, 'lost')
    expect(wanted).toEqual([
      [1, 'restore'],
      [0, 'compare'],
      [2, 'compare'],
    ])
  })

  it.each(['first', 'again'] as const)('is compared as the others are: %s', (how) => {
    comparisons.resynced(2, how)
    expect(wanted).toEqual([
      [2, 'compare'],
      [0, 'compare'],
      [1, 'compare'],
    ])
  })

  it('is read from its beginning now and then, as are the others', () => {
    comparisons.audit()
    comparisons.look()
    expect(wanted).toEqual([0, 1, 2].flatMap((region) => [[region, 'audit']]).concat([0, 1, 2].map((r) => [r, 'look'])))
  })
})
