// The log of a region: a stream with every revocation that is remembered, a channel that pushes each, and a name by which
// the log is known again. What a log means is known to others; here is how it is asked and written to.
import { RedisFault } from '../port/redis-fault.js'
import type { RedisPort, Reply, Script } from '../port/redis-port.js'
import type { KeyNames } from '../sealing/key-names.js'
import { randomId } from '../sealing/random.js'
import type { LogRow, LogState } from './log-position.js'
import { toLogReading, toNumber } from './log-replies.js'
import {
  appendScript,
  dropScript,
  foundScript,
  holdScript,
  lockScript,
  readScript,
  renewScript,
} from './log-scripts.js'
import { lookMessage } from './push-message.js'

/** Seconds a write may take, for whoever waits. */
export const writeDeadline = 0.4
/** Seconds a page may take. */
export const readDeadline = 1
/** Milliseconds that anybody takes the lock for, at most. */
export const longestLockMs = 10_000
/** Milliseconds that a new name leaves to those who know what was lost. */
const settlingForMs = 2_000
const heartbeatMs = 5_000

/** Some rows, and what the log said of itself just before. */
export interface LogPage {
  readonly state: LogState
  readonly rows: readonly LogRow[]
  /** The name of the log; `undefined` where it has none. */
  readonly name: string | undefined
  /** Whether what was lost may still come back. */
  readonly isSettling: boolean
  /** Whether nobody can append to it, or soon nobody will. */
  readonly isEnded: boolean
  /** Why the server did not take the write that proves that it is the one that counts; `undefined`: it did. */
  readonly unproven: RedisFault | undefined
}

export interface LogSettings {
  /** What `WAIT` waits for after a write. */
  readonly replicas: number
  /** How many entries the log may hold. */
  readonly most: number
  /** What a name ends with: it says whose log it is. */
  readonly owner: string
}

/** Asks one region. Every method throws RedisFault. */
export class RevocationLog {
  readonly #port: RedisPort
  readonly #settings: LogSettings
  readonly #log: string
  readonly #meta: string
  readonly #heartbeat: string
  readonly #lock: string
  readonly #settling: string
  readonly #channel: string

  constructor(port: RedisPort, names: KeyNames, settings: LogSettings) {
    this.#port = port
    this.#settings = settings
    this.#log = names.revocation('log')
    this.#meta = names.revocation('meta')
    this.#heartbeat = names.revocation('hb')
    this.#lock = names.revocation('lock')
    this.#settling = names.revocation('settling')
    this.#channel = names.revocation('push')
  }

  get most(): number {
    return this.#settings.most
  }

  /** Calls back with every push, and whenever pushes may have been missed. Answers a function that ends it. */
  listen(pushed: (message: string) => void, missed: () => void): () => void {
    const unsubscribe = this.#port.subscribe(this.#channel, pushed)
    const unready = this.#port.onReady(missed)
    return () => {
      unready()
      unsubscribe()
    }
  }

  /** Lets the server learn the script before it counts, and tells whether we may write. */
  async prepare(): Promise<boolean> {
    return unlessDenied(this.#port.run(appendScript, [this.#log], this.#appendArguments('each', []), readDeadline))
  }

  /**
   * Appends entries, and pushes each or says once that there is something to look at.
   *
   * @returns whether they fit
   */
  async append(texts: readonly string[], manner: 'each' | 'look'): Promise<boolean> {
    const args = this.#appendArguments(manner, texts)
    return toNumber(await this.#write(appendScript, [this.#log], args)) >= 0
  }

  /**
   * Reads the row with an id, if it is there, and so many after it. The write comes last: it proves that the rows before it
   * are of the server that counts.
   */
  async read(from: string, limit: number): Promise<LogPage> {
    const commands = [
      this.#readCommand(from, '+', limit + 1),
      ['SET', this.#heartbeat, '1', 'PX', String(heartbeatMs)],
      // A server that is full takes this one all the same, and it proves as much.
      ['PEXPIRE', this.#heartbeat, String(heartbeatMs)],
    ]
    const replies = await this.#port.pipeline(this.#log, commands, readDeadline)
    const [read, heartbeat, renewal] = replies
    const proof = heartbeat instanceof RedisFault && heartbeat.reply === 'OOM' ? renewal : heartbeat
    const { settlingMs, ...reading } = toLogReading(read)
    return {
      ...reading,
      // What nobody ends is not of this fleet.
      isSettling: settlingMs > 0 && settlingMs <= settlingForMs,
      unproven: proof instanceof RedisFault ? proof : undefined,
    }
  }

  /**
   * Gives the log a name, where it has none. Answers whether we may.
   *
   * @param isOurs - whether it was seen to be of this fleet: then no other name is right
   */
  async found(isOurs: boolean): Promise<boolean> {
    const { owner } = this.#settings
    const name = `1.${randomId()}.${owner}`
    const heard = [this.#port.publishCommand, this.#channel, lookMessage]
    const args = [name, ...heard, String(settlingForMs), isOurs ? owner : '']
    const keys = [this.#meta, this.#log, this.#settling]
    return unlessDenied(this.#port.run(foundScript, keys, args, readDeadline))
  }

  /** Whether a name says that the log was written with our names for things: under others, nothing in it would be found. */
  isOurs(name: string): boolean {
    return name.endsWith(`.${this.#settings.owner}`)
  }

  /** Takes the lock for what one node at a time does. Answers its token. */
  async lock(milliseconds: number): Promise<string | undefined> {
    const token = randomId()
    const args = [token, String(milliseconds), String(longestLockMs)]
    return (await this.#port.run(lockScript, [this.#lock], args, readDeadline)) === 1 ? token : undefined
  }

  /**
   * Drops the log, if nobody can continue it.
   *
   * @param token - of the lock; `undefined` where it was somebody else's for too long
   * @param isKnown - whether all that can be read of it is known here
   */
  async drop(token: string | undefined, isKnown: boolean): Promise<boolean> {
    const keys = [this.#lock, this.#log, this.#settling]
    const args = [token ?? '', String(settlingForMs), isKnown ? '1' : '0']
    return (await this.#port.run(dropScript, keys, args, readDeadline)) === 1
  }

  /** Asks everybody who listens to look at the log. */
  async rouse(): Promise<void> {
    await this.#port.call(this.#channel, [this.#port.publishCommand, this.#channel, lookMessage], readDeadline)
  }

  /** Keeps the lock for so long; 0 gives it back. Answers whether it was ours. */
  async hold(token: string, milliseconds: number): Promise<boolean> {
    const args = [token, String(Math.max(milliseconds, 1))]
    return (await this.#port.run(holdScript, [this.#lock], args, readDeadline)) === 1
  }

  /** Keeps new nodes waiting while what was lost is written again. */
  async settle(): Promise<void> {
    await this.#port.call(this.#settling, ['SET', this.#settling, '1', 'PX', String(settlingForMs)], readDeadline)
  }

  /** The time of the server, in seconds since the epoch. */
  async time(): Promise<number> {
    const reply = await this.#port.call(this.#log, ['TIME'], readDeadline)
    const [seconds] = Array.isArray(reply) ? reply : []
    return toNumber(Number(seconds))
  }

  /** The oldest rows up to a moment. */
  async oldest(untilSeconds: number, limit: number): Promise<readonly LogRow[]> {
    const end = `${Math.floor(untilSeconds * 1000)}`
    return toLogReading(await this.#port.call(this.#log, this.#readCommand('-', end, limit), readDeadline)).rows
  }

  /** Drops everything before an id, after what of it lives was appended again. Answers whether the lock was still ours. */
  async renew(token: string, firstToStay: string, living: readonly string[]): Promise<boolean> {
    const reply = await this.#write(renewScript, [this.#lock, this.#log], [token, firstToStay, ...living])
    return toNumber(reply) >= 0
  }

  #readCommand(first: string, last: string, limit: number): readonly string[] {
    return ['EVAL_RO', readScript.lua, '3', this.#log, this.#meta, this.#settling, first, last, String(limit)]
  }

  #appendArguments(manner: 'each' | 'look', texts: readonly string[]): readonly string[] {
    return [String(this.#settings.most), this.#port.publishCommand, this.#channel, manner, ...texts]
  }

  async #write(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    const { replicas } = this.#settings
    if (replicas === 0) return this.#port.run(script, keys, args, writeDeadline)
    const command = ['EVAL', script.lua, String(keys.length), ...keys, ...args]
    const answer = await this.#port.callAndWait(this.#log, command, replicas, writeDeadline)
    if (answer.replicas >= replicas) return answer.reply
    throw new RedisFault('refused', 'a replica has not got a revocation in time', { isUndone: false })
  }
}

/** Whether the user may not do that. Redis has other words for it within a script. */
export function isDenied(error: unknown): boolean {
  if (!(error instanceof RedisFault)) return false
  if (error.reply === 'NOPERM') return true
  return error.cause instanceof Error && /can't run this command|ACL failure in script/.test(error.cause.message)
}

/** Whether a call was let through. @throws RedisFault for any other reason */
async function unlessDenied(call: Promise<Reply>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}
