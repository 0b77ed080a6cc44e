// Row 5 of the chaos list: a master and its clients are cut off from everybody else, who make another one. Between a master and
// its replica stands a proxy, so that the network between the two can be lost and the one to the clients stays.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.js'
import { watchMachine } from './machine.js'
import { openNode, openNodes, report, seconds, stateEvents, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

interface Halves {
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly wire: TcpProxy
}

/** A master that refuses to be written to without a replica. */
async function start(): Promise<Halves> {
  const careful = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1', '--repl-ping-replica-period', '1']
  const master = await startRedis({ args: careful })
  onTestFinished(master.stop)
  const wire = await startTcpProxy(master.port)
  onTestFinished(wire.stop)
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(wire.port)] })
  onTestFinished(replica.stop)
  await expect.poll(() => master.cli('INFO', 'replication')).toContain('state=online')
  return { master, replica, wire }
}

it('row 5: a master that was cut off answers, and is not believed for long', async () => {
  const events = stateEvents()
  const { master, replica, wire } = await start()
  const machine = await watchMachine([master, replica])
  const cutOff = { url: master.url, replicas: 1, maxStalenessSeconds: 4 }
  const [strict] = (await openNodes(1, { ...cutOff, replayGuard: 'strict' })) as [State]
  const fast = openNode({ ...cutOff, replicas: 0 })
  await fast.ready()
  await strict.revoke({ jti: 'before' })
  await expect.poll(() => fast.isRevoked(tokenWith('before'))).toBe(true)
  const thing = newThing()
  expect(await use(strict, thing)).toMatchObject({ outcome: 'first' })

  const cut = performance.now()
  wire.hang()
  // With `strict` nothing is first from the first moment on.
  for (let i = 0; i < 3; i++) expect(await use(strict, newThing())).toMatchObject({ outcome: 'unavailable' })
  // Otherwise until the master has missed its replica: the window of `fast`.
  await expect.poll(async () => (await use(fast, newThing())).outcome).toBe('unavailable')
  const windowMs = performance.now() - cut
  expect(windowMs).toBeLessThan(3_000 + machine.slowest()) // it counts in whole seconds, and looks once a second
  expect(await master.cli('PING')).toBe('PONG')
  // A revocation on the other side cannot arrive here: so after a while nobody passes here.
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  await replica.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
  const [beyond] = (await openNodes(1, { url: replica.url })) as [State]
  expect(beyond.isRevoked(tokenWith('before'))).toBe(true)
  await beyond.revoke({ jti: 'beyond' })
  await expect.poll(() => outcomeOf(fast)).toBe('state_unavailable')
  await expect.poll(() => outcomeOf(strict)).toBe('state_unavailable')
  const staleMs = performance.now() - cut
  expect(staleMs).toBeGreaterThan(4_000)
  expect([strict, fast].map((node) => node.health().status)).toEqual(['stale', 'stale'])
  await expect.poll(() => events.map(({ outcome }) => outcome)).toContain('stale')
  await expect(strict.revoke({ jti: 'here' })).rejects.toMatchObject({ code: 'state_unavailable' })
  // What was used on one side is used on the other, if it was `first` with `strict`.
  expect(await use(beyond, thing)).toMatchObject({ outcome: 'replay' })

  // The network is back, and the old master follows the new one.
  wire.heal()
  await master.cli('REPLICAOF', '127.0.0.1', String(replica.port))
  await replica.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
  report(
    `row 5: strict closed at once, fast after ${seconds(windowMs)}, stale after ${seconds(staleMs)} with a bound of 4 s`,
  )
})

/** What a request meets. */
function outcomeOf(node: State): unknown {
  try {
    return node.isRevoked(tokenWith('clean'))
  } catch (error) {
    return (error as { readonly code: unknown }).code
  }
}
