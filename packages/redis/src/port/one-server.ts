// One server that takes everything: with an address, or the master that Sentinels name. Subscriptions and strict writes have
// connections of their own: that for strict writes from the start where they are to be expected, and at the first use otherwise.
import { monotonicClock } from '@sallyport/core/state'
import { Connection, type Way } from './connection.js'
import type { Line, Servers, ServersEvents } from './line.js'

/** A server that stays a replica is not left again and again. */
const renewSeconds = 1

/** A line that is ended with its owner. */
interface OwnedLine extends Line {
  end(): Promise<void>
}

/** Where one server is, and who says so. */
export interface OneServerOptions {
  readonly way: Way
  /** The line for commands. @defaultValue a connection on that way */
  readonly commands?: (events: ServersEvents) => OwnedLine
  /** Whether there will be strict writes: whoever makes the first of them has no time to connect. @defaultValue false */
  readonly isWaitedFor?: boolean
  /** Calls back when the way leads elsewhere. */
  readonly watch?: (onMoved: () => void) => Connection
}

/** One server, by the way that leads to it. */
export class OneServer implements Servers {
  readonly mode = 'standalone'
  readonly #options: OneServerOptions
  readonly #channels = new Set<string>()
  #events: ServersEvents | undefined
  #commands: OwnedLine | undefined
  #waiting: Connection | undefined
  #listening: Connection | undefined
  #watching: Connection | undefined
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor(options: OneServerOptions) {
    this.#options = options
  }

  get isConnected(): boolean {
    return this.#commands?.isReady ?? false
  }

  get isWhole(): boolean {
    const isHeard = this.#listening?.hearsAll ?? this.#channels.size === 0
    return this.isConnected && isHeard && (this.#waiting?.isReady ?? true)
  }

  start(events: ServersEvents): void {
    this.#events = events
    this.#commands = this.#options.commands?.(events) ?? new Connection(this.#options.way, events)
    this.#watching = this.#options.watch?.(() => this.#renew())
    if (this.#options.isWaitedFor === true) this.waitingLineFor()
    for (const channel of this.#channels) this.listen(channel)
  }

  lineFor(): Line | undefined {
    return this.#commands
  }

  waitingLineFor(): Line | undefined {
    if (this.#events !== undefined) this.#waiting ??= new Connection(this.#options.way, this.#events)
    return this.#waiting
  }

  linesToCheck(): readonly Line[] {
    return this.#commands === undefined ? [] : [this.#commands]
  }

  listen(channel: string): void {
    this.#channels.add(channel)
    if (this.#events === undefined) return
    this.#listening ??= new Connection(this.#options.way, this.#events)
    this.#listening.listen(channel)
  }

  ignore(channel: string): void {
    this.#channels.delete(channel)
    this.#listening?.ignore(channel)
  }

  /** A master that has become a replica refuses to write: the name of the server leads elsewhere by now, or soon. */
  follow(_line: Line, _key: string, refusal: string): undefined {
    if (!refusal.startsWith('READONLY') || monotonicClock() < this.#renewedAt + renewSeconds) return undefined
    this.#renewedAt = monotonicClock()
    this.#renew()
    return undefined
  }

  /** Ends every connection, for others to where the server is now. */
  #renew(): void {
    const cause = new Error('the server is no master any more')
    for (const line of [this.#commands, this.#waiting, this.#listening])
      if (line instanceof Connection) line.renew(cause)
  }

  async end(): Promise<void> {
    this.#events = undefined
    const lines = [this.#watching, this.#commands, this.#waiting, this.#listening]
    await Promise.all(lines.map((line) => line?.end()))
  }
}
