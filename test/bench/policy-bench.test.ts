// The benchmark of the policies, with settings too small to tell anything: that it runs, shows every row, and measures nobody
// who judges wrongly.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../bench/policy-bench.js', import.meta.url))
const careless = fileURLToPath(new URL('careless-policies.js', import.meta.url))

describe('the benchmark of the policies', () => {
  it('compares everyone, and says of every aim what came of it', async () => {
    const { code, stdout, stderr } = await bench()
    expect(code, stderr).toBe(0)
    expect(rows(stdout)).toEqual([...everyRow, ...everyAim])
  }, 120_000)

  it('measures a contender that judges rightly', async () => {
    const { code, stdout, stderr } = await bench('--contenders', careless, '--only', 'careful')
    expect(code, stderr).toBe(0)
    expect(rows(stdout)).toEqual(['careful –'])
  }, 30_000)

  it.each([
    ['no scope', 'no scope allows a token without the scope'],
    ['no tenant', 'no tenant allows another tenant'],
    ['no admins', 'no admins denies an admin from elsewhere'],
    ['no age', 'no age allows who authenticated an hour ago'],
    ['no doubt', 'no doubt allows who authenticated nobody knows when'],
    ['no future', 'no future allows who will authenticate next week'],
    ['no mercy', 'no mercy denies the tenant itself'],
    ['no answer', 'no answer answers neither true nor false to the tenant itself'],
    ['no patience', /no patience gave [1-9]\d* of \d+ verdicts that are wrong/],
  ])(
    'fails for one that has %s',
    async (name, reason) => {
      const { code, stdout, stderr } = await bench('--contenders', careless, '--only', name)
      expect(code).toBe(1)
      expect(stderr).toMatch(reason)
      expect(rows(stdout)).toEqual([])
    },
    30_000,
  )
})

function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, '--rounds', '1', '--ms', '1', ...args],
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr })
      },
    )
  })
}

/** The rows of all tables, by their first cell, where every other cell holds a figure, or a dash that belongs there. */
function rows(markdown: string): string[] {
  const cells = markdown.split('\n').map((line) => line.split('|').slice(1, -1))
  const complete = cells.filter(
    ([, ...others]) => others.length > 0 && others.every((cell) => /[1-9]|^ – $/.test(cell)),
  )
  return complete.map(([name = '', ...others]) => (others.at(-1) === ' – ' ? `${name.trim()} –` : name.trim()))
}

/** Only ours explains a denial. */
const everyRow = [
  'written by hand',
  'written by hand, splitting `scope` each time',
  'Sallyport, verdict',
  'Sallyport, verdict, among other policies',
  'Sallyport, verdict, `policyFacts` each time',
  'Sallyport, verdict, from YAML',
  'Sallyport, verdict and remedy',
  'Sallyport, verdict, remedy and explanation',
  'CASL, ability and subject cached –',
  'CASL, ability cached, subject made each time –',
  'CASL, ability and subject made each time –',
  'casbin, `enforceSync`, one row –',
  'cedar-wasm, preparsed policy set –',
  '@bufbuild/cel, planned –',
  '@marcbachmann/cel-js, parsed –',
]

const everyAim = [
  'Sallyport, verdict: at most 5 times the closure, ok',
  'Sallyport, verdict: at most 5 times the closure, missing',
  'Sallyport, verdict, among other policies: at most 5 times the closure, ok',
  'Sallyport, verdict, among other policies: at most 5 times the closure, missing',
  'Sallyport, verdict and remedy: at most 5 times the closure, ok',
  'Sallyport, verdict and remedy: at most 5 times the closure, missing',
  'every library at least 5 times Sallyport, verdict, ok',
  'every library at least 5 times Sallyport, verdict, missing',
  'a denial explained at most 60 times the closure',
]
