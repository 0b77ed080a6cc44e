// Rows 16 and 17 of the chaos list: a server without memory, one that keeps everything and one that forgets.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { openNode, openNodes, report, stateEvents, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

/** Longer than knowledge may be old in these tests. */
const longMs = 4_500

it('row 16: a server that is full lets nothing new be used or revoked, and what was revoked is known', async () => {
  const events = stateEvents()
  const server = await startRedis()
  onTestFinished(server.stop)
  const options = { url: server.url, maxStalenessSeconds: 3 }
  const [node] = (await openNodes(1, options)) as [State]
  await node.revoke({ jti: 'before' })
  const [other] = (await openNodes(1, options)) as [State]
  const used = newThing()
  expect((await use(node, used)).outcome).toBe('first')

  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  const full = performance.now()
  const thing = newThing()
  expect(await use(node, thing)).toMatchObject({ outcome: 'unavailable', reason: expect.stringContaining('OOM') })
  await expect(node.revoke({ jti: 'during' })).rejects.toMatchObject({ code: 'state_unavailable' })
  expect(node.isRevoked(tokenWith('during'))).toBe(true) // here it holds
  expect(node.health().pending).toBe(1)
  const question = { kind: 'introspection', of: 'https://idp.example.com', about: 'a token' }
  await node.verdicts.remember(question, true, Date.now() / 1000 + 60)
  expect(await node.verdicts.recall(question)).toBeUndefined()
  const late = openNode({ url: server.url })
  await late.ready()
  // It is asked and answers, so nobody's knowledge becomes old.
  await expect
    .poll(() => {
      for (const each of [node, other, late]) {
        expect(each.isRevoked(tokenWith('before'))).toBe(true)
        expect(each.isRevoked(tokenWith('clean'))).toBe(false)
      }
      return performance.now() - full
    })
    .toBeGreaterThan(longMs)
  expect(events.map(({ outcome }) => outcome)).not.toContain('stale')

  await server.cli('CONFIG', 'SET', 'maxmemory', '0')
  await expect.poll(() => node.health().pending).toBe(0)
  for (const each of [other, late]) await expect.poll(() => each.isRevoked(tokenWith('during'))).toBe(true)
  // What could not be kept was not used; what was, was.
  expect((await use(other, thing)).outcome).toBe('first')
  expect((await use(other, used)).outcome).toBe('replay')
  report(`row 16: full for ${(longMs / 1000).toFixed(0)} s, known all the while, written when there was room`)
})

it('row 16: a master that is full, and was cut off, is not believed', async () => {
  const server = await startRedis()
  onTestFinished(server.stop)
  const [node] = (await openNodes(1, { url: server.url, maxStalenessSeconds: 3 })) as [State]
  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
  await expect.poll(() => node.health().status).toBe('stale')
  expect(() => node.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
  await expect.poll(() => node.health().status).toBe('ready') // and it is full still
})

it.each(['allkeys-lru', 'volatile-lru'])(
  'row 17: a server that forgets is warned of, or refused: %s',
  async (policy) => {
    const events = stateEvents()
    const server = await startRedis({ args: ['--maxmemory-policy', policy] })
    onTestFinished(server.stop)
    const node = openNode({ url: server.url })
    await node.ready()
    await expect
      .poll(() => events)
      .toContainEqual({ outcome: 'warning', reason: expect.stringContaining('noeviction') })
    const strict = openNode({ url: server.url, strict: true })
    await expect(strict.ready()).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('noeviction'),
    })
    expect(() => strict.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await openNode({ url: server.url, strict: true }).ready()
  },
)
