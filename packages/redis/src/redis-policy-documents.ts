// Policies of a fleet in Redis: a head that says where the text is, and texts under their own digests. Both are written in one
// step, and a text outlives its head for a while, so a reader never finds a head without its text. What is in force never
// expires: readers cannot renew it, and nobody may publish for a year. Nothing here proves anything; the signature is verified
// by whoever takes it over.
import { type PolicyDocument, type PolicyDocuments, VerificationError } from '@sallyport/core'
import { RedisFault } from './port/redis-fault.js'
import type { RedisPort, Reply, Script } from './port/redis-port.js'
import { contentDigest } from './sealing/content-digest.js'
import type { KeyNames } from './sealing/key-names.js'

const readSeconds = 0.5
const publishSeconds = 1
/** Who has read a head gets its text for so long after the next one. */
const supersededSeconds = 7 * 86_400
/** Of a policy document, in UTF-8; a head is far smaller. What is larger is not read to its end. */
const greatestTextBytes = 262_144
const greatestHeadBytes = 8_192

/** How a head is kept: the digest of its text, and the head. Anything else that is there is taken for nothing. */
const keptHead = /^([0-9a-f]{64}) ([\w.-]+)$/

/**
 * KEYS: head, text, and text before it where that is another one. ARGV: the head that was seen (empty for none), the head and
 * the text to store, how long the text before stays, the channel and the word for publishing there.
 */
const publishing: Script = {
  lua: `
local there = redis.call('GETRANGE', KEYS[1], 0, ${greatestHeadBytes - 1})
local seen = string.match(there, '^' .. string.rep('[0-9a-f]', 64) .. ' ([%w_.-]+)$') or ''
if seen ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[2])
if KEYS[3] then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
redis.call(ARGV[6], ARGV[5], '')
return 1`,
}

/** A document, and where its text is kept: what is there may be another text, or none. */
interface KeptDocument extends PolicyDocument {
  readonly digest: string
}

/** Documents of one namespace. */
export class RedisPolicyDocuments implements PolicyDocuments {
  readonly #port: RedisPort
  readonly #names: KeyNames

  constructor(port: RedisPort, names: KeyNames) {
    this.#port = port
    this.#names = names
  }

  async latest(name: string): Promise<KeptDocument | undefined> {
    const kept = keptHead.exec(await this.#read(this.#key(name, 'head'), greatestHeadBytes))
    if (kept === null) return undefined
    const [, digest, head] = kept as unknown as readonly [string, string, string]
    return { head, digest, text: await this.#read(this.#key(name, `d:${digest}`), greatestTextBytes + 1) }
  }

  async publish(name: string, document: PolicyDocument, replaced: PolicyDocument | undefined): Promise<boolean> {
    const digest = contentDigest(document.text)
    const before = (replaced as KeptDocument | undefined)?.digest
    const keys = [this.#key(name, 'head'), this.#key(name, `d:${digest}`)]
    if (before !== undefined && before !== digest) keys.push(this.#key(name, `d:${before}`))
    const stored = await this.#asked(
      this.#port.run(
        publishing,
        keys,
        [
          replaced?.head ?? '',
          `${digest} ${document.head}`,
          document.text,
          String(supersededSeconds * 1000),
          this.#key(name, 'up'),
          this.#port.publishCommand,
        ],
        publishSeconds,
      ),
    )
    return stored === 1
  }

  onPublished(name: string, listener: () => void): () => void {
    const unsubscribe = this.#port.subscribe(this.#key(name, 'up'), listener)
    const forget = this.#port.onReady(listener) // what was published meanwhile, nobody has heard of
    return () => {
      unsubscribe()
      forget()
    }
  }

  #key(name: string, part: string): string {
    return this.#names.key('pol', [name], part)
  }

  /** At most so many bytes of a text; empty where there is none. */
  async #read(key: string, bytes: number): Promise<string> {
    const text = await this.#asked(this.#port.call(key, ['GETRANGE', key, '0', String(bytes - 1)], readSeconds))
    return typeof text === 'string' ? text : ''
  }

  async #asked(reply: Promise<Reply>): Promise<Reply> {
    try {
      return await reply
    } catch (cause) {
      if (!(cause instanceof RedisFault)) throw cause
      const message = `what is published in Redis cannot be told: ${cause.message}`
      throw new VerificationError('state_unavailable', message, { retryAfterSeconds: 1, cause })
    }
  }
}
