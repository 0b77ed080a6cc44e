// A process that has tokens and sessions in a filter alone cannot list them: what a log has lost it cannot write again, and
// does not forget.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { heardEvents, noon, startNode, token } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

describe('a filter', () => {
  it('is not made anew once a log has lost something, and that is told', async () => {
    using events = heardEvents()
    let now = noon
    await using node = await startNode(server.url, { memory: 'filter', maxRevocations: 100, clock: () => now })
    await node.revocations.revoke({ jti: 'taken' })
    await server.cli('FLUSHALL')
    const warned = (): boolean => events.some(({ outcome, reason }) => outcome === 'warning' && /filter/.test(reason))
    await expect.poll(warned, { timeout: 5_000 }).toBe(true)
    for (let index = 0; index < 80; index += 1) void node.revocations.revoke({ jti: `past-${index}` }, { until: noon })
    now += 2_000
    const ends = performance.now() + 3_500 // the renewal looks every second
    await expect.poll(() => performance.now() > ends, { timeout: 6_000 }).toBe(true)
    await node.revocations.ready()
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect(node.revocations.health().revocations).toBe(81)
  }, 20_000)

  it('that has lost nothing tells nothing', async () => {
    using events = heardEvents()
    await using node = await startNode(server.url, { memory: 'filter', maxRevocations: 100 })
    await node.revocations.revoke({ jti: 'taken' })
    await using other = await startNode(server.url, { memory: 'filter', maxRevocations: 100 })
    expect(other.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect(events.filter(({ outcome }) => outcome === 'warning')).toEqual([])
  })
})
