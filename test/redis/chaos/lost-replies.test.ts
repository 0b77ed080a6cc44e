// Row 8 of the chaos list: a command is done, and its answer never arrives.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.js'
import { names, openNodes, report, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

async function start(): Promise<{ server: RedisServer; proxy: TcpProxy; node: State; other: State }> {
  const server = await startRedis()
  onTestFinished(server.stop)
  const proxy = await startTcpProxy(server.port)
  onTestFinished(proxy.stop)
  const [node] = (await openNodes(1, { url: proxy.url })) as [State]
  const [other] = (await openNodes(1, { url: server.url })) as [State]
  return { server, proxy, node, other }
}

it('row 8: a use whose answer was lost is first for whoever used it, and for nobody else', async () => {
  const { proxy, node, other } = await start()
  let lost = 0
  for (let i = 0; i < 20; i++) {
    const thing = newThing()
    const { kind, by, at = '', id } = thing
    proxy.swallowReplies(1, names.key('rp', [kind, by, at, id]))
    const { outcome } = await use(node, thing)
    // Where the connection was not back in time, nobody can tell; that it was used before says nobody.
    expect(['first', 'unavailable']).toContain(outcome)
    if (outcome === 'unavailable') lost += 1
    for (const each of [other, node, other]) expect((await use(each, thing)).outcome).toBe('replay')
    await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')
  }
  expect(lost).toBeLessThan(20)
  report(`row 8: ${20 - lost} of 20 first after an answer was lost, ${lost} 503, none twice, no false replay`)
})

it('row 8: a use whose answer is lost twice is first for nobody', async () => {
  const { proxy, node, other } = await start()
  const thing = newThing()
  proxy.swallowReplies(2, 'NX')
  expect((await use(node, thing)).outcome).toBe('unavailable')
  proxy.heal()
  for (const each of [other, node]) expect((await use(each, thing)).outcome).not.toBe('first')
})

it('row 8: a revocation whose answer was lost is sent again, and counts once', async () => {
  const { proxy, node, other } = await start()
  for (let i = 0; i < 10; i++) {
    proxy.swallowReplies(1, names.revocation('push'))
    await node
      .revoke({ jti: `revoked-${i}` })
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'state_unavailable' }))
    await expect.poll(() => node.health().pending).toBe(0)
    await expect.poll(() => other.isRevoked(tokenWith(`revoked-${i}`))).toBe(true)
  }
  expect(node.health().revocations).toBe(10)
  await expect.poll(() => other.health().revocations).toBe(10)
})
