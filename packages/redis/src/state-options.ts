// The options of a state on Redis, judged once: which regions there are and which is ours, what everything is sealed with, and
// the bounds. Where each Redis is, is judged in `connection-options.ts`.
import { ConfigurationError } from '@sallyport/core'
import { type Clock, requireKnownOptions, requireSeconds, systemClock } from '@sallyport/core/state'
import type { RedisConnection, RedisStateOptions } from './options.js'

/** A region by its name; the only one of a state without regions has none. */
export interface NamedConnection {
  readonly name: string | undefined
  readonly connection: RedisConnection
}

/** {@link RedisStateOptions}, judged. */
export interface JudgedStateOptions {
  readonly connections: readonly NamedConnection[]
  /** Which of them is ours. */
  readonly home: number
  readonly writeQuorum: number
  readonly namespace: string
  readonly secrets: readonly Uint8Array[]
  readonly maxStalenessSeconds: number
  readonly maxRevocations: number
  readonly memory: 'exact' | 'filter'
  readonly isStrictGuard: boolean
  readonly outboxFile: string | undefined
  readonly startTimeoutSeconds: number
  readonly closeTimeoutSeconds: number
  readonly isStrict: boolean
  readonly clock: Clock
}

const connectionNames = ['url', 'sentinel', 'cluster', 'client', 'username', 'password', 'tls', 'replicas'] as const
const ownNames = [
  'regions',
  'home',
  'writeQuorum',
  'namespace',
  'secret',
  'maxStalenessSeconds',
  'maxRevocations',
  'memory',
  'replayGuard',
  'outboxFile',
  'startTimeoutSeconds',
  'closeTimeoutSeconds',
  'strict',
  'clock',
] as const satisfies readonly (keyof RedisStateOptions)[]

/** A region is a bit of a byte. */
const greatestRegions = 8
const leastSecretBytes = 32

/**
 * Judges options.
 *
 * @throws ConfigurationError
 */
export function judgeStateOptions(options: RedisStateOptions): JudgedStateOptions {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, [...connectionNames, ...ownNames], 'a state on Redis')
  const { regions, maxRevocations = 1_000_000, outboxFile, clock = systemClock } = options
  const connections = regions === undefined ? [onlyRegion(options)] : namedRegions(options, regions)
  if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
  if (outboxFile !== undefined && (typeof outboxFile !== 'string' || outboxFile === ''))
    throw new ConfigurationError('`outboxFile` must be the path of a file')
  const home = Math.max(
    0,
    connections.findIndex(({ name }) => name === options.home),
  )
  const isStrictGuard = requireWord(options.replayGuard ?? 'fast', '`replayGuard`', ['fast', 'strict']) === 'strict'
  if (isStrictGuard && !connections[home]?.connection.replicas)
    throw new ConfigurationError("`replayGuard: 'strict'` needs `replicas`: how many must have a use before it counts")
  return {
    connections,
    home,
    writeQuorum: requireWhole(
      options.writeQuorum ?? Math.floor(connections.length / 2) + 1,
      '`writeQuorum`',
      connections.length,
    ),
    namespace: requireNamespace(options.namespace ?? 'default'),
    secrets: secretsOf(options.secret),
    maxStalenessSeconds: requireSeconds(options.maxStalenessSeconds ?? 30, '`maxStalenessSeconds`', 3, 3_600),
    maxRevocations: requireWhole(maxRevocations, '`maxRevocations`', 100_000_000),
    memory: requireWord(options.memory ?? 'exact', '`memory`', ['exact', 'filter']),
    isStrictGuard,
    outboxFile,
    startTimeoutSeconds: requireSeconds(options.startTimeoutSeconds ?? 5, '`startTimeoutSeconds`', 0.1, 600),
    closeTimeoutSeconds: requireSeconds(options.closeTimeoutSeconds ?? 2, '`closeTimeoutSeconds`', 0, 600),
    isStrict: requireFlag(options.strict),
    clock,
  }
}

function onlyRegion(options: RedisStateOptions): NamedConnection {
  if (options.home !== undefined) throw new ConfigurationError('`home` is the name of one of `regions`')
  return { name: undefined, connection: connectionOf(options) }
}

function namedRegions(
  options: RedisStateOptions,
  regions: NonNullable<RedisStateOptions['regions']>,
): readonly NamedConnection[] {
  const beside = connectionNames.find((name) => options[name] !== undefined)
  if (beside !== undefined)
    throw new ConfigurationError(`\`${beside}\` belongs into one of \`regions\`, not beside them`)
  if (typeof regions !== 'object' || regions === null || Array.isArray(regions))
    throw new ConfigurationError('`regions` must be an object of connections by name')
  const names = Object.keys(regions)
  if (names.length === 0 || names.length > greatestRegions)
    throw new ConfigurationError(`\`regions\` must name 1 to ${greatestRegions} regions`)
  if (options.home === undefined || !names.includes(options.home))
    throw new ConfigurationError(`\`home\` must be one of ${names.join(', ')}: the region that this process is in`)
  return names.map((name) => ({ name, connection: regions[name] as RedisConnection }))
}

function connectionOf(options: RedisStateOptions): RedisConnection {
  const given = connectionNames.filter((name) => options[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

function requireNamespace(namespace: string): string {
  if (typeof namespace === 'string' && /^[a-z0-9-]{1,32}$/.test(namespace)) return namespace
  throw new ConfigurationError('`namespace` must be 1 to 32 of a-z, 0-9 and -')
}

function secretsOf(secret: RedisStateOptions['secret']): readonly Uint8Array[] {
  if (secret === undefined) return []
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) throw new ConfigurationError('`secret` must not be an empty list: leave it out')
  return secrets.map((each) => {
    const bytes = typeof each === 'string' ? Buffer.from(each, 'utf8') : each
    if (bytes instanceof Uint8Array && bytes.length >= leastSecretBytes) return Uint8Array.from(bytes)
    throw new ConfigurationError(`\`secret\` must be ${leastSecretBytes} random bytes or more, or several of such`)
  })
}

function requireWhole(value: number, what: string, greatest: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= greatest) return value
  throw new ConfigurationError(`${what} must be a whole number from 1 to ${greatest}`)
}

function requireWord<Word extends string>(value: Word, what: string, words: readonly Word[]): Word {
  if (words.includes(value)) return value
  throw new ConfigurationError(`${what} must be one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

function requireFlag(strict: unknown): boolean {
  if (strict === undefined || typeof strict === 'boolean') return strict ?? false
  throw new ConfigurationError('`strict` must be true or false')
}
