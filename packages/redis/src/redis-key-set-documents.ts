// The key sets of issuers, fetched by one process of a fleet for all. What stands in Redis is sealed for its place, so that
// whoever can write there can plant no key, and none of another issuer. Whatever goes wrong is as if there were no others:
// then this process asks the issuer by itself.
import type { KeySetDocument, KeySetDocuments, KeySetSource, SharedFetch, SharedFetchOptions } from '@sallyport/core'
import {
  type Clock,
  holdSameKeys,
  isKeySetDocument,
  monotonicClock,
  pause as pauseOfMachine,
  publishState,
} from '@sallyport/core/state'
import { ChangeChannels } from './key-sets/change-channels.js'
import { FetchTurns, type Lock, nothingSeen, type StoredText } from './key-sets/fetch-turns.js'
import { firstReady } from './key-sets/first-ready.js'
import { leaseMs } from './key-sets/turn-scripts.js'
import { RedisFault } from './port/redis-fault.js'
import type { RedisPort } from './port/redis-port.js'
import type { KeyNames } from './sealing/key-names.js'
import type { KeyRing } from './sealing/key-ring.js'
import { randomId } from './sealing/random.js'

/** What shares key sets. */
export interface RedisKeySetOptions {
  readonly port: RedisPort
  readonly names: KeyNames
  /** With a secret: without one there is nothing to seal with. */
  readonly ring: KeyRing
  /** How long the first fetch waits for the first connection: a fleet that starts at once is one from the start. */
  readonly startSeconds: number
  /** Nobody connects any more. */
  readonly ended?: AbortSignal
  /** Monotonic seconds. @defaultValue those of the machine */
  readonly stopwatch?: Clock
  readonly pause?: (seconds: number) => Promise<void>
  /** 0 to 1: spreads those who wait. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** Who waits for another process looks again after so long, where no push comes. */
const leastPollSeconds = 0.1
const pollSpreadSeconds = 0.05

/** What came of waiting for a turn. */
type Outcome = SharedFetch | { readonly lock: Lock; readonly before: KeySetDocument | undefined } | 'alone'

/** Key sets of one namespace. */
export class RedisKeySetDocuments implements KeySetDocuments {
  readonly #options: Required<Omit<RedisKeySetOptions, 'ended'>>
  readonly #channels: ChangeChannels
  readonly #started: Promise<void>
  #isShared = true

  constructor(options: RedisKeySetOptions) {
    this.#options = { stopwatch: monotonicClock, pause: pauseOfMachine, random: Math.random, ...options }
    this.#channels = new ChangeChannels(options.port)
    this.#started = firstReady(options.port, options.startSeconds, options.ended)
  }

  async latest(source: KeySetSource): Promise<KeySetDocument | undefined> {
    await this.#started
    const turns = this.#turnsOf(source)
    const stored = await this.#ask(() => turns.read())
    return stored && this.#open(turns, stored)
  }

  async fetchOnce(
    source: KeySetSource,
    options: SharedFetchOptions,
    fetch: () => Promise<KeySetDocument>,
  ): Promise<SharedFetch> {
    await this.#started
    const turns = this.#turnsOf(source)
    const outcome = await this.#awaitTurn(turns, options)
    if (outcome === 'alone') return { document: await fetch(), isOwn: true, isLater: true }
    if (!('lock' in outcome)) return outcome
    const { lock, before } = outcome
    const document = { ...(await this.#fetchInTurn(turns, lock, options, fetch)), serial: lock.serial }
    await this.#store(turns, lock, document, before, options.keepSeconds)
    return { document, isOwn: true, isLater: true }
  }

  onChanged(source: KeySetSource, listener: () => void): () => void {
    return this.#channels.onChanged(this.#turnsOf(source).place.channel, listener)
  }

  async #awaitTurn(turns: FetchTurns, options: SharedFetchOptions): Promise<Outcome> {
    const { serves, isForUnknownKey = false, timeoutSeconds } = options
    const { stopwatch } = this.#options
    const until = stopwatch() + timeoutSeconds
    const token = randomId()
    let seen = nothingSeen
    let before: KeySetDocument | undefined
    /** Who asked the issuer when this began. Whoever has a greater serial began to ask later. */
    let ahead: number | undefined
    for (;;) {
      const turn = await this.#ask(() => turns.claim(token, seen, isForUnknownKey))
      if (turn === undefined) return 'alone'
      this.#isShared = true
      if (turn.kind === 'own') return { lock: turn.lock, before }
      if (turn.kind === 'wait') return { document: undefined, waitSeconds: turn.seconds }
      if (turn.kind === 'stored') {
        seen = turn.stored.serial
        before = this.#open(turns, turn.stored)
        if (before !== undefined && serves(before))
          return { document: before, isOwn: false, isLater: ahead !== undefined && (before.serial ?? 0) > ahead }
      } else ahead ??= turn.serial
      // INVARIANT: nothing that stands in Redis keeps this process from the issuer for longer. Whoever can write there could
      // hold a lock for ever, and a key that was withdrawn would stay in force as if the issuer were down.
      if (stopwatch() >= until) return aloneAfterAll()
      if (turn.kind === 'taken') await this.#newsOf(turns)
    }
  }

  /** Keeps the lock as long as the fetch takes; who dies with it holds the others up for no longer than a lease. */
  async #fetchInTurn(
    turns: FetchTurns,
    lock: Lock,
    { isForUnknownKey = false }: SharedFetchOptions,
    fetch: () => Promise<KeySetDocument>,
  ): Promise<KeySetDocument> {
    const renewal = setInterval(() => void this.#ask(() => turns.renew(lock)), leaseMs / 3)
    renewal.unref()
    try {
      return await fetch()
    } catch (error) {
      await this.#ask(() => turns.release(lock, isForUnknownKey))
      throw error
    } finally {
      clearInterval(renewal)
    }
  }

  async #store(
    turns: FetchTurns,
    lock: Lock,
    document: KeySetDocument,
    before: KeySetDocument | undefined,
    keepSeconds: number,
  ): Promise<void> {
    const sealed = this.#options.ring.seal('jwks', turns.place.document, JSON.stringify(document))
    const isNew = before === undefined || !holdSameKeys(document, before)
    await this.#ask(() => turns.store(lock, sealed, keepSeconds, isNew))
  }

  /** The next push, or a moment. */
  async #newsOf(turns: FetchTurns): Promise<void> {
    const { pause, random } = this.#options
    let forget = (): void => {}
    const pushed = new Promise<void>((resolve) => {
      forget = this.#channels.onStored(turns.place.channel, resolve)
    })
    await Promise.race([pushed, pause(leastPollSeconds + random() * pollSpreadSeconds)])
    forget()
  }

  #open({ place }: FetchTurns, { sealed }: StoredText): KeySetDocument | undefined {
    const text = this.#options.ring.open('jwks', place.document, sealed)
    const document: unknown = text === undefined ? undefined : JSON.parse(text)
    if (isKeySetDocument(document)) return document
    publishState({ outcome: 'rejected', reason: 'a key set in Redis was not sealed by this fleet for its place' })
    return undefined
  }

  /** `undefined` where Redis has no answer: said once, until turns are taken again. */
  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question()
    } catch (fault) {
      if (!(fault instanceof RedisFault)) throw fault
      if (this.#isShared) publishState({ outcome: 'warning', reason: `key sets are not shared: ${fault.message}` })
      this.#isShared = false
      return undefined
    }
  }

  #turnsOf({ issuer, location }: KeySetSource): FetchTurns {
    const { port, names } = this.#options
    const key = (part: string): string => names.key('jwks', [issuer, location], part)
    return new FetchTurns(port, { document: key('doc'), lock: key('lock'), budget: key('cool'), channel: key('up') })
  }
}

function aloneAfterAll(): 'alone' {
  const reason = 'another process has brought no keys of an issuer in time, so this one asks by itself'
  publishState({ outcome: 'warning', reason })
  return 'alone'
}
