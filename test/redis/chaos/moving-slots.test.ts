// Row 21 of the chaos list: the slot of the revocations moves to another master of a cluster, entry by entry, while they are made.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startCluster } from '../../fixtures/redis-servers.js'
import { watchMachine } from './machine.js'
import { names, openNodes, report, stateEvents, tokenWith } from './nodes.js'
import { startLoad } from './use-load.js'

const log = names.revocation('log')

it('row 21: a slot that moves takes its channel with it, and no revocation is missed', async () => {
  const events = stateEvents()
  const cluster = await startCluster()
  onTestFinished(cluster.stop)
  const machine = await watchMachine(cluster.masters)
  const [node, other] = (await openNodes(2, { cluster: { nodes: cluster.nodes } })) as [State, State]
  const load = startLoad(node, 5)
  const jtis: string[] = []
  const failed: { readonly from: number; readonly to: number }[] = []
  const revoking = setInterval(() => {
    const jti = `revoked-${jtis.length}`
    jtis.push(jti)
    const from = performance.now()
    void node.revoke({ jti }).catch(() => void failed.push({ from, to: performance.now() }))
  }, 10)
  onTestFinished(() => clearInterval(revoking))
  /** Some more are made, and one of them is kept: wherever the slot is at this moment. */
  const madeMore = async (): Promise<void> => {
    const count = jtis.length
    await expect.poll(() => jtis.length).toBeGreaterThan(count + 20)
    const keep = (): Promise<unknown> => {
      const jti = `kept-${jtis.length}`
      jtis.push(jti)
      return node.revoke({ jti })
    }
    await expect.poll(() => keep().catch(() => undefined)).toMatchObject({ pending: [] })
  }

  await madeMore()
  const from = await cluster.masterOf(log)
  for (const to of [...cluster.masters.filter((each) => each !== from), from]) {
    await move(await cluster.masterOf(log), to, cluster.masters, madeMore)
    expect(await cluster.masterOf(log)).toBe(to)
    await madeMore()
  }
  clearInterval(revoking)
  const uses = await load.stop()

  await expect.poll(() => node.health().pending).toBe(0)
  for (const each of [node, other])
    await expect.poll(() => jtis.filter((jti) => !each.isRevoked(tokenWith(jti)))).toEqual([])
  expect(other.isRevoked(tokenWith('clean'))).toBe(false)
  // Pushes come from where the slot is now, and not only whatever is read each second.
  await node.revoke({ jti: 'after' })
  await expect.poll(() => other.isRevoked(tokenWith('after'))).toBe(true)
  expect(failed.filter(({ from: begun, to }) => !machine.wasSlow(begun, to))).toEqual([])
  const refused = uses.filter(({ outcome }) => outcome !== 'first')
  expect(refused.filter(({ at, milliseconds }) => !machine.wasSlow(at, at + milliseconds))).toEqual([])
  expect(events.map(({ outcome }) => outcome)).not.toContain('stale')
  report(
    `row 21: three moves, 0 of ${jtis.length + 1} revocations missing, ${failed.length} told late, ` +
      `${refused.length} of ${uses.length} uses 503, slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

/** Moves the slot as `redis-cli --cluster reshard` does. @param between - what happens while it is under way */
async function move(
  from: RedisServer,
  to: RedisServer,
  masters: readonly RedisServer[],
  between: () => Promise<void>,
): Promise<void> {
  const slot = await from.cli('CLUSTER', 'KEYSLOT', log)
  const [fromId, toId] = (await Promise.all([from, to].map((each) => each.cli('CLUSTER', 'MYID')))) as [string, string]
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
  await between()
  for (;;) {
    const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '10')).split('\n').filter((each) => each !== '')
    if (keys.length === 0) break
    await from.cli(
      'MIGRATE',
      '127.0.0.1',
      String(to.port),
      '',
      '0',
      '2000',
      'AUTH2',
      'operator',
      'of-the-harness',
      'KEYS',
      ...keys,
    )
  }
  await between()
  for (const each of [to, from, ...masters]) await each.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
}
