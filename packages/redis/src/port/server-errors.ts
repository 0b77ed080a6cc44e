// What the client throws, told apart by the one question that counts: is it certain that nothing was done?
import { ConfigurationError } from '@sallyport/core'
import {
  AbortError,
  ClientClosedError,
  ClientOfflineError,
  CommandTimeoutDuringMaintenanceError,
  ErrorReply,
  MaxCommandRedirectionsError,
  TimeoutError,
} from 'redis'
import { RedisFault } from './redis-fault.js'

/** Commands whose first argument is a part of their name. */
const containers = new Set(['ACL', 'CLUSTER', 'SENTINEL', 'XINFO'])

/** The command's name, and what it was for: `SET of rp`. Neither a key nor a value. */
export function describeCommand(command: readonly string[], key: string): string {
  const purpose = /\{([a-z]+)[:}]/.exec(key)?.[1]
  const [word = '', second = ''] = command
  const name = containers.has(word) ? `${word} ${second}` : word
  return purpose === undefined ? name : `${name} of ${purpose}`
}

/** The fault behind an error of the client. @param what - the command, as {@link describeCommand} names it */
export function toFault(error: unknown, what: string): RedisFault {
  if (error instanceof RedisFault) return error
  if (error instanceof MaxCommandRedirectionsError) return refusal(error, 'MOVED', true, what)
  if (error instanceof ErrorReply) return refusal(error, firstWord(error.message), isWholeRefusal(error.message), what)
  if (isUnsent(error)) return new RedisFault('offline', `${what} was not sent`, { isUndone: true, cause: error })
  const message = `the connection ended before ${what} was answered`
  return new RedisFault('disconnected', message, { isUndone: false, cause: error })
}

/** What only an operator can mend, as an error that says what to do; `undefined` for what may mend by waiting. */
export function toConfigurationError(error: unknown): ConfigurationError | undefined {
  if (error instanceof ConfigurationError) return error
  const advice = adviceFor(error)
  return advice === undefined ? undefined : new ConfigurationError(advice, { cause: error })
}

/** Whether trying again soon is pointless: it takes an operator. */
export function needsOperator(error: unknown): boolean {
  return toConfigurationError(error) !== undefined
}

/** The end of a sentence that says why: the code or the kind of an error, which name no address and no value. */
export function because(cause: unknown): string {
  if (cause instanceof RedisFault) return cause.reply === undefined ? because(cause.cause) : `: ${cause.reply}`
  if (!(cause instanceof Error)) return ''
  return `: ${'code' in cause && typeof cause.code === 'string' ? cause.code : cause.constructor.name}`
}

function refusal(cause: Error, reply: string, isUndone: boolean, what: string): RedisFault {
  return new RedisFault('refused', `the server refused ${what}: ${reply}`, { reply, isUndone, cause })
}

/** The first word of what a server says: its kind of refusal. */
function firstWord(message: string): string {
  return /^[A-Z][A-Z0-9]*/.exec(message)?.[0] ?? 'ERR'
}

/** A script may have written before one of its commands was refused; a `WAIT` that was ended came after a write. */
function isWholeRefusal(message: string): boolean {
  return !/ script: \S+, on @|^UNBLOCKED/.test(message)
}

/** Errors that the client makes before a command is written. */
function isUnsent(error: unknown): boolean {
  return (
    error instanceof ClientOfflineError ||
    error instanceof ClientClosedError ||
    error instanceof AbortError ||
    error instanceof CommandTimeoutDuringMaintenanceError ||
    // One of its subclasses tells of a socket, and of commands that were written.
    (error instanceof TimeoutError && error.constructor === TimeoutError) ||
    (error instanceof Error && error.message === 'The queue is full')
  )
}

const certificateCodes =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|HOSTNAME_|PATH_LENGTH_|ERR_(TLS|SSL|OSSL)_)/

function adviceFor(error: unknown): string | undefined {
  if (error instanceof RedisFault && error.reply === 'NOPERM')
    return `${error.message}; allow it in the ACL of its user`
  const cause = error instanceof RedisFault ? error.cause : error
  if (cause instanceof ErrorReply) return adviceForReply(firstWord(cause.message))
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return undefined
  const { code } = cause
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' || code === 'EPROTO')
    return `this port of Redis does not speak TLS (${code}): name the one that does, or leave TLS out`
  if (!certificateCodes.test(code)) return undefined
  return `TLS with Redis does not come about (${code}): mend \`tls\`, or the certificate of the server`
}

function adviceForReply(reply: string): string | undefined {
  if (reply === 'WRONGPASS') return 'Redis does not know this user and password: mend `username` and `password`'
  if (reply === 'NOAUTH') return 'Redis wants a user and a password: set `username` and `password`'
  return undefined
}
