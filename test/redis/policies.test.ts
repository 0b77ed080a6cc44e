// Policies that a fleet shares through a real Redis: published on one node, taken over by the others, and by nobody where
// they are not what was signed.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type PublishPoliciesOptions,
  publishPolicies,
  type SharedPolicies,
  type SharedPoliciesOptions,
  sharedPolicies,
  VerificationError,
} from '@sallyport/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { RedisPolicyDocuments } from '../../packages/redis/src/redis-policy-documents.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startCluster, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.js'

const name = 'orders'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ed25519')
const allowing = (scope: string) => `version: 1\npolicies:\n  orders.read:\n    allow: { scope: ${scope} }\n`
const [fallback, read, write] = [allowing('fallback'), allowing('read'), allowing('write')]
const names = new KeyNames(new KeyRing([], 'test'), 'test')
const keyOf = (part: string) => names.key('pol', [name], part)
const head = keyOf('head')

let redis: RedisServer
let proxy: TcpProxy
let ends: (() => Promise<void>)[] = []
beforeAll(async () => {
  redis = await startRedis({
    acl: [
      `verifier on >v %R~sp1:test:{pol:* resetchannels &sp1:test:* -@all +get +getrange +subscribe +ping +hello +info +config|get +acl|whoami`,
      `blind on >b ~sp1:other:* resetchannels &sp1:test:* -@all +get +getrange +subscribe +ping +hello +info +config|get +acl|whoami`,
    ],
  })
  proxy = await startTcpProxy(redis.port)
})
afterAll(async () => {
  await proxy.stop()
  await redis.stop()
})
beforeEach(async () => {
  proxy.heal()
  await redis.cli('FLUSHALL')
})
afterEach(async () => {
  await Promise.all(ends.map((end) => end()))
  ends = []
})

/** A process of the fleet, as far as policies go. */
interface FleetNode {
  readonly policies: RedisPolicyDocuments
  ready(): Promise<void>
  readonly port: RedisPort
}

async function startNode(url: string = redis.url, seconds = 5): Promise<FleetNode> {
  const port = createPort({ url }, { strict: false, regionName: undefined })
  ends.push(() => port.close(1))
  const connected = port.connect(seconds)
  await connected.catch(() => {})
  return { policies: new RedisPolicyDocuments(port, names), ready: () => connected, port }
}

const as = (user: string, password: string) => redis.url.replace('redis://', `redis://${user}:${password}@`)

/** Policies of a node, after their first look. */
async function share(node: FleetNode, options: Partial<SharedPoliciesOptions> = {}): Promise<SharedPolicies> {
  const policies = sharedPolicies(node, { name, publicKey, fallback, pollSeconds: 0, ...options })
  ends.unshift(() => policies.close())
  await policies.reload()
  await policies.reload()
  return policies
}

const publish = (node: FleetNode, text: string, revision: number, options: Partial<PublishPoliciesOptions> = {}) =>
  publishPolicies(node, text, { name, revision, privateKey, ...options })

const keptDigest = async () => (await redis.cli('GET', head)).slice(0, 64)

describe('policies on Redis', () => {
  it('are taken over by every node by push', async () => {
    const nodes = [await startNode(), await startNode(), await startNode()]
    const fleet = await Promise.all(nodes.map((node) => share(node)))
    await publish(await startNode(), read, 1)
    for (const policies of fleet) await expect.poll(() => policies.revision).toBe(1)
  })

  it('are found by a node that missed the push', async () => {
    const node = await startNode()
    const deaf = { ...node, policies: deafTo(node) }
    const policies = await share(deaf, { pollSeconds: 0.05 })
    await publish(await startNode(), read, 1)
    await expect.poll(() => policies.revision).toBe(1)
  })

  it('are found by a node whose connection was away meanwhile', async () => {
    const policies = await share(await startNode(proxy.url))
    proxy.cut()
    await publish(await startNode(), read, 1)
    expect(policies.revision).toBe(0)
    proxy.heal()
    await expect.poll(() => policies.revision).toBe(1)
  })

  it('are found by a node that starts later', async () => {
    await publish(await startNode(), read, 5)
    expect((await share(await startNode())).revision).toBe(5)
  })

  it('say in Redis which text they are, and nothing of their name', async () => {
    const node = await startNode()
    await publish(node, read, 1)
    const digest = await keptDigest()
    const keys = (await redis.cli('KEYS', '*')).split('\n').toSorted()
    expect(keys).toEqual([keyOf(`d:${digest}`), head].toSorted())
    expect(keys.join()).not.toContain(name)
    expect(await redis.cli('GET', keyOf(`d:${digest}`))).toBe(read.trimEnd())
    expect(digest).toBe('4e0b2d4afb720862ed97601823445088008ed4f609b8481d7b5a51b3734d95c6') // of sha256sum
  })

  it('do not expire while they are in force, and do a week after', async () => {
    const node = await startNode()
    await publish(node, read, 1)
    const before = keyOf(`d:${await keptDigest()}`)
    await publish(node, write, 2)
    const after = keyOf(`d:${await keptDigest()}`)
    expect([await redis.cli('TTL', head), await redis.cli('TTL', after)]).toEqual(['-1', '-1'])
    expect(Number(await redis.cli('TTL', before))).toBeGreaterThan(604_700)
    expect(Number(await redis.cli('TTL', before))).toBeLessThanOrEqual(604_800)
    await publish(node, read, 3) // the old text again: in force, it does not expire any more
    expect(await redis.cli('TTL', before)).toBe('-1')
    expect(Number(await redis.cli('TTL', after))).toBeGreaterThan(604_700)
    expect(await redis.cli('DBSIZE')).toBe('3')
  })

  it('do not expire where the same text is published under the next revision', async () => {
    const node = await startNode()
    await publish(node, read, 1)
    await publish(node, read, 2)
    expect(await redis.cli('TTL', keyOf(`d:${await keptDigest()}`))).toBe('-1')
  })

  it('are not read to their end where they are too large to be any', async () => {
    const node = await startNode()
    await publish(node, read, 1)
    await redis.cli('SETRANGE', keyOf(`d:${await keptDigest()}`), '4000000', 'x')
    expect((await node.policies.latest(name))?.text).toHaveLength(262_145)
  })

  it('are published also by who does not wait for the connection', async () => {
    const port = createPort({ url: redis.url }, { strict: false, regionName: undefined })
    ends.push(() => port.close(1))
    const connected = port.connect(5)
    expect(port.isConnected).toBe(false)
    await publishPolicies({ policies: new RedisPolicyDocuments(port, names) }, read, { name, revision: 1, privateKey })
    await connected
  })

  it('of two nodes that publish one revision are those of one', async () => {
    const nodes = [await startNode(), await startNode()] as const
    const outcomes = await Promise.allSettled([publish(nodes[0], read, 1), publish(nodes[1], write, 1)])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const winner = outcomes[0].status === 'fulfilled' ? read : write
    expect((await nodes[0].policies.latest(name))?.text).toBe(winner)
  })

  it('of many that publish at the same moment are those of the greatest revision', async () => {
    const node = await startNode()
    const policies = await share(node)
    const nodes = await Promise.all([1, 2, 3, 4].map(() => startNode()))
    await Promise.allSettled(nodes.map((each, index) => publish(each, allowing(`s${index}`), index + 1)))
    await expect.poll(() => policies.revision).toBe(4)
    await publish(node, read, 5)
    await expect.poll(() => policies.revision).toBe(5)
  })

  it('are one document in one step: a push that comes between is no half of one', async () => {
    const node = await startNode()
    const there = await node.policies.latest(name)
    await publish(node, read, 1)
    expect(await node.policies.publish(name, { head: 'a.b.c', text: 'x' }, there)).toBe(false)
    expect(await redis.cli('DBSIZE')).toBe('2') // and nothing of the second was stored
  })
})

describe('policies in a cluster', () => {
  it('are in one slot, and are heard of by push', async () => {
    await using cluster = await startCluster()
    const open = async (): Promise<FleetNode> => {
      const port = createPort({ cluster: { nodes: cluster.nodes } }, { strict: false, regionName: undefined })
      ends.push(() => port.close(1))
      await port.connect(10)
      return { policies: new RedisPolicyDocuments(port, names), ready: async () => {}, port }
    }
    const [publisher, ...fleet] = [await open(), await open(), await open()]
    const shared = await Promise.all(fleet.map((node) => share(node)))
    await publish(publisher, read, 1)
    for (const policies of shared) await expect.poll(() => policies.revision).toBe(1)
    await publish(publisher, write, 2)
    for (const policies of shared) await expect.poll(() => policies.revision).toBe(2)
    await Promise.all(ends.map((end) => end())) // before the servers
  })
})

describe('what is not what was signed', () => {
  /** A node that has taken over revision 2, and a hand on the keys. */
  async function established(): Promise<{ node: FleetNode; policies: SharedPolicies }> {
    const node = await startNode()
    await publish(node, read, 1)
    const policies = await share(node)
    await publish(node, write, 2)
    await expect.poll(() => policies.revision).toBe(2)
    return { node, policies }
  }

  it.each<[string, (node: FleetNode) => Promise<unknown>]>([
    ['another text', async () => redis.cli('SET', keyOf(`d:${await keptDigest()}`), allowing('evil'))],
    ['no text', async () => redis.cli('DEL', keyOf(`d:${await keptDigest()}`))],
    ['half a text', async () => redis.cli('SET', keyOf(`d:${await keptDigest()}`), write.slice(0, 40))],
    ['a text without end', async () => redis.cli('SETRANGE', keyOf(`d:${await keptDigest()}`), '4000000', 'x')],
    [
      'a text that is a list',
      async () => {
        const key = keyOf(`d:${await keptDigest()}`)
        await redis.cli('DEL', key)
        return redis.cli('RPUSH', key, 'x')
      },
    ],
    [
      'a head that is a list',
      async () => {
        await redis.cli('DEL', head)
        return redis.cli('RPUSH', head, 'x')
      },
    ],
    [
      'a head that points to another text',
      async () => {
        const value = await redis.cli('GET', head)
        return redis.cli('SET', head, `${'0'.repeat(64)}${value.slice(64)}`)
      },
    ],
    ['nonsense', () => redis.cli('SET', head, 'nonsense')],
    ['nonsense without end', () => redis.cli('SETRANGE', head, '4000000', 'x')],
    [
      'an old head, played again',
      async (node) => {
        const scratch = {
          ...node,
          policies: new RedisPolicyDocuments(node.port, new KeyNames(new KeyRing([], 'x'), 'x')),
        }
        await publish(scratch, read, 1)
        const old = await scratch.policies.latest(name)
        return node.policies.publish(name, old ?? { head: '', text: '' }, await node.policies.latest(name))
      },
    ],
    ['policies of a stranger', (node) => publish(node, allowing('evil'), 9, { privateKey: stranger.privateKey })],
    ['nothing: flushed', () => redis.cli('FLUSHALL')],
  ])('is not taken over: %s', async (_, spoil) => {
    const { node, policies } = await established()
    const before = policies.current
    await spoil(node)
    await policies.reload()
    await policies.reload()
    expect(policies.revision).toBe(2)
    expect(policies.current).toBe(before)
    const later = await share(await startNode()) // a node that starts by now takes over nothing of it
    expect(later.current.names).toEqual(['orders.read'])
    expect([0, 1, 2]).toContain(later.revision)
    expect(later.current.get('orders.read')).not.toMatchObject({ allow: { names: ['evil'] } })
  })

  it.each<[string, () => Promise<unknown>]>([
    ['nonsense', () => redis.cli('SET', head, 'nonsense')],
    ['bytes that are no text', () => redis.cli('SETRANGE', head, '100', 'x')],
    ['a head without its text', async () => redis.cli('DEL', keyOf(`d:${await keptDigest()}`))],
    ['policies of a stranger', async () => publish(await startNode(), read, 9, { privateKey: stranger.privateKey })],
    ['nothing', () => redis.cli('FLUSHALL')],
  ])('is mended by publishing again: %s', async (_, spoil) => {
    const { node, policies } = await established()
    await spoil()
    await publish(node, write, 2)
    expect((await share(await startNode())).revision).toBe(2)
    await publish(node, read, 3)
    await expect.poll(() => policies.revision).toBe(3)
  })
})

describe('a Redis that is away', () => {
  it('leaves the policies in force, says since when, and is caught up with by itself', async () => {
    const policies = await share(await startNode(proxy.url), { clock: () => Date.now() / 1000 })
    await publish(await startNode(), read, 1)
    await expect.poll(() => policies.revision).toBe(1)
    const checkedAt = policies.checkedAt
    proxy.hang()
    const began = performance.now()
    expect(await policies.reload()).toBe('refused')
    expect(performance.now() - began).toBeLessThan(2_000) // a deadline of 0.5 s
    expect([policies.revision, policies.checkedAt]).toEqual([1, checkedAt])
    await publish(await startNode(), write, 2)
    proxy.heal()
    await expect.poll(() => policies.revision).toBe(2)
  })

  it('keeps a node from nothing that has policies to begin with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policies-'))
    ends.push(async () => rmSync(folder, { recursive: true, force: true }))
    const lastGoodFile = join(folder, 'policies.json')
    await publish(await startNode(), read, 3)
    const first = await share(await startNode(proxy.url), { lastGoodFile })
    await first.close()
    proxy.cut()
    const away = await startNode(proxy.url, 0.1)
    expect((await share(away)).revision).toBe(0)
    expect((await share(away, { lastGoodFile })).revision).toBe(3)
  })

  it('tells who publishes that nothing was', async () => {
    const node = await startNode(proxy.url)
    proxy.hang()
    await expect(publish(node, read, 1)).rejects.toMatchObject({ code: 'state_unavailable', retryAfterSeconds: 1 })
    proxy.cut()
    await expect(publish(node, read, 1)).rejects.toThrow(VerificationError)
  })

  it('that answered, and the answer was lost: publishing again is publishing once', async () => {
    const node = await startNode(proxy.url)
    await publish(node, read, 1) // the script is known there from now on
    proxy.swallowReplies(1, 'EVALSHA')
    await expect(publish(node, write, 2)).rejects.toMatchObject({ code: 'state_unavailable' })
    proxy.heal()
    await expect.poll(() => node.port.isConnected).toBe(true)
    await publish(node, write, 2)
    expect((await node.policies.latest(name))?.text).toBe(write)
  })
})

describe('rights', () => {
  it('a verifier may read, hears of them, and can publish nothing', async () => {
    const node = await startNode(as('verifier', 'v'))
    await node.ready()
    const policies = await share(node)
    await publish(await startNode(), read, 1)
    await expect.poll(() => policies.revision).toBe(1)
    await expect(publish(node, write, 2)).rejects.toMatchObject({ code: 'state_unavailable' })
    expect((await node.policies.latest(name))?.text).toBe(read)
  })

  it('who may not read keeps the policies in force', async () => {
    const node = await startNode(as('blind', 'b'))
    await node.ready()
    await publish(await startNode(), read, 1)
    const policies = await share(node)
    expect(await policies.reload()).toBe('refused')
    expect(policies.revision).toBe(0)
  })
})

/** The documents of a node that nobody tells of new ones. */
function deafTo({ policies }: FleetNode): RedisPolicyDocuments {
  return Object.assign(Object.create(policies) as RedisPolicyDocuments, {
    latest: (of: string) => policies.latest(of),
    onPublished: () => () => {},
  })
}
