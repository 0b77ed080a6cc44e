// Whether it can be told what was revoked, who waits for that, and who is told when it changes.
import { type ConfigurationError, type StateHealth, VerificationError } from '@sallyport/core'
import { publishState } from '@sallyport/core/state'
import type { Freshness, FreshRegion } from './freshness.js'

/** What a region says of itself. */
export interface ReadyRegion extends FreshRegion {
  /** What no waiting will mend. */
  readonly refusal: ConfigurationError | undefined
}

interface Waiter {
  resolve(): void
  reject(error: Error): void
}

/** Watches the freshness of all regions. */
export class Readiness {
  readonly #freshness: Freshness
  readonly #waiting = new Set<Waiter>()
  #status: StateHealth['status'] = 'starting'
  #refusal: ConfigurationError | undefined

  constructor(freshness: Freshness) {
    this.#freshness = freshness
  }

  /** Something about a region, or the time, has changed. */
  look(regions: readonly ReadyRegion[]): void {
    this.#freshness.update(regions)
    this.#refusal = regions.find(({ refusal }) => refusal !== undefined)?.refusal
    for (const waiter of this.#waiting) {
      if (this.#refusal !== undefined) waiter.reject(this.#refusal)
      else if (this.#freshness.isKnown) waiter.resolve()
    }
    const { status } = this.#freshness
    if (status !== this.#status) tell(status, this.#freshness.reason)
    this.#status = status
  }

  /**
   * Resolves once it can be told what was revoked.
   *
   * @throws ConfigurationError for what does not mend by waiting
   * @throws VerificationError `state_unavailable` after so many seconds
   */
  async wait(seconds: number): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    if (this.#freshness.isKnown) return
    let waiter: Waiter | undefined
    let timer: NodeJS.Timeout | undefined
    const known = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#waiting.add(waiter)
      // Somebody waits for it: it may keep a process alive for so long.
      timer = setTimeout(() => reject(this.unknown()), seconds * 1000)
    })
    try {
      await known
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(waiter as Waiter)
    }
  }

  /** Nobody will know any more. */
  end(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error)
  }

  /** The error for whoever asks what cannot be told. */
  unknown(): VerificationError {
    return new VerificationError('state_unavailable', this.#freshness.reason, { retryAfterSeconds: 1 })
  }
}

function tell(status: StateHealth['status'], reason: string): void {
  if (status === 'ready') publishState({ outcome: 'ready', reason: 'it is known what was revoked' })
  if (status === 'degraded')
    publishState({ outcome: 'degraded', reason: 'revocations of the last seconds may be missing' })
  if (status === 'stale') publishState({ outcome: 'stale', reason })
}
