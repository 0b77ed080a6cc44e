// The end of a port: what is under way gets its time, and nothing is left running.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import {
  type RedisCluster,
  type RedisSentinels,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinels,
} from '../fixtures/redis-servers.js'

const context = { strict: false, regionName: undefined }
const key = 'sp1:test:{rp:x}'

let redis: RedisServer
let trio: RedisSentinels
let cluster: RedisCluster
beforeAll(async () => {
  redis = await startRedis()
  trio = await startSentinels()
  cluster = await startCluster()
})
afterAll(async () => {
  await Promise.all([redis, trio, cluster].map((each) => each.stop()))
})

/** How many sockets are open. Timers are counted by whether a process ends, below. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCPSocket|TLS|TCPConnect/.test(name)).length
}
const nothingIsLeft = (): Promise<void> => expect.poll(sockets, { timeout: 2000, interval: 10 }).toBe(0)
beforeEach(nothingIsLeft) // of what came before

describe('a port that is closed', () => {
  const places: [string, () => RedisConnection][] = [
    ['a server', () => ({ url: redis.url })],
    ['Sentinels', () => ({ sentinel: { name: trio.name, nodes: trio.nodes } })],
    ['a cluster', () => ({ cluster: { nodes: cluster.nodes } })],
  ]

  it.each(places)('leaves nothing on %s, whatever it was used for', async (_name, connection) => {
    const port = createPort(connection(), context)
    port.subscribe('sp1:test:{rv}:push', () => {})
    await port.connect(5)
    await port.callAndWait(key, ['SET', key, '1'], 0, 1)
    expect(sockets()).toBeGreaterThan(0)
    await Promise.all([port.close(1), port.close(1)])
    await port.close(1)
    await nothingIsLeft()
    expect(port.isConnected).toBe(false)
  })

  it.each(places)(
    'leaves nothing on %s where it was never connected, or was about to be',
    async (_name, connection) => {
      const never = createPort(connection(), context)
      await never.close(1)
      expect(await never.connect(1).catch((fault) => fault)).toMatchObject({ kind: 'offline' })

      const early = createPort(connection(), context)
      const connecting = early.connect(60).catch((fault) => fault)
      await early.close(1)
      expect(await connecting).toMatchObject({ kind: 'offline' })

      const port = createPort(connection(), context)
      port.subscribe('sp1:test:{rv}:push', () => {})
      const underWay = port.connect(5).catch((fault) => fault)
      await new Promise(setImmediate)
      await port.close(1)
      expect(await underWay).toMatchObject({ kind: 'offline' })
      await nothingIsLeft()
    },
  )

  it.each(places)('comes to nothing more on %s', async (_name, connection) => {
    const port = createPort(connection(), context)
    await port.connect(5)
    await port.close(1)
    const unsubscribe = port.subscribe('sp1:test:{pol:x}:up', () => {})
    const late = await Promise.allSettled([
      port.call(key, ['GET', key], 0.2),
      port.pipeline(key, [['GET', key]], 0.2),
      port.run({ lua: 'return 1' }, [key], [], 0.2),
      port.callAndWait(key, ['SET', key, '1'], 0, 0.2),
      port.connect(0.2),
    ])
    for (const each of late)
      expect(each).toMatchObject({ status: 'rejected', reason: { kind: 'offline', isUndone: true } })
    unsubscribe()
    await nothingIsLeft()
  })

  it('lets what is under way end, and no longer than it may', async () => {
    const port = createPort({ url: redis.url }, context)
    await port.connect(5)
    redis.pause()
    const call = port.call(key, ['ECHO', 'answered'], 5)
    const closing = port.close(5)
    expect(await port.call(key, ['ECHO', 'too late'], 5).catch((fault) => fault)).toMatchObject({ kind: 'offline' })
    redis.resume()
    expect(await call).toBe('answered')
    await closing

    const other = createPort({ url: redis.url }, context)
    await other.connect(5)
    redis.pause()
    const lost = other.call(key, ['ECHO', 'never'], 5).catch((fault) => fault)
    const start = performance.now()
    await other.close(0.2)
    expect(performance.now() - start).toBeGreaterThanOrEqual(200)
    expect(performance.now() - start).toBeLessThan(1000)
    expect(await lost).toMatchObject({ kind: 'disconnected', isUndone: false })
    redis.resume()
    await nothingIsLeft()
  })

  it('leaves nothing where the server was gone, or never there', async () => {
    const port = createPort({ url: 'redis://127.0.0.1:1' }, context)
    expect(await port.connect(0.1).catch((fault) => fault)).toMatchObject({ kind: 'offline' })
    await port.close(1)
    await nothingIsLeft()
  })

  it('takes its listeners off a given client', async () => {
    const client = createClient({ url: redis.url, disableOfflineQueue: true })
    const own = client.on('error', () => {}).listenerCount('error')
    await client.connect()
    const port = createPort({ client: client as NonNullable<RedisConnection['client']> }, context)
    await port.connect(5)
    expect(client.listenerCount('error')).toBeGreaterThan(own)
    await port.close(1)
    expect(client.listenerCount('error')).toBe(own)
    expect(client.isReady).toBe(true)
    client.destroy()
  })
})

describe('a given client', () => {
  it('that is not connected is waited for, and not connected', async () => {
    const client = createClient({ url: redis.url, disableOfflineQueue: true }).on('error', () => {})
    const port = createPort({ client: client as NonNullable<RedisConnection['client']> }, context)
    expect(await port.connect(0.1).catch((fault) => fault)).toMatchObject({ kind: 'offline', isUndone: true })
    expect(client.isOpen).toBe(false)
    await client.connect()
    await port.connect(5)
    expect(port.isConnected).toBe(true)
    await port.close(1)
    client.destroy()
  })

  it('of a cluster is refused where its nodes would run commands late', async () => {
    const client = createCluster({ rootNodes: cluster.nodes.map((url) => ({ url })) }).on('error', () => {})
    await client.connect()
    const port = createPort({ client: client as NonNullable<RedisConnection['client']> }, context)
    await expect(port.connect(5)).rejects.toThrow(/disableOfflineQueue/)
    await port.close(1)
    client.destroy()
  })
})

it('lets its process end by itself, on every topology', async () => {
  // The sources, as they are, in a process of their own.
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const connections = [
    { url: redis.url },
    { sentinel: { name: trio.name, nodes: trio.nodes } },
    { cluster: { nodes: cluster.nodes } },
    { url: 'redis://127.0.0.1:1' },
  ]
  const program = `
    import { runnerImport } from 'vite'
    const path = (relative) => ${JSON.stringify(root)} + relative
    const alias = [
      { find: '@sallyport/core/state', replacement: path('packages/core/src/state.ts') },
      { find: '@sallyport/core', replacement: path('packages/core/src/index.ts') },
    ]
    const source = path('packages/redis/src/port/connect.ts')
    const { module } = await runnerImport(source, { configFile: false, resolve: { alias } })
    for (const connection of JSON.parse(process.argv[1])) {
      const ports = [1, 2, 3].map(() => module.createPort(connection, { strict: false, regionName: undefined }))
      const [used, early] = ports
      for (const port of ports) port.subscribe('sp1:test:{rv}:push', () => {})
      used.connect(5).catch(() => {})
      early.connect(5).catch(() => {})
      await early.close(1)
      await used.connect(3).catch(() => {})
      const answer = await used.callAndWait('{rp:x}', ['SET', '{rp:x}', '1'], 0, 1).catch(({ kind }) => kind)
      console.log(JSON.stringify(answer))
      for (const port of ports) await port.close(1)
    }
    console.log('closed')
    setTimeout(() => {
      console.log('alive', process.getActiveResourcesInfo())
      process.exit(1)
    }, 2000).unref()
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, JSON.stringify(connections)], {
    cwd: root,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  const answer = '{"reply":"OK","replicas":0}'
  expect(output.trim().split('\n')).toEqual([answer, answer, answer, '"offline"', 'closed'])
  expect(code).toBe(0)
})
