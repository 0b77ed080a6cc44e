// Who sends one bad token after another is told to wait, before the next one is looked at (RFC 6585 §4). What counts is kept
// in the state and asked at once: nobody waits for it. Not counted is what happens to the honest: what has expired, a proof by
// a clock that is wrong, what a policy denies, an outage of ours, a key that nobody looked for because of a flood of others.
import type { Clock } from '../clock.js'
import { ConfigurationError, type ErrorCode, VerificationError } from '../errors.js'
import { requireKnownOptions, requireSeconds } from '../option-checks.js'
import type { AttemptCounters } from '../state/attempt-counters.js'

/** How many refused tokens are too many, and in how long. */
export interface FailedAttemptsOptions {
  /** So many tokens of an address, or of a client, may be refused within a window; 1 to 1000000. */
  readonly limit: number
  /** How long a window is, in seconds, 1 to 86400. It slides. */
  readonly windowSeconds: number
}

const greatestLimit = 1_000_000
const greatestWindowSeconds = 86_400

/** What looks like guessing, or costs work that another try would cost again. */
const counted: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'credential_malformed',
  'token_malformed',
  'token_type_rejected',
  'algorithm_rejected',
  'issuer_untrusted',
  'token_inactive',
  'key_unknown',
  'signature_invalid',
  'audience_mismatch',
  'claim_missing',
  'claim_invalid',
  'binding_missing',
  'binding_mismatch',
  'token_revoked',
])

/**
 * Judges the option.
 *
 * @returns `undefined` where nothing is counted
 * @throws ConfigurationError
 */
export function judgeFailedAttempts(value: unknown): FailedAttemptsOptions | undefined {
  if (value === undefined || value === false) return undefined
  if (typeof value !== 'object' || value === null)
    throw new ConfigurationError('`failedAttempts` must be { limit, windowSeconds }, or false')
  requireKnownOptions(value, ['limit', 'windowSeconds'], '`failedAttempts`')
  const { limit, windowSeconds } = value as Partial<FailedAttemptsOptions>
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1 || limit > greatestLimit)
    throw new ConfigurationError(`\`limit\` of \`failedAttempts\` must be a whole number from 1 to ${greatestLimit}`)
  const what = '`windowSeconds` of `failedAttempts`'
  return { limit, windowSeconds: requireSeconds(windowSeconds, what, 1, greatestWindowSeconds) }
}

/** Counts refusals by name, and ends the patience with a name. */
export class AttemptLimit {
  readonly #options: FailedAttemptsOptions
  readonly #counters: AttemptCounters
  readonly #clock: Clock

  constructor(options: FailedAttemptsOptions, counters: AttemptCounters, clock: Clock) {
    this.#options = options
    this.#counters = counters
    this.#clock = clock
  }

  /**
   * Lets a name go on that has not failed too often.
   *
   * @param message - says what the name is, and not which
   * @throws VerificationError `attempts_exceeded`
   */
  require(name: string, message: string): void {
    const count = this.#counters.count(name, this.#options.windowSeconds)
    if (count < this.#options.limit) return
    throw new VerificationError('attempts_exceeded', message, { retryAfterSeconds: this.#secondsUntilRoom(count) })
  }

  /** Counts a refusal against a name, if it is one that counts. */
  count(name: string, error: unknown): void {
    if (error instanceof VerificationError && counted.has(error.code) && !error.isUnexamined)
      this.#counters.add(name, this.#options.windowSeconds)
  }

  /** To the end of this window, and on into the next until what is too much has slid out. */
  #secondsUntilRoom(count: number): number {
    const { limit, windowSeconds } = this.#options
    const window = this.#clock() / windowSeconds
    return (Math.floor(window) + 1 - window + 1 - limit / count) * windowSeconds
  }
}
