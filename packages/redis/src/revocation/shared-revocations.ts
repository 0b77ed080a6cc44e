// Revocations of a fleet: made here and brought to every region, read from every region and remembered here. What is asked on
// the way of a request is answered from memory, at once, or not at all.
import {
  type RegionHealth,
  type Revocation,
  type RevocationOptions,
  type RevocationReceipt,
  type StateHealth,
  type TokenFacts,
  VerificationError,
} from '@sallyport/core'
import { type Clock, judgeRevocation, monotonicClock, publishState } from '@sallyport/core/state'
import type { KeyNames } from '../sealing/key-names.js'
import type { KeyRing } from '../sealing/key-ring.js'
import { randomId } from '../sealing/random.js'
import type { Resync } from './feed-owner.js'
import { FilterRenewal } from './filter-renewal.js'
import { defaultQuorum, Freshness, staleSecondsOf } from './freshness.js'
import { KnownRevocations } from './known-revocations.js'
import { OutboxFile } from './outbox-file.js'
import { PendingEntries } from './pending-entries.js'
import { Readiness } from './readiness.js'
import { RegionComparisons, unwritten } from './region-comparisons.js'
import { RegionRevocations, type RevocationRegion } from './region-revocations.js'
import { RevocationSender } from './revocation-sender.js'

/** What revocations of a fleet are made of. The options are those of a state on Redis, judged. */
export interface SharedRevocationsParts {
  /** 1 to 8. */
  readonly regions: readonly RevocationRegion[]
  readonly names: KeyNames
  readonly ring: KeyRing
  readonly writeQuorum?: number | undefined
  readonly maxRevocations: number
  readonly maxStalenessSeconds: number
  readonly memory: 'exact' | 'filter'
  readonly outboxFile?: string | undefined
  readonly startTimeoutSeconds: number
  /** Seconds since the epoch. */
  readonly clock: Clock
  /** Seconds that only grow. @defaultValue the stopwatch of the machine */
  readonly stopwatch?: Clock
  /** From 0 to 1. @defaultValue `Math.random` */
  readonly random?: () => number
  /** How often the logs are compared with what is known, at most; half as often at least. @defaultValue every 300 seconds */
  readonly auditSeconds?: number
}

const mostPending = 50_000
const tickSeconds = 1
const compactionSeconds = 300
/** A log that was changed behind the back of those who follow it looks as they left it: it is read from its beginning, too. */
const auditSeconds = 300

/** Revocations that a fleet shares. */
export class SharedRevocations {
  readonly #clock: Clock
  readonly #stopwatch: Clock
  readonly #known: KnownRevocations
  readonly #pending: PendingEntries
  readonly #outbox: OutboxFile | undefined
  readonly #regions: readonly RegionRevocations[]
  readonly #freshness: Freshness
  readonly #readiness: Readiness
  readonly #sender: RevocationSender
  readonly #startTimeoutSeconds: number
  readonly #comparisons: RegionComparisons
  readonly #renewal: FilterRenewal | undefined
  readonly #timers: readonly NodeJS.Timeout[]
  #closing: Promise<void> | undefined

  /** @throws ConfigurationError for an outbox file that was damaged */
  constructor(parts: SharedRevocationsParts) {
    const { regions, ring, stopwatch = monotonicClock, random = Math.random } = parts
    this.#clock = parts.clock
    this.#stopwatch = stopwatch
    this.#startTimeoutSeconds = parts.startTimeoutSeconds
    const quorum = parts.writeQuorum ?? defaultQuorum(regions.length)
    // W + F > R: one of the regions that were read has what was made.
    this.#freshness = new Freshness(regions.length - quorum + 1, parts.maxStalenessSeconds, stopwatch, parts.clock)
    this.#readiness = new Readiness(this.#freshness)
    this.#known = new KnownRevocations(parts)
    this.#outbox = parts.outboxFile === undefined ? undefined : new OutboxFile(parts.outboxFile, ring)
    const strict = regions.reduce((bits, { replicas }, index) => bits | (replicas > 0 ? 1 << index : 0), 0)
    this.#pending = new PendingEntries(regions.length, strict, mostPending, {
      done: (entry) => void this.#outbox?.remove(entry).catch(() => publishState(unwritten)),
      dropped: (missing) => this.#comparisons.dropped(missing),
    })
    this.#comparisons = new RegionComparisons({
      repairs: () => this.#regions.map(({ repair }) => repair),
      table: this.#known.table,
      pending: this.#pending,
      outbox: this.#outbox,
    })
    const common = {
      ...parts,
      stopwatch,
      random,
      known: this.#known,
      pending: this.#pending,
      writer: randomId(),
      moved: () => this.#look(),
      resyncing: (region: number) => this.#renewal?.begun(region),
      resynced: (region: number, how: Resync) => this.#resynced(region, how),
      compared: (region: number) => this.#comparisons.compared(region),
    }
    this.#regions = regions.map((region, index) => new RegionRevocations(index, region, common))
    this.#renewal = parts.memory === 'exact' ? undefined : this.#renewalOf(parts.maxRevocations)
    for (const entry of this.#outbox?.entries ?? []) this.#known.add(entry)
    this.#sender = new RevocationSender({
      ...common,
      regions: this.#regions,
      outbox: this.#outbox,
      needed: quorum,
      maxRevocations: parts.maxRevocations,
    })
    for (const { feed } of this.#regions) feed.start()
    const compactionMs = compactionSeconds * (1 + random()) * 1000
    const auditMs = (parts.auditSeconds ?? auditSeconds) * (1 + random()) * 1000
    this.#timers = [
      setInterval(() => this.#beat(), tickSeconds * 1000).unref(),
      setInterval(() => void this.compact(), compactionMs).unref(),
      setInterval(() => this.#comparisons.audit(), auditMs).unref(),
    ]
  }

  /**
   * Revokes here at once, and everywhere as soon as can be.
   *
   * @throws ConfigurationError for what is no revocation, and for one that would not be remembered
   * @throws VerificationError `state_unavailable` where it has not reached enough regions in time; it is tried again
   */
  async revoke(revocation: Revocation, options?: RevocationOptions): Promise<RevocationReceipt> {
    this.#requireOpen()
    const entry = this.#known.entryOf(judgeRevocation(revocation, options, this.#clock()))
    this.#known.add(entry)
    const sent = this.#sender.send(entry)
    this.#known.announce()
    return sent
  }

  /** @throws VerificationError `state_unavailable` where nobody can tell */
  isRevoked(token: TokenFacts): boolean {
    if (this.#closing !== undefined) throw closed()
    if (!this.#freshness.isKnown) throw this.#readiness.unknown()
    return this.#known.isRevoked(token)
  }

  onRevoked(listener: () => void): () => void {
    return this.#known.onRevoked(listener)
  }

  /**
   * Resolves once it is known what was revoked.
   *
   * @throws ConfigurationError for what does not mend by waiting
   * @throws VerificationError `state_unavailable` when the time of the start is over
   */
  async ready(): Promise<void> {
    this.#requireOpen()
    await this.#readiness.wait(this.#startTimeoutSeconds)
  }

  health(): StateHealth {
    const now = this.#stopwatch()
    const regions = this.#regions.map(
      ({ name, isConnected, feed }): RegionHealth => ({ name, isConnected, staleSeconds: staleSecondsOf(feed, now) }),
    )
    return {
      status: this.#closing === undefined ? this.#freshness.status : 'closed',
      staleSeconds: this.#freshness.staleSeconds,
      revocations: this.#known.table.size,
      pending: this.#pending.own,
      regions,
    }
  }

  /** Shortens the log of each region, where that is worth it. @param restSeconds - how long an entry stays where it is */
  async compact(restSeconds?: number): Promise<void> {
    await Promise.all(this.#regions.map(({ compaction }) => compaction.run(restSeconds)))
  }

  /** Brings on their way what it can in this time, and ends everything. The ports are closed by whoever made them. */
  close(seconds: number): Promise<void> {
    this.#closing ??= this.#end(seconds)
    return this.#closing
  }

  async #end(seconds: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#readiness.end(closed())
    await this.#sender.flush(seconds)
    await Promise.all(this.#regions.map((region) => region.end()))
    await this.#outbox?.close()
  }

  #resynced(region: number, how: Resync): void {
    if (how === 'lost') this.#renewal?.lost()
    else this.#renewal?.read(region)
    this.#comparisons.resynced(region, how)
  }

  /** Once a second. */
  #beat(): void {
    this.#look()
    this.#known.forgetSome()
    this.#renewal?.look()
    this.#comparisons.look()
    this.#sender.look()
  }

  /** What is known may have become fresh, or old. */
  #look(): void {
    this.#readiness.look(this.#regions.map(({ feed }) => feed))
  }

  #renewalOf(maxRevocations: number): FilterRenewal {
    return new FilterRenewal({
      table: this.#known.table,
      maxRevocations,
      feeds: () => this.#regions.map(({ feed }) => feed),
      onTheirWay: () => this.#pending.all(),
      remember: (entry) => void this.#known.learn(entry, undefined),
      stopwatch: this.#stopwatch,
    })
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }
}

function closed(): VerificationError {
  return new VerificationError('state_unavailable', 'the state was closed')
}
