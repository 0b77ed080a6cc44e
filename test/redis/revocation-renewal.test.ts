// A filter that is made anew from the logs has what no log took, too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { log, noon, startNode, token } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

describe('a revocation that is on its way', () => {
  it('is not forgotten with what is past, while the log is full', async () => {
    let now = noon
    await using node = await startNode(server.url, { memory: 'filter', maxRevocations: 100, clock: () => now })
    for (let index = 0; index < 74; index += 1) await node.revocations.revoke({ jti: `past-${index}` }, { until: noon })
    const fill = `for i = redis.call('XLEN', KEYS[1]) + 1, 1113 do redis.call('XADD', KEYS[1], '*', 'e', 'x') end`
    await server.cli('EVAL', fill, '1', log) // what a log of a hundred may hold
    now += 2_000
    await expect(node.revocations.revoke({ jti: 'taken' })).rejects.toMatchObject({ name: 'ConfigurationError' })
    expect(node.revocations.health()).toMatchObject({ pending: 1 })
    await expect.poll(() => node.revocations.health().revocations).toBe(1)
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect(node.revocations.isRevoked(token({ jti: 'past-0' }))).toBe(false)
  })
})
