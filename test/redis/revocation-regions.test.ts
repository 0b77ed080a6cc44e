// Several regions, each with a Redis of its own: a revocation counts once most of them have it, a node is fresh once it has
// read so many that one of those is among them, and what a region missed comes to it when it is back.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { compared, heardEvents, log, startNode, token, written } from './revocation-fleet.js'

let servers: readonly RedisServer[]
let where: Readonly<Record<'here' | 'there' | 'far', string>>

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis(), startRedis()])
  where = { here: at(0).url, there: at(1).url, far: at(2).url }
})

beforeEach(async () => {
  for (const server of servers) {
    await server.cli('FLUSHALL')
    await server.cli('SCRIPT', 'FLUSH')
  }
})

afterAll(async () => {
  for (const server of servers ?? []) await server.stop()
})

function at(index: number): RedisServer {
  return servers[index] as RedisServer
}

async function length(server: RedisServer): Promise<number> {
  return Number((await server.cli('XLEN', log)).trim())
}

const unavailable = expect.objectContaining({ code: 'state_unavailable', retryAfterSeconds: 1 })

describe('three regions', () => {
  it('all get a revocation, and it counts once two have it', async () => {
    await using node = await startNode(where)
    const { reached, pending } = await node.revocations.revoke({ jti: 'taken' })
    expect(reached.length).toBeGreaterThanOrEqual(2)
    expect([...reached, ...pending].toSorted()).toEqual(['far', 'here', 'there'])
    for (const server of servers) await expect.poll(() => length(server)).toBe(1)
    expect(node.revocations.health()).toMatchObject({ status: 'ready', pending: 0 })
    expect(node.revocations.health().regions).toEqual([
      { name: 'here', isConnected: true, staleSeconds: 0 },
      { name: 'there', isConnected: true, staleSeconds: 0 },
      { name: 'far', isConnected: true, staleSeconds: 0 },
    ])
  })

  it('are followed, each of them', async () => {
    await using node = await startNode(where)
    for (const [index, server] of servers.entries()) {
      await server.cli('XADD', log, '*', 'e', written({ jti: `token-${index}` }))
      await server.cli('PUBLISH', 'sp1:test:{rv}:push', 'look')
      await expect.poll(() => node.revocations.isRevoked(token({ jti: `token-${index}` }))).toBe(true)
    }
  })

  it('heal each other: what one has, the others get', async () => {
    using events = heardEvents()
    await using node = await startNode(where)
    for (const server of servers) await compared(server) // whatever is mended from now on was noticed on its way
    await at(1).cli('XADD', log, '*', 'e', written({ jti: 'stray' }))
    for (const server of servers) await expect.poll(() => length(server), { timeout: 6_000 }).toBe(1)
    expect(node.revocations.isRevoked(token({ jti: 'stray' }))).toBe(true)
    const mended = (): unknown =>
      events
        .filter(({ outcome }) => outcome === 'reseeded')
        .map(({ region }) => region)
        .toSorted()
    await expect.poll(mended).toEqual(['far', 'here'])
  })

  it('heal each other once a node has read all of them', async () => {
    await using proxy = await startTcpProxy(at(2).port)
    proxy.hang()
    await at(0).cli('XADD', log, '*', 'e', written({ jti: 'old' }))
    await at(2).cli('XADD', log, '*', 'e', written({ jti: 'older' }))
    await using node = await startNode({ ...where, far: proxy.url })
    for (const server of servers.slice(0, 2)) await compared(server)
    proxy.heal()
    for (const server of servers) await expect.poll(() => length(server), { timeout: 6_000 }).toBe(2)
    expect(node.revocations.health().revocations).toBe(2)
  })

  it('lose nothing that one of them was flushed of', async () => {
    await using node = await startNode(where)
    await node.revocations.revoke({ jti: 'taken' })
    for (const server of servers) await expect.poll(() => length(server)).toBe(1)
    await at(1).cli('FLUSHALL')
    await expect.poll(() => length(at(1)), { timeout: 4_000 }).toBe(1)
  })

  it('get the later word on a subject, where one of them has the earlier alone', async () => {
    await using node = await startNode(where)
    for (const server of servers) await server.cli('XADD', log, '*', 'e', written({ subject: 'ann', before: 100 }))
    await expect.poll(() => node.revocations.health().revocations, { timeout: 3_000 }).toBe(1)
    await at(0).cli('XADD', log, '*', 'e', written({ subject: 'ann', before: 200 }, { count: 2 }))
    for (const server of servers) await expect.poll(() => length(server), { timeout: 6_000 }).toBe(2)
    await at(2).cli('FLUSHALL')
    await expect.poll(() => length(at(2)), { timeout: 6_000 }).toBe(1)
    await node.close()
    await using later = await startNode({ far: where.far })
    expect(later.revocations.isRevoked(token({ sub: 'ann', iat: 200 }))).toBe(true)
  })
})

describe('a region that is hung', () => {
  it('is waited for by nobody, and gets what it missed', async () => {
    using events = heardEvents()
    await using first = await startNode(where)
    await using second = await startNode(where)
    at(2).pause()
    try {
      const start = performance.now()
      const receipt = await first.revocations.revoke({ jti: 'taken' })
      expect(receipt).toEqual({ reached: expect.arrayContaining(['here', 'there']), pending: ['far'] })
      await expect.poll(() => second.revocations.isRevoked(token({ jti: 'taken' })), { interval: 5 }).toBe(true)
      expect(performance.now() - start).toBeLessThan(300)
      await expect.poll(() => first.revocations.health().pending).toBe(1)
      await expect.poll(() => events.map(({ outcome }) => outcome), { timeout: 5_000 }).toContain('pending')
    } finally {
      at(2).resume()
    }
    await expect.poll(() => first.revocations.health().pending, { timeout: 8_000 }).toBe(0)
    expect(await length(at(2))).toBeGreaterThanOrEqual(1)
  }, 20_000)
})

describe('two regions that are gone', () => {
  it('are one too many to revoke: it holds here, and is made up for', async () => {
    await using node = await startNode(where)
    for (const server of servers.slice(1)) server.pause()
    try {
      const start = performance.now()
      await expect(node.revocations.revoke({ jti: 'taken' })).rejects.toEqual(unavailable)
      expect(performance.now() - start).toBeLessThan(600)
      expect(node.revocations.isRevoked(token({ jti: 'taken' }))).toBe(true)
      expect(node.revocations.health().pending).toBe(1)
    } finally {
      for (const server of servers.slice(1)) server.resume()
    }
    await expect.poll(() => node.revocations.health().pending, { timeout: 8_000 }).toBe(0)
    for (const server of servers) expect(await length(server)).toBeGreaterThanOrEqual(1)
  }, 20_000)

  it('are one too many to be fresh', async () => {
    let ahead = 0
    const stopwatch = (): number => performance.now() / 1000 + ahead
    await using node = await startNode(where, { stopwatch, startTimeoutSeconds: 2 })
    at(1).pause()
    try {
      await expect.poll(() => node.revocations.health().regions[1]?.isConnected, { timeout: 5_000 }).toBe(false)
      ahead = 40
      await node.revocations.ready()
      expect(node.revocations.isRevoked(token({ jti: 'clean' }))).toBe(false)
      at(2).pause()
      ahead = 80
      await expect(node.revocations.ready()).rejects.toEqual(unavailable)
      expect(() => node.revocations.isRevoked(token({ jti: 'clean' }))).toThrow(unavailable)
    } finally {
      at(1).resume()
      at(2).resume()
    }
    await expect.poll(() => node.revocations.health().status, { timeout: 8_000 }).toBe('ready')
  }, 30_000)

  it('are not, for a node that must be fresh in one, and whose fleet writes to all', async () => {
    await using node = await startNode(where, { writeQuorum: 3 })
    at(1).pause()
    at(2).pause()
    try {
      expect(node.revocations.isRevoked(token({ jti: 'clean' }))).toBe(false)
      await expect(node.revocations.revoke({ jti: 'taken' })).rejects.toEqual(unavailable)
      await using other = await startNode(where, { writeQuorum: 3 })
      expect(other.revocations.health().status).toBe('ready')
    } finally {
      at(1).resume()
      at(2).resume()
    }
    await expect.poll(() => node.revocations.health().pending, { timeout: 8_000 }).toBe(0)
  }, 20_000)
})

describe('a region that refuses to be written to', () => {
  it('is asked again until it takes what it was given', async () => {
    await using node = await startNode(where)
    for (const server of servers) await compared(server)
    for (const server of servers.slice(1)) await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    try {
      await expect(node.revocations.revoke({ jti: 'taken' })).rejects.toEqual(unavailable)
      expect(node.revocations.health().pending).toBe(1)
      expect(await length(at(1))).toBe(0)
    } finally {
      for (const server of servers.slice(1)) await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
    }
    await expect.poll(() => node.revocations.health().pending, { timeout: 8_000 }).toBe(0)
    for (const server of servers) expect(await length(server)).toBe(1)
  }, 20_000)

  it('is asked once more when the node is closed', async () => {
    const node = await startNode({ here: where.here }, { random: () => 1 })
    await at(0).cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    try {
      await expect(node.revocations.revoke({ jti: 'taken' })).rejects.toEqual(unavailable)
    } finally {
      await at(0).cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
    }
    await node.close()
    expect(await length(at(0))).toBe(1)
  })
})

describe('a region that is killed and comes back empty', () => {
  it('gets everything again', async () => {
    await using node = await startNode(where)
    for (const jti of ['1', '2', '3']) await node.revocations.revoke({ jti })
    await at(0).kill()
    expect(await node.revocations.revoke({ jti: '4' })).toMatchObject({ pending: ['here'] })
    await at(0).restart()
    await expect.poll(() => length(at(0)), { timeout: 8_000 }).toBeGreaterThanOrEqual(4)
    await using later = await startNode({ here: where.here })
    expect(later.revocations.health().revocations).toBe(4)
  }, 20_000)
})
