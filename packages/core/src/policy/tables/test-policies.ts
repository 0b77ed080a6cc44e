// The one function that a test calls: `it('policies', () => testPolicies(…))`, in vitest, node:test or any other runner.
import { readFileSync } from 'node:fs'
import { ConfigurationError } from '../../errors.js'
import { requireKnownOptions } from '../../option-checks.js'
import { plainValue, readDocumentSource } from '../document/document-source.js'
import { parsePolicyDocument } from '../document/policy-document.js'
import { parsePolicies } from '../live/load-policies.js'
import { PolicySet, type PolicySource } from '../policy-set.js'
import { runTables } from './run-tables.js'
import { parseTables, type TestTable } from './test-table.js'

/** What {@link testPolicies} takes. */
export interface TestPoliciesOptions {
  /** The policies, or the path of a file of them. */
  readonly policies: PolicySource | string
  /** Test tables, or the path of a file of them. @defaultValue those of the policies' own file */
  readonly tables?: TestTable | readonly TestTable[] | string
  /** Whether every part of every policy must be seen true, false and undetermined, as far as it can be. @defaultValue true */
  readonly coverage?: boolean
  /** Whether every easily made mistake must be noticed by a case. @defaultValue true */
  readonly mutants?: boolean
}

/**
 * Runs test tables against policies.
 *
 * @returns how many cases passed; all of them did
 * @example
 * ```ts
 * import { testPolicies } from '@sallyport/core/testing'
 * import { it } from 'vitest'
 *
 * it('policies', () => void testPolicies({ policies: 'policies.yaml', tables: 'policies.test.yaml' }))
 * ```
 * @throws Error with one line for each case that failed, each part that no case shows, and each mistake that none would notice
 * @throws ConfigurationError for tables and policies that are not good
 */
export function testPolicies(options: TestPoliciesOptions): number {
  requireKnownOptions(options, ['policies', 'tables', 'coverage', 'mutants'], 'testPolicies()')
  const { coverage = true, mutants = true } = options
  const { passed, failures } = runTables(policiesOf(options), tablesOf(options), { coverage, mutants })
  if (failures.length === 0) return passed
  throw new Error(
    `${passed} passed, ${failures.length} to be mended:\n${failures.map((line) => `  ${line}`).join('\n')}`,
  )
}

function policiesOf({ policies }: TestPoliciesOptions): PolicySet {
  if (typeof policies === 'string') return parsePolicies(readText(policies), { fileName: policies })
  if (policies?.current instanceof PolicySet) return policies.current
  throw new ConfigurationError('`policies` must be a set of policies, or the path of a file of them')
}

function tablesOf({ policies, tables }: TestPoliciesOptions): readonly TestTable[] {
  const found = parseTables(tablesValue(policies, tables))
  if (found.length === 0) throw new ConfigurationError('there is no test table: nothing would be tested')
  return found
}

function tablesValue(policies: TestPoliciesOptions['policies'], tables: TestPoliciesOptions['tables']): unknown {
  if (typeof tables === 'string') return plainValue(readDocumentSource(readText(tables), tables).root)
  if (tables !== undefined || typeof policies !== 'string') return tables
  return parsePolicyDocument(readText(policies), { fileName: policies }).tests
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new ConfigurationError(`${path}: it cannot be read`)
  }
}
