// One connection to one server, made anew whenever it ends. A client of the library serves for one connection here and is
// then thrown away: its own ways of reconnecting, queueing and subscribing again run commands late, or as somebody else, or
// wait for ever (docs/adr/0016).
import { ClientClosedError, ClientOfflineError, ConnectionTimeoutError, ErrorReply, SocketTimeoutError } from 'redis'
import { Breaker } from './breaker.js'
import type { Client } from './client-settings.js'
import type { Line, ServersEvents } from './line.js'
import type { Reply } from './redis-port.js'
import { needsOperator, toFault } from './server-errors.js'

/** From the other side of the world, with TLS: seven times there and back. */
const connectSeconds = 3
const pingSeconds = 0.4
/** A server that says nothing for so many of them, and another, is gone, whatever its socket looks like. */
const toleratedPings = 2

/** How to come to a server. */
export interface Way {
  /** Makes a client, unconnected, for where the server is now. @param ended - nobody wants to know any more */
  open(ended: AbortSignal): Client | Promise<Client>
  /** Looks at a server that was just connected to. @throws where it is not the one that was meant */
  inspect?(client: Client): Promise<void>
  /** Whether channels are those of a cluster. */
  readonly isSharded: boolean
}

/** One connection to one server, for as long as it is not ended. */
export class Connection implements Line {
  readonly breaker: Breaker = new Breaker()
  readonly #way: Way
  readonly #events: ServersEvents
  readonly #channels = new Set<string>()
  readonly #heard = new Set<string>()
  /** The client, while it is connected. */
  #client: Client | undefined
  readonly #life: Promise<void>
  #isEnded = false
  #wasTried = false
  #lose: (cause: unknown) => void = () => {}
  #skipPause: () => void = () => {}

  constructor(way: Way, events: ServersEvents) {
    this.#way = way
    this.#events = events
    this.#life = this.#live()
  }

  get isReady(): boolean {
    return this.#client !== undefined
  }

  get isComing(): boolean {
    return !this.#wasTried && this.#client === undefined
  }

  /** Whether it is ready and hears every channel. */
  get hearsAll(): boolean {
    return this.#client !== undefined && this.#heard.size === this.#channels.size
  }

  send(command: readonly string[]): Promise<Reply> {
    return this.#client?.sendCommand<Reply>(command) ?? Promise.reject(new ClientOfflineError())
  }

  listen(channel: string): void {
    this.#channels.add(channel)
    if (this.#client !== undefined) this.#hear(this.#client, channel).catch((cause) => this.#lose(cause))
    this.#events.onChange()
  }

  ignore(channel: string): void {
    this.#channels.delete(channel)
    this.#heard.delete(channel)
    // What the connection does not unsubscribe, it forgets when it ends; nobody listens in the meantime.
    const done = this.#way.isSharded ? this.#client?.sUnsubscribe(channel) : this.#client?.unsubscribe(channel)
    done?.catch(() => {})
    this.#events.onChange()
  }

  /** Ends the connection under way, for another: the server is not what it should be. */
  renew(cause: unknown): void {
    this.#lose(cause)
  }

  /** Ends it for good; resolves once nothing is left of it. */
  end(): Promise<void> {
    this.#isEnded = true
    this.#lose(new ClientClosedError())
    this.#skipPause()
    return this.#life
  }

  async #live(): Promise<void> {
    for (let failures = 0; !this.#isEnded; failures += 1) {
      const cause = await this.#connectOnce(() => {
        failures = 0
      })
      if (this.#isEnded) return
      this.#events.onFailure(cause)
      await this.#pause(pauseAfter(failures, cause))
    }
  }

  /** Connects, and answers why the connection ended. */
  async #connectOnce(onReady: () => void): Promise<unknown> {
    const lost = new Promise<never>((_, reject) => {
      this.#lose = reject
    })
    const timer = setTimeout(() => this.#lose(new ConnectionTimeoutError()), connectSeconds * 1000)
    const attempt = new AbortController()
    const opening = (async () => this.#way.open(attempt.signal))()
    let client: Client | undefined
    let watch: NodeJS.Timeout | undefined
    try {
      client = await Promise.race([opening, lost])
      await Promise.race([this.#prepare(client), lost])
      clearTimeout(timer)
      onReady()
      watch = this.#watch(client)
      this.#begin(client)
      return await lost
    } catch (cause) {
      return cause
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      client?.destroy()
      attempt.abort()
      // One that comes too late is not connected, and only has to be let go.
      if (client === undefined) opening.then((late) => late.destroy()).catch(() => {})
      this.#finish()
    }
  }

  #begin(client: Client): void {
    this.breaker.succeeded()
    this.#client = client
    // Channels that came while the others were being subscribed.
    for (const channel of this.#channels) if (!this.#heard.has(channel)) this.listen(channel)
    this.#events.onChange()
  }

  #finish(): void {
    this.#wasTried = true
    this.#heard.clear()
    if (this.#client === undefined) return
    this.#client = undefined
    this.#events.onChange()
  }

  async #prepare(client: Client): Promise<void> {
    // Before connect(): an error that nobody listens to ends the process.
    client.on('error', (cause: unknown) => this.#lose(cause))
    client.on('sharded-channel-moved', () => this.#lose(new ErrorReply('MOVED')))
    await client.connect()
    await this.#way.inspect?.(client)
    await Promise.all([...this.#channels].map((channel) => this.#hear(client, channel)))
  }

  async #hear(client: Client, channel: string): Promise<void> {
    const listener = (message: string): void => this.#events.onMessage(channel, message)
    try {
      await (this.#way.isSharded ? client.sSubscribe(channel, listener) : client.subscribe(channel, listener))
    } catch (error) {
      throw toFault(error, this.#way.isSharded ? 'SSUBSCRIBE' : 'SUBSCRIBE')
    }
    if (!this.#channels.has(channel)) return
    this.#heard.add(channel)
    if (client === this.#client) this.#events.onChange()
  }

  /** A hung server keeps its sockets open, and writing to it keeps them from timing out. */
  #watch(client: Client): NodeJS.Timeout {
    let unanswered = 0
    const answered = (): void => {
      unanswered = 0
    }
    return setInterval(() => {
      if (unanswered > toleratedPings) this.#lose(new SocketTimeoutError(toleratedPings * pingSeconds * 1000))
      unanswered += 1
      if (unanswered > 1) return
      client.sendCommand(['PING']).then(answered, (error) => error instanceof ErrorReply && answered())
    }, pingSeconds * 1000).unref()
  }

  #pause(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.#skipPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** How long to wait before another attempt: soon at first, and never all processes at once. */
function pauseAfter(failures: number, cause: unknown): number {
  if (needsOperator(cause)) return 5
  const leastSeconds = failures === 0 ? 0 : Math.min(0.025 * 2 ** Math.min(failures, 5), 0.5)
  return leastSeconds + Math.random() * 0.025
}
