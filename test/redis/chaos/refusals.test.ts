// Row 20 of the chaos list: what a server says that cannot serve at this moment. Each time nothing was done; what must be sure
// is closed, what need not be is done without, and it is over when the server says so.
import { connect, type Socket } from 'node:net'
import type { State } from '@sallyport/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { openNode, openNodes, report, seconds, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

const source = { issuer: 'https://idp.example.com', location: '' }
const question = { kind: 'introspection', of: source.issuer, about: 'a token' }

/** What begins, and what ends it. */
interface Trouble {
  begin(server: RedisServer): Promise<unknown>
  end(server: RedisServer): Promise<unknown>
  /** Whether whoever reads is answered. */
  readonly isRead?: boolean
}

const troubles: Readonly<Record<string, Trouble>> = {
  BUSY: {
    async begin(server) {
      const running = server.cli('EVAL', 'while true do end', '0').catch(() => undefined) // until it is killed
      onTestFinished(() => void running)
      await expect.poll(() => server.cli('PING').catch(String)).toContain('BUSY')
    },
    end: (server) => server.cli('SCRIPT', 'KILL'),
  },
  LOADING: {
    async begin(server) {
      await server.cli('DEBUG', 'POPULATE', '4000', 'other', '100')
      await server.cli('CONFIG', 'SET', 'key-load-delay', '1000', 'loading-process-events-interval-bytes', '1024')
      const reloading = server.cli('DEBUG', 'RELOAD').catch(() => undefined)
      onTestFinished(() => void reloading)
      await expect.poll(() => server.cli('GET', 'other:1').catch(String)).toContain('LOADING')
    },
    end: (server) => server.cli('CONFIG', 'SET', 'key-load-delay', '0'),
  },
  MASTERDOWN: {
    async begin(server) {
      await server.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
      await server.cli('REPLICAOF', '127.0.0.1', '1')
      await expect.poll(() => server.cli('GET', 'any').catch(String)).toContain('MASTERDOWN')
    },
    end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
  },
  READONLY: {
    begin: (server) => server.cli('REPLICAOF', '127.0.0.1', '1'),
    end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
    isRead: true,
  },
  NOREPLICAS: {
    begin: (server) => server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: (server) => server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    isRead: true,
  },
}

describe.each(Object.entries(troubles))('row 20: %s', (word, { begin, end, isRead = false }) => {
  it('is no use, no answer, no end of what is known, and over when it is over', async () => {
    const args = ['--busy-reply-threshold', '20', '--enable-debug-command', 'local']
    const server = await startRedis({ args })
    onTestFinished(server.stop)
    const [node, other] = await openTwo({ url: server.url, maxStalenessSeconds: 3 })

    await begin(server)
    const thing = newThing()
    expect(await use(node, thing)).toMatchObject({ outcome: 'unavailable' })
    expect((await use(node, thing)).milliseconds).toBeLessThan(1_250)
    const revoking = node.revoke({ jti: 'during' })
    await expect(revoking).rejects.toMatchObject({ code: 'state_unavailable' })
    expect(node.isRevoked(tokenWith('during'))).toBe(true)
    await node.verdicts.remember(question, true, Date.now() / 1000 + 60)
    expect(await node.verdicts.recall(question)).toBeUndefined()
    expect(await fetchKeySet(node)).toMatchObject({ isOwn: true })
    for (const each of [node, other]) expect(each.isRevoked(tokenWith('before'))).toBe(true)
    // It answers who reads, and proves nothing: after a while nobody knows what was revoked.
    if (isRead) await expect.poll(() => outcomeOf(other)).toBe('state_unavailable')
    const late = openNode({ url: server.url })
    expect(outcomeOf(late)).toBe('state_unavailable')

    await end(server)
    const over = performance.now()
    await expect.poll(() => outcomeOf(other)).toBe(false)
    await expect.poll(() => outcomeOf(late)).toBe(false)
    const backMs = performance.now() - over
    for (const each of [node, other, late])
      for (const jti of ['before', 'during']) await expect.poll(() => each.isRevoked(tokenWith(jti))).toBe(true)
    // Nothing was done: who comes again is first, once.
    await expect.poll(async () => (await use(other, thing)).outcome).toBe('first')
    await expect.poll(async () => (await use(node, thing)).outcome).toBe('replay')
    report(`row 20, ${word}: back ${seconds(backMs)} after it was over`)
  })
})

it('row 20: a server that takes nobody more is waited for', async () => {
  const server = await startRedis()
  onTestFinished(server.stop)
  const [node] = (await openNodes(1, { url: server.url, maxStalenessSeconds: 3 })) as [State]
  await server.cli('CONFIG', 'SET', 'maxclients', '20')
  const others = await Promise.all(Array.from({ length: 40 }, () => connected(server)))
  onTestFinished(() => {
    for (const each of others) each.destroy()
  })
  const late = openNode({ url: server.url, startTimeoutSeconds: 1 })
  await expect(late.ready()).rejects.toMatchObject({ code: 'state_unavailable' })
  expect(outcomeOf(node)).toBe(false) // who is there, stays
  expect((await use(node, newThing())).outcome).toBe('first')
  for (const each of others) each.destroy()
  await expect.poll(() => outcomeOf(late)).toBe(false)
  await expect.poll(async () => (await use(late, newThing())).outcome).toBe('first')
})

/** Two nodes that know of one revocation. Only who finds an empty log waits for those who may know what was in it. */
async function openTwo(options: Parameters<typeof openNode>[0]): Promise<readonly [State, State]> {
  const [node] = (await openNodes(1, options)) as [State]
  await node.revoke({ jti: 'before' })
  const [other] = (await openNodes(1, options)) as [State]
  expect(other.isRevoked(tokenWith('before'))).toBe(true)
  return [node, other]
}

/** What a request meets. */
function outcomeOf(node: State): unknown {
  try {
    return node.isRevoked(tokenWith('clean'))
  } catch (error) {
    return (error as { readonly code: unknown }).code
  }
}

function fetchKeySet({ keySets }: State): Promise<unknown> {
  const document = { url: source.issuer, text: '{"keys":[]}', fetchedAt: Date.now() / 1000 }
  return keySets.fetchOnce(source, { serves: () => true, timeoutSeconds: 5, keepSeconds: 60 }, async () => document)
}

/** A connection that says nothing. */
async function connected({ port }: RedisServer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}
