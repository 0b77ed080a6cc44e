// Behind Sentinels and in a cluster, with a master that has to be replaced: a revocation that was made stays made, and nodes
// know it whatever their log has lost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import {
  type RedisCluster,
  type RedisSentinels,
  type RedisServer,
  startCluster,
  startSentinels,
} from '../fixtures/redis-servers.js'
import { type FleetNode, log, startNode, token } from './revocation-fleet.js'

/** Sentinels that were held up for two seconds watch on for half a minute before they act again (TILT). */
const tiltMs = 75_000

interface Stage {
  readonly where: { readonly one: RedisConnection }
  readonly replicas: number
  master(): Promise<RedisServer>
  /** As an operator does it. */
  failover(): Promise<unknown>
  /** Of the fleet's own accord, after its master is gone. */
  promoted(before: RedisServer): Promise<unknown>
  stop(): Promise<void>
}

async function onSentinels(): Promise<Stage> {
  const trio: RedisSentinels = await startSentinels()
  const { name, nodes } = trio
  return {
    where: { one: { sentinel: { name, nodes } } },
    replicas: 2,
    master: async () => trio.master(),
    failover: () => trio.failover(),
    promoted: () => trio.promoted(),
    stop: () => trio.stop(),
  }
}

async function onCluster(): Promise<Stage> {
  const cluster: RedisCluster = await startCluster()
  return {
    where: { one: { cluster: { nodes: cluster.nodes } } },
    replicas: 1,
    master: () => cluster.masterOf(log),
    failover: () => cluster.failover(log),
    promoted: (before) => cluster.promoted(log, before),
    stop: () => cluster.stop(),
  }
}

describe.each([
  ['Sentinels', onSentinels],
  ['a cluster', onCluster],
])('a fleet on %s', (_, open) => {
  let stage: Stage
  const nodes: FleetNode[] = []

  beforeAll(async () => {
    stage = await open()
  })

  afterAll(async () => {
    for (const node of nodes) await node.close()
    await stage?.stop()
  })

  async function start(replicas = 0): Promise<FleetNode> {
    const node = await startNode(stage.where, { replicas })
    nodes.push(node)
    return node
  }

  it('tells every node at once, with and without replicas that have to have it', async () => {
    const [strict, fast, third] = [await start(stage.replicas), await start(), await start()]
    for (const node of [strict, fast]) {
      const waits: number[] = []
      for (let index = 0; index < 10; index += 1) {
        const begin = performance.now()
        const heard = new Promise<number>((resolve) => {
          const end = third.revocations.onRevoked(() => {
            end()
            resolve(performance.now() - begin)
          })
        })
        await node.revocations.revoke({ jti: `${node === strict ? 'strict' : 'fast'}-${index}` })
        waits.push(await heard)
      }
      // A push takes a few milliseconds, the next reading half a second on average.
      expect(waits.toSorted((one, other) => one - other)[5]).toBeLessThan(150)
    }
  })

  it(
    'keeps what it was told is made through a planned failover',
    async () => {
      const node = await start(stage.replicas)
      const made: string[] = []
      let isOver = false
      const revoking = (async () => {
        for (let index = 0; !isOver; index += 1) {
          const jti = `planned-${index}`
          await node.revocations.revoke({ jti }).catch(() => undefined)
          made.push(jti) // one that was refused is on its way
        }
      })()
      await expect.poll(() => made.length).toBeGreaterThan(5)
      await stage.failover()
      const before = made.length
      await expect.poll(() => made.length).toBeGreaterThan(before + 5)
      isOver = true
      await revoking
      await expect.poll(() => node.revocations.health().pending, { timeout: tiltMs }).toBe(0)
      const later = await start()
      for (const jti of made) expect(later.revocations.isRevoked(token({ jti }))).toBe(true)
    },
    2 * tiltMs,
  )

  it('un-revokes nothing when its master is killed, and goes on', async () => {
    const [node, other] = [await start(), await start()]
    await node.revocations.revoke({ jti: 'before' })
    const master = await stage.master()
    await master.kill()
    await node.revocations.revoke({ jti: 'during' }).catch(() => undefined)
    await stage.promoted(master)
    await expect.poll(() => node.revocations.health().pending, { timeout: tiltMs }).toBe(0)
    await expect.poll(() => other.revocations.isRevoked(token({ jti: 'during' }))).toBe(true)
    expect(other.revocations.isRevoked(token({ jti: 'before' }))).toBe(true)
    expect(other.revocations.isRevoked(token({ jti: 'clean' }))).toBe(false)
    const later = await start()
    expect(later.revocations.isRevoked(token({ jti: 'before' }))).toBe(true)
    await node.revocations.revoke({ jti: 'after' })
    await expect.poll(() => later.revocations.isRevoked(token({ jti: 'after' }))).toBe(true)
  }, 90_000)
})
