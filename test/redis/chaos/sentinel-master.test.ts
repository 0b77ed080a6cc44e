// Row 3 of the chaos list: the master that Sentinels watch dies, or hangs, under load.
import { setTimeout as wait } from 'node:timers/promises'
import type { SingleUse, State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisSentinels, startSentinels } from '../../fixtures/redis-servers.js'
import { watchMachine } from './machine.js'
import { openNodes, report, seconds, tokenWith } from './nodes.js'
import { newThing, type UseResult, use } from './use-load.js'

async function start(): Promise<RedisSentinels> {
  const sentinels = await startSentinels()
  onTestFinished(sentinels.stop)
  return sentinels
}

/** What became of one thing that two nodes were shown, again and again until each had an answer. */
interface Shown {
  readonly firsts: readonly UseResult[]
  readonly thing: SingleUse
}

/** Clients that show each thing to both nodes at once, and try again where nobody could tell. */
function startClients(nodes: readonly State[], count: number) {
  const shown: Shown[] = []
  let isEnded = false
  const insist = async (node: State, thing: SingleUse): Promise<UseResult> => {
    for (;;) {
      const result = await use(node, thing)
      if (result.outcome !== 'unavailable') return result
      await wait(20) // as a client does that was told to try again
    }
  }
  const clients = Array.from({ length: count }, async () => {
    while (!isEnded) {
      const thing = newThing()
      const results = await Promise.all(nodes.map((node) => insist(node, thing)))
      shown.push({ thing, firsts: results.filter(({ outcome }) => outcome === 'first') })
    }
  })
  onTestFinished(() => {
    isEnded = true
  })
  return {
    shown,
    async stop(): Promise<readonly Shown[]> {
      isEnded = true
      await Promise.all(clients)
      return shown
    },
  }
}

it.each(['killed', 'hung'] as const)('row 3: a master of Sentinels is %s under load', async (how) => {
  const sentinels = await start()
  const victim = sentinels.master()
  const machine = await watchMachine(sentinels.replicas)
  const [node, other] = (await openNodes(2, { sentinel: { name: sentinels.name, nodes: sentinels.nodes } })) as [
    State,
    State,
  ]
  await node.revoke({ jti: 'before' })
  await expect.poll(() => other.isRevoked(tokenWith('before'))).toBe(true)
  const clients = startClients([node, other], 4)
  await expect.poll(() => clients.shown.length).toBeGreaterThan(100)
  for (let i = 0; i < 100; i++) node.attempts.add('client app', 3_600)

  const began = performance.now()
  if (how === 'killed') await victim.kill()
  else victim.pause()
  for (let i = 0; i < 100; i++) node.attempts.add('client app', 3_600)
  await sentinels.promoted()
  const promotedMs = performance.now() - began
  const before = clients.shown.length
  await expect.poll(() => clients.shown.length).toBeGreaterThan(before + 100)
  for (const each of [node, other]) {
    expect(each.isRevoked(tokenWith('before'))).toBe(true)
    expect(each.isRevoked(tokenWith('clean'))).toBe(false)
  }
  const shown = await clients.stop()
  const firsts = shown.flatMap((each) => each.firsts)
  const backMs =
    Math.min(...firsts.map(({ at, milliseconds }) => at + milliseconds).filter((at) => at > began + 500)) - began
  expect(backMs).toBeLessThan(Math.max(5_000, promotedMs + 1_500))

  // What only the old master had when it was lost can be used on another node once more: the window of `fast`.
  const twice = shown.filter((each) => each.firsts.length > 1)
  for (const each of twice) expect(Math.min(...each.firsts.map(({ at }) => at))).toBeGreaterThan(began - 1_000)
  for (const each of twice) expect(Math.min(...each.firsts.map(({ at }) => at))).toBeLessThan(began + 1_000)
  for (const { thing } of shown.slice(0, 50)) expect((await use(node, thing)).outcome).toBe('replay')

  // Failures are counted once at most, whatever was sent again.
  for (let i = 0; i < 5; i++) node.attempts.add('client app', 3_600)
  let own = 0
  const ofNode = () => other.attempts.count('client app', 3_600) - own
  await expect
    .poll(() => {
      other.attempts.add('client app', 3_600) // who has failures of his own hears of the others'
      own += 1
      return ofNode()
    })
    .toBeGreaterThanOrEqual(5)
  expect(ofNode()).toBeLessThanOrEqual(205)

  if (how === 'hung') victim.resume()
  await node.revoke({ jti: 'after' })
  await expect.poll(() => other.isRevoked(tokenWith('after'))).toBe(true)
  report(
    `row 3, ${how}: promoted after ${seconds(promotedMs)}, back after ${seconds(backMs)}, ` +
      `${twice.length} of ${shown.length} first on both nodes, slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

it('row 3: a master of Sentinels is killed, and with `strict` nothing is first twice', async () => {
  const sentinels = await start()
  const victim = sentinels.master()
  const where = {
    sentinel: { name: sentinels.name, nodes: sentinels.nodes },
    replicas: 2,
    replayGuard: 'strict',
  } as const
  const nodes = await openNodes(2, where)
  const clients = startClients(nodes, 4)
  await expect.poll(() => clients.shown.length).toBeGreaterThan(100)
  await victim.kill()
  await sentinels.promoted()
  await victim.restart() // with one replica of two, nobody can tell
  const before = clients.shown.length
  await expect.poll(() => clients.shown.length).toBeGreaterThan(before + 100)
  const shown = await clients.stop()
  expect(shown.filter(({ firsts }) => firsts.length > 1)).toEqual([])
  report(`row 3, strict: 0 of ${shown.length} first on both nodes`)
})
