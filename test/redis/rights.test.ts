// The users of docs/redis.md, as they are written there, on a real server; and what is left there once everything was done.
import { readFileSync } from 'node:fs'
import { createMemoryState, type State, type TokenFacts } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from '../fixtures/redis-servers.js'

const page = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8')
const lines = [...page.matchAll(/^ACL SETUSER (.+)$/gm)].map(([, user = '']) => user)
const secret = 'a secret of the fleet, 32 bytes long or longer'
const issuer = 'https://idp.example.com'
const now = Math.floor(Date.now() / 1000)

let server: Awaited<ReturnType<typeof startRedis>>
const states: State[] = []

beforeAll(async () => {
  server = await startRedis()
  for (const line of lines) await server.cli('ACL', 'SETUSER', ...wordsOf(line))
  await stateOf('revoker') // the log is begun by whoever may write it
})
afterAll(async () => {
  for (const state of states) await state.close()
  await server.stop()
})

/** A selector is one word, brackets and spaces and all. */
function wordsOf(line: string): readonly string[] {
  return line.match(/\([^)]*\)|\S+/g) ?? []
}

async function stateOf(user: string): Promise<State> {
  const url = server.url.replace('redis://', `redis://${user}:${user}-password@`)
  const state = createRedisState({ url, secret })
  states.push(state)
  await state.ready()
  return state
}

const token = (jti: string): TokenFacts => ({
  issuedClaims: { iss: issuer, jti, sub: 'ann@example.com', iat: now },
  issuer,
  scopes: [],
  scopesAreKnown: true,
  roles: [],
  rolesAreKnown: true,
})
const source = { issuer, location: '' }
const document = { url: `${issuer}/jwks`, text: '{"keys":[]}', fetchedAt: now, lifetimeSeconds: 300 }
const question = { kind: 'introspection', of: issuer, about: 'an opaque token' }

describe('the users', () => {
  it('are four', () => {
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['verifier', 'revoker', 'publisher', 'default'])
  })

  it('leave nobody without a name', async () => {
    const state = createRedisState({ url: server.url, secret })
    await expect(state.ready()).rejects.toMatchObject({ name: 'ConfigurationError' })
    await state.close()
  })

  it.each(['verifier', 'revoker'])('%s does all that a node that verifies does', async (user) => {
    const state = await stateOf(user)
    const use = { kind: 'dpop', by: user, at: 'api.example.com', id: 'proof-1' }
    expect([await state.replays.useOnce(use, now + 300), await state.replays.useOnce(use, now + 300)]).toEqual([
      true,
      false,
    ])
    const asked = { ...question, of: user }
    const remembered = async () => {
      await state.verdicts.remember(asked, { active: true }, now + 60)
      return state.verdicts.recall(asked)
    }
    await expect.poll(remembered).toEqual({ answer: { active: true } }) // on a slow machine a call may be too late
    const own = { ...source, location: user }
    const options = { timeoutSeconds: 5, keepSeconds: 60, serves: () => false, isForUnknownKey: true }
    const fetched = async () => {
      await state.keySets.fetchOnce(own, options, async () => ({ ...document, fetchedAt: Date.now() / 1000 }))
      return state.keySets.latest(own)
    }
    await expect.poll(fetched).toMatchObject({ text: document.text })
    await fetched() // nothing new: that counts against the budget
    state.attempts.add(`192.0.2.1 of ${user}`, 60)
    await expect.poll(() => server.cli('KEYS', '*{rl:*')).not.toBe('')
    expect(await state.policies.latest('orders')).toBeUndefined()
  })

  it('the revoker revokes, and the verifier hears of it', async () => {
    const [verifier, revoker] = [await stateOf('verifier'), await stateOf('revoker')]
    await revoker.revoke({ jti: 'token-1', issuer })
    await expect.poll(() => verifier.isRevoked(token('token-1'))).toBe(true)
    expect(verifier.isRevoked(token('token-2'))).toBe(false)
  })

  it('the verifier cannot revoke, and says what it lacks', async () => {
    const verifier = await stateOf('verifier')
    await expect(verifier.revoke({ jti: 'token-3' })).rejects.toMatchObject({ name: 'ConfigurationError' })
  })

  it('the publisher publishes policies', async () => {
    const [verifier, publisher] = [await stateOf('verifier'), await stateOf('publisher')]
    const text = 'version: 1\n'
    await publisher.policies.publish('orders', { head: 'a.b.c', text }, undefined)
    expect(await verifier.policies.latest('orders')).toMatchObject({ head: 'a.b.c', text })
    await expect(verifier.policies.publish('orders', { head: 'a.b.d', text }, undefined)).rejects.toThrow()
  })

  it.each([
    ['verifier', ['XADD', 'sp1:default:{rv}:log', '*', 'e', 'x']],
    ['verifier', ['XTRIM', 'sp1:default:{rv}:log', 'MAXLEN', '0']],
    ['verifier', ['SET', 'sp1:default:{rv}:meta', 'x']],
    ['verifier', ['DEL', 'sp1:default:{rp:aaaaaaaaaaaaaaaaaaaaaa}']],
    ['verifier', ['SET', 'sp1:default:{pol:aaaaaaaaaaaaaaaaaaaaaa}:head', 'x']],
    ['verifier', ['GET', 'sp1:other:{vc:aaaaaaaaaaaaaaaaaaaaaa}']],
    ['verifier', ['GET', 'session:ann']],
    ['verifier', ['FLUSHALL']],
    ['revoker', ['DEL', 'sp1:default:{rv}:log']],
    ['revoker', ['XDEL', 'sp1:default:{rv}:log', '1-0']],
    ['revoker', ['SET', 'sp1:default:{pol:aaaaaaaaaaaaaaaaaaaaaa}:head', 'x']],
    ['publisher', ['XADD', 'sp1:default:{rv}:log', '*', 'e', 'x']],
    ['publisher', ['SET', 'sp1:default:{jwks:aaaaaaaaaaaaaaaaaaaaaa}:doc', 'x']],
  ] as [string, string[]][])('the %s may not %s', async (user, command) => {
    const client = createClient({ url: server.url.replace('redis://', `redis://${user}:${user}-password@`) })
    client.on('error', () => {})
    await client.connect()
    await expect(client.sendCommand(command)).rejects.toThrow(/NOPERM/)
    client.destroy()
  })
})

describe('what is left in Redis', () => {
  const personal = ['ann', 'example.com', 'token-1', 'proof-1', '192.0.2.1', 'opaque', 'orders', 'dpop', 'api', issuer]

  it('expires, but for the log and the policies in force', async () => {
    const keys = (await server.cli('KEYS', '*')).split('\n').filter((key) => key !== '')
    expect(new Set(keys.map((key) => key.replace(/[\w-]{22}(?=\})/, '…').replace(/[0-9a-f]{64}/, '…')))).toEqual(
      new Set([
        'sp1:default:{rv}:log',
        'sp1:default:{rv}:meta',
        'sp1:default:{rv}:hb',
        'sp1:default:{rp:…}',
        'sp1:default:{vc:…}',
        'sp1:default:{jwks:…}:doc',
        'sp1:default:{jwks:…}:cool',
        'sp1:default:{rl:…}',
        'sp1:default:{pol:…}:head',
        'sp1:default:{pol:…}:d:…',
      ]),
    )
    for (const key of keys) {
      const milliseconds = Number(await server.cli('PTTL', key))
      if (/\{rv\}:(log|meta)|\{pol:/.test(key)) expect(milliseconds, key).toBe(-1)
      else expect(milliseconds, key).toBeGreaterThan(0)
    }
  })

  it('names nobody, in keys, values and the log', async () => {
    const keys = (await server.cli('KEYS', '*')).split('\n').filter((key) => key !== '' && !key.includes('{pol:'))
    const log = await server.cli('XRANGE', 'sp1:default:{rv}:log', '-', '+')
    expect(log).not.toBe('')
    const texts = [log, ...keys]
    for (const key of keys) if (!key.endsWith(':log')) texts.push(await textOf(key))
    for (const text of texts) for (const word of personal) expect(text).not.toContain(word)
  })

  async function textOf(key: string): Promise<string> {
    return (await server.cli('TYPE', key)).trim() === 'hash' ? server.cli('HGETALL', key) : server.cli('GET', key)
  }

  it('is as bounded as it is in one process', async () => {
    const state = createRedisState({ url: urlOf('revoker'), secret, maxRevocations: 2 })
    states.push(state)
    await state.ready()
    const inMemory = createMemoryState({ maxRevocations: 2 })
    for (const each of [state, inMemory]) {
      const kept = await Promise.allSettled(['x', 'y', 'z'].map((jti) => each.revoke({ jti })))
      expect(kept.some(({ status }) => status === 'rejected')).toBe(true)
    }
  })

  function urlOf(user: string): string {
    return server.url.replace('redis://', `redis://${user}:${user}-password@`)
  }
})
