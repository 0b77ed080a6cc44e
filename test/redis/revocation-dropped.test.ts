// More revocations on their way than a process pursues one by one: every region is compared with all that is known, and what it
// has by that need not be in the file of what is on its way any more.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { startTcpProxy } from '../fixtures/tcp-proxy.js'
import { startNode, token, written } from './revocation-fleet.js'

/** A process pursues 50,000 of them. */
const pursued = 50_000
const dropped = 20

let folder: string
let servers: readonly RedisServer[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dropped-'))
  servers = await Promise.all([startRedis(), startRedis()])
})

afterAll(async () => {
  for (const server of servers ?? []) await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** How many another process would find in the file: those that were made and have not arrived. */
async function inFile(path: string): Promise<number> {
  const text = await readFile(path, 'latin1')
  return text.split('\n+ ').length - text.split('\n- ').length
}

describe('a file with more than a process pursues', () => {
  it('is empty once every region has all of them, and not before', async () => {
    const [here, there] = servers as readonly [RedisServer, RedisServer]
    await using proxy = await startTcpProxy(there.port)
    proxy.cut()
    const outboxFile = join(folder, 'outbox')
    const lines = Array.from({ length: pursued + dropped }, (_, index) => `+ ${written({ jti: `${index}` })}\n`)
    await writeFile(outboxFile, `sallyport outbox 1\n${lines.join('')}`)
    const regions = { here: here.url, there: proxy.url }
    await using node = await startNode(regions, { outboxFile, maxRevocations: 200_000, wait: false })
    expect(node.revocations.health()).toMatchObject({ revocations: pursued + dropped, pending: pursued })
    await using near = await startNode(here.url, { maxRevocations: 200_000 })
    const oldest = Array.from({ length: dropped }, (_, index) => token({ jti: `${index}` }))
    const knownTo = ({ revocations }: typeof near): number =>
      oldest.filter((each) => revocations.isRevoked(each)).length
    await expect.poll(() => knownTo(near)).toBe(dropped)
    expect(await inFile(outboxFile)).toBe(pursued + dropped)
    proxy.heal()
    await expect.poll(() => node.revocations.health().pending).toBe(0)
    await expect.poll(() => inFile(outboxFile)).toBe(0)
    await using far = await startNode(there.url, { maxRevocations: 200_000 })
    expect(knownTo(far)).toBe(dropped)
    expect(far.revocations.health().revocations).toBe(pursued + dropped)
  }, 60_000)
})
