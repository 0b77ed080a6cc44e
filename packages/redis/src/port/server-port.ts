// A Redis of any topology, as everybody else in this package sees it: calls that find where a key lives, channels that are
// heard again after every interruption, a start that ends, and an end that leaves nothing behind.
import { monotonicClock } from '@sallyport/core/state'
import { scriptDigest } from '../sealing/script-digest.js'
import { Calls } from './calls.js'
import { Conditions } from './conditions.js'
import type { Servers } from './line.js'
import { RedisFault } from './redis-fault.js'
import type { RedisPort, Reply, Script } from './redis-port.js'
import { RoutedCalls } from './routed-calls.js'
import { checkServer, type Expectations } from './server-checks.js'
import { because, toConfigurationError } from './server-errors.js'

/** What whoever made a port is told. */
export interface PortEvents {
  onConnected(): void
  /** @param cause - why, where a reason is known */
  onDisconnected(cause: unknown): void
}

/** A port on some servers. */
export class ServerPort implements RedisPort {
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH'
  readonly #servers: Servers
  readonly #expectations: Omit<Expectations, 'mode'>
  readonly #events: PortEvents
  readonly #calls = new Calls()
  readonly #conditions = new Conditions(this.#calls.wheel)
  readonly #routed: RoutedCalls
  readonly #digests = new WeakMap<Script, string>()
  readonly #listeners = new Map<string, Set<(message: string) => void>>()
  readonly #readyListeners = new Set<() => void>()
  #isStarted = false
  #wasConnected = false
  #wasWhole = false
  /** Why the last connection ended, or did not come about. */
  #cause: unknown
  #closing: Promise<void> | undefined

  constructor(servers: Servers, expectations: Omit<Expectations, 'mode'>, events: PortEvents) {
    this.#servers = servers
    this.#expectations = expectations
    this.#events = events
    this.#routed = new RoutedCalls(servers, this.#calls, this.#conditions)
    this.publishCommand = servers.mode === 'cluster' ? 'SPUBLISH' : 'PUBLISH'
  }

  get isConnected(): boolean {
    return this.#closing === undefined && this.#servers.isConnected
  }

  call(key: string, command: readonly string[], deadlineSeconds: number): Promise<Reply> {
    return this.#routed.call(key, command, deadlineSeconds)
  }

  pipeline(
    key: string,
    commands: readonly (readonly string[])[],
    deadlineSeconds: number,
  ): Promise<readonly (Reply | RedisFault)[]> {
    return this.#routed.callAll(key, commands, deadlineSeconds)
  }

  async run(script: Script, keys: readonly string[], args: readonly string[], deadlineSeconds: number): Promise<Reply> {
    const until = monotonicClock() + deadlineSeconds
    const [key = ''] = keys
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await this.call(key, ['EVALSHA', this.#digest(script), ...rest], deadlineSeconds)
    } catch (error) {
      if (!(error instanceof RedisFault) || error.reply !== 'NOSCRIPT') throw error
      return await this.call(key, ['EVAL', script.lua, ...rest], until - monotonicClock())
    }
  }

  async callAndWait(
    key: string,
    command: readonly string[],
    replicas: number,
    deadlineSeconds: number,
  ): Promise<{ readonly reply: Reply; readonly replicas: number }> {
    // The server stops waiting before we do: then we hear how many have it.
    const waitMilliseconds = Math.max(1, Math.floor(deadlineSeconds * 750))
    const wait = ['WAIT', String(replicas), String(waitMilliseconds)]
    const [reply = null, count = null] = await this.#routed.callAllApart(key, [command, wait], deadlineSeconds)
    if (reply instanceof RedisFault) throw reply
    // The command was run, whatever became of the waiting.
    if (count instanceof RedisFault)
      throw new RedisFault(count.kind, count.message, {
        isUndone: false,
        cause: count.cause,
        ...(count.reply !== undefined && { reply: count.reply }),
      })
    return { reply, replicas: Number(count) }
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    const listeners = this.#listeners.get(channel)
    if (listeners !== undefined) listeners.add(listener)
    else {
      this.#listeners.set(channel, new Set([listener]))
      this.#servers.listen(channel)
    }
    return () => {
      const remaining = this.#listeners.get(channel)
      if (remaining?.delete(listener) !== true || remaining.size > 0) return
      this.#listeners.delete(channel)
      this.#servers.ignore(channel)
    }
  }

  onReady(listener: () => void): () => void {
    this.#readyListeners.add(listener)
    return () => this.#readyListeners.delete(listener)
  }

  async connect(deadlineSeconds: number): Promise<void> {
    const until = monotonicClock() + deadlineSeconds
    if (this.#closing !== undefined) throw leftFault()
    this.#start()
    const late = (): Error =>
      new RedisFault('offline', `Redis cannot be reached${because(this.#cause)}`, {
        isUndone: true,
        cause: this.#cause,
      })
    for (;;) {
      const secondsLeft = until - monotonicClock()
      await this.#conditions.until(() => this.#servers.isWhole, secondsLeft, late, toConfigurationError)
      try {
        return await this.#check(until)
      } catch (error) {
        // A server may be left while it is looked at, for the one that has taken its place.
        const isLeft = error instanceof RedisFault && !this.#servers.isWhole && this.#closing === undefined
        if (!isLeft || monotonicClock() >= until) throw error
      }
    }
  }

  /** @throws ConfigurationError, RedisFault */
  async #check(until: number): Promise<void> {
    const expectations = { ...this.#expectations, mode: this.#servers.mode }
    const checks = this.#servers
      .linesToCheck()
      .map((line) =>
        checkServer((...command) => this.#calls.call(line, '', command, until - monotonicClock()), expectations),
      )
    await Promise.all(checks)
  }

  close(deadlineSeconds: number): Promise<void> {
    this.#closing ??= this.#close(deadlineSeconds)
    return this.#closing
  }

  async #close(deadlineSeconds: number): Promise<void> {
    this.#conditions.end(leftFault())
    await this.#calls.close(deadlineSeconds)
    await this.#servers.end()
  }

  #start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#servers.start({
      onChange: () => this.#look(),
      onFailure: (cause) => {
        this.#cause = cause
        this.#conditions.fail(cause)
      },
      onMessage: (channel, message) => {
        for (const listener of this.#listeners.get(channel) ?? []) tell(() => listener(message))
      },
    })
  }

  #look(): void {
    if (this.#closing !== undefined) return
    const { isConnected, isWhole } = this.#servers
    const isNewlyWhole = isWhole && !this.#wasWhole
    this.#wasWhole = isWhole
    if (isConnected !== this.#wasConnected) {
      this.#wasConnected = isConnected
      if (isConnected) this.#events.onConnected()
      else this.#events.onDisconnected(this.#cause)
    }
    this.#conditions.look()
    if (isNewlyWhole) for (const listener of this.#readyListeners) tell(listener)
  }

  #digest(script: Script): string {
    const known = this.#digests.get(script) ?? scriptDigest(script.lua)
    this.#digests.set(script, known)
    return known
  }
}

/** Calls a listener where its mistakes reach nobody but the process: not the connection that brought the message. */
function tell(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function leftFault(): RedisFault {
  return new RedisFault('offline', 'the connection to Redis was closed', { isUndone: true })
}
