// RFC 7517 §5: a set of keys, and the choice of exactly one of them for a token (RFC 7515 §4.1.4, RFC 8725 §3.1). Where
// the keys come from is left to `remote-jwk-set.ts` and to the options.
import { VerificationError } from '../errors.js'
import type { JwsHeader } from '../jose/compact-jws.js'
import { importPublicKey, UnusableKeyError, type VerificationKey } from '../jose/jwk.js'
import type { JsonObject } from '../jose/strict-json.js'

/** The keys of one issuer, wherever they come from. */
export interface KeySet {
  /**
   * The one key that fits a header.
   *
   * @throws VerificationError `key_unknown`, `keys_unavailable`; thrown or as a rejection
   */
  keyFor(header: JwsHeader): VerificationKey | Promise<VerificationKey>
  /**
   * Whether a key chosen earlier is in force this very moment. `false` also where that takes a fetch to know.
   *
   * @param now - seconds since the epoch
   */
  holds(key: VerificationKey, now: number): boolean
  /** What is in force, for an explanation to the operator. */
  describe(): KeySetDescription
  /** Fetches ahead of the first token, where there is something to fetch. Never throws. */
  warmUp(): Promise<void>
  /** Ends what is under way. */
  close(): void
}

/** A key set in words. */
export interface KeySetDescription {
  readonly kids: readonly string[]
  /** Seconds since the epoch; absent for keys that are not fetched, or not yet. */
  readonly fetchedAt?: number
}

/** A key that an issuer has published and that cannot be used. */
export interface SkippedKey {
  readonly reason: string
}

const greatestKeys = 256

/** A key set that does not change: inline keys of the options, or one fetched document. */
export class JwkSet implements KeySet {
  readonly #byKid: ReadonlyMap<string | undefined, readonly VerificationKey[]>
  readonly #keys: ReadonlySet<VerificationKey>
  /** How long it says itself that it may be kept, in seconds. */
  readonly lifetimeSeconds: number | undefined

  constructor(keys: readonly VerificationKey[], lifetimeSeconds?: number | undefined) {
    this.#keys = new Set(keys)
    this.#byKid = groupByKid(keys)
    this.lifetimeSeconds = lifetimeSeconds
  }

  get size(): number {
    return this.#keys.size
  }

  /** Whether another set holds the very same keys. */
  equals(other: JwkSet): boolean {
    return this.size === other.size && [...this.#keys].every((key) => other.holds(key))
  }

  keyFor(header: JwsHeader): VerificationKey {
    const key = this.find(header)
    if (key === undefined) throw new VerificationError('key_unknown', 'no key of the issuer fits the token')
    return key
  }

  /**
   * The one key that fits, or `undefined` for none. A token without `kid` is served where only one key could have signed it.
   *
   * @throws VerificationError `key_unknown` where several fit: then the set does not say which one is meant
   */
  find({ alg, kid }: JwsHeader): VerificationKey | undefined {
    let fitting: VerificationKey | undefined
    for (const key of kid === undefined ? this.#keys : (this.#byKid.get(kid) ?? [])) {
      if (!key.algorithms.has(alg)) continue
      if (fitting !== undefined)
        throw new VerificationError('key_unknown', 'more than one key of the issuer fits the token')
      fitting = key
    }
    return fitting
  }

  holds(key: VerificationKey): boolean {
    return this.#keys.has(key)
  }

  describe(): KeySetDescription {
    return { kids: [...this.#keys].map(({ kid }) => kid ?? '(no kid)') }
  }

  async warmUp(): Promise<void> {}

  close(): void {}
}

/** A key set of one secret. It has no `kid` to choose by. */
export class SecretKeySet implements KeySet {
  readonly #key: VerificationKey

  constructor(key: VerificationKey) {
    this.#key = key
  }

  keyFor(): VerificationKey {
    return this.#key
  }

  holds(key: VerificationKey): boolean {
    return key === this.#key
  }

  describe(): KeySetDescription {
    return { kids: [] }
  }

  async warmUp(): Promise<void> {}

  close(): void {}
}

/** Remembers the keys of the last document by their text, so that a key outlives a refresh that did not change it. */
export type KeysByText = ReadonlyMap<string, VerificationKey>

/** What a fetched JWK Set document came to. */
export interface ParsedJwkSet<Set extends JwkSet = JwkSet> {
  readonly set: Set
  readonly keysByText: KeysByText
  readonly skipped: readonly SkippedKey[]
}

/**
 * Makes a key set of a document.
 *
 * @throws Error where the document is none
 */
export type ParseKeySet<Set extends JwkSet> = (document: JsonObject, previous?: KeysByText) => ParsedJwkSet<Set>

/**
 * Reads a JWK Set document. Entries that can't be used are skipped (RFC 7517 §5), secrets and private keys among them.
 *
 * @param previous - keys of the last document; an entry with the same text stays the same key object
 * @throws Error where the document is no JWK Set
 */
export function parseJwkSet(document: JsonObject, previous: KeysByText = new Map()): ParsedJwkSet {
  const { keysByText, skipped } = importEntries(entriesOf(document), importPublishedKey, previous)
  return { set: new JwkSet([...keysByText.values()]), keysByText, skipped }
}

/** The entries of a JWK Set document, whatever they are. @throws Error where it is none, or too large */
export function entriesOf({ keys: entries }: JsonObject): readonly unknown[] {
  if (!Array.isArray(entries)) throw new Error('it has no array `keys`')
  if (entries.length > greatestKeys) throw new Error(`it holds more than ${greatestKeys} keys`)
  return entries
}

/** Makes the entries ready that can be used. */
export function importEntries(
  entries: readonly unknown[],
  importEntry: (entry: unknown) => VerificationKey,
  previous: KeysByText,
): Omit<ParsedJwkSet, 'set'> {
  const keysByText = new Map<string, VerificationKey>()
  const skipped: SkippedKey[] = []
  for (const entry of entries) {
    try {
      const text = JSON.stringify(entry)
      keysByText.set(text, previous.get(text) ?? importEntry(entry))
    } catch (error) {
      if (!(error instanceof UnusableKeyError)) throw error
      skipped.push({ reason: `a key was skipped: ${error.message}` })
    }
  }
  return { keysByText, skipped }
}

/**
 * Makes one entry of a JWK Set ready. A published secret is no secret, and a published private key is anybody's.
 *
 * @throws UnusableKeyError
 */
export function importPublishedKey(entry: unknown): VerificationKey {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new UnusableKeyError('it is not an object')
  const jwk = entry as JsonObject
  if (jwk['kty'] === 'oct') throw new UnusableKeyError('it is a secret, and key sets are public')
  if (jwk['d'] !== undefined || jwk['priv'] !== undefined) throw new UnusableKeyError('it is a private key')
  return importPublicKey(jwk)
}

function groupByKid(keys: readonly VerificationKey[]): ReadonlyMap<string | undefined, readonly VerificationKey[]> {
  const groups = new Map<string | undefined, VerificationKey[]>()
  for (const key of keys) groups.set(key.kid, [...(groups.get(key.kid) ?? []), key])
  return groups
}
