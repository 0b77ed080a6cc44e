// The mesh as a user runs it: one command, on what `npm run build` has made of the packages.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

beforeAll(() => {
  if (!existsSync(join(root, 'packages/client/dist'))) throw new Error('run `npm run build` first')
})

it('examples/zero-trust-mesh plays its part to the end, and leaves nothing behind', { timeout: 60_000 }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'mesh-test-'))
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  const folder = join(root, 'examples/zero-trust-mesh')
  const env = { ...process.env, TMPDIR: scratch }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['mesh.js'], { cwd: folder, env })
  expect(stderr).toBe('')
  const took = '{"taken":"lantern","by":"spiffe://mesh.example/shop","for":"ann"}'
  expect(stdout.split('\n').filter((line) => line.startsWith('  '))).toEqual([
    '  nobody looks at an item: 401 credential_missing',
    '  ann looks at an item: 200 {"item":"lantern","left":7}',
    `  ann orders it: 200 ${took}`,
    '  bob orders it, and the policy service says no: 403 policy_denied',
    '  eve orders it without the scope: 403 scope_insufficient',
    '  the policy service was asked 0 times about that',
    '  ann orders it: 503 policy_service_unavailable',
    '  ann looks at an item: 200 {"item":"lantern","left":7}',
    `  ann orders it, once it is back: 200 ${took}`,
    '  reports looks at an item: 200 {"item":"lantern","left":7}',
    '  reports takes it: 403 policy_denied',
    '  somebody with a certificate of its own making: 401 certificate_rejected',
  ])
  expect(readdirSync(scratch)).toEqual([])
})
