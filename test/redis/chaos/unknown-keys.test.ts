// Row 24 of the chaos list: a flood of tokens with key ids that nobody knows. How far apart the fetches are in the long run is in
// `unknown-key-budget.test.ts`, with a stopwatch that is an argument: here is the flood, on a fleet that has a Redis, and on one
// that has none any more.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createVerifier, type Verifier } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../fixtures/redis-servers.js'
import { openNodes, report } from './nodes.js'

const nodeCount = 3
/** At once, and a tenth and four tenths of a second later; the next is twenty seconds away. */
const mostFetches = 3
const floodMs = 2_500
const atOnce = 100

it('row 24: a flood of unknown key ids costs the issuer three fetches of a fleet, or of each process without Redis', async () => {
  const idp = await createTestIssuer()
  onTestFinished(() => idp.close())
  const server = await startRedis()
  onTestFinished(server.stop)
  const states = await openNodes(nodeCount, { url: server.url })
  const verifiers = states.map((state) => {
    const verifier: Verifier = createVerifier({ issuer: idp.issuer, audience: idp.audience, state })
    onTestFinished(() => verifier.close())
    return verifier
  })
  for (const verifier of verifiers) await verifier.verifyToken(await idp.issue())
  const heap = usedHeap()

  const shared = await flood(verifiers, idp)
  expect(shared.fetches).toBeGreaterThan(0)
  expect(shared.fetches).toBeLessThanOrEqual(mostFetches)
  for (const verifier of verifiers) await verifier.verifyToken(await idp.issue())

  // Without Redis each process has the budget that a process has. A key of another issuer's name has none yet.
  const alone = await createTestIssuer()
  onTestFinished(() => alone.close())
  await server.kill()
  const lonely = states.map((state) => {
    const verifier: Verifier = createVerifier({ issuer: alone.issuer, audience: alone.audience, state })
    onTestFinished(() => verifier.close())
    return verifier
  })
  for (const verifier of lonely) await verifier.verifyToken(await alone.issue())
  const each = await flood(lonely, alone)
  expect(each.fetches).toBeGreaterThan(0)
  expect(each.fetches).toBeLessThanOrEqual(mostFetches * nodeCount)
  for (const verifier of lonely) await verifier.verifyToken(await alone.issue())

  const grown = (usedHeap() - heap) / 2 ** 20
  expect(grown).toBeLessThan(20)
  report(
    `row 24: ${shared.fetches} fetches for ${shared.asked} tokens with Redis, ${each.fetches} for ${each.asked} without, ` +
      `on ${nodeCount} nodes in ${floodMs / 1000} s each; heap +${grown.toFixed(1)} MB`,
  )
})

/** As many tokens as there is time for, each with a key id of its own, all of them refused. */
async function flood(verifiers: readonly Verifier[], idp: TestIssuer) {
  const [, payload, signature] = (await idp.issue()).split('.')
  const before = idp.requests.jwks
  const codes = new Set<unknown>()
  let asked = 0
  for (const end = performance.now() + floodMs; performance.now() < end; ) {
    const batch = Array.from({ length: atOnce }, (_, i) => {
      const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: `kid-${asked + i}-${Math.random()}` })
      const token = [Buffer.from(header).toString('base64url'), payload, signature].join('.')
      return verifiers[i % verifiers.length]?.verifyToken(token)
    })
    asked += batch.length
    for (const each of await Promise.allSettled(batch))
      codes.add(each.status === 'rejected' ? each.reason.code : 'accepted')
  }
  expect(codes).toEqual(new Set(['key_unknown']))
  return { asked, fetches: idp.requests.jwks - before }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedHeap(): number {
  collect()
  return process.memoryUsage().heapUsed
}
