// Runs test tables against policies: are the verdicts those that are expected, has every part been seen true, false and
// undetermined, and would a mistake be noticed?

import { didYouMean } from '../../option-checks.js'
import { leavesOf } from '../analysis/mentions.js'
import { worldsOf } from '../analysis/worlds.js'
import { compilePolicy } from '../compile.js'
import type { PolicyFacts } from '../compiled.js'
import { describePolicy } from '../describe.js'
import { evaluatePolicy, type PolicyOutcome, policyFacts } from '../evaluate.js'
import type { Leaf, NamedPolicy } from '../policy.js'
import type { PolicySet } from '../policy-set.js'
import { decisiveParts, formatPart, tracePolicy } from '../trace.js'
import { isTrue, isUndetermined, type Verdict } from '../verdict.js'
import { mutantsOf } from './mutants.js'
import { factsOf, type TestCase, type TestTable } from './test-table.js'

/** What to ask beside the verdicts. */
export interface TableOptions {
  /** Whether every part must be seen with every outcome that it can have. */
  readonly coverage: boolean
  /** Whether every mutant must be noticed. */
  readonly mutants: boolean
}

/** What came of running test tables. */
export interface TableReport {
  /** How many cases went as expected. */
  readonly passed: number
  /** One sentence for each case that did not, each part that was not seen, and each mutant that was not noticed. */
  readonly failures: readonly string[]
}

/** Runs tables against policies. */
export function runTables(policies: PolicySet, tables: readonly TestTable[], options: TableOptions): TableReport {
  const failures: string[] = []
  let passed = 0
  for (const table of tables) {
    const policy = policies.get(table.policy)
    if (policy === undefined) {
      failures.push(`no policy is named ${table.policy}${didYouMean(table.policy, policies.names)}`)
      continue
    }
    for (const row of table.cases) {
      const problem = judge(policy, policyFacts({ ...factsOf(table, row), policies }), row)
      if (problem === undefined) passed += 1
      else failures.push(`${policy.name}, ${row.name}: ${problem}`)
    }
  }
  if (options.coverage || options.mutants)
    failures.push(...[...policies].flatMap((policy) => untested(policy, tables, policies, options)))
  return { passed, failures }
}

/** What the rows of a policy leave untested. */
function untested(
  policy: NamedPolicy,
  tables: readonly TestTable[],
  policies: PolicySet,
  { coverage, mutants }: TableOptions,
): readonly string[] {
  const rows = tables
    .filter((table) => table.policy === policy.name)
    .flatMap((table) => table.cases.map((row) => policyFacts({ ...factsOf(table, row), policies })))
  if (rows.length === 0) return [`${policy.name}: no case tests it`]
  return [...(coverage ? unseen(policy, rows) : []), ...(mutants ? survivors(policy, rows, policies) : [])]
}

/** What is wrong about the verdict of a row, if anything. */
function judge(policy: NamedPolicy, facts: PolicyFacts, row: TestCase): string | undefined {
  const outcome = evaluatePolicy(policy, facts)
  const verdict = outcome.satisfied ? 'allow' : 'deny'
  const tree = tracePolicy(compilePolicy(policy), facts)
  const decisive = decisiveParts(tree)
  const why = decisive.map(formatPart).join('; ')
  if (verdict !== row.expect) return `expected ${row.expect}, got ${verdict}${why === '' ? '' : ` (${why})`}`
  const { because, undetermined, remedy } = row
  if (because !== undefined && !decisive.some(({ text }) => text.includes(because))) {
    return `expected a denial because of ${because}, got ${why}`
  }
  if (undetermined !== undefined && !decisive.some(({ reason }) => reason?.includes(undetermined))) {
    return `expected ${undetermined} to be undetermined, got ${why}`
  }
  const offered = remedyOf(outcome)
  return remedy === undefined || remedy === offered ? undefined : `expected the remedy ${remedy}, got ${offered}`
}

function remedyOf(outcome: PolicyOutcome): TestCase['remedy'] {
  if (outcome.satisfied || outcome.code === 'policy_denied') return 'none'
  return outcome.code === 'scope_insufficient' ? 'insufficient_scope' : 'insufficient_user_authentication'
}

const outcomeNames = new Map<Verdict, string>([
  [1, 'true'],
  [-1, 'false'],
  [0, 'undetermined'],
])

/** The outcomes that a part of a policy can have, and that no row has shown. */
function unseen(policy: NamedPolicy, rows: readonly PolicyFacts[]): readonly string[] {
  const own = leavesOf(policy, undefined) // what it uses has tables of its own
  return own.flatMap((leaf) => {
    const { check } = compilePolicy(leaf)
    const possible = outcomesOf(leaf)
    const seen = new Set(rows.map((facts) => check(facts)))
    const lacking = [...outcomeNames]
      .filter(([verdict]) => possible.has(verdict) && !seen.has(verdict))
      .map(([, name]) => name)
    return lacking.length === 0 ? [] : [`${policy.name}: no case shows ${describePolicy(leaf)} ${lacking.join(' or ')}`]
  })
}

/** What a leaf can come to. Code may do without ever being undetermined. */
function outcomesOf(leaf: Leaf): ReadonlySet<Verdict> {
  const meant = { policy: leaf, named: undefined }
  const { all, judge } = worldsOf([meant])
  const found = all.map(judge(meant))
  return new Set(leaf.kind === 'custom' ? found.filter((verdict) => verdict !== isUndetermined) : found)
}

/** The mistakes that no row would notice. */
function survivors(policy: NamedPolicy, rows: readonly PolicyFacts[], policies: PolicySet): readonly string[] {
  const allows = (of: NamedPolicy, facts: PolicyFacts): boolean => compilePolicy(of).check(facts) === isTrue
  return mutantsOf(policy, policies)
    .filter(({ policy: mutant }) => rows.every((facts) => allows(mutant, facts) === allows(policy, facts)))
    .map(({ mistake }) => `${policy.name}: no case would notice a mistake: ${mistake}`)
}
