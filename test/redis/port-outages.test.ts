// What callers of a port see while Redis is hung, gone, or moving to another server: an answer in time, always, and one that
// says whether anything was done.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisFault } from '../../packages/redis/src/port/redis-fault.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import {
  type RedisCluster,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinels,
} from '../fixtures/redis-servers.js'

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const it = await starting
  endings.push(it.stop)
  return it
}

async function connected(connection: RedisConnection): Promise<RedisPort> {
  const port = createPort(connection, { strict: false, regionName: undefined })
  endings.push(() => port.close(0))
  await port.connect(5)
  return port
}

const key = 'sp1:test:{rp:x}'
const get = (port: RedisPort, seconds = 0.1): Promise<unknown> => port.call(key, ['GET', key], seconds)
const faultOf = (answer: Promise<unknown>): Promise<RedisFault> =>
  answer.then(
    () => expect.unreachable('it was answered'),
    (error) => {
      expect(error).toBeInstanceOf(RedisFault)
      return error
    },
  )

/** How many seconds something takes, without those in which this process was too busy to see. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  const start = performance.now()
  await work()
  const milliseconds = performance.now() - start
  lag.disable()
  return Math.max(0, milliseconds - (Number.isFinite(lag.max) ? lag.max / 1e6 : 0)) / 1000
}

interface Seen {
  /** How many calls ended how: `done`, or as the fault says. */
  readonly endings: Map<string, number>
  /** The longest call, without what this process was too busy to see. */
  readonly longestSeconds: number
  /** The longest time in which nothing worked. */
  readonly outageSeconds: number
}

/** Calls 100 times a second while something happens, and until it works again. */
async function underLoad(work: () => Promise<unknown>, happening: () => Promise<unknown>): Promise<Seen> {
  const lag = monitorEventLoopDelay({ resolution: 5 })
  lag.enable()
  const endings = new Map<string, number>()
  let longest = 0
  let outage = 0
  let worked = performance.now()
  const one = async (): Promise<void> => {
    const start = performance.now()
    const ending = await work().then(
      () => 'done',
      (fault: RedisFault) => fault.kind,
    )
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    longest = Math.max(longest, performance.now() - start)
    if (ending !== 'done') return
    outage = Math.max(outage, performance.now() - worked)
    worked = performance.now()
  }
  const flights: Promise<void>[] = []
  const timer = setInterval(() => flights.push(one()), 10)
  await happening()
  const start = performance.now()
  await expect.poll(() => worked, { timeout: 10_000, interval: 10 }).toBeGreaterThan(start)
  clearInterval(timer)
  await Promise.all(flights)
  lag.disable()
  const seen = { endings, longestSeconds: Math.max(0, longest - lag.max / 1e6) / 1000, outageSeconds: outage / 1000 }
  return seen
}

describe('a server that hangs', () => {
  it('costs each call its deadline, until it is not asked any more', async () => {
    const redis = await started(startRedis())
    const port = await connected({ url: redis.url })
    redis.pause()
    let seconds = 0
    for (let count = 0; count < 5; count += 1) {
      const start = performance.now()
      seconds += await timed(async () => {
        expect(await faultOf(get(port, 0.05))).toMatchObject({ kind: 'deadline', isUndone: false })
      })
      expect(performance.now() - start).toBeGreaterThanOrEqual(50)
    }
    expect(seconds).toBeLessThan(0.5)
    const open = await timed(async () => {
      expect(await faultOf(get(port, 0.05))).toMatchObject({ kind: 'offline', isUndone: true })
    })
    expect(open).toBeLessThan(0.01)
    redis.resume()
    await expect.poll(() => get(port).catch(String), { timeout: 5000 }).toBeNull()
  })

  it('costs no memory, and its late answers reach nobody', async () => {
    const redis = await started(startRedis())
    const port = await connected({ url: redis.url })
    await port.call(key, ['SET', key, 'before'], 1)
    redis.pause()
    const before = process.memoryUsage().heapUsed
    let calls = 0
    const start = performance.now()
    while (performance.now() - start < 3000) {
      const command = ['SET', key, 'x'.repeat(1000)]
      await Promise.all(Array.from({ length: 50 }, () => faultOf(port.call(key, command, 0.05))))
      calls += 50
      await new Promise(setImmediate)
    }
    expect(calls).toBeGreaterThan(2000)
    expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(20)
    redis.resume()
    await expect.poll(() => port.call(key, ['ECHO', 'mine'], 0.1).catch(String), { timeout: 5000 }).toBe('mine')
    expect(await port.call(key, ['ECHO', 'mine, too'], 0.1)).toBe('mine, too')
  })

  it('has no more than 2000 commands wait for it', async () => {
    const redis = await started(startRedis())
    const port = await connected({ url: redis.url })
    redis.pause()
    const faults = await Promise.all(Array.from({ length: 3000 }, () => faultOf(get(port, 0.3))))
    const late = faults.filter(({ kind }) => kind === 'deadline').length
    expect(late).toBeGreaterThan(1900)
    expect(late).toBeLessThanOrEqual(2000)
    expect(faults.filter(({ kind, isUndone }) => kind === 'offline' && isUndone).length).toBe(3000 - late)
  })

  it('is noticed though we keep writing, and connected to again when it is back', async () => {
    const redis = await started(startRedis())
    const port = await connected({ url: redis.url })
    let readies = 0
    port.onReady(() => {
      readies += 1
    })
    redis.pause()
    const asked = setInterval(() => get(port, 0.05).catch(() => {}), 20)
    const seconds = await timed(() => expect.poll(() => port.isConnected, { timeout: 5000, interval: 10 }).toBe(false))
    clearInterval(asked)
    expect(seconds).toBeLessThan(2)
    redis.resume()
    await expect.poll(() => readies, { timeout: 5000 }).toBe(1)
    expect(await get(port)).toBeNull()
  })
})

describe('a server that is gone', () => {
  it('is not known to have done what was under way', async () => {
    const redis = await started(startRedis())
    const port = await connected({ url: redis.url })
    redis.pause()
    const under = faultOf(get(port, 5))
    await redis.kill()
    expect(await under).toMatchObject({ kind: 'disconnected', isUndone: false })
    expect(await faultOf(get(port, 5))).toMatchObject({ kind: 'offline', isUndone: true })
    await redis.restart()
    await expect.poll(() => get(port).catch(String), { timeout: 5000 }).toBeNull()
  })
})

describe('a server that has become a replica', () => {
  it('is connected to again, because its name may lead to another by now', async () => {
    const [redis, master] = [await started(startRedis()), await started(startRedis())]
    const port = await connected({ url: redis.url })
    const id = await port.call('', ['CLIENT', 'ID'], 1)
    await redis.cli('REPLICAOF', '127.0.0.1', String(master.port))
    expect(await port.call('', ['CLIENT', 'ID'], 1)).toBe(id)
    expect(await faultOf(port.call(key, ['SET', key, '1'], 1))).toMatchObject({ reply: 'READONLY', isUndone: true })
    await expect.poll(() => port.call('', ['CLIENT', 'ID'], 1).catch(() => id)).not.toBe(id)
  })
})

describe('a master that Sentinels replace', () => {
  it.each(['kill', 'pause', 'failover'] as const)('is replaced here, too, after %s', async (how) => {
    const trio = await started(startSentinels())
    const port = await connected({ sentinel: { name: trio.name, nodes: trio.nodes } })
    const seen = await underLoad(
      () => port.call(key, ['SET', key, '1'], 0.1),
      async () => {
        if (how === 'failover') await trio.failover()
        else {
          await trio.master()[how]()
          await trio.promoted()
        }
      },
    )
    expect(seen.longestSeconds).toBeLessThan(0.12)
    expect(seen.outageSeconds).toBeLessThan(5)
  })
})

describe('a master of a cluster', () => {
  it.each(['kill', 'pause'] as const)('is replaced here, too, after %s, and the others are not missed', async (how) => {
    const cluster = await started(startCluster())
    const port = await connected({ cluster: { nodes: cluster.nodes } })
    const master = await cluster.masterOf(key)
    const other = await keyElsewhere(cluster, master)
    const others = { done: 0, failed: 0 }
    const seen = await underLoad(
      () => {
        port.call(other, ['SET', other, '1'], 5).then(
          () => {
            others.done += 1
          },
          () => {
            others.failed += 1
          },
        )
        return port.call(key, ['SET', key, '1'], 0.1)
      },
      async () => {
        await master[how]()
        await cluster.promoted(key, master)
      },
    )
    expect(others.done).toBeGreaterThan(10)
    expect(others.failed).toBe(0)
    expect(seen.longestSeconds).toBeLessThan(0.12)
    expect(seen.outageSeconds).toBeLessThan(6)
  })

  it('is followed without an error where an operator has it replaced', async () => {
    const cluster = await started(startCluster())
    const port = await connected({ cluster: { nodes: cluster.nodes } })
    const seen = await underLoad(
      () => port.call(key, ['SET', key, '1'], 2),
      () => cluster.failover(key),
    )
    expect([...seen.endings.keys()]).toEqual(['done'])
  })
})

async function keyElsewhere(cluster: RedisCluster, master: RedisServer): Promise<string> {
  for (const each of ['a', 'b', 'c', 'd', 'e', 'f']) if ((await cluster.masterOf(each)) !== master) return each
  return expect.unreachable('every key is on one master')
}
