// The state of one process. What is revoked here is revoked on no other node, and forgotten when the process ends.
import { clientClaims } from '../claims/claim-path.js'
import { type Clock, systemClock } from '../clock.js'
import { ConfigurationError } from '../errors.js'
import { requireKnownOptions } from '../option-checks.js'
import type { TokenFacts } from '../policy/facts.js'
import type { Revocation, RevocationOptions, State } from './state.js'

/** Options of {@link createMemoryState}. */
export interface MemoryStateOptions {
  /** Bound of the revocations that are remembered. @defaultValue 1000000 */
  readonly maxRevocations?: number
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

type Kind = 'jti' | 'session' | 'subject' | 'client' | 'issuer'

/** A revocation, without what it is about. */
interface Entry {
  /** Tokens issued up to then are revoked. `Infinity` for a token or a session: these do not come back. */
  readonly before: number
  readonly until: number
}

const ofEveryIssuer = Symbol('every issuer')
type IssuerKey = string | typeof ofEveryIssuer

/** By issuer first, of whom there are few: a map for each of a million values would weigh more than the values. */
type Entries = Map<IssuerKey, Map<string, Entry>>

/** No issuer's tolerance is greater: so long after `exp` a token may pass. */
const greatestToleranceSeconds = 300

/** Keeps revocations in maps. Bounded: a revocation that would be forgotten is refused, never made. */
class MemoryState implements State {
  readonly #entries: Readonly<Record<Kind, Entries>> = {
    jti: new Map(),
    session: new Map(),
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

  constructor({ maxRevocations = 1_000_000, clock = systemClock }: MemoryStateOptions) {
    if (!Number.isSafeInteger(maxRevocations) || maxRevocations < 1)
      throw new ConfigurationError('`maxRevocations` must be a whole number from 1')
    if (typeof clock !== 'function') throw new ConfigurationError('`clock` must be a function that answers seconds')
    this.#maxRevocations = maxRevocations
    this.#clock = clock
  }

  async revoke(revocation: Revocation, options: RevocationOptions = {}): Promise<void> {
    const { kind, value, issuer, before } = judge(revocation, this.#clock())
    const until = requireUntil(options)
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

  isRevoked({ issuedClaims, issuer }: TokenFacts): boolean {
    if (this.#size === 0) return false
    const { jti, session, subject, client, issuer: issuers } = this.#entries
    const { iat } = issuedClaims
    const issuedAt = typeof iat === 'number' ? iat : Number.NEGATIVE_INFINITY // who does not say when, is as old as can be
    return (
      names(jti, issuedClaims['jti'], issuer, issuedAt) ||
      names(session, issuedClaims['sid'], issuer, issuedAt) ||
      names(subject, issuedClaims['sub'], issuer, issuedAt) ||
      names(issuers, issuer, issuer, issuedAt) ||
      (client.size > 0 && clientClaims.some((name) => names(client, issuedClaims[name], issuer, issuedAt)))
    )
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

function names(entries: Entries, value: unknown, issuer: string, issuedAt: number): boolean {
  if (entries.size === 0 || typeof value !== 'string') return false
  const own = entries.get(issuer)?.get(value)
  const every = entries.get(ofEveryIssuer)?.get(value)
  return (own !== undefined && issuedAt <= own.before) || (every !== undefined && issuedAt <= every.before)
}

interface Judged {
  readonly kind: Kind
  readonly value: string
  readonly issuer: IssuerKey
  readonly before: number
}

const kinds = ['jti', 'session', 'subject', 'client'] as const
const longest = 1_024
const greatestDate = 253_402_300_799 // the last second of the year 9999; milliseconds given for seconds lie beyond

function judge(revocation: Revocation, now: number): Judged {
  if (typeof revocation !== 'object' || revocation === null) throw new ConfigurationError('a revocation is an object')
  requireKnownOptions(revocation, [...kinds, 'issuer', 'before'], 'a revocation')
  const { issuer, before, ...rest } = revocation as Readonly<Record<string, unknown>>
  // There, be it undefined: what lost its name on the way here must not revoke everything of its issuer.
  const [name, second] = kinds.filter((each) => Object.hasOwn(rest, each))
  if (second !== undefined)
    throw new ConfigurationError('a revocation names one of `jti`, `session`, `subject`, `client`')
  const kind = name ?? 'issuer'
  const value = requireValue(kind === 'issuer' ? issuer : rest[kind], kind)
  const of = kind === 'issuer' || issuer === undefined ? ofEveryIssuer : requireValue(issuer, 'issuer')
  if (kind !== 'jti' && kind !== 'session')
    return { kind, value, issuer: of, before: requireTime(before === undefined ? now : before, 'before') }
  if (before !== undefined) throw new ConfigurationError(`a revoked ${kind} does not come back: it takes no \`before\``)
  return { kind, value, issuer: of, before: Number.POSITIVE_INFINITY }
}

function requireValue(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= longest) return value
  throw new ConfigurationError(`\`${name}\` of a revocation must be a string of 1 to ${longest} characters`)
}

function requireTime(value: unknown, name: string): number {
  if (typeof value === 'number' && Math.abs(value) <= greatestDate) return value
  throw new ConfigurationError(`\`${name}\` of a revocation must be a number of seconds since the epoch`)
}

function requireUntil(options: RevocationOptions): number {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('`until` of a revocation is named')
  requireKnownOptions(options, ['until'], 'a revocation')
  return options.until === undefined ? Number.POSITIVE_INFINITY : requireTime(options.until, 'until')
}

/**
 * Makes the state that lives in this process: the one that a verifier has when it is given none. To be made by hand where
 * two verifiers shall share it.
 *
 * @throws ConfigurationError
 */
export function createMemoryState(options: MemoryStateOptions = {}): State {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('the options must be an object')
  requireKnownOptions(options, ['maxRevocations', 'clock'], 'a memory state')
  return new MemoryState(options)
}
