// Connections to the nodes of a cluster, one a node, for one use: commands, strict writes, channels.
import { Connection, type Way } from './connection.js'
import type { Line, ServersEvents } from './line.js'

/** Connections by the address of their node. */
export class NodeConnections {
  readonly #wayTo: (address: string) => Way
  readonly #events: ServersEvents
  readonly #connections = new Map<string, Connection>()
  readonly #ending = new Set<Promise<void>>()

  constructor(wayTo: (address: string) => Way, events: ServersEvents) {
    this.#wayTo = wayTo
    this.#events = events
  }

  get all(): readonly Connection[] {
    return [...this.#connections.values()]
  }

  /** The connection to a node, made where there is none. */
  to(address: string): Connection {
    const known = this.#connections.get(address)
    if (known !== undefined) return known
    const connection = new Connection(this.#wayTo(address), this.#events)
    this.#connections.set(address, connection)
    return connection
  }

  known(address: string): Connection | undefined {
    return this.#connections.get(address)
  }

  addressOf(line: Line): string | undefined {
    for (const [address, connection] of this.#connections) if (connection === line) return address
    return undefined
  }

  /** Ends the connections to all other nodes. */
  keep(addresses: ReadonlySet<string>): void {
    for (const [address, connection] of this.#connections) {
      if (addresses.has(address)) continue
      this.#connections.delete(address)
      const ending = connection.end().finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    }
  }

  async end(): Promise<void> {
    this.keep(new Set())
    await Promise.all(this.#ending)
  }
}
