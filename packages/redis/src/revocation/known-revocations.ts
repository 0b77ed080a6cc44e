// What this process knows of revocations, wherever it learned of them, and who wants to be told of more.
import { ConfigurationError, type TokenFacts } from '@sallyport/core'
import { type Clock, greatestToleranceSeconds, type JudgedRevocation } from '@sallyport/core/state'
import type { KeyRing } from '../sealing/key-ring.js'
import { endless, type RevocationEntry } from './revocation-entry.js'
import { RevocationTable } from './revocation-table.js'
import { RevocationIds } from './token-ids.js'
import { TokenLookUp } from './token-look-up.js'

export interface KnownRevocationsParts {
  readonly ring: KeyRing
  readonly memory: 'exact' | 'filter'
  readonly maxRevocations: number
  /** Seconds since the epoch. */
  readonly clock: Clock
}

/** Seconds that a past entry is kept for longer than it must be: a clock that was ahead and is set right needs it again. */
const clockMargin = 600
/** Slots that are looked through at a time, so that nobody waits for it. */
const sweepBudget = 20_000

/** The memory of this process. */
export class KnownRevocations {
  readonly table: RevocationTable
  readonly #maxRevocations: number
  readonly #clock: Clock
  readonly #ids: RevocationIds
  readonly #lookUp: TokenLookUp
  readonly #listeners = new Set<() => void>()
  #hasNews = false

  constructor({ ring, memory, maxRevocations, clock }: KnownRevocationsParts) {
    this.table = new RevocationTable({ memory, maxEntries: maxRevocations })
    this.#maxRevocations = maxRevocations
    this.#clock = clock
    this.#ids = new RevocationIds(ring)
    this.#lookUp = new TokenLookUp(this.table, this.#ids)
  }

  isRevoked(token: TokenFacts): boolean {
    return this.#lookUp.isRevoked(token)
  }

  entryOf(judged: JudgedRevocation): RevocationEntry {
    return this.#ids.entryOf(judged)
  }

  /**
   * Remembers what was revoked here.
   *
   * @throws ConfigurationError where it does not fit
   */
  add(entry: RevocationEntry): void {
    try {
      this.#put(entry, undefined)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw fullOf(this.#maxRevocations)
    }
    this.#hasNews = true
  }

  /**
   * Remembers what was read in a region, or told in none.
   *
   * @returns what became of it; `undefined` where it does not fit
   */
  learn(entry: RevocationEntry, region: number | undefined): 'new' | 'changed' | 'known' | undefined {
    if (this.isPast(entry)) return 'known'
    try {
      const outcome = this.#put(entry, region)
      if (outcome !== 'known') this.#hasNews = true
      return outcome
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  /** Tells the listeners, if there is something to tell. */
  announce(): void {
    if (!this.#hasNews) return
    this.#hasNews = false
    for (const listener of [...this.#listeners]) tell(listener)
  }

  onRevoked(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Whether no token can be meant any more, whatever the clocks. */
  isPast({ until }: RevocationEntry): boolean {
    return until !== endless && until < this.#clock() - greatestToleranceSeconds - clockMargin
  }

  /** Forgets a little of what is past. */
  forgetSome(): void {
    this.table.forgetPast(this.#clock() - greatestToleranceSeconds - clockMargin, sweepBudget)
  }

  /** @throws RangeError */
  #put(entry: RevocationEntry, region: number | undefined): 'new' | 'changed' | 'known' {
    try {
      return this.table.put(entry, region)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#makeRoom()
      return this.table.put(entry, region)
    }
  }

  /** Forgets everything that may be forgotten. */
  #makeRoom(): void {
    const before = this.#clock() - greatestToleranceSeconds
    while (!this.table.forgetPast(before, Number.POSITIVE_INFINITY));
    // A sweep that was under way ends at the table's end: another one sees the rest.
    while (!this.table.forgetPast(before, Number.POSITIVE_INFINITY));
  }
}

/** What a listener throws is the application's to hear of; it keeps nobody else from being told, and nothing from being read. */
function tell(listener: () => void): void {
  try {
    listener()
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown
    })
  }
}

/** In the words of the state in memory. */
export function fullOf(maxRevocations: number): ConfigurationError {
  return new ConfigurationError(`${maxRevocations} revocations are remembered, and no more fit: say \`until\``)
}
