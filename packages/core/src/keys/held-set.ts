// A key set in force, and how a document becomes one. A document that another process has fetched is a hint: it is read as
// strictly as one that has just come, it must come from where we could have fetched it, and it lives no longer than from
// the moment at which it was asked for.
import { parseJsonObject } from '../jose/strict-json.js'
import type { KeySetDocument } from '../state/key-set-documents.js'
import { greatestBytes } from './fetch-document.js'
import type { JwkSet, KeysByText, ParsedJwkSet, ParseKeySet } from './jwk-set.js'
import { type KeyLifetimes, lifetimeOf } from './key-lifetimes.js'

/** The set in force. Never changed, only replaced. */
export interface HeldSet<Set extends JwkSet = JwkSet> {
  readonly document: KeySetDocument
  readonly set: Set
  readonly keysByText: KeysByText
  readonly fetchedAt: number
  /** When it was asked for, by the stopwatch: what the issuer had published by then is in it. */
  readonly askedAt: number
  /** From here on it is fetched again in the background. */
  readonly refreshAt: number
  readonly freshUntil: number
  readonly staleUntil: number
}

const refreshAhead = 0.8 // of the lifetime
/** How far the clock of another machine may be ahead of ours. */
const greatestSkewSeconds = 300

/** When another process asked, nobody here knows. */
const askedLongAgo = Number.NEGATIVE_INFINITY

/** Makes what an own fetch has brought ready to be held. */
export function holdDocument<Set extends JwkSet>(
  document: KeySetDocument,
  { set, keysByText }: ParsedJwkSet<Set>,
  lifetimes: KeyLifetimes,
  askedAt: number,
): HeldSet<Set> {
  const { fetchedAt } = document
  const lifetime = lifetimeOf(set.lifetimeSeconds ?? document.lifetimeSeconds, lifetimes)
  const freshUntil = fetchedAt + lifetime
  return {
    document,
    set,
    keysByText,
    fetchedAt,
    askedAt,
    refreshAt: fetchedAt + lifetime * refreshAhead,
    freshUntil,
    staleUntil: freshUntil + lifetimes.staleSeconds,
  }
}

/** A clock that was set back, or answers NaN, keeps no set alive: what was fetched later than now is fetched again. */
export function isFresh({ fetchedAt, freshUntil }: HeldSet, now: number): boolean {
  return now >= fetchedAt && now < freshUntil
}

/** Whether it is fresh, and need not be fetched again yet. */
export function isRecent({ fetchedAt, refreshAt }: HeldSet, now: number): boolean {
  return now >= fetchedAt && now < refreshAt
}

/** What a document of another process is held to. */
export interface Measure<Set extends JwkSet> {
  readonly now: number
  readonly lifetimes: KeyLifetimes
  /** Whether it is a URL from which we could have fetched the keys. */
  readonly isSource: (url: URL) => boolean
  /** Keys of the set in force. */
  readonly previous: KeysByText | undefined
  readonly parse: ParseKeySet<Set>
}

/**
 * Reads a document that another process has fetched.
 *
 * @throws Error for what we would not have taken from the issuer; the message quotes nothing of it
 */
export function readSharedDocument<Set extends JwkSet>(document: KeySetDocument, measure: Measure<Set>): HeldSet<Set> {
  const { now, lifetimes, isSource, previous, parse } = measure
  const { url, text, fetchedAt, lifetimeSeconds = 0 } = document
  if (!URL.canParse(url) || !isSource(new URL(url))) throw new Error('it comes from elsewhere')
  if (!(fetchedAt <= now + greatestSkewSeconds)) throw new Error('it was fetched in the future')
  if (!(lifetimeSeconds >= 0)) throw new Error('its lifetime is no number of seconds')
  const bytes = Buffer.from(text)
  if (bytes.length > greatestBytes) throw new Error(`it is larger than ${greatestBytes} bytes`)
  const parsed = parse(parseJsonObject(bytes), previous)
  return holdDocument({ ...document, fetchedAt: Math.min(fetchedAt, now) }, parsed, lifetimes, askedLongAgo)
}

/** Whether a document is newer than the set in force; by the serials of the fleet where both have one. */
export function isNewer({ serial, fetchedAt }: KeySetDocument, now: number, held: HeldSet | undefined): boolean {
  if (held === undefined) return true
  const known = held.document.serial
  if (serial !== undefined && known !== undefined) return serial > known
  return Math.min(fetchedAt, now) > held.fetchedAt
}
