// A revocation reaches every process of a fleet: by a push, and by the log where a push was missed.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendScript } from '../../packages/redis/src/revocation/log-scripts.js'
import { scriptDigest } from '../../packages/redis/src/sealing/script-digest.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { append, heardEvents, log, noon, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
  await server.cli('SCRIPT', 'FLUSH')
})

afterAll(() => server.stop())

describe('a revocation', () => {
  it('holds on the node that made it before anybody has answered', async () => {
    await using node = await startNode(server.url)
    const made = node.revocations.revoke({ jti: 'taken' })
    expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
    expect(await made).toEqual({ reached: ['redis'], pending: [] })
  })

  it('is known to the others, and means nobody else', async () => {
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    await first.revocations.revoke({ subject: 'ann', before: noon })
    await expect.poll(() => second.revocations.isRevoked(token({ sub: 'ann', iat: noon }))).toBe(true)
    expect(second.revocations.isRevoked(token({ sub: 'ann', iat: noon + 1 }))).toBe(false)
    expect(second.revocations.isRevoked(token({ sub: 'bob' }))).toBe(false)
  })

  it('is known to a node that starts later', async () => {
    await using first = await startNode(server.url)
    for (let index = 0; index < 1_200; index += 1)
      void first.revocations.revoke({ jti: `token-${index}` }).catch(() => undefined) // who is late is on its way
    await expect.poll(() => server.cli('XLEN', log)).toContain('1200')
    await using second = await startNode(server.url)
    expect(second.revocations.health().revocations).toBe(1_200)
    expect(second.revocations.isRevoked(token({ jti: 'token-1199' }))).toBe(true)
  })

  it('is told to listeners on every node, by then in force', async () => {
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    const told: boolean[] = []
    const end = second.revocations.onRevoked(() => told.push(second.revocations.isRevoked(token({ jti: 'taken' }))))
    await first.revocations.revoke({ jti: 'taken' })
    await expect.poll(() => told).toEqual([true])
    end()
    await first.revocations.revoke({ jti: 'another' })
    await expect.poll(() => second.revocations.isRevoked(token({ jti: 'another' }))).toBe(true)
    expect(told).toEqual([true])
  })

  it('takes one way to Redis, the first one too', async () => {
    await using _ = await startNode(server.url)
    await expect.poll(() => server.cli('SCRIPT', 'EXISTS', scriptDigest(appendScript.lua))).toContain('1')
  })

  it('comes at once where pushes arrive', async () => {
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    const waits: number[] = []
    for (let index = 0; index < 20; index += 1) {
      const start = performance.now()
      const heard = new Promise<number>((resolve) => {
        const end = second.revocations.onRevoked(() => {
          end()
          resolve(performance.now() - start)
        })
      })
      await first.revocations.revoke({ jti: `token-${index}` })
      waits.push(await heard)
    }
    // A push takes a few milliseconds, the next reading half a second on average.
    expect(waits.toSorted((one, other) => one - other)[10]).toBeLessThan(100)
  })
})

describe('a push that was missed', () => {
  it('is made up for when the subscription was cut', async () => {
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    for (let round = 0; round < 10; round += 1) {
      await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await first.revocations.revoke({ jti: `token-${round}` })
    }
    for (let round = 0; round < 10; round += 1)
      await expect.poll(() => second.revocations.isRevoked(token({ jti: `token-${round}` }))).toBe(true)
  })

  it('is made up for when nobody was told', async () => {
    await using node = await startNode(server.url)
    await server.cli('XADD', log, '*', 'e', written({ jti: 'silent' }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'silent' })), { timeout: 2_500 }).toBe(true)
  })
})

describe('the count of a writer', () => {
  it('with a gap makes a node read everything again, once', async () => {
    using events = heardEvents()
    let ahead = 0
    await using node = await startNode(server.url, { stopwatch: () => performance.now() / 1000 + ahead })
    await append(server, written({ jti: 'first' }, { count: 1 }))
    await append(server, written({ jti: 'third' }, { count: 3 }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'third' })), { timeout: 2_500 }).toBe(true)
    expect(events.filter(({ outcome }) => outcome === 'resynced')).toEqual([])
    ahead = 3
    const resyncs = () => events.filter(({ outcome }) => outcome === 'resynced').map(({ reason }) => reason)
    await expect.poll(resyncs, { timeout: 2_500 }).toEqual([expect.stringContaining('a process has written')])
    ahead = 20
    await append(server, written({ jti: 'fourth' }, { count: 4 }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'fourth' })), { timeout: 2_500 }).toBe(true)
    expect(resyncs()).toHaveLength(1)
  })

  it('with a gap that is filled late does not', async () => {
    using events = heardEvents()
    let ahead = 0
    await using node = await startNode(server.url, { stopwatch: () => performance.now() / 1000 + ahead })
    for (const count of [1, 3, 2]) await append(server, written({ jti: `token-${count}` }, { count }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'token-2' })), { timeout: 2_500 }).toBe(true)
    ahead = 10
    await append(server, written({ jti: 'token-4' }, { count: 4 }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'token-4' })), { timeout: 2_500 }).toBe(true)
    expect(events.filter(({ outcome }) => outcome === 'resynced')).toEqual([])
  })
})
