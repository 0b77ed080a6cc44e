// Row 15 of the chaos list: a right that lacks, a user that is deleted, a password that is wrong. The user that nobody has named,
// `default`, may do everything here: whatever ran as that one would be done.
import { readFileSync } from 'node:fs'
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { names, openNode, openNodes, report, seconds, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8')
const [, line = ''] = /^ACL SETUSER (verifier .+)$/m.exec(page) ?? []
/** The user that verifies, as it is documented. A selector is one word, brackets and spaces and all. */
const verifier: readonly string[] = line.replaceAll('sp1:default:', 'sp1:chaos:').match(/\([^)]*\)|\S+/g) ?? []

/** A server, what was revoked there, and its address for the user that verifies. */
async function start(): Promise<{ server: RedisServer; url: string; owner: State }> {
  const server = await startRedis()
  onTestFinished(server.stop)
  await server.cli('ACL', 'SETUSER', ...verifier)
  const [owner] = (await openNodes(1, { url: server.url })) as [State]
  await owner.revoke({ jti: 'gone' })
  return { server, owner, url: server.url.replace('//', '//verifier:verifier-password@') }
}

it.each([
  ['set', 'SET of rv: NOPERM'],
  ['subscribe', 'SUBSCRIBE: NOPERM'],
  ['acl|whoami', 'ACL WHOAMI: NOPERM'],
  // Within a script the server does not say which command it was.
  ['xrange', 'read the log of revocations'],
  ['xinfo|stream', 'read the log of revocations'],
])('row 15: a state does not begin without %s, and says so', async (right, words) => {
  const { server, url } = await start()
  await server.cli('ACL', 'DELUSER', 'verifier')
  await server.cli('ACL', 'SETUSER', ...verifier.filter((word) => word !== `+${right}`))
  const node = openNode({ url })
  await expect(node.ready()).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining(words),
  })
  expect(() => node.isRevoked(tokenWith('clean'))).toThrow(expect.objectContaining({ code: 'state_unavailable' }))
})

it('row 15: a right that is taken away closes what needs it, and nothing is lost', async () => {
  const { server, url, owner } = await start()
  const [node] = (await openNodes(1, { url, maxStalenessSeconds: 3 })) as [State]
  await server.cli('ACL', 'SETUSER', 'verifier', '-set')
  expect(await use(node, newThing())).toMatchObject({
    outcome: 'unavailable',
    reason: expect.stringContaining('NOPERM'),
  })
  // Pushes still come; that nothing is missing can no longer be proven.
  await owner.revoke({ jti: 'during' })
  await expect.poll(() => outcomeOf(node, 'clean')).toBe('state_unavailable')
  await server.cli('ACL', 'SETUSER', 'verifier', '+set')
  await expect.poll(() => outcomeOf(node, 'clean')).toBe(false)
  for (const jti of ['gone', 'during']) expect(node.isRevoked(tokenWith(jti))).toBe(true)
  expect(await use(node, newThing())).toMatchObject({ outcome: 'first' })
})

it('row 15: a user that is deleted is nobody, until it is there again', async () => {
  const { server, url } = await start()
  const [node] = (await openNodes(1, { url })) as [State]
  await server.cli('ACL', 'LOG', 'RESET')
  const deleted = performance.now()
  await server.cli('ACL', 'DELUSER', 'verifier')
  const things = [newThing(), newThing()]
  await expect.poll(async () => (await use(node, things[0] ?? newThing())).outcome).toBe('unavailable')
  await expect.poll(() => failedLogins(server)).toBeGreaterThan(0)
  expect(await use(node, things[1] ?? newThing())).toMatchObject({ outcome: 'unavailable' })
  expect(node.isRevoked(tokenWith('gone'))).toBe(true)
  // What was used before the user was gone counts; what came later was not kept by anybody.
  const { kind, by, at = '', id } = things[1] ?? newThing()
  expect(await server.cli('EXISTS', names.key('rp', [kind, by, at, id]))).toBe('0')
  const clients = (await server.cli('CLIENT', 'LIST')).split('\n')
  expect(clients.filter((each) => each.includes('user=verifier'))).toEqual([])
  expect(clients.filter((each) => each.includes('user=default')).length).toBe(2) // the owner's

  await server.cli('ACL', 'SETUSER', ...verifier)
  const back = performance.now()
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')
  const tries = await failedLogins(server)
  // Two connections, each tried at once and then every five seconds.
  expect(tries).toBeLessThanOrEqual(2 * (2 + (performance.now() - deleted) / 5_000))
  report(`row 15: back ${seconds(performance.now() - back)} after the user was, ${tries} tries to log in`)
})

it('row 15: with a wrong password nobody passes, and nothing is done as somebody else', async () => {
  const { server } = await start()
  const node = openNode({ url: server.url.replace('//', '//verifier:another-password@') })
  const thing = newThing()
  const early = use(node, thing) // before anybody knows that it is wrong
  await expect(node.ready()).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('`password`'),
  })
  for (const { outcome } of [await early, await use(node, thing)]) expect(outcome).toBe('unavailable')
  await expect(node.revoke({ jti: 'by-nobody' })).rejects.toMatchObject({ code: 'state_unavailable' })
  expect(outcomeOf(node, 'clean')).toBe('state_unavailable')
  const { kind, by, at = '', id } = thing
  expect(await server.cli('EXISTS', names.key('rp', [kind, by, at, id]))).toBe('0')
  expect(await server.cli('XLEN', names.revocation('log'))).toBe('1')
})

/** What a request meets. */
function outcomeOf(node: State, jti: string): unknown {
  try {
    return node.isRevoked(tokenWith(jti))
  } catch (error) {
    return (error as { readonly code: unknown }).code
  }
}

/** How often somebody tried to be whom nobody knows, as the server counts it. */
async function failedLogins(server: RedisServer): Promise<number> {
  const lines = (await server.cli('ACL', 'LOG')).split('\n')
  return lines.filter((_, i) => lines[i - 1] === 'count').reduce((sum, count) => sum + Number(count), 0)
}
