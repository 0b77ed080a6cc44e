// Channels of a cluster: each is heard at the master of its slot, and moves with it. Classic channels lose messages while a
// master fails over, without a word; these don't (docs/adr/0016).
import type { Connection } from './connection.js'
import { hashSlot } from './hash-slot.js'
import type { NodeConnections } from './node-connections.js'

/** What is listened to in a cluster, and where. */
export class ShardedChannels {
  readonly #connections: NodeConnections
  readonly #masterOf: (slot: number) => string | undefined
  /** Each channel with the address where it is heard; `undefined` while its master is not known. */
  readonly #places = new Map<string, string | undefined>()

  constructor(connections: NodeConnections, masterOf: (slot: number) => string | undefined) {
    this.#connections = connections
    this.#masterOf = masterOf
  }

  /** Whether every channel is heard. */
  get areHeard(): boolean {
    return [...this.#places.values()].every((address) => address !== undefined && this.#at(address)?.hearsAll === true)
  }

  get names(): readonly string[] {
    return [...this.#places.keys()]
  }

  listen(channel: string): void {
    this.#places.set(channel, undefined)
    this.place()
  }

  ignore(channel: string): void {
    const address = this.#places.get(channel)
    this.#places.delete(channel)
    if (address !== undefined) this.#at(address)?.ignore(channel)
    this.#leaveUnused()
  }

  /** Listens where the masters are now. */
  place(): void {
    for (const [channel, before] of this.#places) {
      const now = this.#masterOf(hashSlot(channel))
      if (now === before || now === undefined) continue
      this.#places.set(channel, now)
      this.#connections.to(now).listen(channel)
      if (before !== undefined) this.#at(before)?.ignore(channel)
    }
    this.#leaveUnused()
  }

  #at(address: string): Connection | undefined {
    return this.#connections.known(address)
  }

  #leaveUnused(): void {
    this.#connections.keep(new Set([...this.#places.values()].filter((address) => address !== undefined)))
  }
}
