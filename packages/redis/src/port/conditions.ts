// What somebody waits for with a deadline: a connection that is coming, a subscription that is made.
import type { DeadlineWheel } from './deadline-wheel.js'

interface Waiting {
  isMet(): boolean
  /** The error that ends the wait, where this failure makes it pointless. */
  despair(cause: unknown): Error | undefined
  resolve(): void
  reject(error: Error): void
}

/** Waits that are looked at again whenever something has changed. */
export class Conditions {
  readonly #wheel: DeadlineWheel
  readonly #waiting = new Set<Waiting>()

  constructor(wheel: DeadlineWheel) {
    this.#wheel = wheel
  }

  /** Resolves once something holds. @throws what `late` answers, or `despair` */
  async until(
    isMet: () => boolean,
    seconds: number,
    late: () => Error,
    despair: (cause: unknown) => Error | undefined = () => undefined,
  ): Promise<void> {
    if (isMet()) return
    let entry: Waiting | undefined
    const met = new Promise<void>((resolve, reject) => {
      entry = { isMet, despair, resolve, reject }
      this.#waiting.add(entry)
    })
    try {
      await this.#wheel.within(seconds, met, late)
    } finally {
      this.#waiting.delete(entry as Waiting)
    }
  }

  /** Something has changed. */
  look(): void {
    for (const each of this.#waiting) if (each.isMet()) each.resolve()
  }

  /** Something went wrong. */
  fail(cause: unknown): void {
    for (const each of this.#waiting) {
      const error = each.despair(cause)
      if (error !== undefined) each.reject(error)
    }
  }

  /** Nothing that is waited for will come. */
  end(error: Error): void {
    for (const each of this.#waiting) each.reject(error)
  }
}
