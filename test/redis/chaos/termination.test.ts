// Row 26 of the chaos list: a process is told to end while something of the above is going on. What is under way is answered,
// and nothing is left that would keep it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import type { RedisConnection } from '@sallyport/redis'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedis, startSentinels } from '../../fixtures/redis-servers.js'
import { startTcpProxy } from '../../fixtures/tcp-proxy.js'
import type { EndingOrder, EndingReport } from './ending-node.js'
import { watchMachine } from './machine.js'
import { report } from './nodes.js'

const longestMs = 2_000
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

let folder: string
let program: string
let idp: TestIssuer
let bystander: RedisServer
const children: ChildProcess[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ending-'))
  program = join(folder, 'node.mjs')
  const require =
    'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url)'
  await build({
    entryPoints: [path('ending-node.ts')],
    outfile: program,
    tsconfig: path('../../../tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: require }, // of the client of Redis, which is CommonJS
  })
  idp = await createTestIssuer()
  bystander = await startRedis()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await bystander?.stop()
  await idp?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Where the process finds Redis, and what goes wrong there while it serves. */
interface Fault {
  readonly home: RedisConnection
  readonly others?: Readonly<Record<string, RedisConnection>>
  happen(): unknown
}

const faults: Readonly<Record<string, () => Promise<Fault>>> = {
  async nothing() {
    return { home: await redis(), happen: () => undefined }
  },
  async 'a server that hangs'() {
    const server = await redis()
    return { home: server, happen: () => server.pause() }
  },
  async 'a server that was killed'() {
    const server = await redis()
    return { home: server, happen: () => server.kill() }
  },
  async 'a network that takes 250 ms'() {
    const server = await redis()
    const proxy = await startTcpProxy(server.port)
    onTestFinished(proxy.stop)
    return { home: proxy, happen: () => proxy.delay(125) }
  },
  async 'a Redis that was never there'() {
    return { home: { url: 'redis://127.0.0.1:1' }, happen: () => undefined }
  },
  async 'a region that hangs, with revocations for it'() {
    const other = await redis()
    return {
      home: await redis(),
      others: { there: other, nowhere: { url: 'redis://127.0.0.1:1' } },
      happen: () => other.pause(),
    }
  },
  async 'a master that Sentinels replace'() {
    const trio = await startSentinels()
    onTestFinished(trio.stop)
    return { home: { sentinel: { name: trio.name, nodes: trio.nodes } }, happen: () => trio.master().kill() }
  },
}

it.each(Object.entries(faults))('row 26: a process ends in time, with %s', async (what, make) => {
  const { home, others = {}, happen } = await make()
  const machine = await watchMachine([bystander])
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  await once(child, 'message')
  const { issuer, audience } = idp
  const order: EndingOrder = {
    regions: {
      here: connectionOf(home),
      ...Object.fromEntries(Object.entries(others).map(([name, each]) => [name, connectionOf(each)])),
    },
    home: 'here',
    issuer,
    audience,
    token: await idp.issue(),
  }
  child.send(order)
  await once(child, 'message') // it serves
  await happen()
  const told = performance.now()
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  let said: EndingReport | undefined
  child.once('message', (message: EndingReport) => {
    said = message
  })
  const [code, signal] = await ended
  const milliseconds = performance.now() - told
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  expect(said).toBeDefined()
  expect(said?.answered).toBe(said?.underWay)
  expect(milliseconds).toBeLessThan(longestMs + 1_000 + machine.slowest())
  report(
    `row 26, ${what}: ended after ${milliseconds.toFixed(0)} ms, closed after ${said?.milliseconds.toFixed(0)} ms, ` +
      `${said?.answered} of ${said?.underWay} answered, slowest PING ${machine.slowest().toFixed(0)} ms`,
  )
})

/** A server is more than where it is. */
function connectionOf({ url, sentinel }: RedisConnection): RedisConnection {
  return sentinel === undefined ? { url: url ?? '' } : { sentinel }
}

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(server.stop)
  return server
}
