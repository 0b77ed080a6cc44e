// What a port writes commands to: one way to one server.
import type { Breaker } from './breaker.js'
import type { Reply } from './redis-port.js'

/** One way to one server. */
export interface Line {
  readonly isReady: boolean
  /** Whether it is being made for the first time, and nothing speaks against it yet. */
  readonly isComing: boolean
  readonly breaker: Breaker
  /** Sends a command now, or not at all. @throws what the client throws */
  send(command: readonly string[]): Promise<Reply>
}

/** What {@link Servers} tell the port above them. */
export interface ServersEvents {
  /** A line, or what is listened to, has come or gone. */
  onChange(): void
  /** A connection ended, or an attempt at one failed. */
  onFailure(cause: unknown): void
  onMessage(channel: string, message: string): void
}

/** The servers of a topology: which there are, and which one is asked for a key. Nothing is connected before `start()`. */
export interface Servers {
  /** What `HELLO` says of a server that fits: how it was meant to be used. */
  readonly mode: 'standalone' | 'cluster'
  /** Whether there is a server for commands. */
  readonly isConnected: boolean
  /** Whether there is one for all that is listened to, too, and it is heard. */
  readonly isWhole: boolean
  start(events: ServersEvents): void
  /** The line for commands on a key, as far as is known. */
  lineFor(key: string): Line | undefined
  /** The line for commands on a key that others must not wait behind; made at the first use. */
  waitingLineFor(key: string): Line | undefined
  /** Lines to check who we are there, one for each server. */
  linesToCheck(): readonly Line[]
  listen(channel: string): void
  ignore(channel: string): void
  /** Looks again where the servers are, because one of them refused with these words; answers where to ask now, if elsewhere. */
  follow(line: Line, key: string, refusal: string): Redirection | undefined
  /** Ends every connection; resolves once nothing is left. */
  end(): Promise<void>
}

/** Another line to ask. */
export interface Redirection {
  readonly line: () => Line | undefined
  /** Whether the server there must be told first that this is meant (`ASKING`). */
  readonly isAsking: boolean
}
