// Row 25 of the chaos list: all of Redis is gone for long, and comes back. For how long knowledge is good is an option, so that a
// long time is short here.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createVerifier, type Verifier } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { startTcpProxy } from '../../fixtures/tcp-proxy.js'
import { watchMachine } from './machine.js'
import { openNodes, report, seconds } from './nodes.js'
import { longestCall, startLoad } from './use-load.js'

const nodeCount = 5
const maxStalenessSeconds = 3
/** How long it goes on after nobody passes any more. */
const longMs = 3_000

it('row 25: tokens are verified as long as they may be, then nobody passes, then all of it is back', async () => {
  const idp = await createTestIssuer()
  onTestFinished(() => idp.close())
  const server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  onTestFinished(server.stop)
  const bystander = await startRedis()
  onTestFinished(bystander.stop)
  const machine = await watchMachine([bystander])
  const door = await startDoor()
  const proxy = await startTcpProxy(server.port)
  onTestFinished(proxy.stop)
  const states = await openNodes(nodeCount, { url: proxy.url, maxStalenessSeconds })
  const verifiers = states.map((state) => {
    const verifier: Verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, state })
    onTestFinished(() => verifier.close())
    return verifier
  })
  const [good, gone] = [await idp.issue(), await idp.issue({ jti: 'gone' })]
  await states[0]?.revoke({ jti: 'gone' })
  const outcomes = (token: string): Promise<string[]> => Promise.all(verifiers.map((each) => outcomeOf(each, token)))
  await expect.poll(() => outcomes(gone)).toEqual(verifiers.map(() => 'token_revoked'))
  expect(await outcomes(good)).toEqual(verifiers.map(() => 'passed'))
  const fetches = idp.requests.jwks
  const heap = usedHeap()

  await server.kill()
  proxy.redirect(door.port)
  const dead = performance.now()
  const loads = states.map((state) => startLoad(state, 5))
  let passedUntil = 0
  await expect
    .poll(async () => {
      const all = await outcomes(good)
      for (const each of all) expect(['passed', 'state_unavailable 1']).toContain(each) // 503, and when to come again
      if (all.every((each) => each === 'passed')) passedUntil = performance.now()
      return all
    })
    .toEqual(verifiers.map(() => 'state_unavailable 1'))
  const closedMs = performance.now() - dead
  // It was known a beat ago at most, when it was gone.
  expect(passedUntil - dead).toBeGreaterThan((maxStalenessSeconds - 2) * 1000 - machine.slowest())
  expect(closedMs).toBeLessThan(maxStalenessSeconds * 1000 + 1_000 + machine.slowest())
  const closed = performance.now()
  await expect.poll(() => performance.now() - closed).toBeGreaterThan(longMs)
  const results = (await Promise.all(loads.map((load) => load.stop()))).flat()
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['unavailable']))
  expect(longestCall(results)).toBeLessThan(1_250)
  const grown = (usedHeap() - heap) / 2 ** 20
  expect(grown).toBeLessThan(20)
  // Each of two connections of a node tries twice a second in the long run, and not all of them at once.
  const deadSeconds = (performance.now() - dead) / 1000
  expect(door.times.length).toBeGreaterThan(nodeCount)
  expect(door.times.length).toBeLessThanOrEqual(2 * nodeCount * (7 + 2 * deadSeconds))

  await server.restart()
  proxy.redirect(server.port)
  const back = performance.now()
  await expect.poll(() => outcomes(good)).toEqual(verifiers.map(() => 'passed'))
  const backMs = performance.now() - back
  expect(backMs).toBeLessThan(3_000 + 3 * machine.slowest())
  expect(await outcomes(gone)).toEqual(verifiers.map(() => 'token_revoked'))
  expect(idp.requests.jwks - fetches).toBeLessThanOrEqual(2)
  report(
    `row 25: passed for ${seconds(passedUntil - dead)} of ${maxStalenessSeconds} s, then 503; ${door.times.length} tries of ` +
      `${2 * nodeCount} connections in ${deadSeconds.toFixed(1)} s, at most ${mostWithin(door.times, 50)} within 50 ms; ` +
      `${results.length} uses 503, heap +${grown.toFixed(1)} MB; back after ${seconds(backMs)}, ` +
      `${idp.requests.jwks - fetches} fetches from the issuer`,
  )
})

async function outcomeOf(verifier: Verifier, token: string): Promise<string> {
  const decision = await verifier.verify({ headers: { authorization: `Bearer ${token}` } })
  if (decision.allowed) return 'passed'
  return decision.status === 503
    ? `${decision.code} ${new Headers(decision.headers).get('retry-after')}`
    : decision.code
}

/** Where nobody is at home: it says who came when. */
async function startDoor() {
  const times: number[] = []
  const server = createServer((socket) => {
    times.push(performance.now())
    socket.on('error', () => undefined).resetAndDestroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, times }
}

/** How many come together, at most. */
function mostWithin(times: readonly number[], milliseconds: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + milliseconds).length))
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedHeap(): number {
  collect()
  return process.memoryUsage().heapUsed
}
