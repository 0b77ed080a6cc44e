// How the clients of the library are set (docs/adr/0016): nothing waits in a queue for better times, nothing is bounded by
// the library's time-outs, nothing is done behind our back.
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { createClient, type RedisClientType } from 'redis'
import type { Login, ServerAddress } from '../connection-options.js'
import type { RedisTlsOptions } from '../options.js'

/** A client of the library, for one server. */
export type Client = RedisClientType

/** Settings that hold for each of our clients. */
const settings = {
  RESP: 3,
  // A queue would run its commands after the connection is back, late and, where the login failed, as `default`.
  disableOfflineQueue: true,
  // Memory while a server hangs: 2 to 4 KB for each command.
  commandsQueueMaxLength: 2000,
  // Theirs ends once a command is written, and costs nine tenths of the throughput.
  commandOptions: { timeout: 0 },
  maintNotifications: 'disabled',
  // Rights that we don't need, and what Redis 7.0 does not know.
  disableClientInfo: true,
} as const

const socketSettings = { connectTimeout: 1000, noDelay: true, reconnectStrategy: false } as const

/**
 * Makes a client for one server, unconnected.
 *
 * @param ended - takes its socket away, even while that is connecting: `destroy()` would leave it to connect, and to stay
 */
export function openClient(
  { host, port }: ServerAddress,
  login: Login,
  tls: RedisTlsOptions | undefined,
  ended: AbortSignal,
): Client {
  const address = { ...socketSettings, host, port, signal: ended }
  const socket = tls === undefined ? address : { ...address, tls: true as const, ...tlsSettings(tls, host) }
  // The library makes a class for each new set of options, which takes it 40 to 100 ms; a duplicate has that of its original.
  const original = createClient({ ...settings, commandOptions: { ...settings.commandOptions } })
  return original.duplicate({ ...login, socket }) as Client
}

/** Makes another client for where one of the application's goes, as that user, set like ours. */
export function openLike(client: Client, ended: AbortSignal): Client {
  const socket = { ...client.options.socket, ...socketSettings, signal: ended }
  return client.duplicate({ ...settings, pingInterval: 0, socket: socket as NonNullable<typeof client.options.socket> })
}

function tlsSettings(tls: RedisTlsOptions, host: string): ConnectionOptions {
  // Node asks for no certificate by name unless told, and an address is no name (RFC 6066 §3).
  return { ...(isIP(host) === 0 && { servername: host }), ...tls } as ConnectionOptions
}
