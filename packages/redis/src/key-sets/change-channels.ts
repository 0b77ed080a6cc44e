// The pushes of a fleet about its key sets: one subscription for each, whoever listens.
import type { RedisPort } from '../port/redis-port.js'

interface Channel {
  /** Called for keys that are new, and where such a push may have been missed. */
  readonly onChanged: Set<() => void>
  /** Called for everything that was stored. */
  readonly onStored: Set<() => void>
  readonly end: () => void
}

export class ChangeChannels {
  readonly #port: RedisPort
  readonly #channels = new Map<string, Channel>()

  constructor(port: RedisPort) {
    this.#port = port
  }

  onChanged(name: string, listener: () => void): () => void {
    return this.#add(name, 'onChanged', listener)
  }

  /** Heard at once where somebody listens to the channel already; otherwise, when the subscription is there. */
  onStored(name: string, listener: () => void): () => void {
    return this.#add(name, 'onStored', listener)
  }

  #add(name: string, kind: 'onChanged' | 'onStored', listener: () => void): () => void {
    const channel = this.#channels.get(name) ?? this.#open(name)
    const own = (): void => listener()
    channel[kind].add(own)
    return () => {
      if (!channel[kind].delete(own) || channel.onChanged.size + channel.onStored.size > 0) return
      channel.end()
      this.#channels.delete(name)
    }
  }

  #open(name: string): Channel {
    const hear = (message: string): void => {
      call(channel.onStored)
      if (message.endsWith(' 1')) call(channel.onChanged)
    }
    const unsubscribe = this.#port.subscribe(name, hear)
    const forget = this.#port.onReady(() => call(channel.onChanged)) // of what was pushed meanwhile, nobody has heard
    const end = (): void => {
      unsubscribe()
      forget()
    }
    const channel: Channel = { onChanged: new Set(), onStored: new Set(), end }
    this.#channels.set(name, channel)
    return channel
  }
}

function call(listeners: ReadonlySet<() => void>): void {
  for (const listener of [...listeners]) listener()
}
