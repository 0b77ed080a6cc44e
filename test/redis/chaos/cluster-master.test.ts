// Rows 1 and 2 of the chaos list: a master of a cluster dies, or hangs, under load.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SingleUse, State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { hashSlot } from '../../../packages/redis/src/port/hash-slot.js'
import { type RedisCluster, type RedisServer, startCluster } from '../../fixtures/redis-servers.js'
import { watchMachine } from './machine.js'
import { names, openNodes, report, seconds, tokenWith } from './nodes.js'
import { longestCall, longestGap, newThing, startLoad, type UseResult, use } from './use-load.js'

/** Of a use: both of its calls, and 20 ms. */
const longestMs = 270

async function startWithLoad() {
  const cluster = await startCluster()
  onTestFinished(cluster.stop)
  const log = names.revocation('log')
  const victim = await cluster.masterOf(log) // the hardest one: it has the revocations
  const machine = await watchMachine([...cluster.masters, ...cluster.replicas].filter((server) => server !== victim))
  const [node, other] = (await openNodes(2, { cluster: { nodes: cluster.nodes } })) as [State, State]
  await node.revoke({ jti: 'before' })
  await expect.poll(() => other.isRevoked(tokenWith('before'))).toBe(true)
  const there = startLoad(node, 5, thingsOf(cluster, victim, true))
  const elsewhere = startLoad(node, 5, thingsOf(cluster, victim, false))
  await expect.poll(() => Math.min(there.results.length, elsewhere.results.length)).toBeGreaterThan(50)
  return { cluster, log, victim, machine, node, other, there, elsewhere }
}

it.each([
  [1, 'killed'],
  [2, 'hung'],
] as const)('row %i: a master of a cluster is %s under load', async (row, how) => {
  const { cluster, log, victim, machine, node, other, there, elsewhere } = await startWithLoad()
  const heap = usedHeap()
  const began = performance.now()
  if (how === 'killed') await victim.kill()
  else victim.pause()
  const revocations = checkAlways(() => {
    for (const each of [node, other]) {
      expect(each.isRevoked(tokenWith('before'))).toBe(true)
      expect(each.isRevoked(tokenWith('clean'))).toBe(false)
    }
  })
  for (let i = 0; i < 20; i++) await fetchKeySet(node, `https://${i}.example`)
  await cluster.promoted(log, victim)
  const promotedMs = performance.now() - began
  await expect.poll(() => firstsAfter(there.results, began + 500)).toBeGreaterThan(50)
  revocations.stop()
  const results = { there: await there.stop(), elsewhere: await elsewhere.stop() }

  const wrong = results.elsewhere.filter(({ outcome }) => outcome !== 'first')
  expect(wrong.filter(({ at, milliseconds }) => !machine.wasSlow(at, at + milliseconds))).toEqual([])
  expect(results.there.filter(({ outcome }) => outcome === 'replay')).toEqual([])
  expect(results.there.filter(({ outcome }) => outcome === 'unavailable').length).toBeGreaterThan(0)
  const backMs = longestGap(results.there, began)
  expect(backMs).toBeLessThan(Math.max(5_000, promotedMs + 1_000))
  const longest = longestCall([...results.there, ...results.elsewhere])
  expect(longest).toBeLessThan(longestMs + machine.slowest())
  if (how === 'hung') {
    const atOnce = results.there.find(({ at, milliseconds }) => at > began && milliseconds < 20)
    expect((atOnce?.at ?? Number.NaN) - began).toBeLessThan(500 + machine.slowest())
    expect(usedHeap() - heap).toBeLessThan(20_000_000)
    victim.resume()
    await cluster.masterOf(log) // all agree: it knows by now that it is no master
  }
  await expectNoneTwice(results.there, node, other)
  await node.revoke({ jti: 'after' })
  await expect.poll(() => other.isRevoked(tokenWith('after'))).toBe(true)
  report(
    `row ${row}: promoted after ${seconds(promotedMs)}, back after ${seconds(backMs)}, ${wrong.length} errors elsewhere, ` +
      `longest call ${longest.toFixed(0)} ms, slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

it('row 2: a master of a cluster that hangs for less than a cluster waits is asked again as soon as it answers', async () => {
  const { victim, node, there } = await startWithLoad()
  victim.pause()
  const began = performance.now()
  await expect
    .poll(() => there.results.filter(({ at, outcome }) => at > began && outcome === 'unavailable').length)
    .toBeGreaterThan(50)
  victim.resume()
  const resumed = performance.now()
  await expect.poll(() => firstsAfter(there.results, resumed)).toBeGreaterThan(20)
  const results = await there.stop()
  expect(results.filter(({ outcome }) => outcome === 'replay')).toEqual([])
  await expectNoneTwice(results, node, node)
  report(`row 2: back ${seconds(longestGap(results, resumed))} after it went on`)
})

/** Things whose keys are on a server, or elsewhere. */
function thingsOf(cluster: RedisCluster, server: RedisServer, isThere: boolean): () => SingleUse {
  const third = cluster.masters.indexOf(server)
  const bounds = [0, 5_461, 10_923, 16_384] as const
  return () => {
    for (;;) {
      const thing = newThing()
      const { kind, by, at = '', id } = thing
      const slot = hashSlot(names.key('rp', [kind, by, at, id]))
      if ((slot >= (bounds[third] as number) && slot < (bounds[third + 1] as number)) === isThere) return thing
    }
  }
}

function firstsAfter(results: readonly UseResult[], moment: number): number {
  return results.filter(({ at, outcome }) => at > moment && outcome === 'first').length
}

/** What was not answered may have been kept or not: whoever tries again is first once at most, anywhere. */
async function expectNoneTwice(results: readonly UseResult[], node: State, other: State): Promise<void> {
  const unknown = results.filter(({ outcome }) => outcome === 'unavailable')
  for (const { use: thing } of unknown.slice(0, 100)) {
    const tries = [await use(other, thing), await use(node, thing), await use(other, thing)]
    expect(tries.filter(({ outcome }) => outcome === 'first').length).toBeLessThanOrEqual(1)
    expect(tries.at(-1)?.outcome).toBe('replay')
  }
}

/** A fleet that cannot share its key sets has them all the same. */
async function fetchKeySet({ keySets }: State, issuer: string): Promise<void> {
  const document = { url: issuer, text: '{"keys":[]}', fetchedAt: Date.now() / 1000 }
  const options = { serves: () => true, timeoutSeconds: 5, keepSeconds: 60 }
  const fetched = await keySets.fetchOnce({ issuer, location: '' }, options, async () => document)
  expect(fetched.document).toMatchObject(document)
}

/** Checks at every turn of the clock; the first failure is thrown where it is stopped. */
function checkAlways(check: () => void): { stop(): void } {
  let failure: unknown
  const timer = setInterval(() => {
    try {
      check()
    } catch (error) {
      failure ??= error
    }
  }, 10)
  onTestFinished(() => clearInterval(timer))
  return {
    stop() {
      clearInterval(timer)
      if (failure !== undefined) throw failure
    },
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedHeap(): number {
  collect()
  return process.memoryUsage().heapUsed
}
