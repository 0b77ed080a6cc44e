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

describe('row 12', () => {
  let server: RedisServer
  let node: State
  let other: State
  beforeAll(async () => {
    server = await startRedis()
    node = createRedisState({ url: server.url, secret, namespace, startTimeoutSeconds: 30 })
    other = createRedisState({ url: server.url, secret, namespace, startTimeoutSeconds: 30 })
    await Promise.all([node.ready(), other.ready()])
  })
  afterAll(async () => {
    await Promise.all([node.close(), other.close()])
    await server.stop()
  })

  it.each(Object.keys(types))('%s in the place of what was used lets nobody pass', async (type) => {
    const thing = newThing()
    const { kind, by, at = '', id } = thing
    await put(server, names.key('rp', [kind, by, at, id]), type)
    for (const each of [node, other]) expect((await use(each, thing)).outcome).not.toBe('first')
    expect((await use(node, newThing())).outcome).toBe('first')
  })

  it.each(Object.keys(types))('%s in the place of a verdict is a miss', async (type) => {
    const question = { kind: 'introspection', of: 'https://idp.example.com', about: type }
    await put(server, names.key('vc', [question.kind, question.of, question.about]), type)
    expect(await node.verdicts.recall(question)).toBeUndefined()
    await node.verdicts.remember(question, true, Date.now() / 1000 + 60)
    expect([undefined, { answer: true }]).toContainEqual(await node.verdicts.recall(question))
  })

  it.each(Object.keys(types))('%s in the places of a key set is as if nobody had one', async (type) => {
    const source = { issuer: `https://${type.replaceAll(' ', '-')}.example`, location: '' }
    const document = { url: source.issuer, text: '{"keys":[]}', fetchedAt: 1_767_225_600 }
    const options = { serves: () => true, timeoutSeconds: 5, keepSeconds: 60 }
    await node.keySets.fetchOnce(source, options, async () => document)
    const places = ['doc', 'cool', 'lock'].map((part) => names.key('jwks', [source.issuer, source.location], part))
    expect(await server.cli('EXISTS', ...places)).toBe('1') // the document: nobody has the lock, or has asked for an unknown key
    for (const key of places) await put(server, key, type)
    expect(await other.keySets.latest(source)).toBeUndefined()
    const fetched = await other.keySets.fetchOnce(source, options, async () => document)
    expect(fetched).toMatchObject({ document, isOwn: true })
  })

  it.each(Object.keys(types))('%s in the place of policies is an error or nothing, and no policies', async (type) => {
    await put(server, names.key('pol', [type], 'head'), type)
    expect(await node.policies.latest(type).catch(() => undefined)).toBeUndefined()
  })

  it.each(Object.keys(types))('%s in the place of failures leaves each process to itself', async (type) => {
    const window = Math.floor(Date.now() / 1000 / 3_600)
    for (const each of [window, window + 1]) await put(server, names.key('rl', [type, String(each)]), type)
    for (let i = 0; i < 3; i++) node.attempts.add(type, 3_600)
    expect(node.attempts.count(type, 3_600)).toBe(3)
    // It is told with the next failure of anything, in one go: then that of this one was refused, and counts here alone.
    const others = { name: `other than ${type}`, key: names.key('rl', [`other than ${type}`, String(window)]) }
    node.attempts.add(others.name, 3_600)
    await expect.poll(() => server.cli('GET', others.key)).toBe('1')
    expect(node.attempts.count(type, 3_600)).toBe(3)
  })

  it.each(Object.keys(types))('%s in the places beside the log takes no revocation back', async (type) => {
    const [before, during] = [`before ${type}`, `during ${type}`] as const
    await node.revoke({ jti: before })
    await expect.poll(() => other.isRevoked(tokenWith(before))).toBe(true)
    for (const part of ['meta', 'hb', 'lock'] as const) await put(server, names.revocation(part), type)
    await node
      .revoke({ jti: during })
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'state_unavailable' }))
    await expect.poll(() => other.isRevoked(tokenWith(during))).toBe(true)
    for (const each of [node, other]) expect(each.isRevoked(tokenWith(before))).toBe(true)
    expect(other.isRevoked(tokenWith('clean'))).toBe(false)
  })
})

const noStreams = Object.keys(types).filter((type) => type !== 'a stream')

it('row 12: anything else in the place of the log takes no revocation back, and keeps out who knows none', async () => {
  await Promise.all(noStreams.map(checkLog))
})

async function checkLog(type: string): Promise<void> {
  const { server, node, other } = await startWithRevocation()
  await put(server, names.revocation('log'), type)
  await expect(node.revoke({ jti: 'during' }), type).rejects.toMatchObject({ code: 'state_unavailable' })
  const late = openNode({ url: server.url, startTimeoutSeconds: 1 })
  await expect(late.ready(), type).rejects.toMatchObject({ code: 'state_unavailable' })
  expect(() => late.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
  for (const each of [node, other]) expect(each.isRevoked(tokenWith('before')), type).toBe(true)
  // Once the place is free again, everybody knows what anybody knew.
  await server.cli('DEL', names.revocation('log'))
  await expect.poll(() => node.health().pending).toBe(0)
  const knowsAll = (each: State): boolean => ['before', 'during'].every((jti) => each.isRevoked(tokenWith(jti)))
  await expect.poll(() => [node, other].map(knowsAll)).toEqual([true, true])
  await expect.poll(() => late.ready().then(() => knowsAll(late))).toBe(true)
}

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
