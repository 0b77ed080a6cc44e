// A dispatcher that stays while the connections behind it are replaced. New requests go to the new ones from one moment to the
// next; those in flight end where they began.
import { Dispatcher } from 'undici'
import { DownstreamError } from '../downstream-error.js'
import type { SecureConnections } from './secure-connections.js'

/** What is told when connections had to be ended with requests in flight. */
export type OnSevered = () => void

export class RotatingDispatcher extends Dispatcher {
  readonly #drainSeconds: number
  readonly #onSevered: OnSevered
  readonly #draining = new Set<Promise<void>>()
  #current: SecureConnections
  #closing: Promise<void> | undefined

  constructor(connections: SecureConnections, drainSeconds: number, onSevered: OnSevered) {
    super()
    this.#drainSeconds = drainSeconds
    this.#onSevered = onSevered
    this.#current = this.#adopt(connections)
  }

  /** Where requests go from now on. The connections before are closed once nothing is in flight on them, or time is up. */
  replace(connections: SecureConnections): void {
    const before = this.#current
    // INVARIANT: first the new one, then the old one is closed, without an await between: no request meets a closed agent.
    this.#current = this.#adopt(connections)
    this.#drain(before)
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#closing !== undefined) throw new DownstreamError('client_closed', 'the client was closed')
    return this.#current.agent.dispatch(options, handler)
  }

  /** Takes no request any more; fulfilled when all that was in flight has ended, or time was up. */
  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | undefined {
    if (this.#closing === undefined) {
      this.#drain(this.#current)
      this.#closing = Promise.all(this.#draining).then(() => undefined)
    }
    if (callback === undefined) return this.#closing
    void this.#closing.then(callback)
    return undefined
  }

  /** As `close`: what is in flight has its time. */
  override destroy(): Promise<void>
  override destroy(error: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(...given: readonly unknown[]): Promise<void> | undefined {
    const callback = given.find((argument) => typeof argument === 'function') as (() => void) | undefined
    return callback === undefined ? this.close() : void this.close(callback)
  }

  /** Who waits for room on a connection, waits for these events. */
  #adopt(connections: SecureConnections): SecureConnections {
    const { agent } = connections
    agent.on('drain', (origin) => this.emit('drain', origin))
    agent.on('connect', (origin, targets) => this.emit('connect', origin, [this, ...targets]))
    agent.on('disconnect', (origin, targets, error) => this.emit('disconnect', origin, [this, ...targets], error))
    agent.on('connectionError', (origin, targets, error) =>
      this.emit('connectionError', origin, [this, ...targets], error),
    )
    return connections
  }

  #drain({ agent, sever }: SecureConnections): void {
    const timer = setTimeout(() => {
      this.#onSevered()
      sever(new DownstreamError('service_unavailable', 'the connection took too long to drain'))
    }, this.#drainSeconds * 1000)
    timer.unref()
    const drained = agent.close().finally(() => {
      clearTimeout(timer)
      this.#draining.delete(drained)
    })
    this.#draining.add(drained)
  }
}
