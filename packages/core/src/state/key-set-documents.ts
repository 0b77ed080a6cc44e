// The key sets of issuers, as documents that one process has fetched and the others need not. A document is a hint: it is
// read, judged and bounded in time as if it had just come from the issuer.

/** Whose keys, and where the options say that they are. */
export interface KeySetSource {
  readonly issuer: string
  /** `discoveryUrl` or `jwksUri` of the options; empty where they are discovered. */
  readonly location: string
}

/** A key set as it came. */
export interface KeySetDocument {
  /** Where it came from. */
  readonly url: string
  /** The JWK Set, as JSON text of one strict object. */
  readonly text: string
  readonly etag?: string | undefined
  /** When it was asked for: seconds since the epoch, by the clock of whoever fetched it. */
  readonly fetchedAt: number
  /** How long the issuer lets it be kept, in seconds. */
  readonly lifetimeSeconds?: number | undefined
  /**
   * Orders the fetches of a fleet without comparing the clocks of its machines: what was asked for later has a greater one.
   * Given by {@link KeySetDocuments}; absent for what was fetched while the others were out of reach.
   */
  readonly serial?: number | undefined
}

/** How a fetch is shared. */
export interface SharedFetchOptions {
  /** Whether a document that somebody else has fetched will do. What will not is as good as none. */
  readonly serves: (document: KeySetDocument) => boolean
  /**
   * The issuer is asked for the sake of an unknown key id. Anybody can write one, so the fleet has one budget for these; it
   * starts anew with other keys. @defaultValue false
   */
  readonly isForUnknownKey?: boolean
  /** After so many seconds nobody waits for the fetch of another process any more, but fetches. */
  readonly timeoutSeconds: number
  /** How long the document can be of use, in seconds. */
  readonly keepSeconds: number
}

/** A document, by whoever it was fetched. */
export interface SharedDocument {
  readonly document: KeySetDocument
  /** Whether it was this process that fetched it. */
  readonly isOwn: boolean
  /** Whether its fetch certainly began after it was asked for here: then what the issuer had published by then is in it. */
  readonly isLater: boolean
}

/** What came of a fetch: a document, or the seconds until the budget for unknown key ids allows one. */
export type SharedFetch = SharedDocument | { readonly document: undefined; readonly waitSeconds: number }

/** Shares the key sets of a fleet. An outage is as if there were no others. */
export interface KeySetDocuments {
  /** What somebody has fetched last. Never rejects. */
  latest(source: KeySetSource): Promise<KeySetDocument | undefined>
  /**
   * Answers a document that serves: one that is there, one that another process fetches at this moment, or what `fetch` brings.
   * One process fetches at a time; who has waited for another as long as the time-out fetches by itself.
   *
   * @throws what `fetch` throws
   */
  fetchOnce(
    source: KeySetSource,
    options: SharedFetchOptions,
    fetch: () => Promise<KeySetDocument>,
  ): Promise<SharedFetch>
  /** Calls back when others may have stored a key set that is new. Answers a function that ends it. */
  onChanged(source: KeySetSource, listener: () => void): () => void
}

/** Whether a value from elsewhere has the shape of a document. What it says is judged by whoever uses it. */
export function isKeySetDocument(value: unknown): value is KeySetDocument {
  if (typeof value !== 'object' || value === null) return false
  const { url, text, etag, fetchedAt, lifetimeSeconds, serial } = value as Partial<Record<string, unknown>>
  return (
    typeof url === 'string' &&
    typeof text === 'string' &&
    isAbsentOr('string', etag) &&
    typeof fetchedAt === 'number' &&
    isAbsentOr('number', lifetimeSeconds) &&
    isAbsentOr('number', serial)
  )
}

function isAbsentOr(type: 'string' | 'number', value: unknown): boolean {
  return value === undefined || typeof value === type
}

/** Whether two documents hold the same entries, in whatever order: an issuer that shuffles them has changed nothing. */
export function holdSameKeys(one: KeySetDocument, other: KeySetDocument): boolean {
  return one.text === other.text || entriesOf(one) === entriesOf(other)
}

/** What is no key set is like nothing but itself. */
function entriesOf({ text }: KeySetDocument): string {
  try {
    const { keys } = JSON.parse(text) as { readonly keys: readonly unknown[] }
    return JSON.stringify(keys.map((key) => JSON.stringify(key)).sort())
  } catch {
    return text
  }
}
