// What only a cluster does: slots that move from one node to another, and nodes that are missing.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisFault } from '../../packages/redis/src/port/redis-fault.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { type RedisCluster, type RedisServer, startCluster } from '../fixtures/redis-servers.js'

const channel = 'sp1:test:{rv}:push'
const key = 'sp1:test:{rv}:log'

let cluster: RedisCluster
let port: RedisPort
let readies: number
let heard: string[]
beforeEach(async () => {
  cluster = await startCluster()
  port = createPort({ cluster: { nodes: cluster.nodes } }, { strict: false, regionName: undefined })
  readies = 0
  heard = []
  port.onReady(() => {
    readies += 1
  })
  port.subscribe(channel, (message) => heard.push(message))
})
afterEach(async () => {
  await port.close(0)
  await cluster.stop()
})

/** What is published is heard, once. Each try says something else: one that was not answered in time may have been heard. */
async function expectHeard(word: string): Promise<void> {
  heard.length = 0
  let message = ''
  const publish = (): Promise<unknown> => {
    message = `${word} ${performance.now()}`
    return port.call(channel, ['SPUBLISH', channel, message], 1).catch(String)
  }
  await expect.poll(publish, { timeout: 10_000, interval: 20 }).toBe(1)
  await expect.poll(() => heard).toContain(message)
  expect(heard).toEqual([...new Set(heard)])
}

describe('row 21: slots that move', () => {
  it('are followed by commands, pipelines and channels, without an error', async () => {
    await port.connect(5)
    const from = await cluster.masterOf(key)
    const to = cluster.masters.find((each) => each !== from) as RedisServer
    await port.call(key, ['SET', key, '0'], 1)
    const faults: RedisFault[] = []
    let calls = 0
    const one = async (): Promise<void> => {
      calls += 2
      await port.call(key, ['INCR', key], 3).catch((fault) => faults.push(fault))
      // The second does not exist yet: while the slot moves, it is asked for where the slot goes (ASK).
      const other = `${key}:${calls}`
      const answers = await port
        .pipeline(
          key,
          [
            ['INCR', other],
            ['INCR', key],
          ],
          3,
        )
        .catch((fault) => [fault])
      faults.push(...answers.filter((answer) => typeof answer !== 'number'))
    }
    const flights: Promise<void>[] = []
    const timer = setInterval(() => flights.push(one()), 5)
    await moveSlot(from, to)
    await expectHeard('after the move')
    clearInterval(timer)
    await Promise.all(flights)
    expect(faults).toEqual([])
    expect(calls).toBeGreaterThan(2)
    expect(Number(await port.call(key, ['GET', key], 1))).toBe(calls)
    expect(await cluster.masterOf(key)).toBe(to)
    expect(readies).toBeGreaterThan(1)
  })

  async function moveSlot(from: RedisServer, to: RedisServer): Promise<void> {
    const slot = await from.cli('CLUSTER', 'KEYSLOT', key)
    const [fromId, toId] = await Promise.all([from, to].map((each) => each.cli('CLUSTER', 'MYID')))
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId ?? '')
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId ?? '')
    for (;;) {
      const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '10')).split('\n').filter((each) => each !== '')
      if (keys.length === 0) break
      await from.cli('MIGRATE', '127.0.0.1', String(to.port), '', '0', '2000', 'KEYS', ...keys)
    }
    for (const each of [to, from, ...cluster.masters]) await each.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId ?? '')
  }
})

describe('a master that is missing', () => {
  it('is not waited for where nothing needs it, and found where its replica takes over', async () => {
    const master = await cluster.masterOf(key)
    const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const owners = await Promise.all(others.map((each) => cluster.masterOf(each)))
    const other = others.find((_, index) => owners[index] !== master) ?? ''
    await master.kill()
    const without = createPort({ cluster: { nodes: cluster.nodes } }, { strict: false, regionName: undefined })
    await without.connect(3)
    expect(await without.call(other, ['SET', other, '1'], 1)).toBe('OK')
    await expect
      .poll(() => without.call(key, ['SET', key, '1'], 1).catch(String), { timeout: 10_000, interval: 20 })
      .toBe('OK')
    await without.close(0)
  })

  it('takes its channel to the replica that takes over, and back', async () => {
    await port.connect(5)
    await expectHeard('before')
    const before = readies
    const master = await cluster.masterOf(channel)
    await master.kill()
    await expect.poll(() => readies, { timeout: 10_000 }).toBeGreaterThan(before)
    await expectHeard('after')
    await master.restart()
    await cluster.failover(channel)
    await expectHeard('back')
    expect(await cluster.masterOf(channel)).toBe(master)
  })

  it('is found by a process that knew only that one', async () => {
    const [first] = cluster.masters
    const lonely = createPort({ cluster: { nodes: [first?.url ?? ''] } }, { strict: false, regionName: undefined })
    await lonely.connect(5)
    await first?.kill()
    for (const each of ['a', 'b', 'c', 'd', 'e', 'f'])
      await expect
        .poll(() => lonely.call(each, ['SET', each, '1'], 1).catch(String), { timeout: 10_000, interval: 20 })
        .toBe('OK')
    await lonely.close(0)
  })
})
