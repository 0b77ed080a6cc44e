// The one place that sets up connections. Who the server is, is always verified: there is no option for anything else, and
// every value that Node would take from its environment is given here.
import { Agent, Pool } from 'undici'
import type { CertificateSet } from '../credentials/certificate-set.js'
import type { ServerCheck } from './server-identity.js'

/** What connections are made with. */
export interface ConnectionSettings {
  readonly timeoutSeconds: number
  readonly connectTimeoutSeconds: number
  readonly connectionsPerOrigin: number
  readonly servername?: string | undefined
  readonly checkServer?: ServerCheck | undefined
}

/** Services that one client calls at a time, at most. */
const greatestOrigins = 256

/** Connections with one set of certificates. */
export interface SecureConnections {
  readonly agent: Agent
  /** Ends them with whatever is in flight. An agent that was closed has forgotten its connections, so it can't do that. */
  sever(error: Error): void
}

/**
 * INVARIANT: an agent for each set. It has a memory of TLS sessions, and a session that is resumed would show the certificate,
 * and skip the check, of the set it was begun with.
 */
export function secureConnections({ cert, key, ca }: CertificateSet, settings: ConnectionSettings): SecureConnections {
  const { timeoutSeconds, connectTimeoutSeconds, connectionsPerOrigin, servername, checkServer } = settings
  const pools = new Set<Pool>()
  const agent = new Agent({
    factory: (origin, options) => {
      for (const pool of pools) if (pool.destroyed) pools.delete(pool)
      const pool = new Pool(origin, options)
      pools.add(pool)
      return pool
    },
    connections: connectionsPerOrigin,
    maxOrigins: greatestOrigins,
    pipelining: 1,
    headersTimeout: timeoutSeconds * 1000,
    bodyTimeout: timeoutSeconds * 1000,
    connect: {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      timeout: connectTimeoutSeconds * 1000,
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? {} : { servername }),
      ...(checkServer === undefined ? {} : { checkServerIdentity: checkServer }),
    },
  })
  return {
    agent,
    sever: (error) => {
      for (const pool of pools) if (!pool.destroyed) void pool.destroy(error)
    },
  }
}
