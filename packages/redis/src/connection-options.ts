// Where a Redis is and who we are there, as the options say it, judged once. What is left open here is what only a server
// can tell: whether it is there, and whether it knows us.
import { ConfigurationError } from '@sallyport/core'
import { requireKnownOptions } from '@sallyport/core/state'
import type { RedisClientType, RedisClusterType } from 'redis'
import type { RedisConnection, RedisTlsOptions } from './options.js'

/** A server's place. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** Who we are to a server. */
export interface Login {
  readonly username?: string
  readonly password?: string
  readonly database?: number
}

/** A connection, judged. */
export type JudgedConnection = JudgedServer | JudgedSentinel | JudgedCluster | JudgedClient

interface JudgedServer {
  readonly kind: 'server'
  readonly address: ServerAddress
  readonly login: Login
  readonly tls: RedisTlsOptions | undefined
}

interface JudgedSentinel {
  readonly kind: 'sentinel'
  readonly name: string
  readonly sentinels: readonly ServerAddress[]
  readonly login: Login
  readonly sentinelLogin: Login
  readonly tls: RedisTlsOptions | undefined
}

interface JudgedCluster {
  readonly kind: 'cluster'
  readonly seeds: readonly ServerAddress[]
  readonly login: Login
  readonly tls: RedisTlsOptions | undefined
}

/** A client of the application's. */
export interface JudgedClient {
  readonly kind: 'client'
  readonly client: RedisClientType | RedisClusterType
}

const known = ['url', 'sentinel', 'cluster', 'client', 'username', 'password', 'tls', 'replicas'] as const

/**
 * Judges where a Redis is.
 *
 * @param what - what has these options, for messages
 * @throws ConfigurationError
 */
export function judgeConnection(connection: RedisConnection, what: string): JudgedConnection {
  if (typeof connection !== 'object' || connection === null) throw new ConfigurationError(`${what} must be an object`)
  requireKnownOptions(connection, known, what)
  const { url, sentinel, cluster, client, replicas = 0 } = connection
  if ([url, sentinel, cluster, client].filter((each) => each !== undefined).length !== 1)
    throw new ConfigurationError(`${what} needs exactly one of \`url\`, \`sentinel\`, \`cluster\` and \`client\``)
  if (!Number.isSafeInteger(replicas) || replicas < 0)
    throw new ConfigurationError('`replicas` must be a whole number from 0')
  if (client !== undefined) return judgeClient(connection, client)
  if (url !== undefined) return judgeUrl(connection, url)
  return cluster !== undefined ? judgeCluster(connection, cluster) : judgeSentinel(connection, sentinel)
}

function judgeUrl(connection: RedisConnection, url: string): JudgedConnection {
  const { address, isTls, login } = parseUrl(url, '`url`')
  return { kind: 'server', address, login: theLogin(connection, login), tls: theTls(connection, isTls) }
}

function judgeCluster(
  connection: RedisConnection,
  { nodes }: NonNullable<RedisConnection['cluster']>,
): JudgedConnection {
  if (!Array.isArray(nodes) || nodes.length === 0)
    throw new ConfigurationError('`cluster.nodes` must be an array of URLs, and not empty')
  const parsed = nodes.map((url) => parseUrl(url, 'each of `cluster.nodes`'))
  const [first, ...others] = parsed as [ParsedUrl]
  // The nodes are told apart by the cluster, not by us: who we are and whether it is TLS is one answer for all.
  for (const { isTls, login } of others) {
    if (isTls !== first.isTls || JSON.stringify(login) !== JSON.stringify(first.login))
      throw new ConfigurationError('`cluster.nodes` must have the same protocol, user and password')
  }
  if (first.login.database !== undefined)
    throw new ConfigurationError('a cluster has one database: leave it out of its URLs')
  const seeds = parsed.map(({ address }) => address)
  return { kind: 'cluster', seeds, login: theLogin(connection, first.login), tls: theTls(connection, first.isTls) }
}

function judgeSentinel(connection: RedisConnection, sentinel: RedisConnection['sentinel']): JudgedConnection {
  if (typeof sentinel !== 'object' || sentinel === null) throw new ConfigurationError('`sentinel` must be an object')
  requireKnownOptions(sentinel, ['name', 'nodes', 'credentials'], '`sentinel`')
  const { name, nodes, credentials } = sentinel
  if (typeof name !== 'string' || name === '')
    throw new ConfigurationError('`sentinel.name` must be the name of a master')
  if (!Array.isArray(nodes) || nodes.length === 0 || !nodes.every(isAddress))
    throw new ConfigurationError('`sentinel.nodes` must be an array of `host` and `port`, and not empty')
  const sentinels = nodes.map(({ host, port }) => ({ host, port }))
  const login = theLogin(connection, {})
  const sentinelLogin = credentials === undefined ? login : theLogin(credentials, {})
  return {
    kind: 'sentinel',
    name,
    sentinels,
    login,
    sentinelLogin,
    tls: theTls(connection, connection.tls !== undefined),
  }
}

/** A given client has its own place, user and TLS; and what its settings show to be unsafe is refused. */
function judgeClient(connection: RedisConnection, client: JudgedClient['client']): JudgedConnection {
  for (const name of ['username', 'password', 'tls'] as const) {
    if (connection[name] !== undefined) throw new ConfigurationError(`\`${name}\` is set in the client that is given`)
  }
  if (
    typeof client !== 'object' ||
    client === null ||
    typeof client.sendCommand !== 'function' ||
    typeof client.duplicate !== 'function'
  )
    throw new ConfigurationError('`client` must be a client of the npm package redis')
  // A cluster shows its settings once it is connected, in its nodes.
  if ('options' in client) requireSafeSettings(client.options)
  else if (!('slots' in client)) {
    throw new ConfigurationError(
      'a Sentinel client sends commands again by itself: give `sentinel` in place of `client`',
    )
  }
  return { kind: 'client', client }
}

/** @throws ConfigurationError for a client that runs commands late, or answers otherwise */
export function requireSafeSettings(options: { readonly disableOfflineQueue?: boolean; readonly RESP?: number }): void {
  if (options.disableOfflineQueue !== true)
    throw new ConfigurationError('`client` would run commands late: create it with `disableOfflineQueue: true`')
  if (options.RESP === 2) throw new ConfigurationError('`client` must speak RESP 3, as clients do by default')
}

interface ParsedUrl {
  readonly address: ServerAddress
  readonly isTls: boolean
  readonly login: Login
}

function parseUrl(url: unknown, what: string): ParsedUrl {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new ConfigurationError(`${what} must be a URL like redis://host:6379, or rediss:// for TLS`)
  const { hostname, port, protocol, username, password, pathname } = parsed
  const database = pathname.length > 1 ? Number(pathname.slice(1)) : undefined
  if (database !== undefined && !Number.isSafeInteger(database))
    throw new ConfigurationError(`the path of ${what} must be the number of a database`)
  return {
    address: { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 6379 : Number(port) },
    isTls: protocol === 'rediss:',
    login: {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(database !== undefined && { database }),
    },
  }
}

/** Who we are, said in one place. A user without a password would be `default` instead, and nobody would notice. */
function theLogin({ username, password }: { username?: string; password?: string }, ofUrl: Login): Login {
  const isGiven = username !== undefined || password !== undefined
  if (isGiven && (ofUrl.username ?? ofUrl.password) !== undefined)
    throw new ConfigurationError('the user and password belong either into the URL or into `username` and `password`')
  for (const each of [username, password]) {
    if (each !== undefined && (typeof each !== 'string' || each === ''))
      throw new ConfigurationError('`username` and `password` must be strings, and not empty')
  }
  const login = { ...ofUrl, ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
  if (login.username !== undefined && login.password === undefined)
    throw new ConfigurationError('a user of Redis needs a password')
  return login
}

function theTls({ tls }: RedisConnection, isTls: boolean): RedisTlsOptions | undefined {
  if (tls === undefined) return isTls ? {} : undefined
  if (!isTls) throw new ConfigurationError('`tls` is for `rediss:` URLs')
  if (typeof tls !== 'object' || tls === null) throw new ConfigurationError('`tls` must be an object')
  requireKnownOptions(tls, ['ca', 'cert', 'key', 'servername'], '`tls`')
  return tls
}

function isAddress(value: unknown): value is ServerAddress {
  if (typeof value !== 'object' || value === null) return false
  const { host, port } = value as Partial<ServerAddress>
  return typeof host === 'string' && host !== '' && Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536
}
