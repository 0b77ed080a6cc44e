// The whole of it: a port for each region, revocations in all of them, and everything else in the region that this process is
// in.
import {
  type AttemptCounters,
  type ConfigurationError,
  type KeySetDocuments,
  type PolicyDocuments,
  type ReplayGuard,
  type Revocation,
  type RevocationOptions,
  type RevocationReceipt,
  type State,
  type StateHealth,
  type TokenFacts,
  type VerdictCache,
  VerificationError,
} from '@sallyport/core'
import { MemoryKeySetDocuments, MemoryVerdictCache, monotonicClock } from '@sallyport/core/state'
import type { RedisStateOptions } from './options.js'
import { createPort } from './port/connect.js'
import type { RedisPort } from './port/redis-port.js'
import { RedisAttemptCounters } from './redis-attempt-counters.js'
import { RedisKeySetDocuments } from './redis-key-set-documents.js'
import { RedisPolicyDocuments } from './redis-policy-documents.js'
import { RedisReplayGuard } from './redis-replay-guard.js'
import { RedisVerdictCache } from './redis-verdict-cache.js'
import { RegionStart } from './region-start.js'
import { SharedRevocations } from './revocation/shared-revocations.js'
import { KeyNames } from './sealing/key-names.js'
import { KeyRing } from './sealing/key-ring.js'
import { type JudgedStateOptions, judgeStateOptions } from './state-options.js'

class RedisState implements State {
  readonly replays: ReplayGuard
  readonly verdicts: VerdictCache
  readonly keySets: KeySetDocuments
  readonly policies: PolicyDocuments
  readonly attempts: AttemptCounters
  readonly #options: JudgedStateOptions
  readonly #ports: readonly RedisPort[]
  readonly #revocations: SharedRevocations
  readonly #counters: RedisAttemptCounters
  readonly #starts: readonly RegionStart[]
  /** In how many regions it must be known what was revoked. */
  readonly #neededRegions: number
  readonly #ended = new AbortController()
  #closing: Promise<void> | undefined

  constructor(options: JudgedStateOptions) {
    const { connections, home, namespace, secrets, clock, startTimeoutSeconds } = options
    const ring = new KeyRing(secrets, namespace)
    const names = new KeyNames(ring, namespace)
    this.#options = options
    this.#ports = connections.map(({ name, connection }) =>
      createPort(connection, { strict: options.isStrict, regionName: name }),
    )
    const port = this.#ports[home] as RedisPort
    const replicas = connections.map(({ connection }) => connection.replicas ?? 0)
    const regions = connections.map(({ name }, index) => ({
      name,
      port: this.#ports[index] as RedisPort,
      replicas: replicas[index] as number,
    }))
    this.#revocations = new SharedRevocations({ ...options, regions, names, ring })
    this.replays = new RedisReplayGuard(port, names, {
      clock,
      ...(options.isStrictGuard && { replicas: replicas[home] }),
    })
    // Who can write to Redis could make tokens pass, if what is read there were not sealed.
    this.verdicts = ring.isSecret ? new RedisVerdictCache(port, names, ring, clock) : new MemoryVerdictCache(clock)
    this.keySets = ring.isSecret
      ? new RedisKeySetDocuments({ port, names, ring, startSeconds: startTimeoutSeconds, ended: this.#ended.signal })
      : new MemoryKeySetDocuments()
    this.policies = new RedisPolicyDocuments(port, names)
    this.#counters = new RedisAttemptCounters(port, names, clock)
    this.attempts = this.#counters
    this.#neededRegions = connections.length - options.writeQuorum + 1
    this.#starts = this.#ports.map((each) => new RegionStart(each, startTimeoutSeconds))
  }

  async revoke(revocation: Revocation, options?: RevocationOptions): Promise<RevocationReceipt> {
    return this.#revocations.revoke(revocation, options)
  }

  isRevoked(token: TokenFacts): boolean {
    const refusal = this.#refusal
    if (refusal !== undefined) throw unavailable(refusal)
    return this.#revocations.isRevoked(token)
  }

  onRevoked(listener: () => void): () => void {
    return this.#revocations.onRevoked(listener)
  }

  async ready(): Promise<void> {
    const refused = this.#starts.map((start) => start.refused())
    try {
      await Promise.race([this.#revocations.ready(), ...refused.map(({ promise }) => promise)])
    } finally {
      for (const { forget } of refused) forget()
    }
  }

  health(): StateHealth {
    const health = this.#revocations.health()
    return this.#refusal === undefined || health.status === 'closed' ? health : { ...health, status: 'stale' }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(this.#options.closeTimeoutSeconds)
    return this.#closing
  }

  async #close(seconds: number): Promise<void> {
    const until = monotonicClock() + seconds
    this.#ended.abort()
    for (const start of this.#starts) start.end()
    try {
      await Promise.all([this.#counters.close(), this.#revocations.close(seconds)])
    } finally {
      const secondsLeft = Math.max(0, until - monotonicClock())
      await Promise.all(this.#ports.map((port) => port.close(secondsLeft)))
    }
  }

  /** Why nobody passes although servers answer: too many of them are not as the options say. */
  get #refusal(): ConfigurationError | undefined {
    const refusals = this.#starts.map(({ refusal }) => refusal).filter((refusal) => refusal !== undefined)
    return this.#starts.length - refusals.length < this.#neededRegions ? refusals[0] : undefined
  }
}

function unavailable(cause: unknown): VerificationError {
  return new VerificationError('state_unavailable', 'the state on Redis cannot begin', { retryAfterSeconds: 1, cause })
}

/**
 * Makes a state that many processes share on Redis: standalone, behind Sentinels, a cluster, or one of these in each of
 * several regions. It begins to connect at once; until it knows what was revoked, nobody passes.
 *
 * @example
 * ```ts
 * const state = createRedisState({ url: 'redis://127.0.0.1:6379', secret })
 * const verifier = createVerifier({ issuer, audience, state })
 * ```
 * @throws ConfigurationError
 */
export function createRedisState(options: RedisStateOptions): State {
  return new RedisState(judgeStateOptions(options))
}
