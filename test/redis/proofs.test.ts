// One proof, sent to two processes at the same moment: exactly one of them lets it in, whichever that is (RFC 9449 §11.1).
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestHolder, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../fixtures/redis-servers.js'
import type { ProofOrder } from './proof-node.js'

const trials = 1_000
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

let folder: string
let redis: RedisServer
let idp: TestIssuer
const children: ChildProcess[] = []
const ports: number[] = []
const agent = new Agent({ keepAlive: true })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proofs-'))
  const program = join(folder, 'proof-node.mjs')
  const require =
    'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url)'
  const bundling = build({
    entryPoints: [path('proof-node.ts')],
    outfile: program,
    tsconfig: path('../../tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: require }, // of Express and of the client of Redis, which are CommonJS
  })
  ;[redis, idp] = await Promise.all([startRedis(), createTestIssuer(), bundling])
  for (let each = 0; each < 2; each++) children.push(fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
  await Promise.all(
    children.map(async (child) => {
      await once(child, 'message')
      const order: ProofOrder = { url: redis.url, issuer: idp.issuer, audience: idp.audience }
      child.send(order)
      const [{ port }] = await once(child, 'message')
      ports.push(port)
    }),
  )
})
afterAll(async () => {
  agent.destroy()
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([redis?.stop(), idp?.close(), rm(folder, { recursive: true, force: true })])
})

/** The status, and the code of a refusal. */
async function ask(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  const [response] = await once(get({ host: '127.0.0.1', port, path: '/orders', agent, headers }), 'response')
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return response.statusCode === 200 ? '200' : `${response.statusCode} ${JSON.parse(body).code}`
}

it('R-9449-13: a proof that two processes get at the same moment passes once, a thousand times', async () => {
  const holder = await createTestHolder()
  const token = await idp.issue({ cnf: holder.confirmation }, { expiresInSeconds: 3_600 })
  const wrong: string[] = []
  for (let trial = 0; trial < trials; trial++) {
    const headers = await holder.present(token, { url: `${idp.audience}/orders` })
    const answers = await Promise.all(ports.map((port) => ask(port, headers)))
    if (answers.sort().join() !== '200,401 proof_replayed') wrong.push(answers.join())
  }
  // Where a machine is too busy for Redis to answer in time, nobody passes, and that is no fault of the holder.
  expect(wrong.filter((answers) => !answers.includes('503 state_unavailable'))).toEqual([])
  expect(wrong.filter((answers) => answers === '200,200')).toEqual([])
  expect(wrong.length).toBeLessThan(trials / 20)
}, 120_000)
