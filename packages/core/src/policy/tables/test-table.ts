// Test tables: what a policy is expected to say, in rows. Plain data, out of a document or written in place.
import { ConfigurationError } from '../../errors.js'
import { requireKnownOptions } from '../../option-checks.js'
import type { PolicyFactsInput } from '../evaluate.js'

/** What is the same for all cases of a table, or said by one of them. */
export interface TestFacts {
  readonly claims?: Readonly<Record<string, unknown>>
  /** Seconds since the epoch, or a date as `2026-11-24T09:00:00Z`. @defaultValue the start of 2026 */
  readonly now?: number | string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly ip?: string
  readonly binding?: 'dpop' | 'mtls'
  /** The SPIFFE ID of the workload that calls. */
  readonly workload?: string
  readonly scopeClaims?: PolicyFactsInput['scopeClaims']
  readonly roleClaims?: PolicyFactsInput['roleClaims']
  /** What policy services say, by their names. One that is left out does not answer. */
  readonly services?: Readonly<Record<string, boolean>>
  /** The audiences of ours that the token is for. */
  readonly audiences?: readonly string[]
}

/** One row. Its claims stand beside those of the table; `null` takes one away. */
export interface TestCase extends TestFacts {
  readonly name: string
  readonly expect: 'allow' | 'deny'
  /** Text of a part that decided, as explanations write it: `claim tenant`. */
  readonly because?: string
  /** Text of the reason why a part is undetermined: `auth_time`. */
  readonly undetermined?: string
  /** What the client is told: an OAuth error, or `none`. */
  readonly remedy?: 'insufficient_scope' | 'insufficient_user_authentication' | 'none'
}

/** The rows of one policy. */
export interface TestTable {
  readonly policy: string
  readonly facts?: TestFacts
  readonly cases: readonly TestCase[]
}

const factNames = [
  'claims',
  'now',
  'method',
  'params',
  'headers',
  'ip',
  'binding',
  'workload',
  'scopeClaims',
  'roleClaims',
  'services',
  'audiences',
] as const
const caseNames = ['name', 'expect', 'because', 'undetermined', 'remedy', ...factNames]

/**
 * Judges tables: one, or a list of them.
 *
 * @throws ConfigurationError
 */
export function parseTables(value: unknown): readonly TestTable[] {
  const tables = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
  return tables.map((table, index) => parseTable(table, `test table ${index + 1}`))
}

function parseTable(value: unknown, what: string): TestTable {
  const table = requireObject(value, what)
  requireKnownOptions(table, ['policy', 'facts', 'cases'], what)
  const { policy, facts, cases } = table
  if (typeof policy !== 'string') throw new ConfigurationError(`${what}: \`policy\` must be the name of a policy`)
  if (!Array.isArray(cases) || cases.length === 0)
    throw new ConfigurationError(`${what}: \`cases\` must be a list of cases`)
  if (facts !== undefined) requireFacts(requireObject(facts, `${what}: \`facts\``), factNames, `${what}: \`facts\``)
  return {
    policy,
    ...(facts !== undefined && { facts: facts as TestFacts }),
    cases: cases.map((row, index) => parseCase(row, `${what}, case ${index + 1}`)),
  }
}

function parseCase(value: unknown, what: string): TestCase {
  const row = requireObject(value, what)
  requireFacts(row, caseNames, what)
  requireOneOf(row['expect'], ['allow', 'deny'], `${what}: \`expect\``)
  if (row['remedy'] !== undefined) {
    requireOneOf(
      row['remedy'],
      ['insufficient_scope', 'insufficient_user_authentication', 'none'],
      `${what}: \`remedy\``,
    )
  }
  for (const name of ['name', 'because', 'undetermined']) {
    const isNeeded = name === 'name'
    if (row[name] === undefined ? isNeeded : typeof row[name] !== 'string' || row[name] === '') {
      throw new ConfigurationError(`${what}: \`${name}\` must be a text`)
    }
  }
  if (row['expect'] === 'allow' && ['because', 'undetermined', 'remedy'].some((name) => row[name] !== undefined)) {
    throw new ConfigurationError(`${what}: \`because\`, \`undetermined\` and \`remedy\` say why a request is denied`)
  }
  return row as unknown as TestCase
}

function requireFacts(facts: Readonly<Record<string, unknown>>, names: readonly string[], what: string): void {
  requireKnownOptions(facts, names, what)
  for (const name of ['claims', 'params', 'headers', 'services']) {
    if (facts[name] !== undefined) requireObject(facts[name], `${what}: \`${name}\``)
  }
  for (const name of ['method', 'ip', 'workload']) {
    if (facts[name] !== undefined && typeof facts[name] !== 'string')
      throw new ConfigurationError(`${what}: \`${name}\` must be a text`)
  }
  if (facts['binding'] !== undefined) requireOneOf(facts['binding'], ['dpop', 'mtls'], `${what}: \`binding\``)
  for (const name of ['scopeClaims', 'roleClaims']) {
    if (facts[name] === undefined || isPaths(facts[name])) continue
    throw new ConfigurationError(`${what}: \`${name}\` must be a list of paths such as ['realm_access', 'roles']`)
  }
  if (!Object.values(facts['services'] ?? {}).every((answer) => typeof answer === 'boolean'))
    throw new ConfigurationError(`${what}: \`services\` must say true or false of each`)
  const { audiences } = facts
  if (audiences !== undefined && !(Array.isArray(audiences) && audiences.every((name) => typeof name === 'string')))
    throw new ConfigurationError(`${what}: \`audiences\` must be a list of texts`)
  toSeconds(facts['now'], what)
}

function isPaths(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((path) => Array.isArray(path) && path.length > 0 && path.every((name) => typeof name === 'string'))
  )
}

const startOf2026 = 1_767_225_600

function toSeconds(now: unknown, what: string): number {
  if (now === undefined) return startOf2026
  const seconds = typeof now === 'string' ? Date.parse(now) / 1000 : now
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return seconds
  throw new ConfigurationError(`${what}: \`now\` must be seconds, or a date such as 2026-11-24T09:00:00Z`)
}

/** The dates of a token; 0 or less means so many seconds from now. */
const dates = ['auth_time', 'exp', 'iat', 'nbf']

/** The facts of a row. */
export function factsOf(table: TestTable, row: TestCase): PolicyFactsInput {
  const { claims: shared = {}, ...common } = table.facts ?? {}
  const { name: _, expect: __, because: ___, undetermined: ____, remedy: _____, claims: own = {}, ...rest } = row
  const both = { ...common, ...rest }
  const now = toSeconds(both.now, table.policy)
  const claims = Object.fromEntries(
    Object.entries({ ...shared, ...own })
      .filter(([, value]) => value !== null)
      .map(([claim, value]) => [
        claim,
        dates.includes(claim) && typeof value === 'number' && value <= 0 ? now + value : value,
      ]),
  )
  const params = { ...common.params, ...rest.params }
  const headers = { ...common.headers, ...rest.headers }
  const services = { ...common.services, ...rest.services }
  return { ...both, now, claims, params, headers, ...(Object.keys(services).length > 0 && { services }) }
}

function requireObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new ConfigurationError(`${what} must be an object`)
}

function requireOneOf(value: unknown, allowed: readonly string[], what: string): void {
  if (typeof value !== 'string' || !allowed.includes(value)) {
    throw new ConfigurationError(`${what} must be ${allowed.join(' or ')}, not ${JSON.stringify(value)}`)
  }
}
