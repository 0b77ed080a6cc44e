// Sentinels that were cut off, that err, or change their minds. Real ones do so too seldom for a test.
import { afterEach, describe, expect, it } from 'vitest'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { type RespPeer, startRespPeer } from '../fixtures/resp-peer.js'

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function server(...args: string[]): Promise<RedisServer> {
  const redis = await startRedis({ args })
  endings.push(redis.stop)
  return redis
}

/** A Sentinel that names this port as the master's. */
async function sentinel(named: () => number | null | undefined): Promise<RespPeer> {
  const peer = await startRespPeer((command) => {
    if (command.startsWith('HELLO')) return { server: 'redis', version: '7.0.15', mode: 'sentinel' }
    if (command === 'PING') return 'PONG'
    if (command !== 'SENTINEL GET-MASTER-ADDR-BY-NAME main') throw new Error('ERR unknown command')
    const port = named()
    return typeof port === 'number' ? ['127.0.0.1', String(port)] : port
  })
  endings.push(peer.stop)
  return peer
}

function portOf(...nodes: readonly { readonly host: string; readonly port: number }[]): RedisPort {
  const port = createPort({ sentinel: { name: 'main', nodes } }, { strict: false, regionName: undefined })
  endings.push(() => port.close(0))
  return port
}

const portThere = async (port: RedisPort): Promise<number> => {
  const info = await port.call('', ['INFO', 'server'], 1).catch(() => '')
  return Number(/tcp_port:(\d+)/.exec(String(info))?.[1])
}

describe('a port on Sentinels', () => {
  it('believes most of them', async () => {
    const [right, wrong] = [await server(), await server()]
    const port = portOf(
      await sentinel(() => wrong.port),
      await sentinel(() => right.port),
      await sentinel(() => right.port),
    )
    await port.connect(5)
    expect(await portThere(port)).toBe(right.port)
  })

  it('does without those that are silent, gone, or know nothing', async () => {
    const right = await server()
    const port = portOf(
      await sentinel(() => undefined),
      await sentinel(() => null),
      { host: '127.0.0.1', port: 1 },
      await sentinel(() => right.port),
    )
    await port.connect(5)
    expect(await portThere(port)).toBe(right.port)
  })

  it('takes no replica for a master', async () => {
    const master = await server()
    const replica = await server('--replicaof', '127.0.0.1', String(master.port))
    let named = replica.port
    const port = portOf(await sentinel(() => named))
    expect(await port.connect(1).catch((fault) => fault)).toMatchObject({ kind: 'offline', isUndone: true })
    named = master.port
    await port.connect(5)
    expect(await portThere(port)).toBe(master.port)
  })

  it('goes where they say the master is now, though the old one still answers', async () => {
    const [before, after] = [await server(), await server()]
    let named = before.port
    const peer = await sentinel(() => named)
    const port = portOf(peer)
    let readies = 0
    port.onReady(() => {
      readies += 1
    })
    await port.connect(5)
    await expect.poll(() => peer.commands).toContain('subscribe +switch-master')
    named = after.port
    peer.push('message', '+switch-master', `other 127.0.0.1 ${before.port} 127.0.0.1 ${after.port}`)
    // What it answers after it was told, it answers knowing it.
    const pings = (): number => peer.commands.filter((each) => each === 'PING').length
    const told = pings()
    await expect.poll(pings, { timeout: 3000 }).toBeGreaterThan(told)
    expect(await portThere(port)).toBe(before.port)
    peer.push('message', '+switch-master', `main 127.0.0.1 ${before.port} 127.0.0.1 ${after.port}`)
    await expect.poll(() => portThere(port)).toBe(after.port)
    expect(readies).toBe(2)
  })

  it('asks them again when one of them was away, for it may have missed the news', async () => {
    const [before, after] = [await server(), await server()]
    let named = before.port
    const peer = await sentinel(() => named)
    const port = portOf(peer)
    await port.connect(5)
    await expect.poll(() => peer.commands).toContain('subscribe +switch-master')
    peer.cut()
    await expect.poll(() => peer.commands.filter((each) => each === 'subscribe +switch-master').length).toBe(2)
    expect(await portThere(port)).toBe(before.port)
    named = after.port
    peer.cut()
    await expect.poll(() => portThere(port)).toBe(after.port)
  })
})
