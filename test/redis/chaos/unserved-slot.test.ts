// Row 20 of the chaos list, where it is a cluster that cannot serve: a slot of which nobody is the master.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startCluster } from '../../fixtures/redis-servers.js'
import { names, openNode, openNodes, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

it('row 20: a slot that nobody serves closes what is in it, and nothing else', async () => {
  const cluster = await startCluster()
  onTestFinished(cluster.stop)
  const log = names.revocation('log')
  const connection = { cluster: { nodes: cluster.nodes }, maxStalenessSeconds: 3 }
  const [node, other] = (await openNodes(2, connection)) as [State, State]
  await node.revoke({ jti: 'before' })
  await expect.poll(() => other.isRevoked(tokenWith('before'))).toBe(true)
  const master = await cluster.masterOf(log)
  const slot = await master.cli('CLUSTER', 'KEYSLOT', log)
  const everybody = [...cluster.masters, ...cluster.replicas]
  await Promise.all(everybody.map((server) => server.cli('CLUSTER', 'DELSLOTS', slot)))
  await expect.poll(() => master.cli('XLEN', log).catch(String)).toContain('CLUSTERDOWN')

  await expect(node.revoke({ jti: 'during' })).rejects.toMatchObject({ code: 'state_unavailable' })
  expect((await use(node, newThing())).outcome).toBe('first')
  await expect.poll(() => outcomeOf(other)).toBe('state_unavailable')
  const late = openNode(connection) // it has never heard of another master of that slot
  await expect.poll(async () => (await use(late, newThing())).outcome).toBe('first')
  await master.cli('CLUSTER', 'ADDSLOTS', slot)
  for (const each of [other, late]) {
    await expect.poll(() => outcomeOf(each)).toBe(false)
    for (const jti of ['before', 'during']) await expect.poll(() => each.isRevoked(tokenWith(jti))).toBe(true)
  }
})

/** What a request meets. */
function outcomeOf(node: State): unknown {
  try {
    return node.isRevoked(tokenWith('clean'))
  } catch (error) {
    return (error as { readonly code: unknown }).code
  }
}
