// Row 23 of the chaos list: where Redis should be is something that takes connections, and does something else with them.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy } from '../../fixtures/tcp-proxy.js'
import { openNode, report, seconds, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

const startTimeoutSeconds = 1
/** Two connections, each tried again after 25 ms, 50 ms, … and half a second. */
const mostTries = 2 * 12

it.each<[string, (socket: Socket) => void]>([
  ['says nothing', () => undefined],
  ['sends garbage', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  [
    'begins to say something long',
    (socket) => void socket.on('data', () => socket.write('$1048576\r\n'.padEnd(65_536, 'x'))),
  ],
  ['closes at once', (socket) => void socket.end()],
  ['closes after HELLO', (socket) => void socket.once('data', () => socket.end())],
  ['takes HELLO, and says nothing more', (socket) => void socket.once('data', () => socket.write('%0\r\n'))],
])('row 23: a peer that %s costs the time of a start, and is given up for a Redis', async (what, answer) => {
  const redis = await startRedis()
  onTestFinished(redis.stop)
  const peer = await startPeer(answer)
  const proxy = await startTcpProxy(peer.port)
  onTestFinished(proxy.stop)
  const began = performance.now()
  const node = openNode({ url: proxy.url, startTimeoutSeconds })
  await expect(node.ready()).rejects.toMatchObject({ code: 'state_unavailable' })
  const startMs = performance.now() - began
  expect(startMs).toBeGreaterThan(startTimeoutSeconds * 1000 - 50)
  expect(startMs).toBeLessThan(startTimeoutSeconds * 1000 + 1_000)
  expect(peer.connections()).toBeGreaterThan(0)
  expect(peer.connections()).toBeLessThanOrEqual(mostTries)
  expect(await use(node, newThing())).toMatchObject({ outcome: 'unavailable' })
  expect(outcomeOf(node)).toBe('state_unavailable')

  proxy.redirect(redis.port)
  const there = performance.now()
  await expect.poll(() => outcomeOf(node)).toBe(false)
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')
  const backMs = performance.now() - there
  report(
    `row 23, ${what}: ${peer.connections()} tries in ${seconds(startMs)}, ready ${seconds(backMs)} after Redis was there`,
  )
})

async function startPeer(answer: (socket: Socket) => void) {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    count += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => count }
}

/** What a request meets. */
function outcomeOf(node: State): unknown {
  try {
    return node.isRevoked(tokenWith('clean'))
  } catch (error) {
    return (error as { readonly code: unknown }).code
  }
}
