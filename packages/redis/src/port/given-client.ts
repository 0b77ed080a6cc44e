// A client of the application's, as a line: used as it is, never connected, closed or renewed by us. What must not happen on
// it, a subscription, a WAIT that others wait behind, happens on clients like it.
import { ClientClosedError } from 'redis'
import { Breaker } from './breaker.js'
import type { Client } from './client-settings.js'
import type { Line, ServersEvents } from './line.js'
import type { Reply } from './redis-port.js'

/** Whatever the application has set for its own commands, replies are as we read them, and deadlines are ours. */
export const plainOptions = { typeMapping: {}, timeout: 0 } as const

/** The client of a server, as a line. */
export class GivenClient implements Line {
  readonly breaker: Breaker = new Breaker()
  readonly isComing = false
  readonly #client: Client
  readonly #onReady: () => void
  readonly #onError: (cause: unknown) => void
  readonly #onEnd: () => void

  constructor(client: Client, events: ServersEvents) {
    this.#client = client
    this.#onReady = () => {
      this.breaker.succeeded()
      events.onChange()
    }
    // The client is not ready any more once its own listeners have run.
    this.#onError = (cause) => {
      events.onFailure(cause)
      setImmediate(() => events.onChange())
    }
    this.#onEnd = () => setImmediate(() => events.onChange())
    client.on('ready', this.#onReady).on('error', this.#onError).on('end', this.#onEnd)
    if (client.isReady) queueMicrotask(() => events.onChange())
    // It is the application that connects it; why nothing comes of it is told, meanwhile.
    if (!client.isOpen) events.onFailure(new ClientClosedError())
  }

  get isReady(): boolean {
    return this.#client.isReady
  }

  send(command: readonly string[]): Promise<Reply> {
    return this.#client.sendCommand<Reply>(command, plainOptions)
  }

  /** Leaves it to the application. */
  async end(): Promise<void> {
    this.#client.off('ready', this.#onReady).off('error', this.#onError).off('end', this.#onEnd)
  }
}
