// The start of a port: what an operator has to mend is told at once and says what to do; what may mend by waiting is waited
// for, with a deadline.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { ConfigurationError } from '@sallyport/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import { RedisFault } from '../../packages/redis/src/port/redis-fault.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { toConfigurationError } from '../../packages/redis/src/port/server-errors.js'
import { createTestAuthority } from '../fixtures/certificates.js'
import { startCluster, startRedis, startSentinels } from '../fixtures/redis-servers.js'
import { startRespPeer } from '../fixtures/resp-peer.js'

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting
  endings.push(server.stop)
  return server
}

function portTo(connection: RedisConnection, strict = false): RedisPort {
  const port = createPort(connection, { strict, regionName: 'north' })
  endings.push(() => port.close(0))
  return port
}

/** What a start ends with, and after how many seconds. */
async function startOf(port: RedisPort, deadlineSeconds = 5) {
  const start = performance.now()
  const error = await port.connect(deadlineSeconds).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { error, seconds: (performance.now() - start) / 1000 }
}

async function expectRefusal(port: RedisPort, words: RegExp): Promise<void> {
  const { error, seconds } = await startOf(port)
  expect(error).toBeInstanceOf(ConfigurationError)
  expect((error as Error).message).toMatch(words)
  expect(seconds).toBeLessThan(2.5)
}

function watched(): { outcome: string; region?: string; reason: string }[] {
  const events: { outcome: string; region?: string; reason: string }[] = []
  const listener = (event: unknown): void => {
    events.push(event as (typeof events)[0])
  }
  channel('sallyport:state').subscribe(listener)
  endings.push(async () => channel('sallyport:state').unsubscribe(listener))
  return events
}

/** A peer that takes connections, and does with them as it is told. */
async function peer(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`
}

const app = 'app on >secret ~sp1:* &sp1:* +@all'
const key = 'sp1:test:{rv}:log'

describe('row 15: who we are', () => {
  it('is the user that was named', async () => {
    const redis = await started(startRedis({ acl: [app] }))
    const port = portTo({ url: redis.url, username: 'app', password: 'secret' })
    expect((await startOf(port)).error).toBeUndefined()
    expect(await port.call('', ['ACL', 'WHOAMI'], 1)).toBe('app')
  })

  it.each([
    ['a wrong password', { username: 'app', password: 'secrets' }],
    ['an unknown user', { username: 'apps', password: 'secret' }],
    ['a user that was switched off', { username: 'off', password: 'secret' }],
  ])('is refused with %s, and nothing runs as another', async (_what, credentials) => {
    const redis = await started(startRedis({ acl: [app, 'off off >secret ~* +@all'] }))
    const port = portTo({ url: redis.url, ...credentials })
    const early = port.call(key, ['SET', key, '1'], 1).catch((fault) => fault)
    await expectRefusal(port, /mend `username` and `password`/)
    expect(await early).toMatchObject({ kind: 'offline', isUndone: true })
    expect(await port.call(key, ['SET', key, '1'], 1).catch((fault) => fault)).toMatchObject({ kind: 'offline' })
    expect(await redis.cli('EXISTS', key)).toBe('0')
  })

  it('is not tried again and again with what only an operator can mend', async () => {
    const tries = { ofPassword: 0, ofPatience: 0 }
    const refusing = await startRespPeer(() => {
      tries.ofPassword += 1
      throw new Error('WRONGPASS invalid username-password pair or user is disabled.')
    })
    const loading = await startRespPeer(() => {
      tries.ofPatience += 1
      throw new Error('LOADING Redis is loading the dataset in memory')
    })
    endings.push(refusing.stop, loading.stop)
    await Promise.all([refusing, loading].map(({ url }) => startOf(portTo({ url }), 1)))
    await expect.poll(() => tries.ofPatience).toBeGreaterThan(4)
    expect(tries.ofPassword).toBe(1)
  })

  it('is asked for where nobody may come without a name', async () => {
    const redis = await started(startRedis({ acl: ['default off'] }))
    await expectRefusal(portTo({ url: redis.url }), /set `username` and `password`/)
  })

  it('cannot be told to a server that does not say it', async () => {
    const redis = await started(startRedis({ acl: [`${app} -acl`] }))
    await expectRefusal(portTo({ url: redis.url, username: 'app', password: 'secret' }), /ACL WHOAMI.*NOPERM/)
  })

  it('ends with the user, and comes back with it', async () => {
    const redis = await started(startRedis({ acl: [app] }))
    const port = portTo({ url: redis.url, username: 'app', password: 'secret' })
    await port.connect(5)
    // A user that is switched off keeps its connections; one that is deleted does not.
    await redis.cli('ACL', 'SETUSER', 'app', 'off')
    expect(await port.call(key, ['GET', key], 1)).toBeNull()
    await redis.cli('ACL', 'DELUSER', 'app')
    await expect.poll(() => port.isConnected).toBe(false)
    expect(await port.call(key, ['SET', key, '1'], 1).catch((fault) => fault)).toMatchObject({ kind: 'offline' })
    await redis.cli('ACL', 'SETUSER', ...app.split(' '))
    await expect.poll(() => port.isConnected, { timeout: 8000 }).toBe(true)
    expect(await port.call('', ['ACL', 'WHOAMI'], 1)).toBe('app')
  })
})

describe('row 15: a right that lacks', () => {
  it('is told at the start where we listen', async () => {
    const redis = await started(startRedis({ acl: ['app on >secret ~sp1:* resetchannels +@all'] }))
    const port = portTo({ url: redis.url, username: 'app', password: 'secret' })
    port.subscribe('sp1:test:{rv}:push', () => {})
    await expectRefusal(port, /SUBSCRIBE.*NOPERM/)
  })

  it('names the command, and what it was for', async () => {
    const redis = await started(startRedis({ acl: [`${app} -xadd`] }))
    const port = portTo({ url: redis.url, username: 'app', password: 'secret' })
    await port.connect(5)
    const fault = await port.call(key, ['XADD', key, '*', 'a', 'b'], 1).catch((error) => error)
    expect(fault).toMatchObject({ kind: 'refused', reply: 'NOPERM', isUndone: true })
    expect(toConfigurationError(fault)?.message).toMatch(/XADD of rv.*ACL/)
  })
})

describe('row 17: the settings of a server', () => {
  it.each(['allkeys-lru', 'volatile-ttl'])('are told where it forgets keys: %s', async (policy) => {
    const redis = await started(startRedis({ args: ['--maxmemory-policy', policy] }))
    const events = watched()
    expect((await startOf(portTo({ url: redis.url }))).error).toBeUndefined()
    expect(events).toContainEqual({
      region: 'north',
      outcome: 'warning',
      reason: expect.stringContaining('noeviction'),
    })
    await expectRefusal(portTo({ url: redis.url }, true), /noeviction/)
  })

  it('are told where its replicas need not have what it takes', async () => {
    const redis = await started(startRedis())
    const connection = { url: redis.url, replicas: 1 }
    const events = watched()
    expect((await startOf(portTo(connection))).error).toBeUndefined()
    expect(events).toContainEqual({
      region: 'north',
      outcome: 'warning',
      reason: expect.stringContaining('min-replicas-to-write 1'),
    })
    await expectRefusal(portTo(connection, true), /min-replicas-to-write 1/)
    await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    events.length = 0
    expect((await startOf(portTo(connection, true))).error).toBeUndefined()
    expect(events.map(({ outcome }) => outcome)).toEqual(['connected'])
  })

  it('are told of each master of a cluster, and of the one that Sentinels know', async () => {
    const cluster = await started(startCluster())
    const sentinels = await started(startSentinels())
    await expectRefusal(portTo({ cluster: { nodes: cluster.nodes }, replicas: 1 }, true), /min-replicas-to-write 1/)
    const { name, nodes } = sentinels
    await expectRefusal(portTo({ sentinel: { name, nodes }, replicas: 2 }, true), /min-replicas-to-write 1/)
    const masters = [...cluster.masters, sentinels.master()]
    for (const master of masters.slice(1)) await master.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    await expectRefusal(portTo({ cluster: { nodes: cluster.nodes }, replicas: 1 }, true), /min-replicas-to-write 1/)
    await masters[0]?.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    expect((await startOf(portTo({ cluster: { nodes: cluster.nodes }, replicas: 1 }, true))).error).toBeUndefined()
    expect((await startOf(portTo({ sentinel: { name, nodes }, replicas: 2 }, true))).error).toBeUndefined()
  })

  it('are not complained of where it keeps them', async () => {
    const redis = await started(startRedis())
    const events = watched()
    expect((await startOf(portTo({ url: redis.url }, true))).error).toBeUndefined()
    expect(events.map(({ outcome }) => outcome)).toEqual(['connected'])
  })

  it('are doubted, not more, where they may not be read', async () => {
    const redis = await started(startRedis({ acl: [`${app} -info`] }))
    const events = watched()
    const port = portTo({ url: redis.url, username: 'app', password: 'secret' }, true)
    expect((await startOf(port)).error).toBeUndefined()
    expect(events).toContainEqual({ region: 'north', outcome: 'warning', reason: expect.stringContaining('`INFO`') })
  })
})

describe('another kind of Redis than was named', () => {
  it('is refused, with the option that it wants', async () => {
    const cluster = await started(startCluster())
    await expectRefusal(portTo({ url: cluster.nodes[0] ?? '' }), /`cluster`/)
    const redis = await started(startRedis())
    await expectRefusal(portTo({ cluster: { nodes: [redis.url] } }), /`url`/)
  })

  it('is refused where it is a Sentinel, or Sentinels that know no such master', async () => {
    const { nodes, name } = await started(startSentinels())
    const [first] = nodes
    await expectRefusal(portTo({ url: `redis://127.0.0.1:${first?.port}` }), /`sentinel`/)
    await expectRefusal(portTo({ sentinel: { nodes, name: `${name}s` } }), /`sentinel.name`/)
  })
})

describe('row 22: TLS', () => {
  const authority = createTestAuthority('right')
  const other = createTestAuthority('wrong')
  const tls = { ca: authority.ca, ...authority.issue('localhost') }

  it('is spoken with a certificate of an authority that we know, by the name we know', async () => {
    const redis = await started(startRedis({ tls }))
    expect((await startOf(portTo({ url: redis.url, tls: { ca: authority.ca } }))).error).toBeUndefined()
  })

  it.each([
    ['another authority', { ca: other.ca }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER|SELF_SIGNED/],
    ['another name', { ca: authority.ca, servername: 'elsewhere' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ])('is refused with %s', async (_what, options, words) => {
    const redis = await started(startRedis({ tls }))
    await expectRefusal(portTo({ url: redis.url, tls: options }), words)
  })

  it('is refused with a certificate that has expired', async () => {
    const old = { ca: authority.ca, ...authority.issue('localhost', { expired: true }) }
    const redis = await started(startRedis({ tls: old }))
    await expectRefusal(portTo({ url: redis.url, tls: { ca: authority.ca } }), /CERT_HAS_EXPIRED/)
  })

  it('is refused without the certificate that the server wants of us, and spoken with it', async () => {
    const redis = await started(startRedis({ tls: { ...tls, requireClientCertificate: true } }))
    await expectRefusal(portTo({ url: redis.url, tls: { ca: authority.ca } }), /CERTIFICATE_REQUIRED/)
    const ours = authority.issue('client')
    expect((await startOf(portTo({ url: redis.url, tls: { ca: authority.ca, ...ours } }))).error).toBeUndefined()
  })

  it('is missed at a port that answers in plain text', async () => {
    const url = await peer((socket) => socket.once('data', () => socket.end('-ERR no\r\n')))
    await expectRefusal(portTo({ url: url.replace('redis:', 'rediss:') }), /does not speak TLS \(\w+\)/)
  })

  it('is waited for, no longer than the deadline, at a port that takes it for a long command', async () => {
    const redis = await started(startRedis())
    const { error, seconds } = await startOf(portTo({ url: redis.url.replace('redis:', 'rediss:') }), 1.5)
    expect(error).toMatchObject({ kind: 'offline', message: 'Redis cannot be reached: ConnectionTimeoutError' })
    expect(seconds).toBeLessThan(2)
  })

  it('is spoken in a cluster, with every node', async () => {
    const cluster = await started(startCluster({ tls: { ca: authority.ca, ...authority.issue('localhost') } }))
    const port = portTo({ cluster: { nodes: cluster.nodes }, tls: { ca: authority.ca, servername: 'localhost' } })
    expect((await startOf(port)).error).toBeUndefined()
    for (const each of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await port.call(each, ['SET', each, '1'], 1)).toBe('OK')
  })
})

describe('a server that is away', () => {
  it('is waited for as long as the deadline says, and taken when it comes', async () => {
    const redis = await started(startRedis())
    await redis.kill()
    const events = watched()
    const port = portTo({ url: redis.url })
    let readies = 0
    port.onReady(() => {
      readies += 1
    })
    const { error, seconds } = await startOf(port, 0.4)
    expect(error).toBeInstanceOf(RedisFault)
    expect(error).toMatchObject({ kind: 'offline', isUndone: true })
    expect(seconds).toBeGreaterThanOrEqual(0.4)
    await redis.restart()
    await expect.poll(() => readies).toBe(1)
    expect((await startOf(port)).error).toBeUndefined()
    await redis.kill()
    await expect.poll(() => events.map(({ outcome }) => outcome)).toEqual(['connected', 'disconnected'])
  })
})

describe('a server that is left while it is looked at', () => {
  /** Cuts every connection so many times, when it is asked for its settings. */
  async function cutting(times: number): Promise<RedisPort> {
    let cuts = 0
    const server = await started(
      startRespPeer((command) => {
        if (command.startsWith('HELLO')) return { server: 'redis', version: '7.0.15', mode: 'standalone' }
        if (!command.startsWith('INFO')) return 'OK'
        cuts += 1
        if (cuts > times) return 'maxmemory_policy:noeviction'
        server.cut()
        return undefined
      }),
    )
    return portTo({ url: server.url })
  }

  it('is looked at once more where it comes back', async () => {
    expect((await startOf(await cutting(2))).error).toBeUndefined()
  })

  it('is so until the deadline', async () => {
    const { error, seconds } = await startOf(await cutting(Number.POSITIVE_INFINITY), 0.5)
    expect(error).toBeInstanceOf(RedisFault)
    expect(seconds).toBeGreaterThanOrEqual(0.4)
    expect(seconds).toBeLessThan(2)
  })
})

describe('row 23: a peer that is no Redis', () => {
  it.each([
    ['says nothing', () => {}],
    ['sends garbage', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['closes after HELLO', (socket: Socket) => socket.once('data', () => socket.end())],
    ['takes HELLO, and says nothing more', (socket: Socket) => socket.once('data', () => socket.write('%0\r\n'))],
  ])('costs the deadline where it %s', async (_what, answer) => {
    const port = portTo({ url: await peer(answer) })
    const { error, seconds } = await startOf(port, 1)
    expect(error).toBeInstanceOf(RedisFault)
    expect(seconds).toBeGreaterThan(0.9)
    expect(seconds).toBeLessThan(1.5)
    await port.close(0.1)
  })
})
