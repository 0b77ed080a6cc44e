// A log that has lost a part of what it had still has entries, and a name: it looks like one that was never longer. Who begins
// with it waits from the moment on at which somebody sees the loss, not only from when somebody begins to mend it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { append, heardEvents, log, push, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

/** All that is left of the log is this row, under an id of its own. */
async function leave(text: string): Promise<void> {
  const lose = `redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])`
  await server.cli('EVAL', lose, '1', log, text)
  await server.cli('PUBLISH', push, 'look')
}

describe('what is left of a log', () => {
  it('is not taken for all there was, before anybody had the time to begin with the repair', async () => {
    using events = heardEvents()
    // It sees the loss at once, and its turn to mend it comes a second later.
    await using running = await startNode(server.url, { random: () => 2 })
    await running.revocations.revoke({ jti: 'taken' })
    await append(server, written({ jti: 'left' })) // to know of it is to have read everything
    await expect.poll(() => running.revocations.health().revocations).toBe(2)
    await leave(written({ jti: 'left' }))
    await expect.poll(() => events.map(({ outcome }) => outcome)).toContain('resynced')
    await using fresh = await startNode(server.url)
    expect(fresh.revocations.isRevoked(token({ jti: 'left' }))).toBe(true)
    expect(fresh.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect(events.filter(({ outcome }) => outcome === 'reseeded')).toHaveLength(1)
  })

  it('is all there was, where nobody lives who has seen more', async () => {
    const running = await startNode(server.url)
    await running.revocations.revoke({ jti: 'gone' })
    await running.close()
    await leave(written({ jti: 'left' }))
    await using fresh = await startNode(server.url)
    expect(fresh.revocations.isRevoked(token({ jti: 'left' }))).toBe(true)
    expect(fresh.revocations.isRevoked(token({ jti: 'gone' }))).toBe(false)
  })
})
