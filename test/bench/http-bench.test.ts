// The benchmark of the servers, with settings too small to tell anything: that it runs, shows every row, measures nobody who
// answers wrongly, and leaves no process behind.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'

const program = fileURLToPath(new URL('../../bench/http-bench.js', import.meta.url))
const careless = fileURLToPath(new URL('careless-servers.js', import.meta.url))
const small = ['--rounds', '1', '--seconds', '0.2', '--connections', '8']

describe('the benchmark of the servers', () => {
  it('compares frameworks, ours and the peers, and says of every aim what came of it', async () => {
    const { code, stdout, stderr } = await bench('--only', 'Express 5|Fastify 5')
    expect(code, stderr).toBe(0)
    expect(rows(stdout)).toEqual([...everyServer, ...everyServer, ...everyComparison, ...everyAim])
  }, 180_000)

  it('measures a server that does its whole job', async () => {
    const { code, stdout, stderr } = await bench('--contenders', careless, '--only', 'careful')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('| node:http: careful |')
  }, 60_000)

  it.each([
    ['without signature', 'answered 200 to a token with an altered signature'],
    ['without iss', 'answered 200 to a token of another issuer'],
    ['without aud', 'answered 200 to a token for another audience'],
    ['without exp', 'answered 200 to a token that has expired'],
    ['without token', 'answered 200 to no token'],
    ['without mercy', 'answered 401 to a good token'],
    ['without patience', 'answered 401 to one of the good tokens'],
    ['without sense', 'answered something else to a good token'],
  ])(
    'fails for one that works %s',
    async (name, reason) => {
      const { code, stdout, stderr } = await bench('--contenders', careless, '--only', name)
      expect(code).toBe(1)
      expect(stderr).toContain(`node:http: ${name}: ${reason}`)
      expect(rows(stdout)).toEqual([])
    },
    60_000,
  )

  it('takes its processes with it when it is interrupted', async () => {
    const child = spawn(process.execPath, [program, ...small, '--contenders', careless, '--only', 'careful'])
    const ended = once(child, 'exit')
    await once(child.stdout, 'data') // the first server is about to start
    const others = await vi.waitFor(() => childrenOf(child.pid, 2), { timeout: 30_000 })
    child.kill('SIGINT')
    expect(await ended).toEqual([1, null])
    await vi.waitFor(() => expect(others.filter(isRunning)).toEqual([]), { timeout: 30_000 })
  }, 60_000)
})

function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...small, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

/** By their ids, as soon as there are so many. */
async function childrenOf(pid: number | undefined, count: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')
  if (children.length < count) throw new Error('they are not all there yet')
  return children.map(Number)
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

/** The rows of all tables, by their first cell, where every other cell holds a figure. */
function rows(markdown: string): string[] {
  const cells = markdown.split('\n').map((line) => line.split('|').slice(1, -1))
  const complete = cells.filter(([, ...others]) => others.length > 0 && others.every((cell) => /[1-9]/.test(cell)))
  return complete.map(([name = '']) => name.trim()).filter((name) => name !== '')
}

const everyServer = [
  'Express 5: bare',
  'Express 5: Sallyport',
  'Express 5: express-oauth2-jwt-bearer',
  'Fastify 5: bare',
  'Fastify 5: Sallyport',
  'Fastify 5: @fastify/jwt, cache',
  'Fastify 5: @fastify/jwt',
]

const everyComparison = everyServer.filter((name) => !name.endsWith('Sallyport')).map((name) => `${name} ÷ Sallyport`)

const everyAim = [
  'Express 5, hot: bare ÷ Sallyport at least 0.95',
  'Express 5, hot: express-oauth2-jwt-bearer ÷ Sallyport at least 1.8',
  'Express 5, cold: express-oauth2-jwt-bearer ÷ Sallyport at least 1',
  'Fastify 5, hot: bare ÷ Sallyport at least 0.88',
  'Fastify 5, hot: @fastify/jwt, cache ÷ Sallyport at least 1.5',
  'Fastify 5, cold: @fastify/jwt, cache ÷ Sallyport at least 1',
  'Fastify 5, cold: @fastify/jwt ÷ Sallyport at least 1',
]
