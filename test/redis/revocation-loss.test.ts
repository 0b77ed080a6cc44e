// A log that loses entries, by a flush, a trim, a deletion or a failover: nothing is un-revoked where it was known, what is
// known comes back into the log, and nobody who starts in the meantime passes anybody before it has.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { append, type FleetNode, heardEvents, log, meta, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const length = async (): Promise<number> => Number((await server.cli('XLEN', log)).trim())

/** How many scripts the server has run. */
async function scriptsRun(): Promise<number> {
  const calls = (await server.cli('INFO', 'commandstats')).matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)
  return [...calls].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function revokeSome(node: FleetNode, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await node.revocations.revoke({ jti: `token-${index}` })
}

function revokedOf(node: FleetNode, count: number): number {
  return Array.from({ length: count }, (_, index) =>
    node.revocations.isRevoked(token({ jti: `token-${index}` })),
  ).filter(Boolean).length
}

describe('FLUSHALL', () => {
  it('un-revokes nothing, and the log is there again within two seconds', async () => {
    using events = heardEvents()
    await using first = await startNode(server.url)
    await using second = await startNode(server.url)
    await revokeSome(first, 50)
    await expect.poll(() => revokedOf(second, 50)).toBe(50)
    await server.cli('FLUSHALL')
    const start = performance.now()
    await expect.poll(length, { timeout: 4_000 }).toBeGreaterThanOrEqual(50)
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(revokedOf(first, 50)).toBe(50)
    expect(revokedOf(second, 50)).toBe(50)
    expect(first.revocations.health().status).toBe('ready')
    // One node did it, the other found it done. The server knows before the node does, which tells of it.
    const reseeded = () => events.filter(({ outcome }) => outcome === 'reseeded').length
    await expect.poll(reseeded).toBeGreaterThan(0)
    expect(await length()).toBe(50)
    expect(reseeded()).toBe(1)
  })

  it('keeps a new node from passing anybody before the log is there again', async () => {
    await using running = await startNode(server.url)
    await revokeSome(running, 50)
    await server.cli('FLUSHALL')
    await using fresh = await startNode(server.url, { wait: false })
    expect(() => revokedOf(fresh, 1)).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
    await fresh.revocations.ready()
    expect(revokedOf(fresh, 50)).toBe(50)
  })

  it('of nothing keeps nobody waiting', async () => {
    const start = performance.now()
    await using node = await startNode(server.url)
    expect(performance.now() - start).toBeLessThan(5_000) // as long as a state waits to begin
    expect(node.revocations.health()).toMatchObject({ status: 'ready', staleSeconds: 0, revocations: 0 })
  })

  it('is seen, though the log has as many entries as before by then, under the same ids', async () => {
    await using node = await startNode(server.url)
    await revokeSome(node, 2)
    const ids = (await server.cli('XRANGE', log, '-', '+')).split('\n').filter((line) => /^\d+-\d+$/.test(line))
    const others = ids.flatMap((id, index) => [id, written({ jti: `other-${index}` }, { count: index + 1 })])
    const refill = `redis.call('FLUSHALL') for i = 1, #ARGV, 2 do redis.call('XADD', KEYS[1], ARGV[i], 'e', ARGV[i + 1]) end`
    await server.cli('EVAL', refill, '1', log, ...others)
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'other-0' })), { timeout: 3_000 }).toBe(true)
    await expect.poll(length, { timeout: 4_000 }).toBe(4)
  })

  it('is mended by one node at a time', async () => {
    using events = heardEvents()
    const random = (): number => 0 // both begin at the same moment
    await using first = await startNode(server.url, { random })
    await using second = await startNode(server.url, { random })
    await revokeSome(first, 50)
    await expect.poll(() => revokedOf(second, 50)).toBe(50)
    for (let round = 1; round <= 5; round += 1) {
      await server.cli('FLUSHALL')
      await expect.poll(length, { timeout: 4_000 }).toBeGreaterThanOrEqual(50)
      await expect.poll(() => server.cli('GET', 'sp1:test:{rv}:settling'), { timeout: 4_000 }).toBe('')
      expect(await length()).toBe(50)
      expect(events.filter(({ outcome }) => outcome === 'reseeded')).toHaveLength(round)
    }
  }, 60_000)
})

describe('a log that was cut short while a node was away', () => {
  it.each([
    ['XTRIM', ['XTRIM', log, 'MAXLEN', '2']],
    ['DEL', ['DEL', log]],
  ])('costs that node nothing: %s', async (_, command) => {
    await using proxy = await startTcpProxy(server.port)
    await using near = await startNode(server.url)
    await using far = await startNode(proxy.url)
    await revokeSome(near, 3)
    await expect.poll(() => revokedOf(far, 3)).toBe(3)
    proxy.cut()
    await revokeSome(near, 10)
    await server.cli(...command)
    proxy.heal()
    await expect.poll(() => revokedOf(far, 10), { timeout: 5_000 }).toBe(10)
    await expect.poll(length, { timeout: 4_000 }).toBeGreaterThanOrEqual(10)
  })

  it('is not believed until others had the time to mend it', async () => {
    await using proxy = await startTcpProxy(server.port)
    let ahead = 0
    await using near = await startNode(server.url)
    await using far = await startNode(proxy.url, { stopwatch: () => performance.now() / 1000 + ahead })
    await revokeSome(near, 3)
    await expect.poll(() => revokedOf(far, 3)).toBe(3)
    proxy.cut()
    await revokeSome(near, 10)
    await server.cli('XTRIM', log, 'MAXLEN', '0')
    ahead = 60 // whatever it passes now, it passes on the strength of what it has read since
    proxy.heal()
    await far.revocations.ready()
    expect(revokedOf(far, 10)).toBe(10)
  })
})

describe('a log that is lost over and over', () => {
  it('is not read from its beginning all the time', async () => {
    using events = heardEvents()
    await using node = await startNode(server.url)
    await revokeSome(node, 2)
    const resyncs = (): number => events.filter(({ outcome }) => outcome === 'resynced').length
    const start = performance.now()
    while (resyncs() < 3) {
      await server.cli('DEL', log)
      await append(server, written({ jti: 'another' }))
    }
    expect(performance.now() - start).toBeGreaterThan(1_900) // a second between two of them
  })
})

describe('entries that are taken out', () => {
  it('come back by who knows them', async () => {
    await using node = await startNode(server.url)
    await revokeSome(node, 5)
    const rows = (await server.cli('XRANGE', log, '-', '+')).split('\n').filter((line) => /^\d+-\d+$/.test(line))
    await server.cli('XDEL', log, ...rows.slice(1, 3))
    expect(await length()).toBe(3)
    await expect.poll(length, { timeout: 4_000 }).toBe(5)
    await using later = await startNode(server.url)
    expect(revokedOf(later, 5)).toBe(5)
  })

  it('are not written again where nothing is missing', async () => {
    using events = heardEvents()
    await using node = await startNode(server.url)
    await revokeSome(node, 2)
    await server.cli('XADD', log, '*', 'e', written({ jti: 'token-0' }))
    const before = await scriptsRun()
    await server.cli('XTRIM', log, 'MAXLEN', '2') // the first of two that say the same
    await expect.poll(scriptsRun, { timeout: 4_000 }).toBeGreaterThan(before) // the lock was given back
    expect(await length()).toBe(2)
    expect(events.filter(({ outcome }) => outcome === 'reseeded')).toEqual([])
  })
})

describe('a server with an older log', () => {
  it('is seen by its counters, and gets what it lacks', async () => {
    await using node = await startNode(server.url)
    await revokeSome(node, 2)
    const name = (await server.cli('GET', meta)).trim()
    const dump = (await server.cli('XRANGE', log, '-', '+')).split('\n')
    await revokeSome(node, 6)
    // As after a failover to a replica that had two of eight entries: the same ids, the same name.
    await server.cli('DEL', log)
    await server.cli('XADD', log, dump[0] ?? '', 'e', dump[2] ?? '')
    await server.cli('XADD', log, dump[3] ?? '', 'e', dump[5] ?? '')
    expect((await server.cli('GET', meta)).trim()).toBe(name)
    await expect.poll(length, { timeout: 4_000 }).toBe(6)
    expect(revokedOf(node, 6)).toBe(6)
  })
})
