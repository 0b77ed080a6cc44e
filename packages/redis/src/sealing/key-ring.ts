// The keys of a fleet, all derived from one secret (RFC 5869): for names, so that no key in Redis tells whom it is about;
// for seals, so that nobody who can write to Redis can make a token pass; for the marks of log entries. Each purpose has keys
// of its own.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

/** What keys are derived for. */
export type Purpose = 'rv' | 'rp' | 'jwks' | 'vc' | 'pol' | 'rl'

type Use = 'name' | 'seal' | 'mark'

/** The version of everything that is written: keys, seals, entries. */
export const schema = 'sp1'

const nonceBytes = 12
const tagBytes = 16
const markBytes = 16
const keyIdBytes = 4

interface RingKey {
  readonly id: Buffer
  readonly key: KeyObject
}

/** Names, seals and marks with the secrets of a fleet: made with the newest of them, accepted by any. */
export class KeyRing {
  /** Whether there is a secret. Without one nothing is sealed, and a mark keeps out mistakes alone. */
  readonly isSecret: boolean
  readonly #secrets: readonly Uint8Array[]
  readonly #namespace: string
  readonly #keys = new Map<string, RingKey[]>()

  /**
   * @param secrets - the newest first; names come from the last, because a name must stay the same while secrets change. None:
   * names and marks are derived from the namespace alone
   */
  constructor(secrets: readonly Uint8Array[], namespace: string) {
    this.isSecret = secrets.length > 0
    this.#secrets = this.isSecret ? secrets : [Buffer.from('no secret')]
    this.#namespace = namespace
  }

  /** 256 bits that stand for some fields, in this order. Fields are told apart: `ab`, `c` is not `a`, `bc`. */
  digest(purpose: Purpose, ...fields: readonly string[]): Buffer {
    const { key } = this.#ring('name', purpose).at(-1) as RingKey
    const hmac = createHmac('sha256', key)
    for (const field of fields) {
      if (field.isWellFormed()) hmac.update(`${Buffer.byteLength(field)}:`).update(field)
      // Halves of surrogate pairs all look the same in UTF-8, and would make one name of two.
      else hmac.update(`${2 * field.length};`).update(field, 'utf16le')
    }
    return hmac.digest()
  }

  /** The same as text, 132 bits of it: what stands in the name of a key. */
  name(purpose: Purpose, ...fields: readonly string[]): string {
    return this.digest(purpose, ...fields)
      .toString('base64url')
      .slice(0, 22)
  }

  /**
   * Seals a text (AES-256-GCM) for one place: opened anywhere else, it does not open. Each place has a key of its own, so that
   * random nonces do not wear out however much a fleet seals (NIST SP 800-38D §8.3: 2^32 seals with one key).
   *
   * @param place - the key in Redis under which it will stand
   * @throws TypeError without a secret
   */
  seal(purpose: Purpose, place: string, text: string): string {
    if (!this.isSecret) throw new TypeError('nothing is sealed without a secret')
    const [{ id, key }] = this.#ring('seal', purpose) as [RingKey]
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', keyOfPlace(key, place), nonce)
    cipher.setAAD(associatedData(purpose, place))
    const sealed = Buffer.concat([id, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return sealed.toString('base64url')
  }

  /** The text, or `undefined` for what this fleet has not sealed for this place. */
  open(purpose: Purpose, place: string, sealed: string): string | undefined {
    if (!this.isSecret) return undefined
    const bytes = fromBase64url(sealed)
    const end = bytes.length - tagBytes
    if (end < keyIdBytes + nonceBytes) return undefined
    const id = bytes.subarray(0, keyIdBytes)
    const found = this.#ring('seal', purpose).find((each) => each.id.equals(id))
    if (found === undefined) return undefined
    const nonce = bytes.subarray(keyIdBytes, keyIdBytes + nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', keyOfPlace(found.key, place), nonce, { authTagLength: tagBytes })
    decipher.setAAD(associatedData(purpose, place)).setAuthTag(bytes.subarray(end))
    try {
      const text = decipher.update(bytes.subarray(keyIdBytes + nonceBytes, end), undefined, 'utf8')
      return text + decipher.final('utf8')
    } catch {
      return undefined // the tag does not fit: that is the whole answer
    }
  }

  /** A mark that says that this fleet wrote a text: HMAC-SHA256, 128 bits. */
  mark(purpose: Purpose, text: string): string {
    const [newest] = this.#ring('mark', purpose) as [RingKey]
    return markWith(newest, text).toString('base64url')
  }

  /** Whether a mark is of this fleet. */
  isMarked(purpose: Purpose, text: string, mark: string): boolean {
    const bytes = fromBase64url(mark)
    if (bytes.length !== markBytes) return false
    return this.#ring('mark', purpose).some((key) => timingSafeEqual(markWith(key, text), bytes))
  }

  #ring(use: Use, purpose: Purpose): RingKey[] {
    const known = this.#keys.get(use + purpose)
    if (known !== undefined) return known
    const ring = this.#secrets.map((secret) => this.#derive(secret, use, purpose))
    this.#keys.set(use + purpose, ring)
    return ring
  }

  #derive(secret: Uint8Array, use: Use, purpose: Purpose): RingKey {
    const info = `${schema} ${this.#namespace} ${use} ${purpose}`
    const bytes = Buffer.from(hkdfSync('sha256', secret, 'sallyport', info, 32 + keyIdBytes))
    return { id: bytes.subarray(32), key: createSecretKey(bytes.subarray(0, 32)) }
  }
}

/** RFC 4648 §3.5: one text for some bytes. What is written otherwise is nothing. */
function fromBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : Buffer.alloc(0)
}

function keyOfPlace(key: KeyObject, place: string): Buffer {
  return createHmac('sha256', key).update(place).digest()
}

function associatedData(purpose: Purpose, place: string): Buffer {
  return Buffer.from(`${schema} ${purpose} ${place}`)
}

function markWith({ key }: RingKey, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, markBytes)
}
