// What is looked at once there is a connection: whether we are who we mean to be, and whether the server keeps what it is
// given. Some of it is a mistake that nobody notices until it matters, so it is told at the start.
import { ConfigurationError } from '@sallyport/core'
import { RedisFault } from './redis-fault.js'
import type { Reply } from './redis-port.js'
import { toConfigurationError } from './server-errors.js'

const leastMajor = 7

/** What a server should be. */
export interface Expectations {
  /** The user that we gave; absent where we gave none. */
  readonly username: string | undefined
  readonly mode: 'standalone' | 'cluster'
  /** How many replicas it has, as the options say. */
  readonly replicas: number
  /** Whether unsafe settings are refused. */
  readonly isStrict: boolean
  /** Tells an operator. */
  warn(reason: string): void
}

/** Sends a command to the server that is looked at. @throws RedisFault */
type Ask = (...command: string[]) => Promise<Reply>

/**
 * Looks at a server.
 *
 * @throws ConfigurationError for what an operator has to mend
 * @throws RedisFault where it does not answer
 */
export async function checkServer(ask: Ask, expectations: Expectations): Promise<void> {
  await checkKind(ask, expectations)
  if (expectations.username !== undefined) await checkUser(ask, expectations.username)
  await checkSettings(ask, expectations)
}

async function checkKind(ask: Ask, { mode }: Expectations): Promise<void> {
  const hello = asRecord(await ask('HELLO'))
  if (Number.parseInt(String(hello['version']), 10) < leastMajor)
    throw new ConfigurationError('Redis must be of version 7.0 or later')
  if (hello['mode'] === mode) return
  const option = hello['mode'] === 'sentinel' ? 'sentinel' : hello['mode'] === 'cluster' ? 'cluster' : 'url'
  throw new ConfigurationError(`Redis runs in another mode than it was given for: use \`${option}\``)
}

/** Never silently `default`: that user may have no password, and every right. */
async function checkUser(ask: Ask, username: string): Promise<void> {
  const user = await ask('ACL', 'WHOAMI').catch((error: unknown) => {
    throw toConfigurationError(error) ?? error
  })
  if (user !== username) throw new ConfigurationError('Redis takes us for another user than `username`')
}

async function checkSettings(ask: Ask, { replicas, isStrict, warn }: Expectations): Promise<void> {
  const memory = await info(ask, 'memory')
  if (memory === undefined) {
    warn('whether Redis forgets keys when memory is short cannot be told: allow `INFO` to its user')
    return
  }
  const complain = (complaint: string): void => {
    if (isStrict) throw new ConfigurationError(complaint)
    warn(complaint)
  }
  // A server that forgets keys when memory is short forgets what was used, and what was revoked.
  if (!/^maxmemory_policy:noeviction\r?$/m.test(memory))
    complain('Redis forgets keys when memory is short: set `maxmemory-policy noeviction`')
  // A master that was cut off from its replicas, and replaced by one of them, would go on being written to: then a node that
  // only reaches that one would take what it reads there for all there is. The line is there only where the setting is.
  if (replicas > 0 && !/^min_slaves_good_slaves:/m.test((await info(ask, 'replication')) ?? ''))
    complain('Redis takes writes that no replica gets: set `min-replicas-to-write 1` and `min-replicas-max-lag 1`')
}

/** A part of what a server says about itself; `undefined` where it may not be asked. */
async function info(ask: Ask, part: string): Promise<string | undefined> {
  const reply = await ask('INFO', part).catch((error: unknown) => {
    if (error instanceof RedisFault && error.reply === 'NOPERM') return undefined
    throw error
  })
  return typeof reply === 'string' ? reply : undefined
}

function asRecord(reply: Reply): { readonly [name: string]: Reply } {
  return typeof reply === 'object' && reply !== null && !Array.isArray(reply)
    ? (reply as { [name: string]: Reply })
    : {}
}
