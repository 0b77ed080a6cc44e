// Row 19 of the chaos list: a network that is slow or narrow, a server that stalls, a listener that does not keep up.
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.js'
import { watchMachine } from './machine.js'
import { names, openNodes, report, stateEvents, tokenWith } from './nodes.js'
import { longestCall, newThing, startLoad, type UseResult, use } from './use-load.js'

/** Of a use: both of its calls. A second more, where a machine has much else to do. */
const deadlineMs = 250
const patienceMs = 1_000
/** Uses of a load that say enough. */
const enough = 150
/** Longer than knowledge may be old in these tests. */
const longMs = 4_500
const shortMs = 1_000

async function start({
  args = [],
  maxStalenessSeconds = 30,
}: {
  args?: readonly string[]
  maxStalenessSeconds?: number
}) {
  const server = await startRedis({ args })
  onTestFinished(server.stop)
  const machine = await watchMachine([server])
  const proxy = await startTcpProxy(server.port)
  onTestFinished(proxy.stop)
  const [near] = (await openNodes(1, { url: server.url })) as [State]
  await near.revoke({ jti: 'before' }) // only who finds an empty log waits for those who may know what was in it
  const [node] = (await openNodes(1, { url: proxy.url, maxStalenessSeconds })) as [State]
  return { server, proxy, node, near, machine }
}

it.each<[string, number, (proxy: TcpProxy) => void]>([
  ['80 ms', shortMs, (proxy) => proxy.delay(40)],
  ['250 ms', longMs, (proxy) => proxy.delay(125)],
  ['50 KB/s', shortMs, (proxy) => proxy.throttle(50_000)],
])('row 19: no request waits longer than its deadline: %s', async (what, forMs, slow) => {
  const { proxy, node, near, machine } = await start({ maxStalenessSeconds: 3 })
  slow(proxy)
  const began = performance.now()
  const load = startLoad(node, 5)
  const recalls = startRecalls(node)
  // What comes too late for those is no silence: what has more time still gets its answers, and nothing becomes old.
  await expect
    .poll(() => {
      expect(node.isRevoked(tokenWith('before'))).toBe(true)
      expect(node.isRevoked(tokenWith('clean'))).toBe(false)
      return performance.now() - began
    })
    .toBeGreaterThan(forMs)
  recalls.stop()
  await near.revoke({ jti: 'during' })
  await expect.poll(() => node.isRevoked(tokenWith('during'))).toBe(true) // however slowly
  proxy.heal()
  proxy.delay(0)
  proxy.throttle(Number.POSITIVE_INFINITY)
  // Nothing waits in a queue: what is asked now is answered now.
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')
  const results = await load.stop()
  await expectNoneTwice(results, near)
  expect(longestCall(results)).toBeLessThan(deadlineMs + patienceMs + machine.slowest())
  report(`row 19, ${what}: ${summary(results)}, slowest PING ${machine.slowest().toFixed(0)} ms`)
})

it('row 19: a server that stalls costs a deadline, and then nothing', async () => {
  const { server, node, near } = await start({ args: ['--enable-debug-command', 'local'] })
  const before = process.memoryUsage().heapUsed
  const load = startLoad(node, 2)
  await expect.poll(() => load.results.length).toBeGreaterThan(enough)
  for (const stall of ['1', '2']) {
    await server.cli('DEBUG', 'SLEEP', stall)
    const back = performance.now()
    await expect.poll(() => load.results.some(({ at, outcome }) => at > back && outcome === 'first')).toBe(true)
    expect(node.isRevoked(tokenWith('clean'))).toBe(false)
  }
  const results = await load.stop()
  await expectNoneTwice(results, near)
  expect(results.some(({ outcome }) => outcome === 'unavailable')).toBe(true)
  expect(longestCall(results)).toBeLessThan(deadlineMs + patienceMs)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000)
  report(`row 19, stalls of 1 s and 2 s: ${summary(results)}`)
})

it('row 19: a listener that does not keep up is cut off by the server, and reads what it has missed', async () => {
  const events = stateEvents()
  const { server, proxy, node, near } = await start({
    args: ['--client-output-buffer-limit', 'pubsub', '64kb', '0', '0'],
  })
  const listeners = async (): Promise<number> => {
    const clients = (await server.cli('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n')
    return clients.filter((client) => client !== '').length
  }
  expect(await listeners()).toBe(2)
  proxy.hang()
  const jtis = Array.from({ length: 200 }, (_, i) => `missed-${i}`)
  await Promise.all(jtis.slice(0, 100).map((jti) => near.revoke({ jti })))
  // More than the network between the two takes up, of whatever else is pushed there.
  const flood = "for i = 1, 20 do redis.call('PUBLISH', ARGV[1], string.rep('x', 1000000)) end"
  await server.cli('EVAL', flood, '0', names.revocation('push'))
  await expect.poll(listeners).toBeLessThan(2)
  await Promise.all(jtis.slice(100).map((jti) => near.revoke({ jti })))
  proxy.heal()
  const missing = (each: State): number => jtis.filter((jti) => !each.isRevoked(tokenWith(jti))).length
  for (const each of [near, node]) await expect.poll(() => missing(each)).toBe(0)
  for (const each of [near, node]) expect(each.isRevoked(tokenWith('clean'))).toBe(false)
  await expect.poll(listeners).toBe(2)
  await near.revoke({ jti: 'after' })
  await expect.poll(() => node.isRevoked(tokenWith('after'))).toBe(true)
  expect(events.map(({ outcome }) => outcome)).not.toContain('stale')
  report('row 19: a listener was cut off, 0 of 200 missing')
})

/** Asks for verdicts, as often as a busy API does. */
function startRecalls({ verdicts }: State): { stop(): void } {
  const question = { kind: 'introspection', of: 'https://idp.example.com', about: 'a token' }
  const timer = setInterval(() => void verdicts.recall(question), 5)
  onTestFinished(() => clearInterval(timer))
  return { stop: () => clearInterval(timer) }
}

/** What was not answered may have been kept: then it was used. Nothing that nobody has used is refused as if it had been. */
async function expectNoneTwice(results: readonly UseResult[], other: State): Promise<void> {
  expect(results.filter(({ outcome }) => outcome === 'replay')).toEqual([])
  const used = results.filter(({ outcome }) => outcome === 'first').slice(0, 20)
  for (const { use: thing } of used) expect((await use(other, thing)).outcome).not.toBe('first')
}

function summary(results: readonly UseResult[]): string {
  const of = (outcome: UseResult['outcome']) => results.filter((each) => each.outcome === outcome).length
  const sorted = results.map(({ milliseconds }) => milliseconds).sort((one, other) => one - other)
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
  return `${of('first')} first, ${of('unavailable')} 503, p99 ${p99.toFixed(0)} ms, longest ${longestCall(results).toFixed(0)} ms`
}
