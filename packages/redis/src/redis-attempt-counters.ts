// Failures of a fleet. Each process counts its own at once, and adds them to those of the others a little later, in the
// background; the answer to that says what the others had. So nobody waits for Redis, and without it each process counts by
// itself.
import type { AttemptCounters } from '@sallyport/core'
import { type Clock, MemoryAttemptCounters } from '@sallyport/core/state'
import { RedisFault } from './port/redis-fault.js'
import type { RedisPort, Reply } from './port/redis-port.js'
import { RecentEntries } from './recent-entries.js'
import type { KeyNames } from './sealing/key-names.js'

const flushSeconds = 0.25
/** Nobody waits for it. */
const callSeconds = 0.5
/**
 * Names in one flush. Of more, the oldest are counted here alone: more are a flood, and must not fill the queue of the
 * connection, which others share.
 */
const greatestPending = 250
const greatestNames = 100_000

/** Own failures of one name and window that the others do not know of. */
interface Pending {
  readonly name: string
  readonly window: number
  readonly windowSeconds: number
  readonly count: number
}

/** What is known of one name and window. */
interface Shared {
  /** Own failures that the others know of. */
  readonly own: number
  /** Those of the others, as they were heard of last. */
  readonly others: number
}

/** Counters of one namespace. */
export class RedisAttemptCounters implements AttemptCounters {
  readonly #port: RedisPort
  readonly #names: KeyNames
  readonly #clock: Clock
  readonly #here: MemoryAttemptCounters
  readonly #pending = new RecentEntries<Pending>(greatestPending)
  readonly #shared = new RecentEntries<Shared>(greatestNames)
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #isClosed = false

  constructor(port: RedisPort, names: KeyNames, clock: Clock) {
    this.#port = port
    this.#names = names
    this.#clock = clock
    this.#here = new MemoryAttemptCounters(clock)
  }

  add(name: string, windowSeconds: number): void {
    this.#here.add(name, windowSeconds)
    if (this.#isClosed) return
    const window = Math.floor(this.#clock() / windowSeconds)
    const count = 1 + (this.#pending.get(nameOf(name, window))?.count ?? 0)
    this.#pending.set(nameOf(name, window), { name, window, windowSeconds, count })
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#flushing === undefined) void this.flush() // else the next failure brings another
    }, flushSeconds * 1000).unref()
  }

  count(name: string, windowSeconds: number): number {
    const now = this.#clock() / windowSeconds
    const window = Math.floor(now)
    const before = this.#others(name, window - 1) * (1 - (now - window))
    return this.#here.count(name, windowSeconds) + this.#others(name, window) + before
  }

  /** Tells the others, and hears of theirs. Never rejects. */
  async flush(): Promise<void> {
    await this.#flushing
    this.#flushing ??= this.#tellAll().finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  /** Tells the others what they do not know yet, and nothing from then on. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.flush()
  }

  async #tellAll(): Promise<void> {
    // What nobody can be told now is told later.
    if (this.#port.isConnected) await Promise.all(this.#pending.takeAll().map((each) => this.#tell(each)))
  }

  async #tell({ name, window, windowSeconds, count }: Pending): Promise<void> {
    const key = this.#names.key('rl', [name, String(window)])
    const total = await this.#addTo(key, count, windowSeconds)
    if (total instanceof RedisFault && total.isUndone) return // they do not hear of it; here it counts
    // Where the answer was lost, it is taken for told: told twice, somebody would wait for what he did once.
    const own = (this.#shared.get(nameOf(name, window))?.own ?? 0) + count
    const others = typeof total === 'number' ? Math.max(0, total - own) : this.#others(name, window)
    this.#shared.set(nameOf(name, window), { own, others })
  }

  async #addTo(key: string, count: number, windowSeconds: number): Promise<Reply | RedisFault | undefined> {
    // Of a window, what still lies within the sliding one counts during the next: it outlives it by one.
    const milliseconds = String(Math.ceil(2 * windowSeconds * 1000))
    const commands = [
      ['INCRBY', key, String(count)],
      ['PEXPIRE', key, milliseconds, 'NX'],
    ]
    try {
      const [total] = await this.#port.pipeline(key, commands, callSeconds)
      return total
    } catch (fault) {
      if (fault instanceof RedisFault) return fault
      throw fault
    }
  }

  #others(name: string, window: number): number {
    return this.#shared.get(nameOf(name, window))?.others ?? 0
  }
}

function nameOf(name: string, window: number): string {
  return `${window} ${name}`
}
