// Deadlines for thousands of calls with one coarse timer. A timer for each call costs more than the call (docs/adr/0016):
// here a call costs a place in a row, and every 5 ms the rows that are due are looked through.
import { type Clock, monotonicClock } from '@sallyport/core/state'

const tickSeconds = 0.005

/** Something that has to be over in time. */
export interface Deadline {
  /** Where it waits; the wheel keeps it. */
  row: Deadline[] | undefined
  place: number
  onDue(): void
}

/** Calls back when time is up: a tick or two late, and never early. */
export class DeadlineWheel {
  readonly #clock: Clock
  readonly #rows = new Map<number, Deadline[]>()
  #pending = 0
  /** The last tick that was looked at. */
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock = monotonicClock) {
    this.#clock = clock
  }

  /** How many wait. */
  get pending(): number {
    return this.#pending
  }

  /** Whether its timer runs: not for long where nobody waits. */
  get isTurning(): boolean {
    return this.#timer !== undefined
  }

  /** Begins to wait. */
  start(deadline: Deadline, seconds: number): void {
    const now = this.#now()
    if (this.#pending === 0) this.#tick = now
    const due = now + Math.ceil(Math.max(0, seconds) / tickSeconds) + 1
    let row = this.#rows.get(due)
    if (row === undefined) {
      row = []
      this.#rows.set(due, row)
    }
    deadline.row = row
    deadline.place = row.length
    row.push(deadline)
    this.#pending += 1
    this.#timer ??= setInterval(() => this.#turn(), tickSeconds * 1000).unref()
  }

  /** Ends the wait; answers whether it was not over yet. */
  settle(deadline: Deadline): boolean {
    const { row, place } = deadline
    if (row === undefined) return false
    const last = row.pop() as Deadline
    if (last !== deadline) {
      row[place] = last
      last.place = place
    }
    deadline.row = undefined
    this.#pending -= 1
    return true
  }

  /** A promise that is rejected where it takes longer than so many seconds. What it is about goes on, unheard. */
  within<T>(seconds: number, work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline: Deadline = { row: undefined, place: 0, onDue: () => reject(late()) }
      this.start(deadline, seconds)
      work.then(resolve, reject).finally(() => this.settle(deadline))
    })
  }

  #now(): number {
    return Math.floor(this.#clock() / tickSeconds)
  }

  #turn(): void {
    if (this.#pending === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#rows.clear()
      return
    }
    const now = this.#now()
    // An answer may have arrived while this process was busy with something else: it is read first, and counts.
    setImmediate(() => {
      for (; this.#tick < now; this.#tick += 1) this.#expire(this.#tick + 1)
    })
  }

  #expire(tick: number): void {
    const row = this.#rows.get(tick)
    if (row === undefined) return
    this.#rows.delete(tick)
    for (let deadline = row.at(-1); deadline !== undefined; deadline = row.at(-1)) {
      this.settle(deadline)
      deadline.onDue()
    }
  }
}
