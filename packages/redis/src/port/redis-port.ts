// What this package asks of a Redis, whatever the topology and whichever client: a few gestures, each with a deadline of its
// own. The client's own time-outs stop working once a command is written (docs/adr/0016), so ours is the one that counts.
import type { RedisFault } from './redis-fault.js'

/** What Redis answers. */
export type Reply = string | number | null | readonly Reply[] | { readonly [name: string]: Reply }

/** A Lua script, sent by its digest and, where the server does not know it, by its text. */
export interface Script {
  readonly lua: string
}

/** One Redis: a server, a Sentinel's master, a cluster. */
export interface RedisPort {
  /**
   * Runs a command where a key lives.
   *
   * @param key - says which server of a cluster; it is not added to the command
   * @throws RedisFault
   */
  call(key: string, command: readonly string[], deadlineSeconds: number): Promise<Reply>
  /**
   * Runs commands where a key lives, in one write and in this order. One that fails says so in its place.
   *
   * @throws RedisFault where none of them was answered
   */
  pipeline(
    key: string,
    commands: readonly (readonly string[])[],
    deadlineSeconds: number,
  ): Promise<readonly (Reply | RedisFault)[]>
  /**
   * Runs a script.
   *
   * @param keys - at least one; all of one slot
   * @throws RedisFault
   */
  run(script: Script, keys: readonly string[], args: readonly string[], deadlineSeconds: number): Promise<Reply>
  /**
   * Runs a command and then `WAIT replicas`, on a connection that nobody else waits behind.
   *
   * @returns the reply, and how many replicas have it
   * @throws RedisFault
   */
  callAndWait(
    key: string,
    command: readonly string[],
    replicas: number,
    deadlineSeconds: number,
  ): Promise<{ readonly reply: Reply; readonly replicas: number }>
  /**
   * Listens to a channel (sharded pub/sub in a cluster), through reconnections, until the function that it answers is called.
   * Never rejects: what cannot be subscribed now is subscribed later, and {@link onReady} tells when.
   *
   * @param channel - a name that stands for a slot as a key does
   */
  subscribe(channel: string, listener: (message: string) => void): () => void
  /**
   * Calls back whenever messages may have been missed and will not be any more: after the first connection, and each time that
   * the connections and every subscription are there again. Answers a function that ends it.
   */
  onReady(listener: () => void): () => void
  /** Whether calls have a chance right now. */
  readonly isConnected: boolean
  /** The word for publishing in a channel that {@link subscribe} hears: `PUBLISH`, or `SPUBLISH` in a cluster. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH'
  /**
   * Connects, and checks who we are there and what the server is set to. With the network away it goes on trying in the
   * background.
   *
   * @throws ConfigurationError for what does not mend by waiting: a wrong password, another user than named, a right that lacks,
   * a certificate that does not fit
   * @throws RedisFault after the deadline
   */
  connect(deadlineSeconds: number): Promise<void>
  /** Ends everything: what is under way gets so long, and nothing is left running. */
  close(deadlineSeconds: number): Promise<void>
}
