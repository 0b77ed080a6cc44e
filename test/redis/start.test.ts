// What is not as the options say: told at the start, and taken back when it was mended.
import { ConfigurationError, type State, type TokenFacts } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'
import { afterEach, describe, expect, it } from 'vitest'
import { startRedis } from '../fixtures/redis-servers.js'

const secret = 'a secret of the fleet, 32 bytes long or longer'
const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

async function server(acl: readonly string[] = []) {
  const started = await startRedis({ acl })
  ending.push(() => started.stop())
  return started
}

function opened(state: State): State {
  ending.push(() => state.close())
  return state
}

const token = { issuedClaims: { iss: 'i', jti: 'j' }, issuer: 'i' } as unknown as TokenFacts
const ann = (url: string) => url.replace('redis://', 'redis://ann:hers@')

function answerOf(state: State): unknown {
  try {
    return state.isRevoked(token)
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a password that is wrong', () => {
  it('is told at the start; nobody passes until it was mended', async () => {
    const redis = await server(['ann on >other ~* &* +@all'])
    const state = opened(createRedisState({ url: ann(redis.url), secret }))
    await expect(state.ready()).rejects.toBeInstanceOf(ConfigurationError)
    expect(answerOf(state)).toBe('state_unavailable')
    expect(state.health().status).toBe('stale')
    await redis.cli('ACL', 'SETUSER', 'ann', '>hers')
    await expect.poll(() => answerOf(state), { timeout: 20_000 }).toBe(false)
    await state.ready()
    expect(state.health().status).toBe('ready')
  })

  it('in one region of three keeps nobody out', async () => {
    const [eu, us, ap] = [await server(), await server(), await server(['ann on >other ~* &* +@all'])]
    const regions = { eu: { url: eu.url }, us: { url: us.url }, ap: { url: ann(ap.url) } }
    const state = opened(createRedisState({ regions, home: 'eu', secret }))
    await expect.poll(() => answerOf(state), { timeout: 20_000 }).toBe(false)
    await expect(state.ready()).rejects.toBeInstanceOf(ConfigurationError) // told all the same
    expect(answerOf(state)).toBe(false)
  })

  it('in two of three keeps everybody out: what was revoked may be in neither of the others', async () => {
    const redis = await server(['ann on >other ~* &* +@all'])
    const [good, bad] = [{ url: redis.url }, { url: ann(redis.url) }]
    const state = opened(createRedisState({ regions: { eu: good, us: bad, ap: bad }, home: 'eu', secret }))
    await expect(state.ready()).rejects.toBeInstanceOf(ConfigurationError)
    expect(answerOf(state)).toBe('state_unavailable')
  })
})

describe('the end', () => {
  it('keeps no connection open', async () => {
    const redis = await server()
    const state = createRedisState({ url: redis.url, secret })
    await state.ready()
    expect(Number(await connections(redis))).toBeGreaterThan(1)
    await state.close()
    await expect.poll(() => connections(redis)).toBe('1') // the one that asks
  })
})

async function connections(redis: Awaited<ReturnType<typeof startRedis>>): Promise<string> {
  return String((await redis.cli('CLIENT', 'LIST', 'TYPE', 'normal')).trim().split('\n').length)
}
