// An editor completes what an application declares, and nothing else.
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/markdown.js'

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root)

const kit = `
import { policyKit } from '@sallyport/core'
const { acrAtLeast, claim, role, scope } = policyKit({
  claims: {
    tenant: 'string',
    groups: 'spaceList',
    realm_access: { roles: 'strings', account: { id: 'number' } },
    other_access: { other_roles: 'strings' },
  },
  scopes: ['read:orders', 'write:orders'],
  roles: ['admin', 'accountant'],
  acrLevels: ['loa:1', 'loa:2'],
})
`
const fileName = join(root, 'test/policy-types/editor.ts')
let code = kit
let version = 0

const editor = ts.createLanguageService({
  getCompilationSettings: () => options,
  getCurrentDirectory: () => root,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  getScriptFileNames: () => [fileName],
  getScriptVersion: (path) => (path === fileName ? String(version) : '0'),
  getScriptSnapshot(path) {
    const text = path === fileName ? code : ts.sys.readFile(path)
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
  },
})

/** What is offered where the `|` stands. */
function completionsOf(line: string): readonly string[] {
  code = kit + line.replace('|', '')
  version += 1
  const found = editor.getCompletionsAtPosition(fileName, kit.length + line.indexOf('|'), undefined)
  return (found?.entries ?? []).map(({ name }) => name).toSorted()
}

describe('an editor offers', () => {
  it.each([
    ["claim('realm_access', '|')", ['account', 'roles']],
    ["claim('realm_access', 'account', '|')", ['id']],
    ["claim('other_access', '|')", ['other_roles']],
    ["claim('tenant').|", ['absent', 'endsWith', 'equals', 'exists', 'oneOf', 'orElse', 'startsWith']],
    ["claim('groups').|", ['absent', 'exists', 'includes', 'includesAll', 'includesAny']],
    ["claim('realm_access').|", ['absent', 'exists']],
    ["scope('|')", ['read:orders', 'write:orders']],
    ["role('admin', '|')", ['accountant', 'admin']],
    ["acrAtLeast('|')", ['loa:1', 'loa:2']],
  ])('what is declared: %s', (line, names) => {
    expect(completionsOf(line)).toEqual(names)
  })

  it('the claims of the application and of the standards', () => {
    const names = completionsOf("claim('|')")
    expect(names).toEqual(expect.arrayContaining(['tenant', 'groups', 'realm_access', 'other_access', 'sub', 'aud']))
    expect(names).not.toContain('roles')
  })
})
