// The demo as a user runs it: a process of its own, on what `npm run build` has made of the packages.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples/express-quickstart')

const answersInOrder = [
  [200, undefined],
  [401, 'token_expired'],
  [401, 'audience_mismatch'],
  [403, 'scope_insufficient'],
  [401, 'signature_invalid'],
  [200, undefined],
  [403, 'policy_denied'],
]

interface Demo {
  readonly process: ChildProcess
  /** All that it has written so far. */
  output: string
}

/** @param scratch - what it would use for temporary files */
function start(scratch: string, ...options: string[]): Demo {
  const env = { ...process.env, TMPDIR: scratch, FORCE_COLOR: undefined }
  // A group of its own, so that whatever it leaves running can be found.
  const child = spawn(process.execPath, [join(example, 'demo.js'), ...options], { cwd: root, env, detached: true })
  const demo = { process: child, output: '' }
  const note = (chunk: Buffer): void => {
    demo.output += chunk.toString()
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  return demo
}

async function end(demo: Demo): Promise<number | null> {
  if (demo.process.exitCode === null) await once(demo.process, 'close')
  return demo.process.exitCode
}

/** One part for each request: its `curl` line, and what is shown beneath. */
function parts({ output }: Demo): readonly string[] {
  return output.split(/^(?=curl )/m).slice(1)
}

/** A `curl` line as a shell would read it. */
function request(part: string): { url: string; authorization: string } {
  const [, url = '', authorization = ''] = /^curl -i (\S+) -H 'Authorization: ([^']+)'\n/.exec(part) ?? []
  return { url, authorization }
}

async function expectNothingRuns(demo: Demo): Promise<void> {
  expect(() => process.kill(-(demo.process.pid as number), 0)).toThrow('ESRCH')
  await expect(fetch(request(parts(demo)[0] ?? '').url)).rejects.toThrow('fetch failed')
}

let scratch: string
let demo: Demo

/** For the one that does not end by itself. */
const stop = (): unknown => demo.process.exitCode === null && demo.process.kill('SIGKILL')

beforeAll(() => {
  if (!existsSync(join(root, 'packages/express/dist'))) throw new Error('run `npm run build` first')
  scratch = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
})

afterAll(() => rmSync(scratch, { recursive: true }))

describe('npm run demo -- --once', { timeout: 20_000 }, () => {
  const before = readdirSync(example)

  beforeAll(async () => {
    demo = start(scratch, '--once')
    await end(demo)
  }, 20_000)

  afterAll(stop)

  it('shows the answers and ends with 0', () => {
    const answers = parts(demo).map((part) => [
      Number(/HTTP\/1\.1 (\d+)/.exec(part)?.[1]),
      /"code":"(\w+)"/.exec(part)?.[1],
    ])
    expect(answers, demo.output).toEqual(answersInOrder)
    expect(demo.process.exitCode).toBe(0)
  })

  it('says beside each refusal what was expected, what came and what to do', () => {
    for (const refusal of parts(demo).filter((part) => !part.includes('HTTP/1.1 200'))) {
      for (const label of ['failed', 'expected', 'got', 'do']) expect(refusal).toMatch(new RegExp(`│ ${label} +\\S`))
    }
  })

  it('explains the denial of the multi-tenant route, part by part', () => {
    expect(parts(demo)[6]).toContain(
      'any of: false\n├─ role admin: false\n└─ claim tenant equals param tenantId: false\n',
    )
  })

  it('fits a terminal of 100 columns, without colours where no terminal is', () => {
    const lines = demo.output.split('\n').filter((line) => !line.startsWith('curl '))
    expect(Math.max(...lines.map((line) => line.length))).toBe(100)
    expect(demo.output).not.toContain('\x1b')
  })

  it('leaves no process, port or file behind', async () => {
    await expectNothingRuns(demo)
    expect(readdirSync(example)).toEqual(before)
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('npm run demo', { timeout: 20_000 }, () => {
  beforeAll(() => {
    demo = start(scratch)
  })

  afterAll(stop)

  it('stays up, answers the lines it has printed as it said, and ends with 0 on Ctrl-C', async () => {
    await expect.poll(() => demo.output, { timeout: 15_000 }).toContain('Ctrl-C ends')
    const requests = parts(demo).map(request)
    const answers = await Promise.all(
      requests.map(({ url, authorization }) => fetch(url, { headers: { authorization } })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answersInOrder.map(([status]) => status))
    demo.process.kill('SIGINT')
    expect(await end(demo), demo.output).toBe(0)
    await expectNothingRuns(demo)
  })
})
