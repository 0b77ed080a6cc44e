// The state of one process. What is revoked here is revoked on no other node, and forgotten when the process ends.
import { type Clock, systemClock } from '../clock.js'
import { ConfigurationError, VerificationError } from '../errors.js'
import { requireKnownOptions } from '../option-checks.js'
import type { TokenFacts } from '../policy/facts.js'
import { MemoryAttemptCounters } from './memory-attempt-counters.js'
import { MemoryKeySetDocuments } from './memory-key-set-documents.js'
import { MemoryPolicyDocuments } from './memory-policy-documents.js'
import { MemoryReplayGuard } from './memory-replay-guard.js'
import { MemoryRevocations } from './memory-revocations.js'
import { MemoryVerdictCache } from './memory-verdict-cache.js'
import { judgeRevocation, type Revocation, type RevocationOptions } from './revocation.js'
import type { RevocationReceipt, State, StateHealth } from './state.js'

/** Options of {@link createMemoryState}. */
export interface MemoryStateOptions {
  /** Bound of the revocations that are remembered. @defaultValue 1000000 */
  readonly maxRevocations?: number
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

const here: RevocationReceipt = Object.freeze({
  reached: Object.freeze(['this process']),
  pending: Object.freeze([]),
})

class MemoryState implements State {
  readonly replays: MemoryReplayGuard
  readonly verdicts: MemoryVerdictCache
  readonly keySets: MemoryKeySetDocuments
  readonly policies: MemoryPolicyDocuments
  readonly attempts: MemoryAttemptCounters
  readonly #revocations: MemoryRevocations
  readonly #clock: Clock
  #isClosed = false

  constructor({ maxRevocations = 1_000_000, clock = systemClock }: MemoryStateOptions) {
    if (!Number.isSafeInteger(maxRevocations) || maxRevocations < 1)
      throw new ConfigurationError('`maxRevocations` must be a whole number from 1')
    if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
    this.#clock = clock
    this.#revocations = new MemoryRevocations(maxRevocations, clock)
    this.replays = new MemoryReplayGuard(clock)
    this.verdicts = new MemoryVerdictCache(clock)
    this.keySets = new MemoryKeySetDocuments()
    this.policies = new MemoryPolicyDocuments()
    this.attempts = new MemoryAttemptCounters(clock)
  }

  async revoke(revocation: Revocation, options?: RevocationOptions): Promise<RevocationReceipt> {
    this.#requireOpen()
    this.#revocations.add(judgeRevocation(revocation, options, this.#clock()))
    return here
  }

  isRevoked(token: TokenFacts): boolean {
    this.#requireOpen()
    return this.#revocations.isRevoked(token)
  }

  onRevoked(listener: () => void): () => void {
    return this.#revocations.onRevoked(listener)
  }

  async ready(): Promise<void> {
    this.#requireOpen()
  }

  health(): StateHealth {
    const status = this.#isClosed ? 'closed' : 'ready'
    return { status, staleSeconds: 0, revocations: this.#revocations.size, pending: 0, regions: [] }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const part of [this.replays, this.verdicts, this.policies]) part.close()
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new VerificationError('state_unavailable', 'the state was closed')
  }
}

/**
 * Makes the state that lives in this process: the one that a verifier has when it is given none. To be made by hand where
 * two verifiers shall share it.
 *
 * @throws ConfigurationError
 */
export function createMemoryState(options: MemoryStateOptions = {}): State {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, ['maxRevocations', 'clock'], 'a memory state')
  return new MemoryState(options)
}
