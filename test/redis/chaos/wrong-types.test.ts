// Row 12 of the chaos list: in the place of each key stands something of another type. `KEY` stands for the place.
import type { State } from '@sallyport/core'
import { createRedisState } from '@sallyport/redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { names, namespace, openNode, openNodes, secret, stateEvents, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

const types: Readonly<Record<string, readonly string[]>> = {
  'a string': ['SET', 'KEY', 'something else'],
  'a huge string': ['SETRANGE', 'KEY', '5000000', 'x'],
  'a list': ['RPUSH', 'KEY', 'something', 'else'],
  'a set': ['SADD', 'KEY', 'something else'],
  'a hash': ['HSET', 'KEY', 'something', 'else'],
  'a sorted set': ['ZADD', 'KEY', '1', 'something else'],
  'a stream': ['XADD', 'KEY', '*', 'something', 'else'],
}

async function put(server: RedisServer, key: string, type: string): Promise<void> {
  const command = (types[type] as readonly string[]).map((word) => (word === 'KEY' ? key : word))
  await server.cli('EVAL', "redis.call('DEL', KEYS[1]) return redis.call(unpack(ARGV))", '1', key, ...command)
}

describe.each(Object.keys(types))('row 12: %s', (type) => {
  let server: RedisServer
  let node: State
  let other: State
  beforeAll(async () => {
    server = await startRedis()
    const [one, two] = [1, 2].map(() =>
      createRedisState({ url: server.url, secret, namespace, startTimeoutSeconds: 30 }),
    )
    node = one as State
    other = two as State
    await Promise.all([node.ready(), other.ready()])
  })
  afterAll(async () => {
    await Promise.all([node.close(), other.close()])
    await server.stop()
  })

  it('in the place of what was used lets nobody pass', async () => {
    const thing = newThing()
    const { kind, by, at = '', id } = thing
    await put(server, names.key('rp', [kind, by, at, id]), type)
    for (const each of [node, other]) expect((await use(each, thing)).outcome).not.toBe('first')
    expect((await use(node, newThing())).outcome).toBe('first')
  })

  it('in the place of a verdict is a miss', async () => {
    const question = { kind: 'introspection', of: 'https://idp.example.com', about: 'a token' }
    await put(server, names.key('vc', [question.kind, question.of, question.about]), type)
    expect(await node.verdicts.recall(question)).toBeUndefined()
    await node.verdicts.remember(question, true, Date.now() / 1000 + 60)
    expect([undefined, { answer: true }]).toContainEqual(await node.verdicts.recall(question))
  })

  it('in the places of a key set is as if nobody had one', async () => {
    const source = { issuer: 'https://idp.example.com', location: '' }
    const document = { url: source.issuer, text: '{"keys":[]}', fetchedAt: 1_767_225_600 }
    const options = { serves: () => true, timeoutSeconds: 5, keepSeconds: 60 }
    await node.keySets.fetchOnce(source, options, async () => document)
    const keys = (await server.cli('KEYS', 'sp1:chaos:{jwks:*')).split('\n')
    expect(keys[0]).toMatch(/^sp1:chaos:\{jwks:/)
    for (const key of keys) await put(server, key, type)
    await put(server, names.key('jwks', [source.issuer, source.location], 'lock'), type)
    expect(await other.keySets.latest(source)).toBeUndefined()
    const fetched = await other.keySets.fetchOnce(source, options, async () => document)
    expect(fetched).toMatchObject({ document, isOwn: true })
  })

  it('in the place of policies is an error or nothing, and no policies', async () => {
    await put(server, names.key('pol', ['api'], 'head'), type)
    expect(await node.policies.latest('api').catch(() => undefined)).toBeUndefined()
  })

  it('in the place of failures leaves each process to itself', async () => {
    const window = Math.floor(Date.now() / 1000 / 3_600)
    for (const each of [window, window + 1]) await put(server, names.key('rl', ['client app', String(each)]), type)
    for (let i = 0; i < 3; i++) node.attempts.add('client app', 3_600)
    expect(node.attempts.count('client app', 3_600)).toBe(3)
    await new Promise(setImmediate)
    expect((await use(node, newThing())).outcome).toBe('first')
    expect(node.attempts.count('client app', 3_600)).toBe(3)
  })

  it('in the places beside the log takes no revocation back', async () => {
    await node.revoke({ jti: 'before' })
    await expect.poll(() => other.isRevoked(tokenWith('before'))).toBe(true)
    for (const part of ['meta', 'hb', 'lock'] as const) await put(server, names.revocation(part), type)
    await node
      .revoke({ jti: 'during' })
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'state_unavailable' }))
    await expect.poll(() => other.isRevoked(tokenWith('during'))).toBe(true)
    for (const each of [node, other]) expect(each.isRevoked(tokenWith('before'))).toBe(true)
    expect(other.isRevoked(tokenWith('clean'))).toBe(false)
  })
})

const noStreams = Object.keys(types).filter((type) => type !== 'a stream')

it.each(noStreams)(
  'row 12: %s in the place of the log takes no revocation back, and keeps out who knows none',
  async (type) => {
    const { server, node, other } = await startWithRevocation()
    await put(server, names.revocation('log'), type)
    await expect(node.revoke({ jti: 'during' })).rejects.toMatchObject({ code: 'state_unavailable' })
    const late = openNode({ url: server.url, startTimeoutSeconds: 1 })
    await expect(late.ready()).rejects.toMatchObject({ code: 'state_unavailable' })
    expect(() => late.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
    for (const each of [node, other]) expect(each.isRevoked(tokenWith('before'))).toBe(true)
    // Once the place is free again, everybody knows what anybody knew.
    await server.cli('DEL', names.revocation('log'))
    await expect.poll(() => node.health().pending).toBe(0)
    const knowsAll = (each: State): boolean => ['before', 'during'].every((jti) => each.isRevoked(tokenWith(jti)))
    await expect.poll(() => [node, other].map(knowsAll)).toEqual([true, true])
    await expect.poll(() => late.ready().then(() => knowsAll(late))).toBe(true)
  },
)

it('row 12: a stream of somebody else in the place of the log takes no revocation back, and is told of', async () => {
  const events = stateEvents()
  const { server, node, other } = await startWithRevocation()
  await put(server, names.revocation('log'), 'a stream')
  await node.revoke({ jti: 'during' })
  await expect.poll(() => other.isRevoked(tokenWith('during'))).toBe(true)
  for (const each of [node, other]) expect(each.isRevoked(tokenWith('before'))).toBe(true)
  await expect.poll(() => events.map(({ outcome }) => outcome)).toContain('rejected')
  expect(other.isRevoked(tokenWith('clean'))).toBe(false)
})

async function startWithRevocation(): Promise<{ server: RedisServer; node: State; other: State }> {
  const server = await startRedis()
  onTestFinished(server.stop)
  const [node, other] = (await openNodes(2, { url: server.url })) as [State, State]
  await node.revoke({ jti: 'before' })
  await expect.poll(() => other.isRevoked(tokenWith('before'))).toBe(true)
  return { server, node, other }
}
