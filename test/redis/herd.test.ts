// The thundering herd: fifteen processes that need the keys of one issuer at the same moment.
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { type Herd, type HerdProcess, makeHerd } from './herd.js'

const size = 15
const secret = 'the secret of this herd, forty bytes of it'
let redis: RedisServer
let idp: TestIssuer
let herd: Herd
let processes: HerdProcess[] = []
beforeAll(async () => {
  redis = await startRedis()
  idp = await createTestIssuer()
  herd = await makeHerd()
})
afterAll(async () => {
  await herd.stop()
  await idp.close()
  await redis.stop()
})

const begin = (process: HerdProcess): Promise<unknown> =>
  process.ask({ url: redis.url, secret, issuer: idp.issuer, audience: idp.audience })

/** Good tokens of the key that signs now. */
const tokens = (count: number, header: () => Record<string, unknown> = () => ({})): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => idp.issue({}, { header: header() })))

/** What becomes of tokens that every process gets at the same moment, each token another one. */
async function outcomes(count: number, header?: () => Record<string, unknown>): Promise<Set<unknown>> {
  const each = await Promise.all(processes.map(() => tokens(count, header)))
  const answers = await Promise.all(processes.map((process, i) => process.ask({ tokens: each[i] ?? [] })))
  return new Set(answers.flat())
}

it('fetches keys at most twice when fifteen processes start at once', async () => {
  processes = await herd.start(size)
  await Promise.all(processes.map(begin))
  expect(await outcomes(10)).toEqual(new Set(['passed']))
  expect(idp.requests.jwks).toBeGreaterThan(0)
  expect(idp.requests.jwks).toBeLessThanOrEqual(2)
  expect(idp.requests.metadata).toBeLessThanOrEqual(2)
})

it('fetches keys at most twice when a key is new, and lets every token through', async () => {
  for (let rotation = 0; rotation < 3; rotation++) {
    const before = idp.requests.jwks
    await idp.rotate()
    expect(await outcomes(10)).toEqual(new Set(['passed']))
    expect(idp.requests.jwks - before).toBeGreaterThan(0)
    expect(idp.requests.jwks - before).toBeLessThanOrEqual(2)
  }
})

it('has one budget for unknown key ids, and a new key gets through all the same', async () => {
  let before = idp.requests.jwks
  const randomKid = () => ({ kid: `random-${Math.random()}` })
  for (let wave = 0; wave < 5; wave++) expect(await outcomes(20, randomKid)).toEqual(new Set(['key_unknown']))
  expect(idp.requests.jwks - before).toBeLessThanOrEqual(3) // at once, and 0.1 and 0.4 seconds later; the next in 20 seconds
  before = idp.requests.jwks
  expect(await outcomes(10)).toEqual(new Set(['passed'])) // of a known key, nobody is asked
  expect(idp.requests.jwks).toBe(before)
})

it('takes in a process while the issuer is down', async () => {
  const [token] = await tokens(1)
  idp.fail()
  const [late] = (await herd.start(1)) as [HerdProcess]
  await begin(late)
  expect(await late.ask({ tokens: [token as string] })).toEqual(['passed'])
})
