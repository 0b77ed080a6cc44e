// A revocation that somebody was told of outlives the process that made it, whatever the moment it ends; and a process that
// is closed leaves nothing behind.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import { log, startNode, token } from './revocation-fleet.js'
import type { OutboxOrder } from './revocation-outbox-node.js'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const secret = Buffer.alloc(32, 'the secret of this fleet').toString()

let folder: string
let program: string
let server: RedisServer
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'))
  program = join(folder, 'node.mjs')
  const require =
    'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url)'
  await build({
    entryPoints: [path('revocation-outbox-node.ts')],
    outfile: program,
    tsconfig: path('../../tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: require }, // of the client of Redis, which is CommonJS
  })
  server = await startRedis()
})

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(order: OutboxOrder): Promise<ChildProcess> {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  await once(child, 'message')
  child.send(order)
  return child
}

const away = 'redis://127.0.0.1:1'

describe('an outbox file', () => {
  it.each([1, 40, 199])('keeps what was told of when its process is killed: after %i of 200', async (told) => {
    await server.cli('FLUSHALL')
    const outboxFile = join(folder, `outbox-${told}`)
    const tokens = Array.from({ length: 200 }, (_, index) => `token-${index}`)
    const child = await start({ regions: { here: away }, secret, outboxFile, tokens, close: false })
    const heard: string[] = []
    const ended = once(child, 'exit')
    child.on('message', (jti: string) => {
      heard.push(jti)
      if (heard.length === told) child.kill('SIGKILL')
    })
    await ended
    expect(heard.length).toBeGreaterThanOrEqual(told)
    await using node = await startNode(server.url, { outboxFile })
    await expect.poll(() => node.revocations.health().pending).toBe(0)
    await using other = await startNode(server.url)
    for (const jti of heard) expect(other.revocations.isRevoked(token({ jti }))).toBe(true)
  })

  it('is empty again once everything has arrived, and names nobody', async () => {
    await server.cli('FLUSHALL')
    const outboxFile = join(folder, 'outbox')
    await using node = await startNode(server.url, { outboxFile })
    await node.revocations.revoke({ subject: 'ann' })
    expect(await readFile(outboxFile, 'utf8')).toMatch(/^sallyport outbox 1\n\+ 1\.[\w.-]+\n/)
    await node.close()
    await using again = await startNode(server.url, { outboxFile })
    await expect.poll(() => readFile(outboxFile, 'utf8')).toBe('sallyport outbox 1\n')
    expect(again.revocations.health()).toMatchObject({ pending: 0, revocations: 1 })
    expect((await server.cli('XLEN', log)).trim()).toBe('1')
  })

  it('is told apart from the file of something else', async () => {
    await expect(startNode(server.url, { outboxFile: program })).rejects.toMatchObject({ name: 'ConfigurationError' })
    await expect(startNode(server.url, { outboxFile: join(folder, 'no', 'such') })).rejects.toMatchObject({
      name: 'ConfigurationError',
    })
  })
})

describe('close', () => {
  it('brings what it can on its way, and the process ends by itself', async () => {
    await using second = await startRedis()
    await server.cli('FLUSHALL')
    const tokens = ['taken', 'taken too']
    const start_ = performance.now()
    const child = await start({ regions: { a: server.url, b: second.url, c: away }, secret, tokens, close: true })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(performance.now() - start_).toBeLessThan(15_000)
    await using node = await startNode(second.url)
    expect(node.revocations.isRevoked(token({ jti: 'taken too' }))).toBe(true)
  })

  it('lets nobody pass afterwards, and revokes nothing', async () => {
    const node = await startNode(server.url)
    const waiting = node.revocations.revoke({ jti: 'last' })
    await Promise.all([node.close(), node.close()])
    await waiting
    const closed = { code: 'state_unavailable' }
    expect(() => node.revocations.isRevoked(token({}))).toThrow(expect.objectContaining(closed))
    await expect(node.revocations.revoke({ jti: 'later' })).rejects.toMatchObject(closed)
    await expect(node.revocations.ready()).rejects.toMatchObject(closed)
    expect(node.revocations.health().status).toBe('closed')
  })

  it('is no reason to wait for what cannot be brought', async () => {
    const node = await startNode(away, { wait: false })
    void node.revocations.revoke({ jti: 'lost' }).catch(() => undefined)
    const start_ = performance.now()
    await node.revocations.close(0.3)
    expect(performance.now() - start_).toBeLessThan(1_500)
    await node.close()
  })
})
