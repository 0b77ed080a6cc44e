// Row 9 of the chaos list: everything in Redis is deleted.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { watchMachine } from './machine.js'
import { openNode, openNodes, report, seconds, stateEvents, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

const count = 500

it('row 9: FLUSHALL takes no revocation back, and what is lost is written again', async () => {
  const events = stateEvents()
  const server = await startRedis()
  onTestFinished(server.stop)
  const machine = await watchMachine([server])
  const nodes = await openNodes(3, { url: server.url })
  const [node, other] = nodes as [State, State]
  const jtis = Array.from({ length: count }, (_, i) => `revoked-${i}`)
  await Promise.all(jtis.map((jti, i) => (nodes[i % 3] as State).revoke({ jti })))
  const missingOn = (each: State): number => jtis.filter((jti) => !each.isRevoked(tokenWith(jti))).length
  await expect.poll(() => nodes.map(missingOn)).toEqual([0, 0, 0])
  const thing = newThing()
  expect((await use(node, thing)).outcome).toBe('first')

  const flushed = performance.now()
  await server.cli('FLUSHALL')
  const late = openNode({ url: server.url })
  let lateMs = Number.NaN
  const lateKnows = late.ready().then(() => {
    lateMs = performance.now() - flushed
    return missingOn(late)
  })
  expect(() => late.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
  // No node forgets for a moment, and the log is whole again.
  let reseededMs = 0
  await expect
    .poll(async () => {
      expect(nodes.map(missingOn)).toEqual([0, 0, 0])
      reseededMs = performance.now() - flushed
      return Number(await server.cli('XLEN', 'sp1:chaos:{rv}:log').catch(() => '0'))
    })
    .toBeGreaterThanOrEqual(count)
  expect(reseededMs).toBeLessThan(2_000 + 3 * machine.slowest())
  // Who comes new is not ready before it knows what everybody knew.
  expect(await lateKnows).toBe(0)
  expect(late.isRevoked(tokenWith('clean'))).toBe(false)
  expect(Number(await server.cli('XLEN', 'sp1:chaos:{rv}:log'))).toBeLessThan(count * 3) // one node wrote, the others found it done
  const told = events.map(({ outcome }) => outcome)
  expect(told).toContain('resynced')
  expect(told).toContain('reseeded')

  // What was used is forgotten by Redis; whoever has seen it still refuses it. That is the window.
  expect((await use(node, thing)).outcome).toBe('replay')
  expect((await use(other, thing)).outcome).toBe('first')
  expect((await use(node, thing)).outcome).toBe('replay')
  report(
    `row 9: written again after ${seconds(reseededMs)}, a new node ready after ${seconds(lateMs)}, 0 of ${count * 3} un-revoked, ` +
      `slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

it('row 9: FLUSHALL leaves key sets and policies to whoever has them', async () => {
  const server = await startRedis()
  onTestFinished(server.stop)
  const [node, other] = (await openNodes(2, { url: server.url })) as [State, State]
  const source = { issuer: 'https://idp.example.com', location: '' }
  const document = { url: source.issuer, text: '{"keys":[]}', fetchedAt: Date.now() / 1000 }
  const options = { serves: () => true, timeoutSeconds: 5, keepSeconds: 60 }
  await node.keySets.fetchOnce(source, options, async () => document)
  expect(await other.keySets.latest(source)).toBeDefined()
  await server.cli('FLUSHALL')
  expect(await other.keySets.latest(source)).toBeUndefined()
  expect(await other.keySets.fetchOnce(source, options, async () => document)).toMatchObject({ isOwn: true })
  expect(await other.policies.latest('api')).toBeUndefined()
})
