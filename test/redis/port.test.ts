// What a port does, on every topology: a server, a master that Sentinels know, a cluster, and clients of the application's.
import { createClient, createCluster, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../packages/redis/src/options.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { type RedisServer, startCluster, startRedis, startSentinels } from '../fixtures/redis-servers.js'

interface Stage {
  readonly connection: RedisConnection
  readonly servers: readonly RedisServer[]
  /** How many replicas each master has. */
  readonly replicas: number
  stop(): Promise<void>
}

const channel = 'sp1:test:{rv}:push'
const context = { strict: true, regionName: undefined }

async function onServer(): Promise<Stage> {
  const server = await startRedis()
  return { connection: { url: server.url }, servers: [server], replicas: 0, stop: server.stop }
}

async function onSentinels(): Promise<Stage> {
  const trio = await startSentinels()
  const { name, nodes } = trio
  return {
    connection: { sentinel: { name, nodes } },
    servers: [trio.master(), ...trio.replicas],
    replicas: 2,
    stop: trio.stop,
  }
}

async function onCluster(): Promise<Stage> {
  const cluster = await startCluster()
  const { nodes, masters } = cluster
  return { connection: { cluster: { nodes } }, servers: masters, replicas: 1, stop: cluster.stop }
}

async function onGivenClient(): Promise<Stage> {
  const { connection, servers, stop } = await onServer()
  // Settings that are the application's business, and none of ours.
  const commandOptions = { timeout: 1, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.MAP]: Map } }
  const client = createClient({ url: connection.url ?? '', disableOfflineQueue: true, commandOptions })
  client.on('error', () => {})
  await client.connect()
  return {
    connection: { client } as unknown as RedisConnection,
    servers,
    replicas: 0,
    async stop() {
      expect(await client.ping()).toBe('PONG') // it was not closed with the port
      client.destroy()
      await stop()
    },
  }
}

async function onGivenCluster(): Promise<Stage> {
  const { connection, servers, stop } = await onCluster()
  const rootNodes = (connection.cluster?.nodes ?? []).map((url) => ({ url }))
  const client = createCluster({ rootNodes, defaults: { disableOfflineQueue: true } })
  client.on('error', () => {})
  await client.connect()
  return {
    connection: { client } as unknown as RedisConnection,
    servers,
    replicas: 1,
    async stop() {
      expect(await client.get('{rv}:none')).toBeNull()
      client.destroy()
      await stop()
    },
  }
}

describe.each([
  ['a server', onServer],
  ['a master that Sentinels know', onSentinels],
  ['a cluster', onCluster],
  ['a given client', onGivenClient],
  ['a given cluster client', onGivenCluster],
])('a port on %s', (_name, start) => {
  let stage: Stage
  let port: RedisPort
  const messages: string[] = []
  let readies = 0

  beforeAll(async () => {
    stage = await start()
    port = createPort(stage.connection, context)
    port.subscribe(channel, (message) => messages.push(message))
    port.onReady(() => {
      readies += 1
    })
    await port.connect(5)
  })
  afterAll(async () => {
    await port.close(1)
    await stage.stop()
  })

  const keys = Array.from({ length: 20 }, (_, index) => `sp1:test:{rp:${index}}`)

  it('is connected, and has said so once', () => {
    expect(port.isConnected).toBe(true)
    expect(readies).toBe(1)
  })

  it('runs commands where their keys live', async () => {
    const set = await Promise.all(keys.map((key) => port.call(key, ['SET', key, 'first', 'NX', 'GET'], 1)))
    expect(new Set(set)).toEqual(new Set([null]))
    const again = await Promise.all(keys.map((key) => port.call(key, ['SET', key, 'second', 'NX', 'GET'], 1)))
    expect(new Set(again)).toEqual(new Set(['first']))
  })

  it('answers each command of a pipeline in its place, and the others where one is refused', async () => {
    const key = 'sp1:test:{rl:x}'
    const answers = await port.pipeline(
      key,
      [
        ['INCR', key],
        ['LPUSH', key, '1'],
        ['INCR', key],
      ],
      1,
    )
    expect([answers[0], answers[2]]).toEqual([1, 2])
    expect(answers[1]).toMatchObject({ kind: 'refused', reply: 'WRONGTYPE', isUndone: true })
  })

  it('reads what RESP 3 answers with names', async () => {
    const key = 'sp1:test:{rv}:log'
    const id = await port.call(key, ['XADD', key, '*', 'e', '1'], 1)
    expect(await port.call(key, ['XRANGE', key, '-', '+'], 1)).toEqual([[id, ['e', '1']]])
    expect(await port.call(key, ['XINFO', 'STREAM', key], 1)).toMatchObject({ length: 1, 'last-generated-id': id })
  })

  it('runs a script that the server does not know, and one that it knows', async () => {
    const script = { lua: "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}" }
    const key = 'sp1:test:{jwks:x}'
    expect(await port.run(script, [key], ['a'], 1)).toEqual([key, 'a', 1])
    expect(await port.run(script, [key], ['a'], 1)).toEqual([key, 'a', 2])
  })

  it('waits for replicas, where nobody else waits behind it', async () => {
    const key = 'sp1:test:{rp:strict}'
    const { replicas } = stage
    expect(await port.callAndWait(key, ['SET', key, '1'], replicas, 2)).toEqual({ reply: 'OK', replicas })

    // One more than there are: it waits as long as it may, and says how many have it.
    const waiting = port.callAndWait(key, ['SET', key, '2'], replicas + 1, 1)
    const start = performance.now()
    await port.call(key, ['GET', key], 1)
    expect(performance.now() - start).toBeLessThan(500)
    expect(await waiting).toEqual({ reply: 'OK', replicas })
  })

  it('hears what is published', async () => {
    const sent = await port.call(channel, [port.publishCommand, channel, 'one'], 1)
    expect(sent).toBe(1)
    await expect.poll(() => messages).toEqual(['one'])
  })

  it('hears a second channel, until it does not listen any more', async () => {
    const second = 'sp1:test:{pol:x}:up'
    const heard: string[] = []
    const before = readies
    const stop = port.subscribe(second, (message) => heard.push(message))
    await expect.poll(() => readies).toBe(before + 1)
    expect(await port.call(second, [port.publishCommand, second, 'yes'], 1)).toBe(1)
    await expect.poll(() => heard).toEqual(['yes'])
    stop()
    await expect.poll(() => port.call(second, [port.publishCommand, second, 'no'], 1)).toBe(0)
    expect(heard).toEqual(['yes'])
  })

  it('hears again after its connections were cut, and says that it may have missed something', async () => {
    for (const type of ['pubsub', 'normal']) {
      const before = readies
      await Promise.all(stage.servers.map((server) => server.cli('CLIENT', 'KILL', 'TYPE', type)))
      await expect.poll(() => readies, { timeout: 5000 }).toBeGreaterThan(before)
      messages.length = 0
      await expect.poll(() => port.call(channel, [port.publishCommand, channel, type], 1).catch(String)).toBe(1)
      await expect.poll(() => messages).toEqual([type])
    }
  })
})

describe.each([
  ['a server', onServer],
  ['a master that Sentinels know', onSentinels],
  ['a cluster', onCluster],
])('a port on %s', (_name, start) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await start()
  })
  afterAll(() => stage.stop())

  const connections = async (): Promise<number> => {
    const [master] = stage.servers as [RedisServer]
    const list = await master.cli('CLIENT', 'LIST', 'TYPE', 'normal')
    return list.split('\n').filter((line) => !line.includes('cmd=client|list')).length
  }

  it.each([
    [0, 1],
    [1, 2],
  ])('whose writes wait for %i replicas has %i connections when it is ready', async (replicas, wanted) => {
    const before = await connections()
    const port = createPort({ ...stage.connection, replicas }, { strict: false, regionName: undefined })
    await port.connect(5)
    expect((await connections()) - before).toBe(wanted)
    await port.close(1)
  })
})
