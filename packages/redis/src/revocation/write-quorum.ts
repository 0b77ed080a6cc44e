// When a revocation counts as made: once so many regions have it that nobody who is fresh can have missed it.

import type { ConfigurationError } from '@sallyport/core'
import { VerificationError } from '@sallyport/core'
import type { PendingEntry } from './pending-entries.js'
import type { WriteOutcome } from './region-writer.js'

export interface Quorum {
  /** How many regions there are, and how many must have it. */
  readonly regions: number
  readonly needed: number
  /** Seconds to wait for them. */
  readonly seconds: number
  /** The error for a fleet that remembers as much as it may. */
  readonly full: () => ConfigurationError
  /** The error for a process that may not write. */
  readonly denied: () => ConfigurationError
}

/** Whether a region has it. */
export function isReached(pending: PendingEntry, region: number): boolean {
  return ((pending.missing | pending.forsaken) & (1 << region)) === 0
}

/**
 * Resolves once enough regions have an entry.
 *
 * @param writes - the first attempts; there may be others, as long as there is time
 * @throws VerificationError `state_unavailable` when the time is over
 * @throws ConfigurationError where trying again would not help
 */
export function keptInEnough(
  pending: PendingEntry,
  writes: readonly Promise<WriteOutcome>[],
  { regions, needed, seconds, full, denied }: Quorum,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Somebody waits for it: it may keep a process alive for so long.
    const timer = setTimeout(() => settle(() => reject(unreached())), seconds * 1000)
    const settle = (how: () => void): void => {
      clearTimeout(timer)
      pending.listeners.delete(look)
      how()
    }
    const look = (): void => {
      let reached = 0
      for (let region = 0; region < regions; region += 1) if (isReached(pending, region)) reached += 1
      if (reached >= needed) settle(resolve)
    }
    pending.listeners.add(look)
    look()
    Promise.all(writes).then(
      (outcomes) => {
        const hopeless = outcomes.filter((outcome) => outcome === 'full' || outcome === 'denied')
        if (regions - hopeless.length >= needed) return
        settle(() => reject(hopeless.includes('full') ? full() : denied()))
      },
      (error) => settle(() => reject(error)),
    )
  })
}

function unreached(): VerificationError {
  return new VerificationError('state_unavailable', 'too few regions have the revocation yet: it is tried again', {
    retryAfterSeconds: 1,
  })
}
