// What may be used once, on real servers: by one process, by several, and while answers are lost on the way.
import { createTestClock } from '@sallyport/core/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisFault } from '../../packages/redis/src/port/redis-fault.js'
import type { RedisPort, Reply } from '../../packages/redis/src/port/redis-port.js'
import { RedisReplayGuard, type ReplayGuardSettings } from '../../packages/redis/src/redis-replay-guard.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.js'

const clock = createTestClock()
const now = clock()
const names = new KeyNames(new KeyRing([Buffer.alloc(32, 1)], 'test'), 'test')
const proof = { kind: 'dpop', by: 'thumbprint', at: 'api.example.com', id: 'jti-1' }
const key = names.key('rp', ['dpop', 'thumbprint', 'api.example.com', 'jti-1'])
const inAMinute = now + 60

const redis = await startRedis()
afterAll(() => redis.stop())

let opened: { close(): unknown }[] = []
beforeEach(async () => {
  clock.set(now)
  await redis.cli('FLUSHALL')
})
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
})

async function connect(url: string): Promise<RedisPort> {
  const port = createPort({ url }, { strict: false, regionName: undefined })
  opened.push({ close: () => port.close(0.2) })
  await port.connect(5)
  return port
}

/** A guard with connections of its own, as another process has it. */
async function openGuard(url = redis.url, settings: Partial<ReplayGuardSettings> = {}): Promise<RedisReplayGuard> {
  return new RedisReplayGuard(await connect(url), names, { clock, ...settings })
}

async function openProxy(server: RedisServer = redis): Promise<TcpProxy> {
  const proxy = await startTcpProxy(server.port)
  opened.push({ close: () => proxy.stop() })
  return proxy
}

const unavailable = expect.objectContaining({
  code: 'state_unavailable',
  message: 'nobody can tell whether it was used before',
  retryAfterSeconds: 1,
})

describe('RFC 9449 §11.1: one proof', () => {
  it('is used once, here and anywhere', async () => {
    const [here, there] = [await openGuard(), await openGuard()]
    expect(await here.useOnce(proof, inAMinute)).toBe(true)
    expect(await here.useOnce(proof, inAMinute)).toBe(false)
    expect(await there.useOnce(proof, inAMinute)).toBe(false)
  })

  it.each([
    ['kind', { kind: 'assertion' }],
    ['holder', { by: 'other' }],
    ['place', { at: 'other.example.com' }],
    ['id', { id: 'jti-2' }],
  ])('is not another of another %s', async (_, other) => {
    const guard = await openGuard()
    expect(await guard.useOnce(proof, inAMinute)).toBe(true)
    expect(await guard.useOnce({ ...proof, ...other }, inAMinute)).toBe(true)
  })

  it('that is for nobody in particular is for the empty place', async () => {
    const guard = await openGuard()
    const { at: _, ...anywhere } = proof
    expect(await guard.useOnce(anywhere, inAMinute)).toBe(true)
    expect(await guard.useOnce({ ...anywhere, at: '' }, inAMinute)).toBe(false)
  })

  it('passes once of many at the same moment', async () => {
    const guards = [await openGuard(), await openGuard()]
    const all = Array.from({ length: 200 }, (_, each) => guards[each % 2]?.useOnce(proof, inAMinute))
    expect((await Promise.all(all)).filter((isFirst) => isFirst)).toHaveLength(1)
  })

  it('of which the time is over passes not even once, and leaves nothing', async () => {
    const guard = await openGuard()
    for (const until of [now, now - 1, Number.NaN]) expect(await guard.useOnce(proof, until)).toBe(false)
    expect(await redis.cli('DBSIZE')).toBe('0')
    expect(await guard.useOnce(proof, now + 0.001)).toBe(true)
  })

  it.each([
    ['a minute', 60, 120],
    ['a moment', 0.001, 60.001],
    ['for ever', Number.POSITIVE_INFINITY, 10 * 365 * 86_400 + 60],
  ])('good for %s is remembered a minute longer, against clocks that are set', async (_, seconds, expected) => {
    const guard = await openGuard()
    await guard.useOnce(proof, now + seconds)
    const milliseconds = Number(await redis.cli('PTTL', key))
    expect(milliseconds).toBeGreaterThan(expected * 1000 - 5_000)
    expect(milliseconds).toBeLessThanOrEqual(expected * 1000 + 1)
  })

  it('leaves one key that tells nobody whose it was', async () => {
    const guard = await openGuard()
    await guard.useOnce(proof, inAMinute)
    expect(await redis.cli('KEYS', '*')).toBe(key)
    expect(key).toMatch(/^sp1:test:\{rp:[\w-]{22}\}$/)
    expect(await redis.cli('GET', key)).toMatch(/^[\w-]{11}$/)
  })
})

describe('what this process has seen used', () => {
  it('stays used where the server has forgotten it', async () => {
    const [here, there] = [await openGuard(), await openGuard()]
    await here.useOnce(proof, inAMinute)
    await there.useOnce(proof, inAMinute)
    await redis.cli('FLUSHALL')
    expect(await here.useOnce(proof, inAMinute)).toBe(false)
    expect(await there.useOnce(proof, inAMinute)).toBe(false)
    expect(await redis.cli('DBSIZE')).toBe('0') // nobody was asked
  })

  it('is new again once its time is over', async () => {
    const guard = await openGuard()
    await guard.useOnce(proof, inAMinute)
    await redis.cli('FLUSHALL')
    clock.set(inAMinute)
    expect(await guard.useOnce(proof, inAMinute + 60)).toBe(true)
  })

  it('is bounded: what was pushed out is left to the server', async () => {
    const guard = await openGuard(redis.url, { maxUses: 2 })
    const proofs = [1, 2, 3].map((id) => ({ ...proof, id: String(id) }))
    for (const each of proofs) expect(await guard.useOnce(each, inAMinute)).toBe(true)
    for (const each of proofs) expect(await guard.useOnce(each, inAMinute)).toBe(false)
    await redis.cli('FLUSHALL')
    expect(await guard.useOnce({ ...proof, id: '3' }, inAMinute)).toBe(false)
    expect(await guard.useOnce({ ...proof, id: '1' }, inAMinute)).toBe(true)
  })

  it('holds against a server that forgets between two that were under way together', async () => {
    const port = await connect(redis.url)
    const forgetful = intercepted(port, async (at, command, deadline) => {
      const [, reply] = await port.pipeline(at, [['DEL', at], command], deadline)
      return reply as Reply
    })
    const guard = new RedisReplayGuard(forgetful, names, { clock })
    const together = await Promise.all([guard.useOnce(proof, inAMinute), guard.useOnce(proof, inAMinute)])
    expect(together.filter((isFirst) => isFirst)).toHaveLength(1)
  })

  it('does not cost the first of two his turn, whose answer came last', async () => {
    const port = await connect(redis.url)
    let secondIsDone = (): void => {}
    const second = new Promise<void>((resolve) => {
      secondIsDone = resolve
    })
    let count = 0
    const slow = intercepted(port, async (...call) => {
      const isFirst = count++ === 0
      const reply = await port.call(...call)
      if (isFirst) await second
      return reply
    })
    const guard = new RedisReplayGuard(slow, names, { clock })
    const first = guard.useOnce(proof, inAMinute)
    expect(await guard.useOnce(proof, inAMinute)).toBe(false)
    secondIsDone()
    expect(await first).toBe(true)
    expect(await guard.useOnce(proof, inAMinute)).toBe(false)
  })
})

/** The same port, but for how calls go through it. */
function intercepted(port: RedisPort, call: RedisPort['call']): RedisPort {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      return name === 'call' ? call : typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/**
 * Uses something of which the first answer is lost, and answers what it was. A machine that has much else to do may need more
 * than one: the connection has to be there again in time.
 */
async function useThroughLoss(guard: RedisReplayGuard, proxy: TcpProxy): Promise<typeof proof> {
  let used = proof
  const ask = async () => {
    used = { ...proof, id: `${used.id}'` }
    proxy.swallowReplies(1, '{rp:')
    return guard.useOnce(used, inAMinute).catch(() => 'nobody can tell')
  }
  await expect.poll(ask).toBe(true)
  return used
}

describe('an answer that is lost', () => {
  it('is asked for once more, and was first all the same', async () => {
    const proxy = await openProxy()
    const [here, there] = [await openGuard(proxy.url), await openGuard()]
    const used = await useThroughLoss(here, proxy)
    expect(await there.useOnce(used, inAMinute)).toBe(false)
    expect(await here.useOnce(used, inAMinute)).toBe(false)
  })

  it('of somebody else is no first use, however often it is lost', async () => {
    const proxy = await openProxy()
    const [here, there] = [await openGuard(proxy.url), await openGuard()]
    await there.useOnce(proof, inAMinute)
    const ask = async () => {
      proxy.swallowReplies(1, '{rp:')
      return here.useOnce(proof, inAMinute).catch(() => 'nobody can tell')
    }
    await expect.poll(ask).toBe(false)
  })

  it('twice is an outage, and nobody passes with it after that', async () => {
    const proxy = await openProxy()
    const [here, there] = [await openGuard(proxy.url), await openGuard()]
    proxy.swallowReplies(2, '{rp:')
    await expect(here.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    expect(await there.useOnce(proof, inAMinute)).toBe(false)
  })

  describe('of an attempt that let nobody in', () => {
    /** A guard of which the answer to a use was lost twice: the server has it, and nobody was let in with it. */
    async function openUnsettled(): Promise<{ guard: RedisReplayGuard; proxy: TcpProxy; used: typeof proof }> {
      const proxy = await openProxy()
      const guard = await openGuard(proxy.url)
      let used = proof
      const lose = async () => {
        used = { ...proof, id: `${used.id}'` }
        proxy.swallowReplies(2, '{rp:')
        await expect(guard.useOnce(used, inAMinute)).rejects.toEqual(unavailable)
        proxy.swallowReplies(0)
        return redis.cli('EXISTS', names.key('rp', [used.kind, used.by, used.at, used.id]))
      }
      await expect.poll(lose).toBe('1')
      const connected = () => guard.useOnce({ ...proof, id: 'other' }, inAMinute).catch(() => 'nobody can tell')
      await expect.poll(connected).toBe(false) // so the one before was first
      return { guard, proxy, used }
    }

    it('is asked for with the same id by whoever comes again, and was first; once', async () => {
      const { guard, used } = await openUnsettled()
      expect(await guard.useOnce(used, inAMinute)).toBe(true)
      expect(await guard.useOnce(used, inAMinute)).toBe(false)
      expect(await (await openGuard()).useOnce(used, inAMinute)).toBe(false)
    })

    it('is asked for as often as it takes', async () => {
      const { guard, proxy, used } = await openUnsettled()
      proxy.hang()
      await expect(guard.useOnce(used, inAMinute)).rejects.toEqual(unavailable)
      proxy.cut()
      const again = () => guard.useOnce(used, inAMinute).catch(() => 'nobody can tell')
      await expect.poll(again).toBe('nobody can tell') // not sent at all
      proxy.heal()
      await expect.poll(again).toBe(true)
      expect(await again()).toBe(false)
    })

    it('passes once where many come again at the same moment', async () => {
      const { guard, used } = await openUnsettled()
      const there = await openGuard()
      const all = Array.from({ length: 20 }, (_, each) => (each % 2 ? guard : there).useOnce(used, inAMinute))
      expect((await Promise.all(all)).filter((isFirst) => isFirst)).toHaveLength(1)
    })

    it('is not first where another was', async () => {
      const port = await connect(redis.url)
      let isLost = true
      const lossy = intercepted(port, async (...call) => {
        if (isLost) throw new RedisFault('deadline', 'it was not answered in time', { isUndone: false })
        return port.call(...call)
      })
      const [here, there] = [new RedisReplayGuard(lossy, names, { clock }), await openGuard()]
      await expect(here.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
      expect(await there.useOnce(proof, inAMinute)).toBe(true)
      isLost = false
      expect(await here.useOnce(proof, inAMinute)).toBe(false)
    })

    it('and of no more than were remembered', async () => {
      const port = await connect(redis.url)
      let isLost = true
      const lossy = intercepted(port, async (...call) => {
        const reply = await port.call(...call)
        if (isLost) throw new RedisFault('deadline', 'it was not answered in time', { isUndone: false })
        return reply
      })
      const guard = new RedisReplayGuard(lossy, names, { clock, maxUses: 2 })
      const proofs = [1, 2, 3].map((id) => ({ ...proof, id: String(id) }))
      for (const each of proofs) await expect(guard.useOnce(each, inAMinute)).rejects.toEqual(unavailable)
      isLost = false
      const answers = []
      for (const each of proofs) answers.push(await guard.useOnce(each, inAMinute))
      expect(answers).toEqual([false, true, true])
      for (const id of ['4', '5']) await guard.useOnce({ ...proof, id }, inAMinute)
      for (const each of proofs) expect(await guard.useOnce(each, inAMinute)).toBe(false) // Redis alone knows
    })

    it('and then had no connection to ask again on, is asked for later', async () => {
      const port = await connect(redis.url)
      let [calls, isLost] = [0, true]
      const lossy = intercepted(port, async (...call) => {
        calls += 1
        if (isLost && calls > 1) throw new RedisFault('offline', 'it was not sent', { isUndone: true })
        const reply = await port.call(...call)
        if (isLost) throw new RedisFault('disconnected', 'the connection ended', { isUndone: false })
        return reply
      })
      const guard = new RedisReplayGuard(lossy, names, { clock })
      await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
      expect(calls).toBeGreaterThan(1)
      isLost = false
      expect(await guard.useOnce(proof, inAMinute)).toBe(true)
      expect(await guard.useOnce(proof, inAMinute)).toBe(false)
    })
  })

  it('loses nobody else his turn: one of two passes, or none', async () => {
    const proxy = await openProxy()
    const [here, there] = [await openGuard(proxy.url), await openGuard()]
    for (let round = 0; round < 20; round++) {
      const each = { ...proof, id: `round-${round}` }
      proxy.swallowReplies(1, '{rp:')
      const both = await Promise.allSettled([here.useOnce(each, inAMinute), there.useOnce(each, inAMinute)])
      const told = both.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      const passed = told.filter((isFirst) => isFirst).length
      expect(passed, `round ${round}`).toBeLessThanOrEqual(1)
      if (told.length === 2) expect(passed, `round ${round}`).toBe(1)
    }
  })
})

describe('nobody can tell', () => {
  it('on a server that hangs, and says so in time', async () => {
    const proxy = await openProxy()
    const guard = await openGuard(proxy.url)
    proxy.hang()
    const start = performance.now()
    await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    expect(performance.now() - start).toBeGreaterThan(190) // it was asked twice
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('without a connection, and says so at once', async () => {
    const proxy = await openProxy()
    const port = await connect(proxy.url)
    let calls = 0
    const counted = intercepted(port, (...call) => {
      calls++
      return port.call(...call)
    })
    const guard = new RedisReplayGuard(counted, names, { clock })
    proxy.cut()
    await expect.poll(() => port.isConnected).toBe(false)
    await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    expect(calls).toBe(1)
    expect(await redis.cli('DBSIZE')).toBe('0')
  })

  it('where a value of another type is in the way', async () => {
    const guard = await openGuard()
    await redis.cli('RPUSH', key, 'a')
    await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
  })

  it('where memory is full', async () => {
    const guard = await openGuard()
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    } finally {
      await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await guard.useOnce(proof, inAMinute)).toBe(true)
  })

  it('where the right is missing', async () => {
    const port = await connect(redis.url)
    const guard = new RedisReplayGuard(port, names, { clock })
    await redis.cli('ACL', 'SETUSER', 'default', '-set')
    try {
      await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    } finally {
      await redis.cli('ACL', 'SETUSER', 'default', '+set')
    }
  })

  it('where replicas that must follow are gone', async () => {
    const guard = await openGuard()
    await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    try {
      await expect(guard.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    } finally {
      await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
    }
  })
})

describe('a strict guard', () => {
  const started: RedisServer[] = []
  let [master, replica] = started
  beforeEach(async () => {
    master = await startRedis()
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
    started.push(master, replica)
    const info = () => (master as RedisServer).cli('INFO', 'replication')
    await expect.poll(info, { timeout: 20_000 }).toContain('state=online')
  })
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop()
  })

  /** A guard whose connection is there, on a master that its replica has caught up with. */
  async function openStrict(url: string | undefined): Promise<RedisReplayGuard> {
    const guard = await openGuard(url, { replicas: 1 })
    let count = 0
    const ask = () => guard.useOnce({ ...proof, id: `try-${count++}` }, inAMinute).catch(() => 'nobody can tell')
    await expect.poll(ask, { timeout: 20_000 }).toBe(true)
    return guard
  }

  it('uses up what every replica has', async () => {
    const guard = await openStrict(master?.url)
    expect(await guard.useOnce(proof, inAMinute)).toBe(true)
    expect(await replica?.cli('EXISTS', key)).toBe('1')
    expect(await guard.useOnce(proof, inAMinute)).toBe(false)
  })

  it('cannot tell while a replica is missing; a fast one can', async () => {
    const [strict, fast] = [await openGuard(master?.url, { replicas: 2 }), await openGuard(master?.url)]
    await expect(strict.useOnce(proof, inAMinute)).rejects.toEqual(unavailable)
    expect(await fast.useOnce({ ...proof, id: 'jti-2' }, inAMinute)).toBe(true)
  })

  it('cannot tell while a replica hangs, even where it asks twice', async () => {
    const proxy = await openProxy(master)
    const guard = await openStrict(proxy.url)
    replica?.pause()
    await expect(guard.useOnce({ ...proof, id: 'jti-2' }, inAMinute)).rejects.toEqual(unavailable)
    proxy.swallowReplies(1, '{rp:')
    await expect(guard.useOnce({ ...proof, id: 'jti-3' }, inAMinute)).rejects.toEqual(unavailable)
    replica?.resume()
  })

  it('is first through an answer that was lost', async () => {
    const proxy = await openProxy(master)
    const guard = await openStrict(proxy.url)
    expect(await guard.useOnce(await useThroughLoss(guard, proxy), inAMinute)).toBe(false)
  })
})
