// Brings back what one region lacks and another, or this process, has: what was lost with its log, and what never reached it.
// Any process that may write can do it; one at a time does, and the others find it done.
import { setImmediate as turn } from 'node:timers/promises'
import { publishState } from '@sallyport/core/state'
import { RedisFault } from '../port/redis-fault.js'
import type { KnownRevocations } from './known-revocations.js'
import type { PendingEntries } from './pending-entries.js'
import { ReadingPace } from './reading-pace.js'
import type { RegionWriter } from './region-writer.js'
import type { RevocationEntry } from './revocation-entry.js'
import type { RevocationFeed } from './revocation-feed.js'
import { isDenied, type RevocationLog } from './revocation-log.js'

export interface RegionRepairParts {
  readonly region: number
  readonly name: string | undefined
  readonly log: RevocationLog
  readonly feed: RevocationFeed
  readonly writer: RegionWriter
  readonly known: KnownRevocations
  readonly pending: PendingEntries
  /** Whether all that is known can be listed. */
  readonly isExact: boolean
  readonly stopwatch: () => number
  readonly random: () => number
  /** All that is known was compared with the region, to the end. */
  readonly compared: () => void
}

/** Seconds over which the processes of a fleet are spread, so that one is the first. */
const spread = 0.5
const lockMs = 5_000
/** Seconds to wait for the lock. What two write at the same time is there twice, and means the same. */
const lockPatience = 10
/** Seconds since when all of a log must have been read by whoever drops it. */
const dropFreshness = 5
const pageSize = 1_000

/** A comparison of all that is known with a region. */
interface Comparison {
  /** Whether the region has to be read for that first, because it may have lost what it had. */
  isAudit: boolean
  /** Whether new processes have to wait for what is brought back. */
  readonly isRestoring: boolean
}

/** Repairs one region. */
export class RegionRepair {
  readonly #parts: RegionRepairParts
  readonly #audits = new ReadingPace()
  /** An audit waits for its turn, and nothing else waits for the audit. */
  #wantsAudit = false
  #wanted: Omit<Comparison, 'isAudit'> | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isEnded = false
  /** Since when the lock has been somebody else's. */
  #lockedSince: number | undefined

  constructor(parts: RegionRepairParts) {
    this.#parts = parts
  }

  /**
   * Compares all that is known with the region, soon.
   *
   * @param why - `restore`: it has lost something, and was read again · `audit`: it may have, and has to be read again ·
   * `compare`: it may never have had everything
   */
  want(why: 'restore' | 'audit' | 'compare'): void {
    this.#want({ isAudit: why === 'audit', isRestoring: why !== 'compare' })
    // At once: who starts meanwhile must not take what is left for all there was.
    if (why === 'restore' && this.#parts.feed.mayWrite) this.#parts.log.settle().catch(requireFault)
    this.look()
  }

  /** Looks whether there is something to do. */
  look(): void {
    const { feed, pending, region, stopwatch, random } = this.#parts
    if (this.#isEnded || this.#timer !== undefined || this.#running !== undefined) return
    if (!feed.isSynced || !feed.isWhole || !feed.mayWrite) return
    const isIdle = this.#due() === undefined && !feed.isBroken
    if (isIdle && pending.overdueFor(region, 1, stopwatch()).length === 0) return
    this.#timer = setTimeout(() => this.#begin(), random() * spread * 1000).unref()
  }

  async end(): Promise<void> {
    this.#isEnded = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #want({ isAudit, isRestoring }: Comparison): void {
    if (isAudit) this.#wantsAudit = true
    else this.#wanted = { isRestoring: isRestoring || this.#wanted?.isRestoring === true }
  }

  /** What is wanted, and not too soon. An audit does all that a comparison does. */
  #due(): Comparison | undefined {
    if (this.#wantsAudit && this.#audits.secondsLeft(this.#parts.stopwatch()) === 0)
      return { isAudit: true, isRestoring: true }
    return this.#wanted && { isAudit: false, ...this.#wanted }
  }

  #begin(): void {
    this.#timer = undefined
    this.#running = this.#repair().finally(() => {
      this.#running = undefined
    })
  }

  async #repair(): Promise<void> {
    const { feed, compared } = this.#parts
    const comparison = this.#due()
    if (comparison !== undefined) this.#wanted = undefined
    if (comparison?.isAudit) this.#wantsAudit = false
    let isDone = false
    try {
      isDone = feed.isBroken ? await this.#drop() : await this.#perform(comparison)
    } catch (error) {
      if (isDenied(requireFault(error))) feed.mayWrite = false // otherwise the next look tries again
    }
    if (comparison === undefined) return
    if (!isDone) this.#want(comparison)
    else if (this.#wanted === undefined && !this.#wantsAudit) compared()
  }

  /** Answers whether it was done to the end. */
  async #perform(comparison: Comparison | undefined): Promise<boolean> {
    const { log, feed, name } = this.#parts
    if (comparison?.isAudit) {
      await this.#audit()
      comparison.isAudit = false
    } else {
      if (comparison?.isRestoring) await log.settle()
      await feed.read() // what others have repaired in the meantime
    }
    const token = await log.lock(lockMs)
    if (token === undefined && !this.#hasWaited()) return false // somebody is at it, and it may be enough
    const { written, isDone } = await this.#writeMissing(comparison, token)
    if (token !== undefined && (await log.hold(token, 0))) this.#lockedSince = undefined
    const reason = `${written} revocations that were missing were written again`
    if (written > 0) publishState({ ...(name === undefined ? {} : { region: name }), outcome: 'reseeded', reason })
    return isDone
  }

  async #audit(): Promise<void> {
    const { feed, stopwatch } = this.#parts
    this.#audits.begin(stopwatch())
    try {
      await feed.audit()
    } finally {
      this.#audits.end(stopwatch())
    }
  }

  /** Whether the lock has been somebody else's for too long: whoever can write to Redis can take it, over and over. */
  #hasWaited(): boolean {
    const now = this.#parts.stopwatch()
    this.#lockedSince ??= now
    return now - this.#lockedSince > lockPatience
  }

  /** A log that nobody can continue is begun anew: that it is gone will be seen, and what was in it written again. */
  async #drop(): Promise<false> {
    const { log, feed, isExact, stopwatch } = this.#parts
    const token = await log.lock(lockMs)
    if (token === undefined && !this.#hasWaited()) return false
    await feed.read()
    await log.drop(token, isExact && stopwatch() - feed.freshAt < dropFreshness)
    if (token !== undefined && (await log.hold(token, 0))) this.#lockedSince = undefined
    await feed.read()
    return false
  }

  async #writeMissing(
    comparison: Comparison | undefined,
    token: string | undefined,
  ): Promise<{ readonly written: number; readonly isDone: boolean }> {
    const { pending, region, stopwatch, feed } = this.#parts
    const all = comparison && this.#allMissing()
    for (let written = 0; ; ) {
      const page = await this.#nextPage(all)
      const isLast = page.length < pageSize
      if (isLast) page.push(...pending.overdueFor(region, pageSize, stopwatch()).map(({ entry }) => entry))
      if (this.#isEnded || !feed.isWhole) return { written, isDone: false }
      if (page.length > 0 && !(await this.#writePage(page, token, comparison?.isRestoring)))
        return { written, isDone: false }
      written += page.length
      if (isLast) return { written, isDone: true }
    }
  }

  /** A large table is looked through a part at a time: requests wait meanwhile. */
  async *#allMissing(): AsyncGenerator<RevocationEntry> {
    const { known, region } = this.#parts
    for (let part = 0; part < known.table.parts; part++) {
      yield* known.table.entriesMissingIn(region, part)
      await turn()
    }
  }

  /** What is missing now: read as late as possible, because others repair as well. */
  async #nextPage(all: AsyncIterator<RevocationEntry> | undefined): Promise<RevocationEntry[]> {
    const page: RevocationEntry[] = []
    while (all !== undefined && page.length < pageSize) {
      const { value, done } = await all.next()
      if (done) break
      if (!this.#parts.known.isPast(value)) page.push(value)
    }
    return page
  }

  /** Answers whether it may go on. */
  async #writePage(page: readonly RevocationEntry[], token: string | undefined, isRestoring = false): Promise<boolean> {
    const { log, writer, known, pending, region } = this.#parts
    if (isRestoring) await log.settle()
    if (!(await writer.append(page))) return false
    for (const entry of page) {
      known.learn(entry, region)
      pending.seen(entry, region)
    }
    return token === undefined || log.hold(token, lockMs)
  }
}

function requireFault(error: unknown): RedisFault {
  if (error instanceof RedisFault) return error
  throw error
}
