// A map that is bounded: the entry that was written longest ago makes room.

export class RecentEntries<Value> {
  readonly #entries = new Map<string, Value>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get(name: string): Value | undefined {
    return this.#entries.get(name)
  }

  set(name: string, value: Value): void {
    this.#entries.delete(name)
    this.#entries.set(name, value)
    if (this.#entries.size <= this.#max) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest as string)
  }

  /** It is gone from here. */
  take(name: string): Value | undefined {
    const value = this.#entries.get(name)
    this.#entries.delete(name)
    return value
  }

  /** All of them, the oldest first; they are gone from here. */
  takeAll(): Value[] {
    const all = [...this.#entries.values()]
    this.#entries.clear()
    return all
  }
}
