// A cluster client of the application's: used for commands as it is, with its own knowledge of the slots. Channels and strict
// writes go over connections of ours to the same nodes, as the same user.
import type { RedisClusterType } from 'redis'
import { requireSafeSettings } from '../connection-options.js'
import { Breaker } from './breaker.js'
import { type Client, openLike } from './client-settings.js'
import type { Way } from './connection.js'
import { plainOptions } from './given-client.js'
import { hashSlot } from './hash-slot.js'
import type { Line, Servers, ServersEvents } from './line.js'
import { NodeConnections } from './node-connections.js'
import { ShardedChannels } from './sharded-channels.js'

const changes = ['connect', 'disconnect', 'node-ready', 'node-disconnect', 'node-reconnecting'] as const
const failures = ['error', 'node-error'] as const

/** The nodes that a given client knows. */
export class GivenCluster implements Servers {
  readonly mode = 'cluster'
  readonly #cluster: RedisClusterType
  readonly #breakers = new Map<string, Breaker>()
  readonly #waiting: NodeConnections
  readonly #listening: NodeConnections
  readonly #channels: ShardedChannels
  readonly #onChange: () => void
  readonly #onFailure: (cause: unknown) => void
  #events: ServersEvents | undefined

  constructor(cluster: RedisClusterType) {
    this.#cluster = cluster
    this.#onChange = () => {
      this.#channels.place()
      this.#events?.onChange()
    }
    this.#onFailure = (cause) => {
      this.#channels.place()
      this.#events?.onFailure(cause)
    }
    const wayTo = (address: string): Way => ({
      open: (ended) => openLike(this.#nodeClient(address), ended),
      isSharded: true,
    })
    const events: ServersEvents = {
      onChange: () => this.#events?.onChange(),
      onFailure: this.#onFailure,
      onMessage: (channel, message) => this.#events?.onMessage(channel, message),
    }
    this.#waiting = new NodeConnections(wayTo, events)
    this.#listening = new NodeConnections(wayTo, events)
    this.#channels = new ShardedChannels(this.#listening, (slot) => this.#masterOf(slot))
  }

  get isConnected(): boolean {
    return this.#cluster.isReady && this.#cluster.masters.some(({ client }) => client?.isReady === true)
  }

  get isWhole(): boolean {
    return (
      this.isConnected && this.#channels.areHeard && this.#channels.names.every((each) => this.lineFor(each)?.isReady)
    )
  }

  start(events: ServersEvents): void {
    this.#events = events
    for (const event of changes) this.#cluster.on(event, this.#onChange)
    for (const event of failures) this.#cluster.on(event, this.#onFailure)
    queueMicrotask(this.#onChange)
  }

  lineFor(key: string): Line | undefined {
    const address = this.#masterOf(hashSlot(key))
    if (address === undefined) return undefined
    const client = this.#cluster.nodeByAddress.get(address)?.client
    return {
      breaker: this.#breakerOf(address),
      isComing: false,
      // Asked before it is ready, the client would wait for it as long as it takes, and run the command late.
      isReady: this.#cluster.isReady && client?.isReady === true,
      send: (command) => this.#cluster.sendCommand(key, false, [...command], plainOptions),
    }
  }

  waitingLineFor(key: string): Line | undefined {
    const address = this.#masterOf(hashSlot(key))
    return address === undefined ? undefined : this.#waiting.to(address)
  }

  /** @throws ConfigurationError for settings that are not safe: they show in the clients of the nodes */
  linesToCheck(): readonly Line[] {
    return this.#cluster.masters.flatMap(({ client, address }) => {
      if (client === undefined) return []
      requireSafeSettings(client.options)
      return [
        {
          breaker: this.#breakerOf(address),
          isComing: false,
          isReady: client.isReady,
          send: (command) => client.sendCommand(command, plainOptions),
        },
      ]
    })
  }

  listen(channel: string): void {
    this.#channels.listen(channel)
  }

  ignore(channel: string): void {
    this.#channels.ignore(channel)
  }

  /** The client has followed already. Ours to a node that slots have left come to the right one at the next call. */
  follow(): undefined {
    return undefined
  }

  async end(): Promise<void> {
    this.#events = undefined
    for (const event of changes) this.#cluster.off(event, this.#onChange)
    for (const event of failures) this.#cluster.off(event, this.#onFailure)
    await Promise.all([this.#waiting.end(), this.#listening.end()])
  }

  /** Nowhere, before the start and after the end: what asks for a place then gets no connection. */
  #masterOf(slot: number): string | undefined {
    return this.#events === undefined ? undefined : this.#cluster.slots[slot]?.master.address
  }

  #nodeClient(address: string): Client {
    const client = this.#cluster.nodeByAddress.get(address)?.client
    if (client === undefined) throw new Error('the node is no longer known')
    return client as Client
  }

  #breakerOf(address: string): Breaker {
    const breaker = this.#breakers.get(address) ?? new Breaker()
    this.#breakers.set(address, breaker)
    return breaker
  }
}
