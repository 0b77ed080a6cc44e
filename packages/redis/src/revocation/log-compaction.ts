// Keeps a log from growing for ever, without ever losing what lives. What is old is looked at from the beginning of the log:
// what still counts is appended again, and only then is its place given up, in one step. It is done when the log is far longer
// than what is known to live, a page at a time, by one process of the fleet.
import { type Clock, greatestToleranceSeconds } from '@sallyport/core/state'
import { RedisFault } from '../port/redis-fault.js'
import type { KeyRing } from '../sealing/key-ring.js'
import { decodeEntry, isEntryLike, markAnew } from './entry-codec.js'
import type { LogRow } from './log-position.js'
import type { RevocationEntry } from './revocation-entry.js'
import type { RevocationFeed } from './revocation-feed.js'
import { isDenied, longestLockMs as lockMs, type RevocationLog } from './revocation-log.js'

export interface LogCompactionParts {
  readonly log: RevocationLog
  readonly feed: RevocationFeed
  readonly ring: KeyRing
  /** How many revocations are known. */
  readonly living: () => number
  /** Seconds since the epoch. */
  readonly clock: Clock
}

const pageSize = 500
/** Seconds that an entry stays where it is: readers that were away for less find the log as they left it. */
const restSeconds = 3_600
/** A log so short is left alone. */
const neverLongerThan = 1_000

/** Shortens the log of one region. */
export class LogCompaction {
  readonly #parts: LogCompactionParts
  #running: Promise<void> | undefined
  #isEnded = false

  constructor(parts: LogCompactionParts) {
    this.#parts = parts
  }

  /** Shortens the log, where that is worth it. @param rest - seconds, another than usual for tests */
  run(rest: number = restSeconds): Promise<void> {
    this.#running ??= this.#compact(rest).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#running
  }

  async #compact(rest: number): Promise<void> {
    const { log, feed } = this.#parts
    if (!feed.isSynced || !feed.mayWrite || !this.#isWorthIt(feed.length)) return
    try {
      const token = await log.lock(lockMs)
      if (token === undefined) return
      const now = await log.time()
      for (let length = feed.length; !this.#isEnded && this.#isWorthIt(length); ) {
        // The last of them stays: readers who have read the log to its end look for it to read on from there.
        const rows = (await log.oldest(now - rest, pageSize + 1)).slice(0, -1)
        const living = livingOf(rows, this.#parts.ring, this.#goodUntil(now))
        const last = rows.at(-1)
        if (last === undefined || !(await log.renew(token, idAfter(last.id), living))) break
        length -= rows.length - living.length
        if (rows.length < pageSize || !(await log.hold(token, lockMs))) break
      }
      await log.hold(token, 0)
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error // it is tried again, later
      if (isDenied(error)) feed.mayWrite = false
    }
  }

  #isWorthIt(length: number): boolean {
    const living = this.#parts.living()
    const isNearlyFull = length > 0.75 * this.#parts.log.most && length > 1.1 * living
    return isNearlyFull || length > 2 * living + neverLongerThan
  }

  /** Both the server and this machine must hold it for past: a clock that is ahead alone drops nothing. */
  #goodUntil(serverNow: number): number {
    return Math.min(serverNow, this.#parts.clock()) - greatestToleranceSeconds
  }
}

/**
 * What has to be kept of some rows. What cannot be read is kept as it is: it may have been marked with a secret that this
 * process does not have yet. Entries that say no more than others among them are not.
 */
function livingOf(rows: readonly LogRow[], ring: KeyRing, goodUntil: number): readonly string[] {
  const strange: string[] = []
  const strongest = new Map<string, { entry: RevocationEntry; text: string }[]>()
  for (const { text } of rows) {
    const entry = decodeEntry(ring, text)?.entry
    if (entry === undefined && isEntryLike(text)) strange.push(text)
    if (entry === undefined) continue
    if (entry.until >= goodUntil) {
      const { kind, high, low, issuer } = entry
      const name = `${kind} ${high} ${low} ${issuer}`
      const others = strongest.get(name) ?? []
      if (others.some((other) => says(other.entry, entry))) continue
      const rest = others.filter((other) => !says(entry, other.entry))
      strongest.set(name, [...rest, { entry, text: markAnew(ring, text) }])
    }
  }
  return [...strange, ...[...strongest.values()].flat().map(({ text }) => text)]
}

/** Whether an entry says everything that another one says. */
function says(entry: RevocationEntry, other: RevocationEntry): boolean {
  return entry.cutOff >= other.cutOff && entry.until >= other.until
}

const greatestNumber = 2n ** 64n - 1n

function idAfter(id: string): string {
  const [milliseconds = '', number = ''] = id.split('-')
  return BigInt(number) === greatestNumber ? `${BigInt(milliseconds) + 1n}-0` : `${milliseconds}-${BigInt(number) + 1n}`
}
