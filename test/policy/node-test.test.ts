// The same test tables under the test runner of Node, as an application without vitest would run them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const testing = new URL('../../packages/core/dist/testing.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-tables-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  if (!existsSync(fileURLToPath(testing))) throw new Error('run `npm run build` first')
  writeFileSync(
    join(folder, 'policies.yaml'),
    `version: 1
policies:
  orders.read: { allow: { scope: read:orders } }
tests:
  policy: orders.read
  cases:
    - { name: a reader, claims: { scope: read:orders }, expect: allow }
    - { name: another, claims: { scope: read:menu }, expect: deny }
    - { name: nothing granted, expect: deny }
`,
  )
  writeFileSync(
    join(folder, 'wrong.yaml'),
    'policy: orders.read\ncases:\n  - { name: a stranger, claims: { scope: read:menu }, expect: allow }\n',
  )
})

/** Runs one test of `node:test`, and answers how that ended. */
function runUnderNode(options: object): { readonly status: number | null; readonly output: string } {
  const file = join(folder, 'policies.test.mjs')
  const call = `testPolicies(${JSON.stringify(options)})`
  writeFileSync(
    file,
    `import { test } from 'node:test'\nimport { testPolicies } from '${testing}'\ntest('policies', () => void ${call})\n`,
  )
  const env = { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', file], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

describe('testPolicies under node:test', () => {
  it('passes with tables that test the policies', () => {
    expect(runUnderNode({ policies: 'policies.yaml' })).toMatchObject({ status: 0 })
  })

  it('fails with a table that is wrong, and says where', () => {
    const { status, output } = runUnderNode({ policies: 'policies.yaml', tables: 'wrong.yaml' })
    expect(status).toBe(1)
    expect(output).toContain('orders.read, a stranger: expected allow, got deny')
  })
})
