// One region and everything that is done with its log: it is followed, written to, repaired and kept short.
import type { RedisPort } from '../port/redis-port.js'
import type { KeyNames } from '../sealing/key-names.js'
import type { KeyRing } from '../sealing/key-ring.js'
import type { Resync } from './feed-owner.js'
import type { KnownRevocations } from './known-revocations.js'
import { LogCompaction } from './log-compaction.js'
import type { PendingEntries } from './pending-entries.js'
import { RegionRepair } from './region-repair.js'
import { RegionWriter } from './region-writer.js'
import { RevocationFeed } from './revocation-feed.js'
import { RevocationLog } from './revocation-log.js'

/** Where revocations are kept. */
export interface RevocationRegion {
  /** Absent where there is only one, that nobody has named. */
  readonly name: string | undefined
  readonly port: RedisPort
  /** How many replicas must have a revocation. */
  readonly replicas: number
}

/** What all regions have in common. */
export interface RegionParts {
  readonly names: KeyNames
  readonly ring: KeyRing
  readonly known: KnownRevocations
  readonly pending: PendingEntries
  /** The name of this process. */
  readonly writer: string
  readonly maxRevocations: number
  readonly memory: 'exact' | 'filter'
  readonly clock: () => number
  readonly stopwatch: () => number
  readonly random: () => number
  /** What a region says of itself has changed. */
  readonly moved: () => void
  /** All of a region will be read, from its beginning. */
  readonly resyncing: (region: number) => void
  /** All that is known was compared with a region. */
  readonly compared: (region: number) => void
  /** All of a region was read. */
  readonly resynced: (region: number, how: Resync) => void
}

/** In a log there are repetitions: an eighth of what is remembered, and some. */
function mostInLog(maxRevocations: number): number {
  return maxRevocations + Math.ceil(maxRevocations / 8) + 1_000
}

/** One region. */
export class RegionRevocations {
  readonly name: string
  readonly feed: RevocationFeed
  readonly writer: RegionWriter
  readonly repair: RegionRepair
  readonly compaction: LogCompaction
  readonly #port: RedisPort
  readonly #endListening: () => void

  constructor(index: number, { name, port, replicas }: RevocationRegion, parts: RegionParts) {
    const { names, ring, known, pending, maxRevocations } = parts
    // Whose names are in a log: what was written with others would be read, and never found.
    const owner = ring.name('rv', 'owner of the log')
    const log = new RevocationLog(port, names, { replicas, most: mostInLog(maxRevocations), owner })
    this.name = name ?? 'redis'
    this.#port = port
    this.feed = new RevocationFeed({
      ...parts,
      region: name,
      log,
      owner: {
        learn(entry, source) {
          const region = source === 'push' ? undefined : index // whoever may publish can push what is in no log
          const outcome = known.learn(entry, region)
          const isNews = source !== 'history' && (outcome === 'new' || outcome === 'changed')
          if (isNews) pending.note(entry, region, parts.stopwatch())
          else if (region !== undefined) pending.seen(entry, region)
          return outcome !== undefined
        },
        learned: () => known.announce(),
        forgetRegion: () => known.table.markRegionUnread(index),
        resyncing: () => parts.resyncing(index),
        thinned: () => this.repair.want('audit'),
        resynced: (how) => parts.resynced(index, how),
        moved: parts.moved,
      },
    })
    this.writer = new RegionWriter({ ...parts, region: index, log })
    this.repair = new RegionRepair({
      ...parts,
      region: index,
      name,
      log,
      feed: this.feed,
      writer: this.writer,
      isExact: parts.memory === 'exact',
      compared: () => parts.compared(index),
    })
    this.compaction = new LogCompaction({ ...parts, log, feed: this.feed, living: () => known.table.size })
    this.#endListening = port.onReady(() => void this.writer.flush())
  }

  get isConnected(): boolean {
    return this.#port.isConnected
  }

  /** Ends what is under way, and begins nothing more. */
  async end(): Promise<void> {
    this.#endListening()
    this.writer.end()
    await Promise.all([this.feed.end(), this.repair.end(), this.compaction.end()])
  }
}
