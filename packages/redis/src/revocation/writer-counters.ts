// Every process counts what it writes to a log. A count that is left out is a revocation that this log has lost, or one
// that its writer still tries to write: that is given a moment.

interface Writer {
  /** The greatest count seen. */
  last: number
  /** Counts below it that were not seen, and since when they are missing. */
  readonly missing: Map<number, number>
}

const mostMissing = 64
const mostWriters = 10_000
/** Seconds that a writer has to bring what it could not write at once. */
const patience = 2

/** What the writers of one log have counted. */
export class WriterCounters {
  readonly #writers = new Map<string, Writer>()
  /** Writers with something missing, of whom there are few. */
  readonly #behind = new Set<Writer>()
  #tooMany = false

  /** Notes what was read from its beginning: what is missing there was dropped for good reasons. */
  note(writer: string, count: number): void {
    const known = this.#writers.get(writer)
    if (known !== undefined) known.last = Math.max(known.last, count)
    else this.#remember(writer, count)
  }

  /** Notes what comes one after the other. A writer that nobody knew may have begun long ago. */
  follow(writer: string, count: number, now: number): void {
    const known = this.#writers.get(writer)
    if (known === undefined) this.#remember(writer, count)
    else if (count > known.last) this.#skipTo(known, count, now)
    else if (known.missing.delete(count) && known.missing.size === 0) this.#behind.delete(known)
  }

  /** Whether something is missing that should have come by now. */
  isMissingSome(now: number): boolean {
    if (this.#tooMany) return true
    for (const { missing } of this.#behind) {
      for (const since of missing.values()) if (now - since > patience) return true
    }
    return false
  }

  clear(): void {
    this.#writers.clear()
    this.#behind.clear()
    this.#tooMany = false
  }

  #skipTo(known: Writer, count: number, now: number): void {
    if (count - known.last - 1 + known.missing.size > mostMissing) this.#tooMany = true
    else for (let each = known.last + 1; each < count; each += 1) known.missing.set(each, now)
    if (known.missing.size > 0) this.#behind.add(known)
    known.last = count
  }

  #remember(writer: string, count: number): void {
    // The one known longest is forgotten: if it writes again, it is one that nobody knew.
    if (this.#writers.size >= mostWriters) {
      const [oldest] = this.#writers.entries().next().value as [string, Writer]
      this.#behind.delete(this.#writers.get(oldest) as Writer)
      this.#writers.delete(oldest)
    }
    this.#writers.set(writer, { last: count, missing: new Map() })
  }
}
