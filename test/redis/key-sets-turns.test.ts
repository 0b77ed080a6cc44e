// Whose turn it is to ask an issuer, and what happens when somebody does not come to an end, or Redis is away.
import type { KeySetDocument, SharedFetch, SharedFetchOptions } from '@sallyport/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pause as wait } from '../../packages/core/src/clock.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.js'
import { answer, type FleetNode, fleetWorld, names } from './key-set-fleet.js'

const world = fleetWorld()
const source = { issuer: 'https://idp.example.com', location: '' }
const keyOf = (part: string) => names.key('jwks', [source.issuer, ''], part)
let redis: RedisServer
let proxy: TcpProxy
beforeAll(async () => {
  redis = await startRedis({
    acl: ['reader on >r ~* &* -@all +get +getrange +subscribe +ping +hello +info +config|get +acl|whoami'],
  })
  proxy = await startTcpProxy(redis.port)
})
afterAll(async () => {
  await proxy.stop()
  await redis.stop()
})
beforeEach(async () => {
  proxy.heal()
  await redis.cli('FLUSHALL')
})

const document = (text: string): KeySetDocument => ({
  url: 'https://idp.example.com/jwks',
  text: JSON.stringify({ keys: [{ kid: text }] }),
  fetchedAt: 1_764_000_000,
})
const textOf = (shared: SharedFetch): string | undefined =>
  shared.document && JSON.parse(shared.document.text).keys[0].kid

/** A fetch that ends when it is told to. */
function held(text: string) {
  let begun = false
  let end = (): void => {}
  let fail = (): void => {}
  const until = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = () => reject(new Error('the issuer is away'))
  })
  until.catch(() => {})
  const fetch = async (): Promise<KeySetDocument> => {
    begun = true
    await until
    return document(text)
  }
  return { fetch, end, fail, hasBegun: () => begun }
}

const unasked = (): Promise<never> => Promise.reject(new Error('the issuer was asked'))

function fetchOnce(node: FleetNode, fetch: () => Promise<KeySetDocument>, options: Partial<SharedFetchOptions> = {}) {
  return node.documents.fetchOnce(source, { serves: () => true, timeoutSeconds: 5, keepSeconds: 60, ...options }, fetch)
}

/** Two nodes: the one fetches, the other waits for it. */
async function oneAhead(options: Partial<SharedFetchOptions> = {}, other = world.node(redis.url)) {
  const [first, second] = [await world.node(redis.url), await other]
  const slow = held('first')
  const ahead = fetchOnce(first, slow.fetch, options)
  await expect.poll(slow.hasBegun).toBe(true)
  return { first, second, slow, ahead }
}

describe('a turn', () => {
  it('ends with a document for all, which began before they asked', async () => {
    const { second, slow, ahead } = await oneAhead()
    const other = fetchOnce(second, unasked)
    slow.end()
    expect(await ahead).toMatchObject({ isOwn: true, isLater: true })
    expect(await other).toMatchObject({ isOwn: false, isLater: false })
    expect(textOf(await other)).toBe('first')
  })

  it('goes to the next one at once when a fetch fails', async () => {
    const { second, slow, ahead } = await oneAhead()
    const other = fetchOnce(second, async () => document('second'))
    slow.fail()
    await expect(ahead).rejects.toThrow('the issuer is away')
    expect(await other).toMatchObject({ isOwn: true })
  })

  it('is waited for as long as the time-out says, and then not: who waits asks by itself', async () => {
    let [now, waits] = [0, 0]
    const pause = async (): Promise<void> => {
      waits += 1
      await wait(0.01)
    }
    const { second, slow, ahead } = await oneAhead({}, world.node(redis.url, { pause, stopwatch: () => now }))
    const own = held('second')
    const other = fetchOnce(second, own.fetch)
    await expect.poll(() => waits).toBeGreaterThan(0)
    now = 4.999
    const before = waits
    await expect.poll(() => waits).toBeGreaterThan(before + 2)
    expect(own.hasBegun()).toBe(false)
    now = 5
    await expect.poll(own.hasBegun).toBe(true)
    own.end()
    expect(await other).toMatchObject({ isOwn: true, isLater: true })
    const reason = 'another process has brought no keys of an issuer in time, so this one asks by itself'
    expect(world.stateEvents).toContainEqual({ outcome: 'warning', reason })
    slow.end()
    expect(textOf(await ahead)).toBe('first')
  })

  it('lasts as long as the fetch does', async () => {
    const { second, slow, ahead } = await oneAhead()
    const lock = await redis.cli('GET', keyOf('lock'))
    for (let renewals = 0, left = 3_000; renewals < 3; ) {
      const now = Number(await redis.cli('PTTL', keyOf('lock')))
      if (now > left) renewals += 1
      left = now
    }
    expect(await redis.cli('GET', keyOf('lock'))).toBe(lock)
    const other = fetchOnce(second, unasked)
    slow.end()
    expect(await ahead).toMatchObject({ isOwn: true })
    expect(await other).toMatchObject({ isOwn: false })
  })

  it('goes to the next one before the time-out when the process with it has died', async () => {
    const { first, second } = await oneAhead()
    await first.port.close(0) // no more renewals
    expect(await fetchOnce(second, async () => document('second'))).toMatchObject({ isOwn: true })
  })

  it('that was lost stores nothing, and nothing older replaces what is there', async () => {
    const { second, slow, ahead } = await oneAhead()
    await redis.cli('DEL', keyOf('lock'))
    const newer = await fetchOnce(second, async () => document('second'))
    slow.end()
    expect(textOf(await ahead)).toBe('first') // its own, all the same
    expect(await second.documents.latest(source)).toEqual(newer.document)
    expect((await ahead).document?.serial).toBeLessThan(newer.document?.serial as number)
  })

  it.each([
    ['comes after that of the last document, though the clock of the server was set back', 3_500, 3_500_000_001],
    ['does not come after a serial that no clock explains', 3_700, 0],
  ])('%s', async (_, seconds, ahead) => {
    const node = await world.node(redis.url)
    const microseconds = async (): Promise<number> => {
      const [whole, rest] = (await redis.cli('TIME')).split('\n')
      return Number(whole) * 1_000_000 + Number(rest)
    }
    const then = await microseconds()
    await redis.cli('SET', keyOf('doc'), `${then + seconds * 1_000_000} x`)
    const { document: fetched } = await fetchOnce(node, async () => document('first'))
    expect(fetched?.serial).toBeGreaterThanOrEqual(then + ahead)
    expect(fetched?.serial).toBeLessThanOrEqual((await microseconds()) + ahead)
  })

  it('that another one has after us is known to have begun later', async () => {
    let wake: (() => void) | undefined
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve
      })
    const { second, slow, ahead } = await oneAhead({}, world.node(redis.url, { pause }))
    const serves = (found: KeySetDocument): boolean => found.text === document('third').text
    const other = fetchOnce(second, unasked, { serves })
    await expect.poll(() => wake).toBeDefined() // it waits behind the first
    await redis.cli('DEL', keyOf('lock'))
    const third = await world.node(redis.url)
    await fetchOnce(third, async () => document('third'))
    wake?.()
    expect(await other).toMatchObject({ isOwn: false, isLater: true })
    slow.end()
    await ahead
  })

  it('is the same one when the answer to a claim comes too late, and it is claimed again', async () => {
    const [slow, quick] = [await world.node(proxy.url), await world.node(redis.url)]
    await fetchOnce(slow, async () => document('first')) // from now on the server knows the scripts
    proxy.delay(60) // each way
    const shared = await fetchOnce(slow, async () => document('second'), { serves: () => false })
    expect(shared).toMatchObject({ isOwn: true, isLater: true })
    await expect.poll(() => quick.documents.latest(source)).toEqual(shared.document)
    expect(world.stateEvents.filter(({ outcome }) => outcome === 'warning').length).toBe(1) // of the store, which was done
  })

  it('is not needed where a document serves', async () => {
    const { second, slow, ahead } = await oneAhead()
    slow.end()
    await ahead
    expect(textOf(await fetchOnce(second, unasked))).toBe('first')
    const again = await fetchOnce(second, async () => document('second'), { serves: () => false })
    expect([textOf(again), (again as { isOwn: boolean }).isOwn]).toEqual(['second', true])
  })
})

describe('the budget of a fleet', () => {
  const forUnknownKey = { isForUnknownKey: true, serves: () => false }

  /** Spent as often, just now: nobody has spent it in the future. */
  const spend = (times: number): Promise<string> => redis.cli('SET', keyOf('cool'), `${times} 9999999999999999`)

  it('allows a fetch at once, and counts it', async () => {
    const node = await world.node(redis.url)
    await fetchOnce(node, async () => document('same'))
    for (const spent of [1, 2]) {
      expect(await fetchOnce(node, async () => document('same'), forUnknownKey)).toMatchObject({ isOwn: true })
      expect(await redis.cli('GET', keyOf('cool'))).toMatch(new RegExp(`^${spent} \\d{16}$`))
      await redis.cli('SET', keyOf('cool'), `${spent} 1`) // long ago
    }
  })

  it.each([
    [1, 0.1],
    [2, 0.4],
    [3, 20],
    [7, 20],
  ])('spaces fetches after %i in vain by %f seconds', async (spent, seconds) => {
    const node = await world.node(redis.url)
    await spend(spent)
    expect(await fetchOnce(node, unasked, forUnknownKey)).toEqual({ document: undefined, waitSeconds: seconds })
  })

  it('is not asked where somebody fetches already', async () => {
    const { second, slow, ahead } = await oneAhead()
    await spend(9)
    const other = fetchOnce(second, unasked, { isForUnknownKey: true })
    slow.end()
    expect(textOf(await other)).toBe('first')
    await ahead
  })

  it('is not spent by a refresh', async () => {
    const node = await world.node(redis.url)
    await fetchOnce(node, async () => document('first'))
    expect(await redis.cli('EXISTS', keyOf('cool'))).toBe('0')
  })
})

describe('without Redis', () => {
  it.each<[string, () => Promise<unknown> | unknown]>([
    ['is cut off', () => proxy.cut()],
    ['hangs', () => proxy.hang()],
  ])('a node asks its issuer by itself, in time, when Redis %s', async (_, happen) => {
    const node = await world.node(proxy.url)
    const keys = node.keysOf(world.idp)
    await keys.warmUp()
    await happen()
    const { kid } = await world.idp.rotate()
    const from = performance.now()
    expect(await answer(keys, kid)).toBe('key')
    expect(performance.now() - from).toBeLessThan(4_000) // 1.5 by itself; machines that run tests may have much else to do
    proxy.heal()
    const there = { issuer: world.idp.issuer, location: '' }
    await expect.poll(() => node.documents.latest(there), { timeout: 10_000 }).toBeDefined()
    const second = (await world.node(redis.url)).keysOf(world.idp)
    world.advance(300)
    expect(await answer(keys, kid)).toBe('key')
    const before = world.idp.requests.jwks
    expect(await answer(second, kid)).toBe('key')
    expect(world.idp.requests.jwks).toBe(before) // it is shared again
  })

  it('a node that never met it waits for no longer than its start may last', async () => {
    proxy.hang()
    const node = await world.node(proxy.url, { connects: false, startSeconds: 0.2 })
    node.port.connect(1).catch(() => {})
    expect(await answer(node.keysOf(world.idp), 'key-1')).toBe('key')
  })

  it('a node that may not write asks by itself, and says so once', async () => {
    const url = redis.url.replace('redis://', 'redis://reader:r@')
    const keys = (await world.node(url)).keysOf(world.idp)
    expect(await answer(keys, 'key-1')).toBe('key')
    const { kid } = await world.idp.rotate()
    expect(await answer(keys, kid)).toBe('key')
    const warnings = world.stateEvents.filter(({ reason }) => reason.startsWith('key sets are not shared'))
    expect(warnings).toEqual([{ outcome: 'warning', reason: expect.stringContaining('NOPERM') }])
  })

  it('the budget is that of each process', async () => {
    const node = await world.node(proxy.url)
    const keys = node.keysOf(world.idp)
    await keys.warmUp()
    proxy.cut()
    await expect.poll(() => node.port.isConnected).toBe(false)
    for (let i = 0; i < 20; i++) expect(await answer(keys, `random-${i}`)).toBe('key_unknown')
    expect(world.idp.requests.jwks - 1).toBeLessThanOrEqual(3)
  })
})
