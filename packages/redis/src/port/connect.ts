// The door of this room: where a Redis is, made into a port.
import { publishState } from '@sallyport/core/state'
import { type JudgedClient, type JudgedConnection, judgeConnection, type ServerAddress } from '../connection-options.js'
import type { RedisConnection } from '../options.js'
import { type Client, openClient, openLike } from './client-settings.js'
import { ClusterServers } from './cluster-servers.js'
import { GivenClient } from './given-client.js'
import { GivenCluster } from './given-cluster.js'
import type { Servers } from './line.js'
import { OneServer } from './one-server.js'
import type { RedisPort } from './redis-port.js'
import { Sentinels } from './sentinels.js'
import { because } from './server-errors.js'
import { ServerPort } from './server-port.js'

/** What a port has to know beyond where its Redis is. */
export interface PortContext {
  /** Whether a server whose settings are not safe is refused, in place of a warning. */
  readonly strict: boolean
  /** The name of the region, for events. */
  readonly regionName: string | undefined
}

/**
 * Makes a port. Nothing is connected before `connect()`.
 *
 * @throws ConfigurationError for options that say nowhere, two places, or what is not safe
 */
export function createPort(connection: RedisConnection, { strict, regionName }: PortContext): RedisPort {
  const judged = judgeConnection(connection, regionName === undefined ? 'a state on Redis' : 'a region')
  const region = regionName === undefined ? {} : { region: regionName }
  const expectations = {
    username: judged.kind === 'client' ? undefined : judged.login.username,
    replicas: connection.replicas ?? 0,
    isStrict: strict,
    warn: (reason: string) => publishState({ ...region, outcome: 'warning', reason }),
  }
  return new ServerPort(serversOf(judged, expectations.replicas > 0), expectations, {
    onConnected: () => publishState({ ...region, outcome: 'connected', reason: 'Redis is connected' }),
    onDisconnected: (cause) =>
      publishState({ ...region, outcome: 'disconnected', reason: `Redis is not connected${because(cause)}` }),
  })
}

/** @param isWaitedFor - whether writes will wait for replicas */
function serversOf(judged: JudgedConnection, isWaitedFor: boolean): Servers {
  if (judged.kind === 'client') return serversOfClient(judged.client)
  const { login, tls } = judged
  const open = (address: ServerAddress, ended: AbortSignal): Client => openClient(address, login, tls, ended)
  if (judged.kind === 'server')
    return new OneServer({ way: { open: (ended) => open(judged.address, ended), isSharded: false }, isWaitedFor })
  if (judged.kind === 'cluster') return new ClusterServers(judged.seeds, open, isWaitedFor)
  const sentinels = new Sentinels(judged.name, judged.sentinels, {
    openSentinel: (address, ended) => openClient(address, judged.sentinelLogin, tls, ended),
    openMaster: open,
  })
  return new OneServer({ way: sentinels.way, watch: (onMoved) => sentinels.watch(onMoved), isWaitedFor })
}

function serversOfClient(client: JudgedClient['client']): Servers {
  if ('slots' in client) return new GivenCluster(client)
  const way = { open: (ended: AbortSignal) => openLike(client, ended), isSharded: false }
  return new OneServer({ way, commands: (events) => new GivenClient(client, events) })
}
