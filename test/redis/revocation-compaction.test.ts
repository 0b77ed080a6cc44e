// A log stays short, and whatever still counts stays in it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { heardEvents, log, noon, startNode, token, type WrittenOptions, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const length = async (): Promise<number> => Number((await server.cli('XLEN', log)).trim())
/** Entries that were written just now are old enough. */
const atOnce = -10

async function fill(count: number, name: string, options: WrittenOptions = {}): Promise<void> {
  for (let index = 0; index < count; index += 200) {
    const texts = Array.from({ length: Math.min(200, count - index) }, (_, each) =>
      written({ jti: `${name}-${index + each}` }, { ...options, count: index + each + 1 }),
    )
    await server.cli(
      'EVAL',
      `for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end`,
      '1',
      log,
      ...texts,
    )
  }
}

describe('a log with much that is past', () => {
  it('is shortened, without what lives', async () => {
    using events = heardEvents()
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    await fill(200, 'just-past', { writer: 'writer-just', until: noon - 290 })
    await fill(300, 'living')
    await fill(1_500, 'past', { writer: 'writer-past', until: noon - 2_000 })
    await expect.poll(() => first.revocations.health().revocations).toBe(500)
    await expect.poll(() => second.revocations.health().revocations).toBe(500)
    await first.revocations.compact(atOnce)
    expect(await length()).toBe(2_000) // short enough for what lives
    await fill(300, 'more', { writer: 'writer-more', until: noon - 2_000 })
    const compacted = async (): Promise<number> => {
      await Promise.all([first.revocations.compact(atOnce), second.revocations.compact(atOnce)])
      return length()
    }
    await expect.poll(compacted).toBeLessThanOrEqual(2_000)
    const rows = new Set((await server.cli('XRANGE', log, '-', '+')).split('\n'))
    for (let index = 0; index < 300; index += 1)
      expect(rows).toContain(written({ jti: `living-${index}` }, { count: index + 1 }))
    for (let index = 0; index < 200; index += 1)
      expect(rows).toContain(
        written({ jti: `just-past-${index}` }, { count: index + 1, writer: 'writer-just', until: noon - 290 }),
      )
    await using later = await startNode(server.url)
    for (const name of ['living-0', 'living-299', 'just-past-0', 'just-past-199'])
      expect(later.revocations.isRevoked(token({ jti: name }))).toBe(true)
    expect(later.revocations.health().revocations).toBe(500)
    expect(second.revocations.health()).toMatchObject({ status: 'ready', revocations: 500 })
    expect(events.filter(({ outcome }) => outcome === 'reseeded')).toEqual([])
  })

  it('is left alone where nothing is old', async () => {
    await fill(1_500, 'past', { until: noon - 2_000 })
    await using node = await startNode(server.url)
    await node.revocations.compact()
    expect(await length()).toBe(1_500)
    const compacted = (): Promise<number> => node.revocations.compact(atOnce).then(length)
    await expect.poll(compacted).toBeLessThan(1_100)
  })

  it('costs a reader that is in the middle of it nothing', async () => {
    await fill(400, 'living')
    await fill(3_000, 'past', { writer: 'writer-past', until: noon - 2_000 })
    await using node = await startNode(server.url)
    const [later] = await Promise.all([startNode(server.url), node.revocations.compact(atOnce)])
    await using other = later
    expect(other.revocations.health().revocations).toBe(400)
    expect(await length()).toBeLessThan(2_000)
  })
})

describe('what a log repeats', () => {
  it('is kept once, and what cannot be read is kept', async () => {
    const strange = written({ jti: 'strange' }, { secrets: [Buffer.alloc(32, 'a secret to come')] })
    await server.cli('XADD', log, '*', 'e', strange)
    await server.cli('XADD', log, '*', 'f', 'nothing of ours')
    for (let index = 0; index < 10; index += 1) {
      const texts = Array.from({ length: 150 }, (_, each) =>
        written({ subject: 'ann', before: each }, { until: noon + each, count: index * 150 + each + 1 }),
      )
      await server.cli(
        'EVAL',
        `for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end`,
        '1',
        log,
        ...texts,
      )
    }
    await using node = await startNode(server.url)
    await node.revocations.compact(atOnce)
    const rows = await server.cli('XRANGE', log, '-', '+')
    expect(rows).toContain(strange)
    expect(rows).not.toContain('nothing of ours')
    await using later = await startNode(server.url)
    expect(later.revocations.isRevoked(token({ sub: 'ann', iat: 149 }))).toBe(true)
    expect(later.revocations.isRevoked(token({ sub: 'ann', iat: 150 }))).toBe(false)
    expect(await length()).toBeLessThan(1_100)
  })

  it('is marked with the newest secret when it is moved', async () => {
    const old = Buffer.alloc(32, 'the secret of this fleet')
    const between = Buffer.alloc(32, 'a secret between')
    const newest = Buffer.alloc(32, 'the newest secret')
    await server.cli('XADD', log, '*', 'e', written({ jti: 'taken' }, { secrets: [between, old] }))
    await fill(1_500, 'past', { until: noon - 2_000 })
    await using node = await startNode(server.url, { secrets: [newest, between, old] })
    await node.revocations.compact(atOnce)
    await node.close()
    await using later = await startNode(server.url, { secrets: [newest, old] })
    expect(later.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  })
})

describe('a filter', () => {
  it('forgets what is past when it is nearly full, and nothing else', async () => {
    let now = noon
    await using node = await startNode(server.url, { memory: 'filter', maxRevocations: 100, clock: () => now })
    for (let index = 0; index < 70; index += 1) void node.revocations.revoke({ jti: `past-${index}` }, { until: noon })
    for (let index = 0; index < 10; index += 1) await node.revocations.revoke({ jti: `living-${index}` })
    expect(node.revocations.health().revocations).toBe(80)
    now += 2_000
    await expect.poll(() => node.revocations.health().revocations, { timeout: 5_000 }).toBe(10)
    expect(node.revocations.isRevoked(token({ jti: 'living-9' }))).toBe(true)
    expect(node.revocations.isRevoked(token({ jti: 'past-9' }))).toBe(false)
  })
})
