import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { policySet } from '../policy-set.js'
import { policy, scope } from '../words.js'
import { testPolicies } from './test-policies.js'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-tables-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const rows = [
  '  - { name: granted, claims: { scope: a }, expect: allow }',
  '  - { name: another, claims: { scope: b }, expect: deny, remedy: insufficient_scope }',
  '  - { name: none, expect: deny, undetermined: scopes }',
].join('\n')
const document = 'version: 1\npolicies: { p: { allow: { scope: a } } }\n'
const policies = policySet(policy('p', { allow: scope('a') }))
const granted = { name: 'granted', claims: { scope: 'a' }, expect: 'allow' } as const

describe('testPolicies', () => {
  it('runs the tables of one file against the policies of another', () => {
    const tables = file('tables.yaml', `policy: p\ncases:\n${rows}\n`)
    expect(testPolicies({ policies: file('policies.yaml', document), tables })).toBe(3)
    expect(testPolicies({ policies, tables })).toBe(3)
  })

  it('runs the tables that a file brings along', () => {
    expect(testPolicies({ policies: file('both.yaml', `${document}tests:\n- policy: p\n  cases:\n${rows}\n`) })).toBe(3)
  })

  it('tells all that is to be mended at once', () => {
    expect(() => testPolicies({ policies, tables: { policy: 'p', cases: [granted] } })).toThrow(
      /^1 passed, 1 to be mended:\n {2}p: no case shows scope a false or undetermined$/,
    )
  })

  it('asks for no more than verdicts where that is wanted', () => {
    const tables = [{ policy: 'p', cases: [granted] }]
    expect(testPolicies({ policies, tables, coverage: false, mutants: false })).toBe(1)
  })

  it.each<[string, () => unknown]>([
    ['nowhere.yaml: it cannot be read', () => testPolicies({ policies: 'nowhere.yaml' })],
    ['nowhere.yaml: it cannot be read', () => testPolicies({ policies, tables: 'nowhere.yaml' })],
    ['there is no test table: nothing would be tested', () => testPolicies({ policies })],
    ['there is no test table: nothing would be tested', () => testPolicies({ policies, tables: [] })],
    ['there is no test table: nothing would be tested', () => testPolicies({ policies: file('bare.yaml', document) })],
    [
      'testPolicies() has no option `table`; did you mean `tables`?',
      () => testPolicies({ policies, table: [] } as never),
    ],
    [
      '`policies` must be a set of policies, or the path of a file of them',
      () => testPolicies({ policies: {} as never, tables: [] }),
    ],
  ])('says: %s', (message, call) => {
    expect(call).toThrow(expect.objectContaining({ name: 'ConfigurationError', message }))
  })
})
