// Policies out of a document, all or nothing: parsed, judged against their own vocabulary, put together, looked through, and
// tested by the tables that the document brings along. What does not come through all of it never serves.
import { ConfigurationError } from '../../errors.js'
import { checkPolicies } from '../analysis/check-policies.js'
import { parsePolicyDocument } from '../document/policy-document.js'
import { type PolicySet, policySet } from '../policy-set.js'
import { runTables } from '../tables/run-tables.js'
import { parseTables } from '../tables/test-table.js'

/** What {@link parsePolicies} takes. */
export interface ParsePoliciesOptions {
  /** What errors call the document. @defaultValue `'policies'` */
  readonly fileName?: string
}

/**
 * Reads policies out of a YAML or JSON document.
 *
 * @param text - at most 256 KiB
 * @throws ConfigurationError with one line for each thing that is wrong: where, what, and the nearest right word
 */
export function parsePolicies(text: string, { fileName = 'policies' }: ParsePoliciesOptions = {}): PolicySet {
  const { policies, vocabulary, tests } = parsePolicyDocument(text, { fileName })
  const set = within(fileName, () => policySet(...policies))
  const { issuers } = vocabulary
  const errors = checkPolicies(set, issuers === undefined ? {} : { issuers })
    .filter(({ severity }) => severity === 'error')
    .map(({ policy, message }) => `${policy}: ${message}`)
  const tables = within(fileName, () => parseTables(tests))
  const { failures } = runTables(set, tables, { coverage: false, mutants: false })
  const problems = [...errors, ...failures]
  if (problems.length > 0) throw new ConfigurationError(problems.map((problem) => `${fileName}: ${problem}`).join('\n'))
  return set
}

function within<T>(fileName: string, build: () => T): T {
  try {
    return build()
  } catch (error) {
    if (error instanceof ConfigurationError) throw new ConfigurationError(`${fileName}: ${error.message}`)
    throw error
  }
}
