// What was revoked, in the memory of one process. Bounded: a revocation that would be forgotten is refused, never made.
import type { Clock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import type { TokenFacts } from '../policy/facts.js'
import {
  greatestToleranceSeconds,
  issuedAt,
  type JudgedRevocation,
  type RevocationKind,
  someRevocableName,
} from './revocation.js'

/** A revocation, without what it is about. */
interface Entry {
  readonly before: number
  readonly until: number
}

const ofEveryIssuer = Symbol('every issuer')
type IssuerKey = string | typeof ofEveryIssuer

/** By issuer first, of whom there are few: a map for each of a million values would weigh more than the values. */
type Entries = Map<IssuerKey, Map<string, Entry>>

/** Keeps revocations in maps. */
export class MemoryRevocations {
  readonly #entries: Readonly<Record<RevocationKind, Entries>> = {
    jti: new Map(),
    session: new Map(),
    keyId: new Map(),
    subject: new Map(),
    client: new Map(),
    issuer: new Map(),
  }
  readonly #listeners = new Set<() => void>()
  readonly #maxRevocations: number
  readonly #clock: Clock
  #size = 0
  /** The first `until` of all. It may be too early, where a revocation was prolonged, and never too late. */
  #firstEnd = Number.POSITIVE_INFINITY

  constructor(maxRevocations: number, clock: Clock) {
    this.#maxRevocations = maxRevocations
    this.#clock = clock
  }

  get size(): number {
    return this.#size
  }

  /** @throws ConfigurationError where it does not fit */
  add({ kind, value, issuer: named, before, until }: JudgedRevocation): void {
    const issuer = named ?? ofEveryIssuer
    const known = this.#entries[kind].get(issuer)?.get(value)
    if (known === undefined) this.#makeRoom()
    const values = this.#entries[kind].get(issuer) ?? new Map<string, Entry>()
    // The later word never weakens the earlier one, so revocations may come in any order, and twice.
    values.set(value, {
      before: Math.max(before, known?.before ?? before),
      until: Math.max(until, known?.until ?? until),
    })
    this.#entries[kind].set(issuer, values)
    if (known === undefined) this.#size += 1
    this.#firstEnd = Math.min(this.#firstEnd, until)
    for (const listener of [...this.#listeners]) listener()
  }

  isRevoked(token: TokenFacts): boolean {
    if (this.#size === 0) return false
    const at = issuedAt(token)
    return someRevocableName(token, (kind, value) => names(this.#entries[kind], value, token.issuer, at))
  }

  onRevoked(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** @throws ConfigurationError where there is none */
  #makeRoom(): void {
    if (this.#size < this.#maxRevocations) return
    this.#forgetPast(this.#clock() - greatestToleranceSeconds)
    if (this.#size < this.#maxRevocations) return
    throw new ConfigurationError(`${this.#maxRevocations} revocations are remembered, and no more fit: say \`until\``)
  }

  #forgetPast(time: number): void {
    if (!(this.#firstEnd < time)) return // a full list is not searched for what cannot be there
    this.#firstEnd = Number.POSITIVE_INFINITY
    for (const byIssuer of Object.values(this.#entries)) {
      for (const [issuer, values] of byIssuer) {
        for (const [value, { until }] of values) {
          if (until >= time) this.#firstEnd = Math.min(this.#firstEnd, until)
          else if (values.delete(value)) this.#size -= 1
        }
        if (values.size === 0) byIssuer.delete(issuer)
      }
    }
  }
}

function names(entries: Entries, value: string, issuer: string, at: number): boolean {
  if (entries.size === 0) return false
  const own = entries.get(issuer)?.get(value)
  const every = entries.get(ofEveryIssuer)?.get(value)
  return (own !== undefined && at <= own.before) || (every !== undefined && at <= every.before)
}
