// A cluster: masters that share the slots, and are replaced by their replicas when they fail. Where the slots are is asked
// again whenever a node says that it is not the one, or cannot be reached, until all of them can.
import { type Clock, monotonicClock } from '@sallyport/core/state'
import type { ServerAddress } from '../connection-options.js'
import { askForSlots, type OpenNode } from './cluster-map.js'
import type { Way } from './connection.js'
import { hashSlot } from './hash-slot.js'
import type { Line, Redirection, Servers, ServersEvents } from './line.js'
import { NodeConnections } from './node-connections.js'
import { ShardedChannels } from './sharded-channels.js'
import { formatAddress, parseAddress, type SlotMap } from './slot-map.js'

const refreshSeconds = 0.2
/** How long a node that takes over slots is kept before it has any: the others do not name it yet. */
const importSeconds = 10

/** The nodes of a cluster. */
export class ClusterServers implements Servers {
  readonly mode = 'cluster'
  readonly #seeds: readonly string[]
  readonly #open: OpenNode
  /** Whether there will be strict writes: whoever makes the first of them has no time to connect. */
  readonly #isWaitedFor: boolean
  readonly #clock: Clock
  readonly #ended = new AbortController()
  readonly #commands: NodeConnections
  readonly #waiting: NodeConnections
  readonly #listening: NodeConnections
  readonly #channels: ShardedChannels
  readonly #importing = new Map<string, number>()
  #events: ServersEvents | undefined
  #map: SlotMap | undefined
  #refreshing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(seeds: readonly ServerAddress[], open: OpenNode, isWaitedFor = false, clock: Clock = monotonicClock) {
    this.#isWaitedFor = isWaitedFor
    this.#seeds = seeds.map(formatAddress)
    this.#open = open
    this.#clock = clock
    const wayTo = (address: string): Way => ({ open: (ended) => open(parseAddress(address), ended), isSharded: true })
    const events: ServersEvents = {
      onChange: () => this.#changed(),
      onFailure: (cause) => {
        this.#refreshSoon()
        this.#events?.onFailure(cause)
      },
      onMessage: (channel, message) => this.#events?.onMessage(channel, message),
    }
    this.#commands = new NodeConnections(wayTo, events)
    this.#waiting = new NodeConnections(wayTo, events)
    this.#listening = new NodeConnections(wayTo, events)
    this.#channels = new ShardedChannels(this.#listening, (slot) => this.#masterOf(slot))
  }

  get isConnected(): boolean {
    return this.#commands.all.some((each) => each.isReady)
  }

  /** Nodes that were tried and cannot be reached are waited for only where a channel needs them. */
  get isWhole(): boolean {
    if (!this.isConnected || [...this.#commands.all, ...this.#waiting.all].some((each) => each.isComing)) return false
    return this.#channels.areHeard && this.#channels.names.every((each) => this.lineFor(each)?.isReady === true)
  }

  start(events: ServersEvents): void {
    this.#events = events
    this.#refreshing = this.#refresh()
  }

  lineFor(key: string): Line | undefined {
    const address = this.#masterOf(hashSlot(key))
    return address === undefined ? undefined : this.#commands.known(address)
  }

  waitingLineFor(key: string): Line | undefined {
    const address = this.#masterOf(hashSlot(key))
    return address === undefined ? undefined : this.#waiting.to(address)
  }

  linesToCheck(): readonly Line[] {
    return this.#commands.all.filter((each) => each.isReady)
  }

  listen(channel: string): void {
    this.#channels.listen(channel)
  }

  ignore(channel: string): void {
    this.#channels.ignore(channel)
  }

  follow(line: Line, _key: string, refusal: string): Redirection | undefined {
    if (this.#ended.signal.aborted) return undefined
    this.#refreshSoon()
    const [word, slot, address = ''] = refusal.split(' ')
    if (word !== 'MOVED' && word !== 'ASK') return undefined
    // Without a host: "the one you asked".
    const asked = this.#commands.addressOf(line) ?? this.#waiting.addressOf(line)
    const place = address.startsWith(':') && asked !== undefined ? parseAddress(asked).host + address : address
    if (word === 'ASK') this.#importing.set(place, this.#clock() + importSeconds)
    else if (this.#map !== undefined) this.#map.masterOfSlot[Number(slot)] = place
    this.#commands.to(place)
    this.#channels.place()
    return { line: () => this.#commands.known(place), isAsking: word === 'ASK' }
  }

  async end(): Promise<void> {
    this.#events = undefined
    this.#ended.abort()
    clearTimeout(this.#timer)
    await this.#refreshing
    await Promise.all([this.#commands.end(), this.#waiting.end(), this.#listening.end()])
  }

  /** Nowhere, once this has ended: what asks for a place then gets no connection. */
  #masterOf(slot: number): string | undefined {
    if (this.#ended.signal.aborted || this.#map === undefined) return undefined
    const address = this.#map.masterOfSlot[slot]
    if (address === undefined) this.#refreshSoon() // nobody had it: no refusal will tell who has it now
    return address
  }

  #changed(): void {
    if (this.#commands.all.some((each) => !each.isReady)) this.#refreshSoon()
    this.#events?.onChange()
  }

  #refreshSoon(): void {
    if (this.#ended.signal.aborted || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#refreshing ??= this.#refresh()
    }, refreshSeconds * 1000)
  }

  async #refresh(): Promise<void> {
    try {
      this.#use(await askForSlots(this.#known(), this.#open, this.#ended.signal))
    } catch (cause) {
      if (!this.#ended.signal.aborted) this.#events?.onFailure(cause)
      this.#refreshSoon()
    } finally {
      this.#refreshing = undefined
    }
  }

  /** Whoever may know: the nodes of the last answer, and at first, or when all else fails, those of the options. */
  #known(): readonly string[] {
    const masters = [...(this.#map?.masters ?? [])]
    const ready = masters.filter((each) => this.#commands.known(each)?.isReady)
    if (ready.length > 0) return ready
    return [...new Set([...masters, ...(this.#map?.replicas ?? []), ...this.#seeds])]
  }

  #use(map: SlotMap): void {
    if (this.#ended.signal.aborted) return
    this.#map = map
    for (const [address, until] of this.#importing) if (this.#clock() > until) this.#importing.delete(address)
    for (const address of map.masters) {
      this.#commands.to(address)
      if (this.#isWaitedFor) this.#waiting.to(address)
    }
    const needed = new Set([...map.masters, ...this.#importing.keys()])
    this.#commands.keep(needed)
    this.#waiting.keep(needed)
    this.#channels.place()
    this.#changed()
  }
}
