// Rows 10 and 11 of the chaos list: the log of revocations comes back shorter than it was read, from a replica that was behind or
// because somebody has trimmed it.
import type { State } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.js'
import { names, namespace, openNode, openNodes, report, secret, stateEvents, tokenWith } from './nodes.js'

const log = names.revocation('log')

// With five, the log of the new master is as long as the one that was read.
it.each([1, 5])(
  'row 10: a promoted replica that was behind, with a clock that is behind, hides nothing: %i new',
  async (count) => {
    const events = stateEvents()
    const { master, replica, wire, proxy } = await start()
    const [node, other] = (await openNodes(2, { url: proxy.url })) as [State, State]
    for (let i = 0; i < 5; i++) await node.revoke({ jti: `old-${i}` })
    await expect.poll(() => replica.cli('XLEN', log)).toBe('5')
    const lastOfReplica = await idOfLast(replica)
    wire.hang()
    for (let i = 0; i < 5; i++) await node.revoke({ jti: `lost-${i}` })
    await expect.poll(() => other.health().revocations).toBe(10)
    const cursor = await idOfLast(master)

    // It takes over, and issues ids as a clock five seconds behind would: later than its last, and earlier than was read.
    await replica.cli('REPLICAOF', 'NO', 'ONE')
    const beyond = Array.from({ length: count }, (_, i) => `beyond-${i}`)
    const [milliseconds] = lastOfReplica.split('-') as [string]
    for (const [i, text] of (await entriesOfElsewhere(beyond)).entries())
      await replica.cli('XADD', log, `${milliseconds}-${77 + i}`, 'e', text)
    expect(Number(cursor.split('-')[0])).toBeGreaterThan(Number(milliseconds))
    proxy.redirect(replica.port)
    const all = [...beyond, ...[0, 1, 2, 3, 4].flatMap((i) => [`old-${i}`, `lost-${i}`])]
    for (const each of [node, other])
      await expect.poll(() => all.filter((jti) => !each.isRevoked(tokenWith(jti)))).toEqual([])
    expect(events.map(({ outcome }) => outcome)).toContain('resynced')

    // What only the old master had is brought to the new one: a new node misses nothing.
    await expect.poll(async () => Number(await replica.cli('XLEN', log))).toBeGreaterThanOrEqual(10 + count)
    const late = openNode({ url: proxy.url })
    await late.ready()
    expect(all.filter((jti) => !late.isRevoked(tokenWith(jti)))).toEqual([])
    expect(late.isRevoked(tokenWith('clean'))).toBe(false)
    report(`row 10: ids went back, everything was read again, 0 of ${10 + count} missing on 3 nodes`)
  },
)

it('row 11: a log that was trimmed while a node was away is made whole, and read again', async () => {
  const events = stateEvents()
  const { master, proxy } = await start()
  const [away] = (await openNodes(1, { url: proxy.url })) as [State]
  const [node] = (await openNodes(1, { url: master.url })) as [State]
  await node.revoke({ jti: 'before' })
  await expect.poll(() => away.isRevoked(tokenWith('before'))).toBe(true)
  proxy.cut()
  for (let i = 0; i < 50; i++) await node.revoke({ jti: `missed-${i}` })
  await master.cli('XTRIM', log, 'MAXLEN', '5')
  await node.revoke({ jti: 'after' })
  proxy.heal()
  const all = ['before', 'after', ...Array.from({ length: 50 }, (_, i) => `missed-${i}`)]
  await expect.poll(() => all.filter((jti) => !away.isRevoked(tokenWith(jti)))).toEqual([])
  expect(away.isRevoked(tokenWith('clean'))).toBe(false)
  expect(events.map(({ outcome }) => outcome)).toContain('resynced')
  report('row 11: a gap was found, 0 of 52 missing')
})

/** A master behind a proxy, and a replica behind another. */
async function start(): Promise<{ master: RedisServer; replica: RedisServer; wire: TcpProxy; proxy: TcpProxy }> {
  const master = await startRedis()
  onTestFinished(master.stop)
  const [wire, proxy] = (await Promise.all([startTcpProxy(master.port), startTcpProxy(master.port)])) as [
    TcpProxy,
    TcpProxy,
  ]
  onTestFinished(async () => void (await Promise.all([wire.stop(), proxy.stop()])))
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(wire.port)] })
  onTestFinished(replica.stop)
  await expect.poll(() => master.cli('INFO', 'replication')).toContain('state=online')
  return { master, replica, wire, proxy }
}

async function idOfLast(server: RedisServer): Promise<string> {
  const [id] = (await server.cli('XREVRANGE', log, '+', '-', 'COUNT', '1')).split('\n')
  return id as string
}

/** Entries of this fleet, written to another server. */
async function entriesOfElsewhere(jtis: readonly string[]): Promise<readonly string[]> {
  await using server = await startRedis()
  const node = createRedisState({ url: server.url, secret, namespace })
  await node.ready()
  for (const jti of jtis) await node.revoke({ jti })
  await node.close()
  const rows = await server.cli('XRANGE', log, '-', '+')
  return rows.split('\n').filter((_, line) => line % 3 === 2)
}
