// Whoever listens to revocations may throw, and whoever waits for one may ask again and again: neither brings a process down.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { startNode, token } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

/** Runs something, and answers what nobody caught meanwhile. */
async function uncaughtIn(run: () => Promise<void>): Promise<readonly unknown[]> {
  const uncaught: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((thrown) => void uncaught.push(thrown))
  try {
    await run()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
  }
  return uncaught
}

describe('a listener that throws', () => {
  it('keeps no other from being told, and a revocation from being made and read nowhere; and that is heard of', async () => {
    const error = new Error('a listener of the application')
    await using node = await startNode(server.url)
    await using other = await startNode(server.url)
    const told: string[] = []
    const uncaught = await uncaughtIn(async () => {
      for (const [name, { revocations }] of Object.entries({ node, other })) {
        revocations.onRevoked(() => {
          throw error
        })
        revocations.onRevoked(() => told.push(name))
      }
      expect(await node.revocations.revoke({ jti: 'taken' })).toMatchObject({ pending: [] })
      await expect.poll(() => told).toEqual(['node', 'other'])
      await node.revocations.revoke({ jti: 'next' })
      await expect.poll(() => other.revocations.isRevoked(token({ jti: 'next' }))).toBe(true)
    })
    expect(new Set(uncaught)).toEqual(new Set([error]))
  })
})

describe('the same revocation', () => {
  it('may be made any number of times while a region is away', async () => {
    await using second = await startRedis()
    await using third = await startRedis()
    await using proxy = await startTcpProxy(third.port)
    await using node = await startNode({ one: server.url, two: second.url, three: proxy.url })
    proxy.hang()
    // A thousand in a turn, as whoever repeats them would.
    for (let round = 0; round < 30; round += 1)
      await Promise.all(Array.from({ length: 1_000 }, () => node.revocations.revoke({ jti: 'taken' })))
    proxy.heal()
    await expect.poll(() => node.revocations.health().pending, { timeout: 8_000 }).toBe(0)
  }, 60_000)
})
