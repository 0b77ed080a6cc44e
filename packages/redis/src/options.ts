// The options of a state on Redis: where it is, whose it is, and what it is sealed with.
import type { Clock } from '@sallyport/core/state'
import type { RedisClientType, RedisClusterType } from 'redis'

/** TLS to Redis, as `tls.connect` takes it. */
export interface RedisTlsOptions {
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly servername?: string
}

/** Who we are to Redis. */
export interface RedisCredentials {
  readonly username?: string
  readonly password?: string
}

/** Where one Redis is: exactly one of `url`, `sentinel`, `cluster` and `client`. */
export interface RedisConnection extends RedisCredentials {
  /** One server: `redis://user:password@host:6379`, or `rediss://` for TLS. */
  readonly url?: string
  /** A master that Sentinels know. */
  readonly sentinel?: {
    /** The name of the master. */
    readonly name: string
    readonly nodes: readonly { readonly host: string; readonly port: number }[]
    /** Who we are to the Sentinels. @defaultValue as to the master */
    readonly credentials?: RedisCredentials
  }
  /** A cluster: URLs of some of its nodes. */
  readonly cluster?: { readonly nodes: readonly string[] }
  /**
   * A client of the application's, connected by the application and not closed with the state. Commands go over it as it is;
   * what listens, or waits, goes over connections like it, which end with the state. It must be created with
   * `disableOfflineQueue: true`, so that it runs nothing late (in a cluster: in `defaults`), and speak RESP 3, as is the default.
   * A Sentinel client is refused, because it sends commands again by itself: {@link sentinel} takes its place.
   */
  readonly client?: RedisClientType | RedisClusterType
  readonly tls?: RedisTlsOptions
  /** How many replicas each master has: what `WAIT` waits for. @defaultValue 0 */
  readonly replicas?: number
}

/** Options of {@link createRedisState}. */
export interface RedisStateOptions extends RedisConnection {
  /** Several, by name, in place of one: each with a Redis of its own. Revocations go to all of them. */
  readonly regions?: Readonly<Record<string, RedisConnection>>
  /** The region this process is in: whatever is not a revocation is kept there. Needed with {@link regions}. */
  readonly home?: string
  /**
   * In how many regions a revocation must be kept before it counts as made; a node must be fresh in as many that one of them
   * has it. @defaultValue more than half of them
   */
  readonly writeQuorum?: number
  /** Tells apart the fleets on one Redis: 1 to 32 of `a-z`, `0-9`, `-`. @defaultValue `'default'` */
  readonly namespace?: string
  /**
   * What the fleet shares and nobody else knows: 32 bytes or more, or several, the newest first; the
   * oldest stays last for as long as the namespace is used, because names come from it. Without it key sets and verdicts
   * are not shared, because whoever can write to Redis could make tokens pass.
   */
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** How old knowledge of revocations may become before nobody passes, in seconds, 3 to 3600. @defaultValue 30 */
  readonly maxStalenessSeconds?: number
  /** Bound of the revocations that are remembered, here and in Redis. @defaultValue 1000000 */
  readonly maxRevocations?: number
  /**
   * `'exact'`: every revocation is in memory · `'filter'`: tokens and sessions are in a filter alone, a seventh of the size, that
   * takes one token in 100,000 for revoked that is not. @defaultValue `'exact'`
   */
  readonly memory?: 'exact' | 'filter'
  /**
   * `'fast'`: a use counts once the master has it; those of the last seconds can be lost in a failover · `'strict'`: once every
   * replica has it, too. @defaultValue `'fast'`
   */
  readonly replayGuard?: 'fast' | 'strict'
  /**
   * A file for revocations that have not reached every region yet, so that they outlive this process: one for each process.
   * @defaultValue none
   */
  readonly outboxFile?: string
  /** How long `ready()` waits, in seconds. @defaultValue 5 */
  readonly startTimeoutSeconds?: number
  /** How long `close()` waits, in seconds. @defaultValue 2 */
  readonly closeTimeoutSeconds?: number
  /** Refuses to start on a server whose settings are not safe, in place of a warning. @defaultValue false */
  readonly strict?: boolean
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
}
