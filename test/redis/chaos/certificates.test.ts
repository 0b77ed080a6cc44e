// Row 22 of the chaos list, the part that needs a state that runs: the certificate of a server is changed under it. What is
// refused at the start is in `port-start.test.ts`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { State } from '@sallyport/core'
import { expect, it, onTestFinished } from 'vitest'
import { createTestAuthority, type TestAuthority } from '../../fixtures/certificates.js'
import { type RedisServer, startRedis } from '../../fixtures/redis-servers.js'
import { openNodes, report, seconds, stateEvents, tokenWith } from './nodes.js'
import { newThing, use } from './use-load.js'

it('row 22: a server changes its certificate, and one of a stranger is not taken', async () => {
  const events = stateEvents()
  const [before, after, stranger] = ['before', 'after', 'stranger'].map(createTestAuthority) as [
    TestAuthority,
    TestAuthority,
    TestAuthority,
  ]
  const server = await startRedis({ tls: { ca: before.ca, ...before.issue('localhost') } })
  onTestFinished(server.stop)
  const [node] = (await openNodes(1, { url: server.url, tls: { ca: [before.ca, after.ca] } })) as [State]
  await node.revoke({ jti: 'before' })

  await present(server, after)
  expect((await use(node, newThing())).outcome).toBe('first') // who is connected, stays
  await cutAll(server)
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')

  await present(server, stranger)
  await cutAll(server)
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('unavailable')
  expect(node.isRevoked(tokenWith('before'))).toBe(true)
  const refused = performance.now()
  await expect.poll(async () => performance.now() - refused).toBeGreaterThan(500)
  expect((await use(node, newThing())).outcome).toBe('unavailable')
  expect(node.health().regions[0]?.isConnected).toBe(false)

  await present(server, after)
  const mended = performance.now()
  await expect.poll(async () => (await use(node, newThing())).outcome).toBe('first')
  const told = events.map(({ outcome }) => outcome)
  expect(told.filter((each) => each === 'disconnected').length).toBeGreaterThanOrEqual(2)
  report(`row 22: back ${seconds(performance.now() - mended)} after the certificate was mended`)
})

async function present(server: RedisServer, authority: TestAuthority): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { cert, key } = authority.issue('localhost')
  const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const
  await writeFile(files[0], cert)
  await writeFile(files[1], key)
  await server.cli('CONFIG', 'SET', 'tls-cert-file', files[0], 'tls-key-file', files[1])
}

async function cutAll(server: RedisServer): Promise<void> {
  for (const type of ['normal', 'pubsub']) await server.cli('CLIENT', 'KILL', 'TYPE', type)
}
