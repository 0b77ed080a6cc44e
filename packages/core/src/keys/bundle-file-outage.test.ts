// A bundle file that is taken away, cannot be read, or is written badly; and what an operator hears of it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestAuthority } from '../../../../test/fixtures/der-certificates.js'
import { bundleOf } from '../../../../test/fixtures/svids.js'
import type { KeysEvent } from '../events.js'
import { createTestClock, createTestKey } from '../testing.js'
import { BundleFile } from './bundle-file.js'

const key = await createTestKey('ES256', 'key-1')
const header = { alg: 'ES256', kid: 'key-1' }
const [one, two] = [createTestAuthority({ subject: 'one' }), createTestAuthority({ subject: 'two' })]
const good = JSON.stringify(bundleOf([one], [key.publicJwk]))
const stopwatch = createTestClock(0)
const folder = await mkdtemp(join(tmpdir(), 'bundle-'))

let events: KeysEvent[] = []
const listen = (event: unknown): void => void events.push(event as KeysEvent)
subscribe('sallyport:keys', listen)
afterAll(async () => {
  unsubscribe('sallyport:keys', listen)
  await rm(folder, { recursive: true })
})

let path: string
let serial = 0
beforeEach(async () => {
  serial += 1
  path = join(folder, `bundle-${serial}`)
  events = []
  await writeFile(path, good)
})

async function seen(staleSeconds = 10): Promise<BundleFile> {
  const file = new BundleFile({ issuer: 'spiffe://prod.example', path, staleSeconds, stopwatch })
  await file.current()
  return file
}

/** The bundle a while later: how many authorities, or the code of the refusal. */
async function after(seconds: number, file: BundleFile): Promise<number | string> {
  stopwatch.advance(seconds)
  try {
    return (await file.current()).authorities.length
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Each spoils the file in one way. */
const outages: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['is written badly', () => writeFile(path, 'half a cert')],
  ['is emptied', () => writeFile(path, '')],
  ['grows without end', () => writeFile(path, good.padEnd(300_000))],
  [
    'cannot be read',
    async () => {
      await rename(path, `${path}.old`)
      await mkdir(path)
    },
  ],
]

describe.each(outages)('a file that %s', (_, spoil) => {
  it('leaves the last good bundle in force for `staleSeconds`, and not for a second more', async () => {
    const file = await seen()
    await spoil()
    for (let second = 1; second < 10; second++) expect(await after(1, file)).toBe(1)
    expect(await after(1, file)).toBe('keys_unavailable')
    expect(await after(1, file)).toBe('keys_unavailable')
  })

  it('serves again once it is mended, for as long again', async () => {
    const file = await seen()
    await spoil()
    expect(await after(9, file)).toBe(1)
    await rm(path, { recursive: true })
    await writeFile(path, good)
    expect(await after(1, file)).toBe(1)
    await spoil()
    expect(await after(9, file)).toBe(1)
    expect(await after(1, file)).toBe('keys_unavailable')
  })

  it('serves no moment longer where the options say so', async () => {
    const file = await seen(0)
    expect(await after(1, file)).toBe(1)
    await spoil()
    expect(await after(1, file)).toBe('keys_unavailable')
  })
})

describe('a file that is taken away', () => {
  it('takes its trust domain with it, at once', async () => {
    const file = await seen(86_400)
    await rm(path)
    expect(await after(1, file)).toBe('keys_unavailable')
    expect(file.describe()).toEqual({ kids: [] })
  })

  it('does so also where its folder went with it', async () => {
    path = join(folder, `${serial}-folder`, 'bundle')
    await mkdir(join(path, '..'))
    await writeFile(path, good)
    const file = await seen(86_400)
    await rm(join(path, '..'), { recursive: true })
    expect(await after(1, file)).toBe('keys_unavailable')
  })

  it('is trusted again once it is back', async () => {
    const file = await seen()
    await rm(path)
    await after(1, file)
    await writeFile(path, good)
    expect(await after(1, file)).toBe(1)
  })
})

describe('a key', () => {
  it('is held for as long as its bundle is known to be in force', async () => {
    const file = await seen()
    const found = await file.keyFor(header)
    expect(file.keyFor(header)).toBe(found)
    expect(file.holds(found)).toBe(true)
    expect(file.describe()).toEqual({ kids: ['key-1'] })
    stopwatch.advance(1)
    expect(file.holds(found)).toBe(false) // until somebody has looked
    await file.current()
    expect(file.holds(found)).toBe(true)
    await writeFile(path, one.pem)
    await after(1, file)
    expect(file.holds(found)).toBe(false)
    await expect(async () => file.keyFor(header)).rejects.toMatchObject({ code: 'key_unknown' })
  })

  it('is gone with the file', async () => {
    const file = await seen()
    const found = await file.keyFor(header)
    await rm(path)
    await after(1, file)
    expect(file.holds(found)).toBe(false)
    await expect(async () => file.keyFor(header)).rejects.toMatchObject({ code: 'keys_unavailable' })
  })

  it('is never one of a file with authorities in PEM', async () => {
    await writeFile(path, one.pem + two.pem)
    const file = await seen()
    await expect(async () => file.keyFor({ alg: 'ES256' })).rejects.toMatchObject({ code: 'key_unknown' })
  })
})

describe('an operator', () => {
  const issuer = 'spiffe://prod.example'

  it('hears of a bundle that is new, and not of one that has not changed', async () => {
    const file = await seen()
    await after(1, file)
    expect(events).toEqual([{ issuer, outcome: 'refreshed', keys: 1 }])
    await writeFile(path, one.pem)
    await after(1, file)
    expect(events.slice(1)).toEqual([{ issuer, outcome: 'refreshed', keys: 0 }])
  })

  it('hears of entries that are skipped', async () => {
    await writeFile(path, JSON.stringify({ keys: [{ use: 'x509-svid' }, { use: 'jwt-svid', kty: 'oct' }] }))
    await seen()
    expect(events.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'skipped a key was skipped: it is a secret, and key sets are public',
      'skipped a key was skipped: its `x5c` is not one certificate',
      'refreshed undefined',
    ])
  })

  it('hears why it cannot be read, and nothing of what it holds or where it is', async () => {
    const file = await seen()
    await writeFile(path, 'secret garbage')
    await after(1, file)
    await rm(path)
    await after(1, file)
    await after(1, file)
    const failed = { issuer, outcome: 'failed' }
    const gone = { ...failed, keys: 0, reason: 'the bundle cannot be read: ENOENT' }
    expect(events.slice(1)).toEqual([
      {
        ...failed,
        keys: 1,
        reason: 'the bundle cannot be read: it is neither certificates in PEM nor a bundle in JSON',
      },
      gone,
      gone,
    ])
  })

  it('hears of it once a second at most', async () => {
    const file = await seen()
    await rm(path)
    for (let time = 0; time < 5; time++) await after(time === 0 ? 1 : 0, file)
    expect(events).toHaveLength(2)
  })
})
