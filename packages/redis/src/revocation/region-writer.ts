// Brings the revocations that were made here to one region: at once, those of one turn in one write, and again until the
// region has them. Entries merge, so one that may have arrived is simply written again.
import { RedisFault } from '../port/redis-fault.js'
import type { KeyRing } from '../sealing/key-ring.js'
import { encodeEntry } from './entry-codec.js'
import type { PendingEntries, PendingEntry } from './pending-entries.js'
import type { RevocationEntry } from './revocation-entry.js'
import { isDenied, type RevocationLog } from './revocation-log.js'

/** What became of a write. */
export type WriteOutcome = 'kept' | 'full' | 'denied' | 'failed'

const shortestPause = 0.05
const longestPause = 5
const pageSize = 500
/** More than so many that come late are not pushed one by one: listeners are told to look. */
const mostPushed = 20

export interface RegionWriterParts {
  readonly region: number
  readonly log: RevocationLog
  readonly ring: KeyRing
  readonly pending: PendingEntries
  /** The name of this process. */
  readonly writer: string
  /** From 0 to 1. */
  readonly random: () => number
}

/** Writes to one region. */
export class RegionWriter {
  readonly #parts: RegionWriterParts
  #count = 0
  /** Counts that were given to entries which certainly were not written: left out, they would look like a loss. */
  readonly #unused: number[] = []
  /** What was sent in this turn. */
  #batch: PendingEntry[] = []
  #sending: Promise<WriteOutcome> = Promise.resolve('kept')
  #pause = shortestPause
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #isEnded = false

  constructor(parts: RegionWriterParts) {
    this.#parts = parts
  }

  /** Writes one at once. Where that fails, it is tried again, and this is only the first word on it. */
  send(pending: PendingEntry): Promise<WriteOutcome> {
    pending.underWay |= 1 << this.#parts.region
    if (this.#batch.length === pageSize) this.#batch = []
    if (this.#batch.push(pending) === 1) this.#sending = this.#sendBatch(this.#batch)
    return this.#sending
  }

  /** Tries now what has not arrived. */
  async flush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /**
   * Writes entries that were lost, or never came here. Answers whether they fit.
   *
   * @throws RedisFault
   */
  async append(entries: readonly RevocationEntry[]): Promise<boolean> {
    const counts = entries.map(() => this.#nextCount())
    const texts = entries.map((entry, index) => this.#encode(entry, counts[index] as number))
    let isUndone = true
    try {
      isUndone = !(await this.#parts.log.append(texts, 'look'))
      return !isUndone
    } catch (error) {
      isUndone = error instanceof RedisFault && error.isUndone
      throw error
    } finally {
      if (isUndone) this.#unused.push(...counts)
    }
  }

  end(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
  }

  async #sendBatch(batch: PendingEntry[]): Promise<WriteOutcome> {
    await undefined // whoever revokes a thousand in one go is not done yet
    if (this.#batch === batch) this.#batch = []
    const outcome = await this.#write(batch, 'each')
    if (outcome !== 'kept') this.#tryLater()
    return outcome
  }

  async #writeAll(): Promise<void> {
    const { pending, region } = this.#parts
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (;;) {
      const page = pending.ownFor(region, pageSize)
      if (page.length === 0) return
      const outcome = await this.#write(page, page.length > mostPushed ? 'look' : 'each')
      if (outcome === 'failed' || outcome === 'full') return this.#tryLater()
    }
  }

  async #write(page: readonly PendingEntry[], manner: 'each' | 'look'): Promise<WriteOutcome> {
    const { pending, region, log } = this.#parts
    for (const each of page) each.underWay |= 1 << region
    try {
      const texts = page.map((each) => this.#textOf(each))
      if (!(await log.append(texts, manner))) return 'full'
      this.#pause = shortestPause
      for (const each of page) pending.reach(each, region)
      return 'kept'
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error
      if (!isDenied(error)) return 'failed'
      for (const each of page) pending.forsake(each, region)
      return 'denied'
    } finally {
      for (const each of page) each.underWay &= ~(1 << region)
    }
  }

  #textOf(pending: PendingEntry): string {
    const { region } = this.#parts
    pending.texts[region] ??= this.#encode(pending.entry, this.#nextCount())
    return pending.texts[region]
  }

  /** An entry as this process writes it to this region. */
  #encode(entry: RevocationEntry, count: number): string {
    return encodeEntry(this.#parts.ring, { entry, writer: this.#parts.writer, count })
  }

  #nextCount(): number {
    const unused = this.#unused.shift()
    if (unused !== undefined) return unused
    this.#count += 1
    return this.#count
  }

  #tryLater(): void {
    if (this.#isEnded || this.#timer !== undefined) return
    const seconds = this.#pause * (1 + this.#parts.random())
    this.#pause = Math.min(this.#pause * 2, longestPause)
    // What waits for a region keeps no process alive: `close` and the outbox file are there for that.
    this.#timer = setTimeout(() => {
      this.#timer = undefined // it may find a flush under way, which must be able to set the next one when it fails
      void this.flush()
    }, seconds * 1000).unref()
  }
}
