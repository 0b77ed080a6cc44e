// What a verifier remembers beyond one request, by meaning: an implementation may keep it in this process or share it
// between many.
import type { TokenFacts } from '../policy/facts.js'
import type { AttemptCounters } from './attempt-counters.js'
import type { KeySetDocuments } from './key-set-documents.js'
import type { PolicyDocuments } from './policy-documents.js'
import type { ReplayGuard } from './replay-guard.js'
import type { Revocation, RevocationOptions } from './revocation.js'
import type { VerdictCache } from './verdict-cache.js'

/** What became of a revocation. It holds in this process by now. */
export interface RevocationReceipt {
  /** Where it is kept by now: regions by their names, or `'this process'`. */
  readonly reached: readonly string[]
  /** Where it could not be kept yet, and will be tried again. */
  readonly pending: readonly string[]
}

/** How a state fares. */
export interface StateHealth {
  /**
   * `ready`: all is well · `degraded`: revocations of the last seconds may be missing · `stale`: nobody knows what was revoked
   * of late, and nobody passes · `starting`: not ready yet, and nobody passes · `closed`.
   */
  readonly status: 'starting' | 'ready' | 'degraded' | 'stale' | 'closed'
  /** Since when revocations may be missing, in seconds; 0 while all is well, `Infinity` while nothing is known. */
  readonly staleSeconds: number
  /** Revocations that are remembered. */
  readonly revocations: number
  /** Revocations that have not reached every region yet. */
  readonly pending: number
  /** One for each region; empty for a state of this process alone. */
  readonly regions: readonly RegionHealth[]
}

/** How one region of a shared state fares. */
export interface RegionHealth {
  readonly name: string
  readonly isConnected: boolean
  /** Since when revocations of this region may be missing, in seconds. */
  readonly staleSeconds: number
}

/** The state behind a verifier. Several verifiers may share one. */
export interface State {
  /**
   * Takes tokens back, from now on and everywhere this state reaches.
   *
   * @throws ConfigurationError for what is no revocation, and for one that would not be remembered
   * @throws VerificationError `state_unavailable` where it has not reached as many regions as it must; it is tried again
   */
  revoke(revocation: Revocation, options?: RevocationOptions): Promise<RevocationReceipt>
  /**
   * Whether a verified token was taken back. Answers at once: nobody waits for it on the way of a request.
   *
   * @throws VerificationError `state_unavailable` where nobody can tell
   */
  isRevoked(token: TokenFacts): boolean
  /** Calls back after revocations, those of other processes too. Answers a function that ends it. */
  onRevoked(listener: () => void): () => void
  /** What may be used once. */
  readonly replays: ReplayGuard
  /** Answers of others that are worth remembering. */
  readonly verdicts: VerdictCache
  /** Key sets that others have fetched. */
  readonly keySets: KeySetDocuments
  /** Policies that were published. */
  readonly policies: PolicyDocuments
  /** Failures of late. */
  readonly attempts: AttemptCounters
  /**
   * Resolves once this state knows what was revoked.
   *
   * @throws ConfigurationError for what will not mend by waiting: a wrong password, a right that lacks
   * @throws VerificationError `state_unavailable` after the deadline of the start
   */
  ready(): Promise<void>
  health(): StateHealth
  /** Ends what is under way. A closed state lets nobody pass. */
  close(): Promise<void>
}
