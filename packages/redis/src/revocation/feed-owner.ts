// What a feed tells: everything it reads, and everything that may be wrong with it.
import type { EntrySource } from './log-reader.js'
import type { RevocationEntry } from './revocation-entry.js'

/** How a log was read: for the first time, once more for other reasons, or because it has lost something. */
export type Resync = 'first' | 'again' | 'lost'

/** Who remembers what a feed reads. */
export interface FeedOwner {
  /** @returns false where it does not fit */
  learn(entry: RevocationEntry, source: EntrySource): boolean
  /** Everything that came at once was told. */
  learned(): void
  /** All that is in the log will be shown: until then nothing is known to be in it. */
  forgetRegion(): void
  /** The whole log is read, from now on. */
  resyncing(): void
  /** The whole log was read. */
  resynced(how: Resync): void
  /** Something was taken out of the log. */
  thinned(): void
  /** What a feed says of itself has changed. */
  moved(): void
}
