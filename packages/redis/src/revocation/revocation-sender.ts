// How a revocation that is made here comes to every region: at once to all of them, counted as made once enough have it, and
// pursued until the others have it, too.
import { ConfigurationError, type RevocationReceipt, VerificationError } from '@sallyport/core'
import { type Clock, publishState } from '@sallyport/core/state'
import { fullOf } from './known-revocations.js'
import type { OutboxFile } from './outbox-file.js'
import type { PendingEntries, PendingEntry } from './pending-entries.js'
import type { RegionRevocations } from './region-revocations.js'
import type { RevocationEntry } from './revocation-entry.js'
import { writeDeadline } from './revocation-log.js'
import { isReached, keptInEnough } from './write-quorum.js'

export interface RevocationSenderParts {
  readonly regions: readonly RegionRevocations[]
  readonly pending: PendingEntries
  readonly outbox: OutboxFile | undefined
  /** How many regions must have a revocation. */
  readonly needed: number
  readonly maxRevocations: number
  /** Seconds that only grow. */
  readonly stopwatch: Clock
}

/** Sends revocations on their way. */
export class RevocationSender {
  readonly #parts: RevocationSenderParts
  #isLagging = false

  constructor(parts: RevocationSenderParts) {
    this.#parts = parts
    // What an earlier process could not bring to every region.
    for (const entry of parts.outbox?.entries ?? []) parts.pending.add(entry, parts.stopwatch())
  }

  /**
   * Brings one to all regions, and waits for enough of them. What has to be written is written in this turn.
   *
   * @throws ConfigurationError where it does not fit, and where nobody here may write
   * @throws VerificationError `state_unavailable` where it has not reached enough regions in time
   */
  send(entry: RevocationEntry): Promise<RevocationReceipt> {
    const { regions, pending, outbox, stopwatch } = this.#parts
    const sent = pending.add(entry, stopwatch())
    const writes = regions.map(({ writer }) => writer.send(sent))
    const kept = keptInEnough(sent, writes, {
      regions: regions.length,
      needed: this.#parts.needed,
      seconds: writeDeadline,
      full: () => fullOf(this.#parts.maxRevocations),
      denied: () =>
        new ConfigurationError('the user may not write revocations in Redis: see the rights in the documentation'),
    })
    return this.#receipt(sent, kept, outbox?.add(entry))
  }

  /** Tells once when something is late. */
  look(): void {
    const isLagging = this.#parts.pending.hasWaited(this.#parts.stopwatch())
    const reason = 'a revocation has not reached every region: it is tried again'
    if (isLagging && !this.#isLagging) publishState({ outcome: 'pending', reason })
    this.#isLagging = isLagging
  }

  /** Tries once more what is on its way, for so many seconds. */
  async flush(seconds: number): Promise<void> {
    if (this.#parts.pending.own === 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000)
    })
    await Promise.race([late, Promise.all(this.#parts.regions.map(({ writer }) => writer.flush()))])
    clearTimeout(timer)
  }

  /** Nobody is told of anything before it is in the file, too. */
  async #receipt(
    sent: PendingEntry,
    kept: Promise<void>,
    filed: Promise<void> | undefined,
  ): Promise<RevocationReceipt> {
    const [made, stored] = await Promise.allSettled([kept, filed])
    if (made.status === 'rejected') throw made.reason
    if (stored.status === 'rejected')
      throw new VerificationError('state_unavailable', 'the revocation could not be written to `outboxFile`', {
        retryAfterSeconds: 1,
        cause: stored.reason,
      })
    const names = (isWanted: (region: number) => boolean): readonly string[] =>
      this.#parts.regions.filter((_, region) => isWanted(region)).map(({ name }) => name)
    return {
      reached: names((region) => isReached(sent, region)),
      pending: names((region) => (sent.missing & (1 << region)) !== 0),
    }
  }
}
