// How the log of a region is read: on from where it was read to, and from its beginning where something does not add up. A
// page is believed to be all there is only if the log's own account agrees with it.
import type { Clock } from '@sallyport/core/state'
import { RedisFault } from '../port/redis-fault.js'
import type { KeyRing } from '../sealing/key-ring.js'
import { decodeEntry } from './entry-codec.js'
import { advance, compareIds, endOf, firstId, type LogPosition, type LogRow } from './log-position.js'
import type { RevocationEntry } from './revocation-entry.js'
import { type LogPage, type RevocationLog, readDeadline } from './revocation-log.js'
import { WriterCounters } from './writer-counters.js'

/**
 * Where an entry comes from: `push`, which says nothing about what is in the log; `news`, written a moment ago as far as one can
 * tell; `history`, whenever that was.
 */
export type EntrySource = 'push' | 'news' | 'history'

/** Who takes what is read. */
export interface LogListener {
  learn(entry: RevocationEntry, source: EntrySource): void
  /** Something is not of this fleet. */
  reject(): void
  /** Something was taken out of the log: old entries, or others. */
  thinned(): void
  /** Everything that came at once has been told. */
  settled(): void
}

export interface LogReaderParts {
  readonly log: RevocationLog
  readonly ring: KeyRing
  readonly listener: LogListener
  /** Seconds that only grow. */
  readonly stopwatch: Clock
}

/** The end of a log, at a moment. */
export interface LogEnd {
  readonly page: LogPage
  /** When it was asked for: what was written before is read. */
  readonly askedAt: number
}

interface ReadRows {
  readonly page: LogPage
  /** What is new of them. */
  readonly rows: readonly LogRow[]
  readonly isLast: boolean
  /** Whether they follow what was read before. */
  readonly isConnected: boolean
}

const largestPage = 1_000
const smallestPage = 4

/** Reads one log. One reading at a time. */
export class LogReader {
  /** Why the whole log has to be read; `undefined`: it was. */
  trouble: string | undefined = 'nothing was read yet'
  /** How many entries the log had when it was last asked. */
  length = 0
  /** Whether the log was seen to have lost something; whoever reads all of it says when that is dealt with. */
  hasLost = false
  #isEnded = false
  readonly #parts: LogReaderParts
  readonly #counters = new WriterCounters()
  #position: LogPosition = { id: firstId, count: 0 }
  /** How far pushes go, if they can be believed: they spare a reading, and prove nothing. */
  #heard: LogPosition = { id: firstId, count: 0 }
  #name: string | undefined
  /** How many entries were taken out of the log. */
  #removed = 0
  #pageSize = largestPage

  constructor(parts: LogReaderParts) {
    this.#parts = parts
  }

  /** Reads no further than to the end of the page. */
  end(): void {
    this.#isEnded = true
  }

  /**
   * Takes a row that was pushed.
   *
   * @param previous - where the log had ended before it
   * @returns whether there is more to be read
   */
  follow(previous: LogPosition, row: LogRow): boolean {
    const isGood = this.#take(row, 'push')
    this.#parts.listener.settled()
    if (!isGood || this.trouble !== undefined || compareIds(row.id, this.#heard.id) <= 0) return false
    if (previous.count !== this.#heard.count || previous.id !== this.#heard.id) return true
    this.#heard = { id: row.id, count: previous.count + 1 }
    return false
  }

  /** Reads what is new. Answers `undefined` where the whole log has to be read. */
  async readOn(): Promise<LogEnd | undefined> {
    // What was pushed before we asked, and is not there, was lost since; or it was never there.
    const heard = this.#heard
    let isMissing = compareIds(heard.id, this.#position.id) > 0
    for (let at = this.#position; ; ) {
      const askedAt = this.#parts.stopwatch()
      const { page, rows, isLast, isConnected } = await this.#readPage(at.id, 'news')
      const next = isConnected ? advance(at, page.state, rows, isLast) : undefined
      const loss = next === undefined ? 'the log has lost entries' : this.#troubleWith(page, askedAt)
      if (loss !== undefined) this.hasLost = true
      this.trouble ??= loss
      if (this.trouble !== undefined || next === undefined) return undefined
      this.#watchRemovals(page)
      at = next
      this.#position = at
      isMissing &&= !rows.some(({ id }) => id === heard.id)
      if (isLast) {
        if (isMissing) this.#parts.listener.thinned()
        if (this.#heard === heard || compareIds(this.#heard.id, at.id) <= 0) this.#heard = at
        return { page, askedAt }
      }
      if (this.#isEnded) return undefined
      await turn()
    }
  }

  /** Reads the whole log. Answers `undefined` where it was another one by the end. */
  async readAll(): Promise<LogEnd | undefined> {
    this.trouble ??= 'the log was not read to its end'
    this.#counters.clear()
    let lastRead = firstId
    for (let first: LogPage | undefined; ; ) {
      const askedAt = this.#parts.stopwatch()
      const { page, rows, isLast } = await this.#readPage(lastRead, 'history')
      first ??= this.#firstOf(page)
      lastRead = rows.at(-1)?.id ?? lastRead
      if (page.name !== first.name || compareIds(page.state.lastId, lastRead) < 0) {
        this.hasLost = true
        return undefined
      }
      if (isLast) {
        this.#position = endOf(page.state, rows, lastRead)
        this.#heard = this.#position
        this.#name = page.name
        this.#removed = removedFrom(first)
        this.#watchRemovals(page)
        this.trouble = undefined
        return { page, askedAt }
      }
      if (this.#isEnded) return undefined
      await turn()
    }
  }

  /** Reads the whole log for what is in it, beside everything else. */
  async reread(): Promise<void> {
    for (let after = firstId, isLast = false; !isLast && !this.#isEnded; ) {
      const read = await this.#readPage(after, 'history')
      after = read.rows.at(-1)?.id ?? after
      isLast = read.isLast
      await turn()
    }
  }

  /** Reads rows after an id. Whether they follow it at once is certain only if the row with that id is still there. */
  async #readPage(after: string, source: EntrySource): Promise<ReadRows> {
    const { page, limit } = await this.#ask(after)
    const isThere = page.rows[0]?.id === after
    const rows = isThere ? page.rows.slice(1) : page.rows
    for (const row of rows) this.#take(row, source)
    this.#parts.listener.settled()
    return { page, rows, isLast: page.rows.length <= limit, isConnected: isThere || after === firstId }
  }

  /** Smaller pages on a slow line, larger ones where they come quickly. */
  async #ask(after: string): Promise<{ readonly page: LogPage; readonly limit: number }> {
    for (;;) {
      const limit = this.#pageSize
      const askedAt = this.#parts.stopwatch()
      try {
        const page = await this.#parts.log.read(after, limit)
        const isQuick = this.#parts.stopwatch() - askedAt < readDeadline / 4
        if (isQuick) this.#pageSize = Math.min(limit * 2, largestPage)
        this.length = page.state.length
        return { page, limit }
      } catch (error) {
        const isLate = error instanceof RedisFault && error.kind === 'deadline'
        if (!isLate || limit === smallestPage || this.#isEnded) throw error
        this.#pageSize = Math.max(limit >> 1, smallestPage)
      }
    }
  }

  #take({ text }: LogRow, source: EntrySource): boolean {
    const { ring, listener, stopwatch } = this.#parts
    const written = decodeEntry(ring, text)
    if (written === undefined) {
      listener.reject()
      return false
    }
    if (source === 'news') this.#counters.follow(written.writer, written.count, stopwatch())
    if (source === 'history') this.#counters.note(written.writer, written.count)
    listener.learn(written.entry, source)
    return true
  }

  /** Whatever the log is read again for, it may have been lost in the meantime. */
  #firstOf(page: LogPage): LogPage {
    const { name, state } = page
    const isOlder = state.added < this.#position.count || compareIds(state.lastId, this.#position.id) < 0
    if (this.#name !== undefined && (name !== this.#name || isOlder)) this.hasLost = true
    return page
  }

  #watchRemovals(page: LogPage): void {
    const removed = removedFrom(page)
    if (removed > this.#removed) this.#parts.listener.thinned()
    this.#removed = removed
  }

  #troubleWith({ name }: LogPage, now: number): string | undefined {
    if (name !== this.#name) return 'the log is another one'
    if (this.#counters.isMissingSome(now)) return 'a process has written what is not in the log'
    return undefined
  }
}

function removedFrom({ state }: LogPage): number {
  return state.added - state.length
}

/** Lets others have a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
