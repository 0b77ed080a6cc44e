// The benchmark, with settings too small to tell anything: that it runs, shows every row, and leaves nothing behind. How fast
// anything is, no test asks.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../bench/bench.js', import.meta.url))
const careless = fileURLToPath(new URL('careless.js', import.meta.url))
const small = ['--rounds', '1', '--ms', '5', '--algs', 'ES256', '--tokens', '200']

let temporary: string
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'sallyport-bench-test-'))
})
afterAll(() => rm(temporary, { recursive: true, force: true }))

describe('the benchmark', () => {
  it('compares everyone in three tables', async () => {
    const { code, stdout, stderr } = await bench()
    expect(code, stderr).toBe(0)
    expect(rows(stdout)).toEqual(everyRow)
    expect(await readdir(temporary)).toEqual([])
  }, 180_000)

  it('measures a contender that does its whole job', async () => {
    const { code, stdout, stderr } = await bench('--contenders', careless, '--only', 'careful')
    expect(code, stderr).toBe(0)
    expect(rows(stdout)).toContain('careful')
  }, 120_000)

  it.each([
    ['without signature', 'accepted a token with an altered signature'],
    ['without iss', 'accepted a token of another issuer'],
    ['without aud', 'accepted a token for another audience'],
    ['without exp', 'accepted a token that has expired'],
    ['without mercy', 'good tokens were refused'],
  ])(
    'fails for one that works %s',
    async (name, reason) => {
      const { code, stdout, stderr } = await bench('--contenders', careless, '--only', name)
      expect(code).toBe(1)
      expect(stderr).toContain(reason)
      expect(rows(stdout)).toEqual([])
      expect(await readdir(temporary)).toEqual([])
    },
    120_000,
  )
})

function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary }
    const child = execFile(process.execPath, [program, ...small, ...args], { env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

/** The rows of all tables, by their first cell, where every other cell holds a figure. */
function rows(markdown: string): string[] {
  const cells = markdown.split('\n').map((line) => line.split('|').slice(1, -1))
  const complete = cells.filter(([, ...others]) => others.length > 0 && others.every((cell) => /[1-9]/.test(cell)))
  return complete.map(([name = '']) => name.trim()).filter((name) => name !== '')
}

const everyRow = [
  'raw `crypto.verify`, in µs',
  'Sallyport, cold, cache off',
  'Sallyport, cold, cache on (always a miss)',
  'Sallyport, remembered, `verifyToken`',
  'Sallyport, remembered, `recall`',
  'jose, CryptoKey',
  'jose, KeyObject',
  'jose, local key set',
  'fast-jwt, static key',
  'fast-jwt, cache, always a hit',
  'fast-jwt, cache, always a miss',
  'fast-jwt, key function',
  'jsonwebtoken, KeyObject',
  'jsonwebtoken, PEM',
  'aws-jwt-verify, `verifySync`',
  'written by hand',
  'Sallyport, remembered, `recall`, in µs',
  'Sallyport, remembered, `verifyToken`, in µs',
  'fast-jwt, cache, always a hit, in µs',
  'fast-jwt ÷ Sallyport, remembered, `recall`',
  'fast-jwt ÷ Sallyport, remembered, `verifyToken`',
  'Sallyport, seen once',
  'Sallyport, seen twice',
  'fast-jwt, cache',
]
