// Answers about opaque tokens that two processes share through a real Redis: asked once for both, judged by each.
import { createVerifier, type Verifier } from '@sallyport/core'
import { createTestClock, createTestIssuer } from '@sallyport/core/testing'
import { createRedisState } from '@sallyport/redis'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { startIntrospectionEndpoint } from '../fixtures/introspection-endpoint.js'
import { startRedis } from '../fixtures/redis-servers.js'

const clock = createTestClock(Date.now() / 1000)
const secret = 'a secret of the fleet, as long as it must be'
const idp = await createTestIssuer({ clock })
const endpoint = await startIntrospectionEndpoint()
const redis = await startRedis()
afterAll(() => Promise.all([idp.close(), endpoint.close(), redis.stop()]))

const { issuer, audience, jwks } = idp
let opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  await redis.cli('FLUSHALL')
  endpoint.asked.length = 0
  const claims = { iss: issuer, aud: audience, exp: Math.floor(clock()) + 600, sub: 'ann', token_type: 'Bearer' }
  endpoint.tokens.set('opaque-token-1', claims)
})
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
})

/** A verifier with a state of its own, as another process has it. */
async function openNode(): Promise<Verifier> {
  const state = createRedisState({ url: redis.url, secret })
  await state.ready()
  const introspection = { endpoint: endpoint.url, clientId: 'api', clientSecret: 'of the api' }
  const verifier = createVerifier({ issuer, audience, jwks, introspection, state, clock })
  opened.push(state, verifier)
  return verifier
}

const request = { headers: { authorization: 'Bearer opaque-token-1' } }
const answersKept = async (): Promise<string[]> =>
  (await redis.cli('KEYS', '*')).split('\n').filter((key) => key.includes('vc'))

it('an answer of one process serves the other, sealed, and ends for both', async () => {
  const [first, second] = [await openNode(), await openNode()]
  expect(await first.verify(request)).toMatchObject({ allowed: true, auth: { subject: 'ann' } })
  await expect.poll(async () => (await answersKept()).length).toBe(1)
  expect(await second.verify(request)).toMatchObject({ allowed: true, auth: { subject: 'ann' } })
  expect(endpoint.asked).toHaveLength(1)

  const [key = ''] = await answersKept()
  const kept = `${key} ${await redis.cli('GET', key)}`
  expect(kept).not.toMatch(/opaque-token-1|"ann"|active/)
  const seconds = Number(await redis.cli('PTTL', key)) / 1_000
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)

  endpoint.tokens.clear()
  clock.advance(60)
  for (const node of [first, second]) expect(await node.verify(request)).toMatchObject({ code: 'token_inactive' })
})

it('what one process revokes is refused by the other, whatever the answer that they share', async () => {
  const [first, second] = [await openNode(), await openNode()]
  for (const node of [first, second]) expect(await node.verify(request)).toMatchObject({ allowed: true })
  await first.revoke({ subject: 'ann', issuer })
  await expect.poll(async () => (await second.verify(request)).allowed).toBe(false)
  expect(await second.verify(request)).toMatchObject({ code: 'token_revoked' })
})
