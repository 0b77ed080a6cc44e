// Clocks that were ahead, and machines that slept: what was taken for past is remembered again, and what is old is known to be.
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

const seconds = (): number => performance.now() / 1000
const unavailable = expect.objectContaining({ code: 'state_unavailable' })

describe('a clock that was a day ahead', () => {
  it('costs no revocation, and nobody passes before it is known again', async () => {
    let ahead = 0
    const begin = seconds()
    await using node = await startNode(server.url, { clock: () => noon + seconds() - begin + ahead })
    await node.revocations.revoke({ jti: 'taken' }, { until: noon + 3_600 })
    ahead = 86_400
    await expect.poll(() => node.revocations.health().revocations, { timeout: 6_000 }).toBe(0)
    await node.revocations.ready()
    ahead = 0
    expect(() => node.revocations.isRevoked(token({ jti: 'taken' }))).toThrow(unavailable)
    await node.revocations.ready()
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
  }, 20_000)

  it('by a few seconds costs nothing', async () => {
    using events = heardEvents()
    let ahead = 0
    const begin = seconds()
    await using node = await startNode(server.url, { clock: () => noon + seconds() - begin + ahead })
    ahead = -4
    expect(node.revocations.isRevoked(token({ jti: 'other' }))).toBe(false)
    const read = (): string => node.revocations.health().status
    await new Promise((resolve) => setImmediate(resolve))
    expect(read()).toBe('ready')
    expect(events.filter(({ outcome }) => outcome === 'resynced')).toEqual([])
  })
})

describe('a machine that slept', () => {
  it('does not take what it knew for fresh, though its stopwatch stood still', async () => {
    let slept = 0
    const begin = seconds()
    await using node = await startNode(server.url, { clock: () => noon + seconds() - begin + slept })
    slept = 29
    expect(node.revocations.isRevoked(token({ jti: 'other' }))).toBe(false)
    slept = 32
    expect(() => node.revocations.isRevoked(token({ jti: 'other' }))).toThrow(unavailable)
    await node.revocations.ready()
    expect(node.revocations.isRevoked(token({ jti: 'other' }))).toBe(false)
  })
})
