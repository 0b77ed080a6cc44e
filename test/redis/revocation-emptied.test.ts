// A log that was emptied looks like one that nobody has written to. Who begins with it gives those who know more the time to
// write it again.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { append, heardEvents, log, meta, startNode, token, written } from './revocation-fleet.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

beforeEach(async () => {
  await server.cli('FLUSHALL')
})

afterAll(() => server.stop())

const taken = (): ReturnType<typeof token> => token({ jti: 'taken' })

describe('a log that was deleted', () => {
  it('and has its name still, is not taken for an empty one', async () => {
    await using running = await startNode(server.url)
    await running.revocations.revoke({ jti: 'taken' })
    await server.cli('DEL', log)
    await using fresh = await startNode(server.url)
    expect(fresh.revocations.isRevoked(taken())).toBe(true)
  })

  it('is not taken for an empty one where those who know it come back a second later', async () => {
    await using proxy = await startTcpProxy(server.port)
    await using running = await startNode(proxy.url)
    await running.revocations.revoke({ jti: 'taken' })
    proxy.cut()
    await server.cli('FLUSHALL')
    await using fresh = await startNode(server.url, { wait: false })
    await expect.poll(() => server.cli('GET', meta)).not.toBe('') // its name is that of the newcomer
    proxy.heal()
    await fresh.revocations.ready()
    expect(fresh.revocations.isRevoked(taken())).toBe(true)
  })

  it('is not either with a row of garbage in it', async () => {
    await using running = await startNode(server.url)
    await running.revocations.revoke({ jti: 'taken' })
    await server.cli('EVAL', `redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '*', 'e', 'x')`, '1', log)
    await using fresh = await startNode(server.url)
    expect(fresh.revocations.isRevoked(taken())).toBe(true)
  })
})

describe('a log with entries', () => {
  it('keeps nobody waiting', async () => {
    await using running = await startNode(server.url)
    await running.revocations.revoke({ jti: 'taken' })
    const start = performance.now()
    await using fresh = await startNode(server.url)
    expect(performance.now() - start).toBeLessThan(1_400)
    expect(fresh.revocations.isRevoked(taken())).toBe(true)
  })
})

describe('a push that nobody in the log stands behind', () => {
  const push = 'sp1:test:{rv}:push'

  it('makes nobody read everything again, and nobody believe that a region has it', async () => {
    await using node = await startNode(server.url)
    await append(server, written({ jti: 'first' }))
    await expect.poll(() => node.revocations.isRevoked(token({ jti: 'first' })), { timeout: 2_500 }).toBe(true)
    const [id = ''] = (await server.cli('XRANGE', log, '-', '+')).split('\n')
    using events = heardEvents()
    // An entry of the fleet, as of another region: with a count far ahead, and as the next row of this log.
    const text = written({ jti: 'taken' }, { count: 900 })
    await server.cli('PUBLISH', push, `2 ${id} 9999999999999-0 ${text}`)
    await expect.poll(() => node.revocations.isRevoked(taken())).toBe(true)
    // Nobody has written it here: it is, as soon as its writer had the time for it.
    await expect.poll(async () => (await server.cli('XLEN', log)).trim(), { timeout: 8_000 }).toBe('2')
    expect(events.map(({ outcome }) => outcome)).not.toContain('resynced')
    expect(node.revocations.health().status).toBe('ready')
  }, 15_000)
})

describe('rows that are far too large', () => {
  it('do not leave the server', async () => {
    const fill = `for i = 1, 3 do redis.call('XADD', KEYS[1], '*', 'e', string.rep('x', 10000000)) end`
    await server.cli('EVAL', fill, '1', log)
    await append(server, written({ jti: 'taken' }))
    await server.cli('CONFIG', 'RESETSTAT')
    await using node = await startNode(server.url, { startTimeoutSeconds: 15 })
    expect(node.revocations.isRevoked(taken())).toBe(true)
    const [, sent = ''] = /total_net_output_bytes:(\d+)/.exec(await server.cli('INFO', 'stats')) ?? []
    expect(Number(sent)).toBeLessThan(1_000_000)
  }, 30_000)
})
