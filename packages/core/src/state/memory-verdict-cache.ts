// Answers of others, in the memory of one process, bounded in number and in bytes.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import type { Answer, Question, VerdictCache } from './verdict-cache.js'

const greatestAnswers = 10_000
const greatestBytes = 16_777_216
/** What an entry takes beside its texts. */
const overheadBytes = 256

interface Remembered {
  readonly text: string
  readonly until: number
}

/** Remembers answers as text, so that nobody changes what another recalls. */
export class MemoryVerdictCache implements VerdictCache {
  readonly #answers = new LRUCache<string, Remembered>({
    max: greatestAnswers,
    maxSize: greatestBytes,
    sizeCalculation: ({ text }, name) => 2 * (text.length + name.length) + overheadBytes,
  })
  readonly #clock: Clock
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async recall(question: Question): Promise<{ readonly answer: Answer } | undefined> {
    const found = this.#answers.get(nameOf(question))
    if (found === undefined || !(this.#clock() < found.until)) return undefined
    return { answer: JSON.parse(found.text) as Answer }
  }

  async remember(question: Question, answer: Answer, until: number): Promise<void> {
    if (this.#isClosed) return
    this.#answers.set(nameOf(question), { text: JSON.stringify(answer), until })
  }

  /** Nothing is remembered any more. */
  close(): void {
    this.#isClosed = true
    this.#answers.clear()
  }
}

function nameOf({ kind, of, about }: Question): string {
  return JSON.stringify([kind, of, about])
}
