// Answers that others remember, sealed: whoever can write to Redis can neither read one nor make one up, nor put one where
// another belongs. An old answer that is put back holds no longer than it always did. Whatever goes wrong is a miss, and then
// the real work is done.
import type { Answer, Question, VerdictCache } from '@sallyport/core'
import { type Clock, publishState } from '@sallyport/core/state'
import { RedisFault } from './port/redis-fault.js'
import type { RedisPort, Reply } from './port/redis-port.js'
import type { KeyNames } from './sealing/key-names.js'
import type { KeyRing } from './sealing/key-ring.js'

/** Who asks wants to save time. */
const callSeconds = 0.03
const greatestSeconds = 86_400
/** Of an answer as JSON, in UTF-8. Sealed it is a third longer, and what is longer than that is not read to its end. */
const greatestBytes = 65_536
const greatestSealed = Math.ceil(((greatestBytes + 64) * 4) / 3)

/** Answers of one namespace. For a ring with a secret: without one there is nothing to seal with. */
export class RedisVerdictCache implements VerdictCache {
  readonly #port: RedisPort
  readonly #names: KeyNames
  readonly #ring: KeyRing
  readonly #clock: Clock

  constructor(port: RedisPort, names: KeyNames, ring: KeyRing, clock: Clock) {
    this.#port = port
    this.#names = names
    this.#ring = ring
    this.#clock = clock
  }

  async recall(question: Question): Promise<{ readonly answer: Answer } | undefined> {
    const key = this.#key(question)
    const sealed = await this.#ask(key, ['GETRANGE', key, '0', String(greatestSealed)])
    if (typeof sealed !== 'string' || sealed === '') return undefined
    const text = this.#ring.open('vc', key, sealed)
    if (text === undefined) {
      publishState({ outcome: 'rejected', reason: 'a verdict in Redis was not sealed by this fleet for its place' })
      return undefined
    }
    const { answer, until } = JSON.parse(text) as { answer: Answer; until: number }
    return this.#clock() < until ? { answer } : undefined
  }

  async remember(question: Question, answer: Answer, until: number): Promise<void> {
    const seconds = Math.min(until - this.#clock(), greatestSeconds)
    if (!(seconds > 0)) return
    const text = JSON.stringify({ answer, until: this.#clock() + seconds })
    if (Buffer.byteLength(text) > greatestBytes) return
    const key = this.#key(question)
    await this.#ask(key, ['SET', key, this.#ring.seal('vc', key, text), 'PX', String(Math.ceil(seconds * 1000))])
  }

  async #ask(key: string, command: readonly string[]): Promise<Reply | undefined> {
    try {
      return await this.#port.call(key, command, callSeconds)
    } catch (fault) {
      if (fault instanceof RedisFault) return undefined // a miss, and the port has told of the outage
      throw fault
    }
  }

  #key({ kind, of, about }: Question): string {
    return this.#names.key('vc', [kind, of, about])
  }
}
