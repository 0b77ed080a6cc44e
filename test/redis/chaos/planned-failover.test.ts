// Row 4 of the chaos list: an operator has another server take over.
import type { State } from '@sallyport/core'
import { VerificationError } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startCluster, startSentinels } from '../../fixtures/redis-servers.js'
import { watchMachine } from './machine.js'
import { names, openNode, openNodes, report, tokenWith } from './nodes.js'
import { longestCall, startLoad } from './use-load.js'

/** A server that was slow is asked again after so long at most. */
const breakerMs = 2_000

// A replica takes over within a tenth of a second, and a call waits for a quarter: on a machine that is busy with something else
// that is not enough, and is tried again.
it('row 4: CLUSTER FAILOVER under load costs no answer', { retry: 2 }, async () => {
  const cluster = await startCluster()
  onTestFinished(cluster.stop)
  const machine = await watchMachine([...cluster.masters, ...cluster.replicas])
  const [node, other] = (await openNodes(2, { cluster: { nodes: cluster.nodes } })) as [State, State]
  const load = startLoad(node, 2)
  await expect.poll(() => load.results.length).toBeGreaterThan(100)
  for (const key of ['a', 'b', 'c', names.revocation('log')]) await cluster.failover(key)
  const before = load.results.length
  await expect.poll(() => load.results.length).toBeGreaterThan(before + 100)
  const results = await load.stop()
  const wrong = results.filter(({ outcome }) => outcome !== 'first')
  expect(wrong.filter(({ at, milliseconds }) => !machine.wasSlow(at - breakerMs, at + milliseconds))).toEqual([])
  await node.revoke({ jti: 'after' })
  await expect.poll(() => other.isRevoked(tokenWith('after'))).toBe(true)
  const longest = longestCall(results)
  expect(longest).toBeLessThan(270 + machine.slowest())
  report(
    `row 4, cluster: ${wrong.length} of ${results.length} uses not answered, longest call ${longest.toFixed(0)} ms, ` +
      `slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

/** Sentinels that were held up for two seconds watch on for half a minute before they act again (TILT). */
const tiltMs = 75_000

it('row 4: SENTINEL FAILOVER under load loses no revocation that was told to be kept, and none that was not', async () => {
  const sentinels = await startSentinels()
  onTestFinished(sentinels.stop)
  const where = { sentinel: { name: sentinels.name, nodes: sentinels.nodes }, replicas: 2 }
  const [node] = (await openNodes(1, where)) as [State]
  const [kept, untold]: [string[], string[]] = [[], []]
  let isEnded = false
  const writers = [1, 2, 3].map(async (writer) => {
    for (let i = 0; !isEnded; i++) {
      const jti = `${writer}-${i}`
      await node.revoke({ jti }).then(
        () => kept.push(jti),
        (error: unknown) => {
          if (!(error instanceof VerificationError)) throw error
          untold.push(jti)
        },
      )
    }
  })
  onTestFinished(() => {
    isEnded = true
  })
  await expect.poll(() => kept.length).toBeGreaterThan(100)
  await sentinels.failover()
  const before = kept.length
  await expect.poll(() => kept.length).toBeGreaterThan(before + 50)
  isEnded = true
  await Promise.all(writers)
  await expect.poll(() => node.health().pending, { timeout: tiltMs }).toBe(0)
  const late = openNode(where)
  await late.ready()
  for (const jti of [...kept, ...untold]) expect(late.isRevoked(tokenWith(jti)), jti).toBe(true)
  expect(late.isRevoked(tokenWith('clean'))).toBe(false)
  report(`row 4, Sentinels: all of ${kept.length} kept and ${untold.length} untold revocations survive`)
}, 180_000)
