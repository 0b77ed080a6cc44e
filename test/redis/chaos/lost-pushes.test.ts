// Row 7 of the chaos list: subscribers are cut off again and again, and some pushes are never made.
import type { State } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { names, namespace, openNodes, report, secret, stateEvents, tokenWith } from './nodes.js'

const nodeCount = 15
const perRound = 50
const rounds = 14
const roundMs = 700

it('row 7: of all revocations, none is missing on any node', async () => {
  const events = stateEvents()
  const server = await startRedis()
  onTestFinished(server.stop)
  const nodes = await openNodes(nodeCount, { url: server.url })
  const unpushed = await entriesOfElsewhere(rounds * 3)
  let next = 0
  for (let round = 0; round < rounds; round++) {
    const end = performance.now() + roundMs
    for (let i = 0; i < perRound; i++) await (nodes[i % nodeCount] as State).revoke({ jti: `revoked-${next++}` })
    for (const text of unpushed.splice(0, 3)) await server.cli('XADD', names.revocation('log'), '*', 'e', text)
    await expect.poll(() => performance.now() > end).toBe(true)
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
  }
  const jtis = [
    ...Array.from({ length: next }, (_, i) => `revoked-${i}`),
    ...Array.from({ length: rounds * 3 }, (_, i) => `elsewhere-${i}`),
  ]
  const missing = () => nodes.flatMap((node) => jtis.filter((jti) => !node.isRevoked(tokenWith(jti)))).length
  await expect.poll(missing).toBe(0)
  for (const node of nodes) expect(node.isRevoked(tokenWith('clean'))).toBe(false)
  expect(events.filter(({ outcome }) => outcome === 'resynced' || outcome === 'rejected')).toEqual([])
  report(`row 7: 0 missing of ${jtis.length * nodeCount}, ${rounds} times cut off, ${rounds * 3} never pushed`)
})

/** Entries that were written to another server, to be put where nobody hears of them. */
async function entriesOfElsewhere(count: number): Promise<string[]> {
  await using server = await startRedis()
  const node = createRedisState({ url: server.url, secret, namespace })
  await node.ready()
  for (let i = 0; i < count; i++) await node.revoke({ jti: `elsewhere-${i}` })
  await node.close()
  const rows = await server.cli('XRANGE', names.revocation('log'), '-', '+')
  return rows.split('\n').filter((_, line) => line % 3 === 2)
}
