// What one region says about revocations, as long as this process lives. It is told of each at once by a push, and reads the
// log whenever a push may have been missed, and every second besides. That it reads the log of the server that counts is
// proven by a write: a master that was cut off from its fleet still answers whoever asks, and refuses to be written to.
import { ConfigurationError } from '@sallyport/core'
import { type Clock, publishState } from '@sallyport/core/state'
import { RedisFault } from '../port/redis-fault.js'
import type { KeyRing } from '../sealing/key-ring.js'
import type { FeedOwner } from './feed-owner.js'
import { clockStep } from './freshness.js'
import { type EntrySource, type LogEnd, LogReader } from './log-reader.js'
import { LogSettlement } from './log-settlement.js'
import { lookMessage, parsePush } from './push-message.js'
import { ReadingPace } from './reading-pace.js'
import { Rejections } from './rejections.js'
import type { RevocationEntry } from './revocation-entry.js'
import { isDenied, type RevocationLog } from './revocation-log.js'

export interface RevocationFeedParts {
  /** The region, where it has a name. */
  readonly region: string | undefined
  readonly log: RevocationLog
  readonly ring: KeyRing
  readonly owner: FeedOwner
  /** Seconds since the epoch. */
  readonly clock: Clock
  /** Seconds that only grow. */
  readonly stopwatch: Clock
}

const beatSeconds = 1
/** Seconds between readings of the whole log while more is in it than fits. */
const overflowSpacing = 10

/** Follows one region. */
export class RevocationFeed {
  /** When all that was in the log had been read, in seconds of the stopwatch. */
  freshAt: number = Number.NEGATIVE_INFINITY
  /** The same in seconds since the epoch. */
  freshAtClock: number = Number.NEGATIVE_INFINITY
  /** Whether something in the log does not fit into memory. */
  isOverflowing = false
  /** What no waiting will mend. */
  refusal: ConfigurationError | undefined
  /** Whether nobody can append to the log as it is. */
  isBroken = false
  /** Whether this process may write to the log, as far as is known. */
  mayWrite = true
  readonly #parts: RevocationFeedParts
  readonly #reader: LogReader
  readonly #rejections: Rejections
  readonly #settlement = new LogSettlement()
  readonly #resyncs = new ReadingPace()
  #isTooMuch = false
  /** How far the clock was ahead of the stopwatch. */
  #lead = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined
  #isWantedAgain = false
  #isEnded = false
  #stopListening: () => void = () => {}
  #beat: NodeJS.Timeout | undefined
  #wake: NodeJS.Timeout | undefined

  constructor(parts: RevocationFeedParts) {
    this.#parts = parts
    this.#rejections = new Rejections(parts.region, parts.stopwatch)
    this.#reader = new LogReader({
      ...parts,
      listener: {
        learn: (entry, source) => this.#learn(entry, source),
        reject: () => this.#rejections.add(),
        thinned: () => this.#parts.owner.thinned(),
        settled: () => {
          this.#parts.owner.learned()
          this.#rejections.tell()
        },
      },
    })
  }

  /** Whether the whole log was read, and could be believed, once. */
  get isSynced(): boolean {
    return this.freshAt > Number.NEGATIVE_INFINITY
  }

  /** How many entries the log had when it was last asked. */
  get length(): number {
    return this.#reader.length
  }

  start(): void {
    this.#stopListening = this.#parts.log.listen(
      (message) => this.#hear(message),
      () => void this.#arrive(),
    )
    this.#beat = setInterval(() => void this.read(), beatSeconds * 1000).unref()
  }

  async end(): Promise<void> {
    this.#isEnded = true
    this.#reader.end()
    clearInterval(this.#beat)
    clearTimeout(this.#wake)
    this.#stopListening()
    await this.#reading
  }

  /** Reads the whole log again, soon. */
  readAnew(reason: string): void {
    this.#reader.trouble ??= reason
    void this.read()
  }

  /** Whether everything in the log was read, as far as is known. */
  get isWhole(): boolean {
    return this.#reader.trouble === undefined
  }

  /** Reads the whole log for what is in it, beside everything else. @throws RedisFault */
  async audit(): Promise<void> {
    this.#parts.owner.forgetRegion()
    await this.#reader.reread()
  }

  /** Reads what there is to read; once more where that is wanted while it is done. */
  read(): Promise<void> {
    if (this.#isEnded) return Promise.resolve()
    this.#isWantedAgain = this.#reading !== undefined
    this.#reading ??= this.#readToEnd()
    return this.#reading
  }

  #hear(message: string): void {
    const push = parsePush(message)
    if (push === undefined) {
      this.#rejections.add()
      this.#rejections.tell()
    } else if (push === lookMessage || this.#reader.follow(push.previous, push.row)) void this.read()
  }

  /** Pushes may have been missed, and will not be any more. */
  async #arrive(): Promise<void> {
    const reading = this.read()
    try {
      this.mayWrite = await this.#parts.log.prepare()
    } catch (error) {
      requireFault(error) // away again: that is told once more when it is back
    }
    await reading
  }

  async #readToEnd(): Promise<void> {
    try {
      do {
        this.#isWantedAgain = false
        await this.#readOnce()
      } while (this.#isWantedAgain && !this.#isEnded)
    } finally {
      this.#reading = undefined // in the turn in which nobody wants more
    }
  }

  async #readOnce(): Promise<void> {
    this.#watchClock()
    try {
      const end = this.#reader.trouble === undefined ? await this.#reader.readOn() : undefined
      const last = end ?? (await this.#readAll())
      if (last !== undefined) await this.#prove(last)
    } catch (error) {
      this.#fail(requireFault(error))
    }
  }

  /** Reads the whole log, and not too often. What was known before stays: what a log has lost is not un-revoked. */
  async #readAll(): Promise<LogEnd | undefined> {
    const { region, stopwatch, owner, log } = this.#parts
    if (this.#isEnded) return undefined
    const secondsLeft = this.#resyncs.secondsLeft(stopwatch())
    if (secondsLeft > 0) {
      this.#wakeIn(secondsLeft)
      return undefined
    }
    this.#resyncs.begin(stopwatch())
    const reason = this.#reader.trouble
    this.#isTooMuch = false
    owner.forgetRegion()
    owner.resyncing()
    let end: LogEnd | undefined
    try {
      // A log without a name is new, or was lost: it gets one before it is read, so that its loss will show.
      this.mayWrite = await log.found(this.isSynced)
      end = await this.#reader.readAll()
    } finally {
      this.#resyncs.end(stopwatch(), this.#isTooMuch ? overflowSpacing : undefined)
    }
    if (end === undefined) return undefined
    this.isOverflowing = this.#isTooMuch
    if (this.isOverflowing) this.#reader.trouble = 'more revocations are in the log than fit'
    const how = this.isSynced ? (this.#reader.hasLost ? 'lost' : 'again') : 'first'
    this.#reader.hasLost = false
    if (how === 'lost') this.#settlement.lost(stopwatch())
    if (how !== 'first') {
      const told = { outcome: 'resynced', reason: `every revocation was read again, because ${reason}` } as const
      publishState({ ...(region !== undefined && { region }), ...told })
    }
    owner.resynced(how)
    return end
  }

  /** Whether what was read is all there is, and of the server that counts. */
  async #prove({ page, askedAt }: LogEnd): Promise<void> {
    this.isBroken = page.isEnded
    if (page.unproven !== undefined) {
      this.#fail(page.unproven)
      return
    }
    if (page.name === undefined) {
      // Nobody who may write has been there: whatever was in the log is gone.
      this.mayWrite = await this.#parts.log.found(this.isSynced)
      this.#isWantedAgain ||= this.mayWrite
      return
    }
    if (!this.#parts.log.isOurs(page.name)) {
      this.refusal = new ConfigurationError(
        'the revocations in Redis are of a fleet with another `secret`: name the same, the oldest last, or another `namespace`',
      )
      this.#parts.owner.moved()
      return
    }
    this.refusal = undefined
    if (this.isOverflowing || !this.#settlement.isOver(askedAt)) return
    if (!this.isSynced) {
      if (this.#settlement.noteEmptiness(askedAt)) this.#parts.log.rouse().catch(requireFault) // they look every second anyway
      const secondsLeft = this.#settlement.secondsLeft(askedAt)
      if (secondsLeft > 0) this.#wakeIn(secondsLeft)
      if (!this.#settlement.isBegun(page, askedAt)) return
    }
    this.freshAt = askedAt
    this.freshAtClock = this.#parts.clock() - (this.#parts.stopwatch() - askedAt)
    this.#parts.owner.moved()
  }

  /** What was taken for past while the clock was ahead was not remembered, or forgotten: it is read again. */
  #watchClock(): void {
    const lead = this.#parts.clock() - this.#parts.stopwatch()
    if (lead < this.#lead - clockStep) this.#reader.trouble ??= 'the clock was set back'
    this.#lead = lead
  }

  #learn(entry: RevocationEntry, source: EntrySource): void {
    if (source !== 'push') this.#settlement.hasEntry()
    if (this.#parts.owner.learn(entry, source)) return
    this.#isTooMuch = true
    if (this.isOverflowing) return
    this.isOverflowing = true
    this.#reader.trouble ??= 'more revocations are in the log than fit'
    this.#parts.owner.moved()
  }

  /** The next beat tries again. */
  #fail(fault: RedisFault): void {
    this.isBroken = fault.reply === 'WRONGTYPE'
    if (!isDenied(fault)) return
    this.refusal = new ConfigurationError(
      `the user may not read the log of revocations and write its heartbeat (${fault.message}): see the rights in the documentation`,
      { cause: fault },
    )
    this.#parts.owner.moved()
  }

  #wakeIn(seconds: number): void {
    clearTimeout(this.#wake)
    this.#wake = setTimeout(() => void this.read(), seconds * 1000).unref()
  }
}

function requireFault(error: unknown): RedisFault {
  if (error instanceof RedisFault) return error
  throw error
}
