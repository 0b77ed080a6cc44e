// Two nodes of a fleet on one Redis: what one of them receives, the other knows; and an outage costs nobody a logout.
import { backChannelLogout, createVerifier, type State, securityEvents } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { createRedisState } from '@sallyport/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { caep, clientId, logoutEvent, pushEvent, sendLogout, streamAudience } from './senders.js'

const secret = 'a secret of 32 bytes that all of the fleet share'
let redis: RedisServer
let idp: Awaited<ReturnType<typeof createTestIssuer>>
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  redis = await startRedis()
  idp = await createTestIssuer()
})
afterAll(async () => {
  for (const end of ends) await end()
  await Promise.all([redis?.stop(), idp?.close()])
})

/** One node, and the subjects that it was asked about. */
async function startNode() {
  const state: State = createRedisState({ url: redis.url, secret })
  await state.ready()
  const asked: string[] = []
  const { issuer, audience, jwks } = idp
  const exists = ({ subject }: { subject: string }) => asked.push(subject) > 0
  const verifier = createVerifier({ issuer, audience, jwks, state, subjects: { exists } })
  ends.push(async () => {
    await verifier.close()
    await state.close()
  })
  const verdict = async (token: string) => {
    const decision = await verifier.verify({ headers: { authorization: `Bearer ${token}` } })
    return decision.allowed ? 'allowed' : decision.code
  }
  return { state, verifier, verdict, asked }
}

const logoutToken = (sub: string) =>
  idp.issue({ aud: clientId, sub, events: { [logoutEvent]: {} } }, { header: { typ: 'logout+jwt' } })

const eventToken = (sub: string) =>
  idp.issue(
    {
      aud: streamAudience,
      sub: undefined,
      exp: undefined,
      sub_id: { format: 'iss_sub', iss: idp.issuer, sub },
      events: { [`${caep}session-revoked`]: {} },
    },
    { header: { typ: 'secevent+jwt' } },
  )

describe('a fleet on Redis', () => {
  it('refuses on every node what one of them was told of', async () => {
    const [one, other] = [await startNode(), await startNode()]
    const [ann, bob] = [await idp.issue({ sub: 'ann' }), await idp.issue({ sub: 'bob' })]
    expect([await other.verdict(ann), await other.verdict(bob)]).toEqual(['allowed', 'allowed'])
    const logout = backChannelLogout(one.verifier, { clientId, tokenLifetimeSeconds: 300 })
    const events = securityEvents(one.verifier, { audience: streamAudience, tokenLifetimeSeconds: 300 })
    expect((await sendLogout(logout, await logoutToken('ann'))).status).toBe(200)
    expect((await pushEvent(events, await eventToken('bob'))).status).toBe(202)
    await expect.poll(() => other.verdict(ann)).toBe('token_revoked')
    await expect.poll(() => other.verdict(bob)).toBe('token_revoked')
  })

  it('asks the user store once for both nodes', async () => {
    const [one, other] = [await startNode(), await startNode()]
    const token = await idp.issue({ sub: 'cleo' })
    expect(await one.verdict(token)).toBe('allowed')
    await expect.poll(async () => (await redis.cli('KEYS', 'sp1:*vc:*')).trim()).not.toBe('')
    expect(await other.verdict(token)).toBe('allowed')
    expect([one.asked, other.asked]).toEqual([['cleo'], []])
  })

  it('says 503 while Redis is gone, and logs out with the same token afterwards', async () => {
    const node = await startNode()
    const token = await idp.issue({ sub: 'dora' })
    const logout = backChannelLogout(node.verifier, { clientId, tokenLifetimeSeconds: 300 })
    const said = await logoutToken('dora')
    await redis.pause()
    expect((await sendLogout(logout, said)).status).toBe(503)
    await redis.resume()
    await expect.poll(async () => (await sendLogout(logout, said)).status, { timeout: 15_000 }).toBe(200)
    expect(await node.verdict(token)).toBe('token_revoked')
  })
})
