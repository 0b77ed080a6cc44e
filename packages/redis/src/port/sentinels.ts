// Sentinels: they watch a master, replace it when it fails, and tell who it is. All of them are asked, and most of them are
// believed.
import { ConfigurationError } from '@sallyport/core'
import type { ServerAddress } from '../connection-options.js'
import type { Client } from './client-settings.js'
import { Connection, type Way } from './connection.js'
import type { ServersEvents } from './line.js'
import { mostSaid } from './majority.js'
import type { Reply } from './redis-port.js'
import { toFault } from './server-errors.js'
import { askOnce } from './single-question.js'
import { formatAddress, parseAddress } from './slot-map.js'

const askSeconds = 1

/** How to open clients of Sentinels and of their master. */
export interface SentinelClients {
  openSentinel(address: ServerAddress, ended: AbortSignal): Client
  openMaster(address: ServerAddress, ended: AbortSignal): Client
}

/** The Sentinels of one master. */
export class Sentinels {
  readonly #name: string
  readonly #question: readonly string[]
  readonly #addresses: readonly ServerAddress[]
  readonly #clients: SentinelClients
  /** Where the master was when it was asked for last. */
  #master: string | undefined

  constructor(name: string, addresses: readonly ServerAddress[], clients: SentinelClients) {
    this.#name = name
    this.#question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]
    this.#addresses = addresses
    this.#clients = clients
  }

  /** The way to the master. */
  get way(): Way {
    return {
      isSharded: false,
      open: async (ended) => {
        this.#master = await this.#ask(ended)
        return this.#clients.openMaster(parseAddress(this.#master), ended)
      },
      // One that was replaced while it was away comes back as a master, for a moment.
      inspect: async (client) => {
        const hello = await client.sendCommand<{ readonly role?: Reply }>(['HELLO'])
        if (hello.role !== 'master') throw new Error('the server is no master')
      },
    }
  }

  /** Calls back when the Sentinels have made another server the master. */
  watch(onMoved: () => void): Connection {
    let turn = Math.floor(Math.random() * this.#addresses.length)
    const way: Way = {
      isSharded: false,
      open: (ended) =>
        this.#clients.openSentinel(this.#addresses[turn % this.#addresses.length] as ServerAddress, ended),
    }
    const events: ServersEvents = {
      // What it said while nobody listened, it says no more: so it is asked.
      onChange: () => {
        if (connection.hearsAll) void this.#compare(connection, onMoved)
      },
      onFailure: () => {
        turn += 1
      },
      onMessage: (_channel, message) => {
        if (message.startsWith(`${this.#name} `)) onMoved()
      },
    }
    const connection: Connection = new Connection(way, events)
    connection.listen('+switch-master')
    return connection
  }

  async #compare(sentinel: Connection, onMoved: () => void): Promise<void> {
    const reply = await sentinel.send(this.#question).catch(() => undefined) // the connection ended, and comes again
    const address = reply === undefined ? undefined : readAddress(reply)
    if (address !== undefined && this.#master !== undefined && address !== this.#master) onMoved()
  }

  async #ask(ended: AbortSignal): Promise<string> {
    const enough = new AbortController()
    const signal = AbortSignal.any([ended, enough.signal])
    try {
      const asked = this.#addresses.map((address) => this.#askOne(address, signal))
      return await mostSaid(asked, String, (failure) => failure instanceof ConfigurationError)
    } catch (error) {
      throw error instanceof ConfigurationError ? error : toFault(error, 'SENTINEL GET-MASTER-ADDR-BY-NAME')
    } finally {
      enough.abort()
    }
  }

  async #askOne(address: ServerAddress, ended: AbortSignal): Promise<string> {
    const open = (over: AbortSignal): Client => this.#clients.openSentinel(address, over)
    const master = readAddress(await askOnce(open, this.#question, askSeconds, ended))
    if (master !== undefined) return master
    throw new ConfigurationError('no Sentinel knows a master of this name: mend `sentinel.name`')
  }
}

/** `host:port`, or `undefined` for a name that the Sentinel does not know. */
function readAddress(reply: Reply): string | undefined {
  if (!Array.isArray(reply)) return undefined
  const [host, port] = reply as readonly Reply[]
  return formatAddress({ host: String(host), port: Number(port) })
}
