// The turns of one key set: who of the fleet asks the issuer, and what the others find instead.
import { fetchSpacings, quietSeconds } from '@sallyport/core/state'
import { RedisFault } from '../port/redis-fault.js'
import type { RedisPort, Reply } from '../port/redis-port.js'
import { claimScript, greatestStoredBytes, releaseScript, renewScript, storeScript } from './turn-scripts.js'

/** A request waits for it. */
const callSeconds = 0.1
/**
 * What was not answered is asked again: machines that are busy, as all are that start at once, are not worth a fetch of each
 * process. Where Redis hangs, the breaker ends this soon.
 */
const patienceSeconds = [callSeconds, 0.4, 1]

/** The keys and the channel of one key set. */
export interface Place {
  readonly document: string
  readonly lock: string
  readonly budget: string
  readonly channel: string
}

/** The right to ask the issuer. */
export interface Lock {
  readonly text: string
  /** Greater than that of any lock before it. */
  readonly serial: number
}

/** What there is to do for somebody who wants a key set. */
export type Turn =
  /** Another document than the one that was seen is there. */
  | { readonly kind: 'stored'; readonly stored: StoredText }
  /** Another process asks at this moment. */
  | { readonly kind: 'taken'; readonly serial: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'own'; readonly lock: Lock }

/** A document as it is stored; nobody knows yet who has put it there. */
export interface StoredText {
  /** As digits; `'0'` for what has none. */
  readonly serial: string
  readonly sealed: string
}

/** What there is before anything was seen. */
export const nothingSeen = '0'

/** @throws RedisFault from every method */
export class FetchTurns {
  readonly #port: RedisPort
  readonly place: Place

  constructor(port: RedisPort, place: Place) {
    this.#port = port
    this.place = place
  }

  /** The document that is there. */
  async read(): Promise<StoredText | undefined> {
    const { document } = this.place
    const command = ['GETRANGE', document, '0', String(greatestStoredBytes)]
    const reply = await patiently((seconds) => this.#port.call(document, command, seconds))
    return typeof reply === 'string' && reply !== '' ? toStoredText(reply) : undefined
  }

  /** @param token - the same one as long as one caller waits for one turn */
  async claim(token: string, seen: string, isForUnknownKey: boolean): Promise<Turn> {
    const { document, lock, budget } = this.place
    const spacings = fetchSpacings.map((seconds) => String(seconds * 1_000_000))
    // One millisecond more, for a minute is not more than a minute.
    const args = [seen, token, isForUnknownKey ? '1' : '0', String(quietSeconds * 1000 + 1), ...spacings]
    return toTurn(await patiently((seconds) => this.#port.run(claimScript, [document, lock, budget], args, seconds)))
  }

  /** @returns whether it was stored: not after the lock was lost */
  async store(lock: Lock, sealed: string, keepSeconds: number, isNew: boolean): Promise<boolean> {
    const { document, lock: key, budget, channel } = this.place
    const keepMs = String(Math.ceil(keepSeconds * 1000))
    const args = [lock.text, String(lock.serial), sealed, keepMs, isNew ? '1' : '0', this.#port.publishCommand, channel]
    return (await this.#port.run(storeScript, [document, key, budget], args, callSeconds)) === 1
  }

  /** After a fetch that failed. */
  async release(lock: Lock, isForUnknownKey: boolean): Promise<void> {
    const { lock: key, budget } = this.place
    await this.#port.run(releaseScript, [key, budget], [lock.text, isForUnknownKey ? '1' : '0'], callSeconds)
  }

  async renew(lock: Lock): Promise<void> {
    await this.#port.run(renewScript, [this.place.lock], [lock.text], callSeconds)
  }
}

async function patiently(ask: (seconds: number) => Promise<Reply>): Promise<Reply> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(patienceSeconds[attempt] ?? callSeconds)
    } catch (fault) {
      const isLate = fault instanceof RedisFault && fault.kind === 'deadline'
      if (!isLate || attempt === patienceSeconds.length - 1) throw fault
    }
  }
}

/** Reads what stands under the key of a document. */
function toStoredText(text: string): StoredText {
  const [, serial = nothingSeen, sealed = ''] = /^(\d+) (.*)$/s.exec(text) ?? []
  return { serial, sealed }
}

function toTurn(reply: Reply): Turn {
  const [kind, value] = Array.isArray(reply) ? reply : []
  const text = typeof value === 'string' ? value : ''
  if (kind === 'stored') return { kind, stored: toStoredText(text) }
  if (kind === 'wait') return { kind, seconds: Number(text) / 1_000_000 }
  const serial = Number.parseInt(text, 10)
  return kind === 'own' ? { kind, lock: { text, serial } } : { kind: 'taken', serial }
}
