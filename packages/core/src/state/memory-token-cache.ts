// Tokens that were verified before, in this process. It holds facts, never decisions: that this token, to the last byte,
// was signed with this key, and what it says. Binding, revocation and policy are judged on every request.
//
// A token seen once is remembered as a proof alone, its payload and signature packed into bytes: less than the token
// itself weighs. Seen again, it is remembered with its facts, and from then on costs one look-up (docs/adr/0002).
import { LRUCache } from 'lru-cache'
import type { AccessToken } from '../decision.js'
import type { JwsHeader, UnverifiedJws } from '../jose/compact-jws.js'
import type { VerificationKey } from '../jose/jwk.js'
import type { ProofMemory, VerifiedJws } from '../jose/signature.js'

/** What a verified token came to, and what that depends on. */
export interface TokenFacts {
  readonly accessToken: AccessToken<unknown>
  /** Seconds since the epoch, tolerance included: the facts hold while `notBefore <= now < notAfter`. */
  readonly validity: { readonly notBefore: number; readonly notAfter: number }
  /** The key set of the issuer, as it is now: facts die with the key that proved them. */
  readonly keySet: { holds(key: VerificationKey, now: number): boolean }
}

/** Seen once: what a token is made of, decoded, one character a byte. Tokens of one key share their header. */
interface ProvenToken {
  readonly key: VerificationKey
  readonly header: JwsHeader
  readonly payload: string
  readonly signature: string
  readonly accessToken?: undefined
}

/** Seen again. Flat, because it is read on every request. */
interface KnownToken {
  readonly key: VerificationKey
  readonly token: string
  readonly accessToken: AccessToken<unknown>
  readonly notBefore: number
  readonly notAfter: number
  readonly keySet: TokenFacts['keySet']
}

type RememberedToken = ProvenToken | KnownToken

const entryOverheadBytes = 300 // of the entry, its place in the list and its key, measured on Node 20 to 26

/** Bounded in bytes; the least recently used goes first. */
export class MemoryTokenCache implements ProofMemory {
  readonly #entries: LRUCache<number, RememberedToken>

  /** @param maxBytes - bound of what is remembered; at least 1 */
  constructor(maxBytes: number) {
    this.#entries = new LRUCache({ maxSize: maxBytes })
  }

  /**
   * The facts of a token, if they hold this very moment.
   *
   * @param now - seconds since the epoch
   */
  recall(token: string, now: number): AccessToken<unknown> | undefined {
    const entry = this.#entries.get(tail(token))
    if (entry?.accessToken === undefined || entry.token !== token) return undefined // INVARIANT: the same to the last byte
    if (!(now >= entry.notBefore && now < entry.notAfter)) return undefined // INVARIANT: never served expired
    if (!entry.keySet.holds(entry.key, now)) return undefined // INVARIANT: an entry dies with its key
    return entry.accessToken
  }

  /**
   * Whether this very token was verified here. Says nothing of whether it still holds: only that it is no guess.
   *
   * @throws VerificationError what `decode` throws
   */
  knows(token: string, decode: (token: string) => UnverifiedJws): boolean {
    const entry = this.#entries.peek(tail(token))
    if (entry === undefined || entry.accessToken !== undefined) return entry?.token === token
    return this.proves(decode(token), entry.key)
  }

  proves(jws: UnverifiedJws, key: VerificationKey): boolean {
    const entry = this.#entries.get(tail(jws.token))
    if (entry === undefined || entry.key !== key) return false
    if (entry.accessToken !== undefined) return entry.token === jws.token
    const { header, payload, signature } = entry
    return (
      header === jws.unverifiedHeader && payload === pack(jws.unverifiedPayload) && signature === pack(jws.signature)
    )
  }

  /** Keeps a token and the key that has verified it: as a proof the first time, with its facts the second. */
  remember(jws: VerifiedJws, key: VerificationKey, facts: TokenFacts): void {
    const { token, unverifiedHeader: header } = jws
    if (this.proves(jws, key)) {
      const { accessToken, validity, keySet } = facts
      const size = token.length + 2 * jws.unverifiedPayload.length + entryOverheadBytes
      this.#entries.set(tail(token), { key, token, accessToken, ...validity, keySet }, { size })
    } else {
      const payload = pack(jws.unverifiedPayload)
      const signature = pack(jws.signature)
      const size = payload.length + signature.length + entryOverheadBytes
      this.#entries.set(tail(token), { key, header, payload, signature }, { size })
    }
  }
}

/**
 * A number out of the last characters of the signature, to find an entry by: cheaper to make than a string, and nothing of
 * the token stays alive with it. Tokens of one number push each other out; they are told apart by the whole.
 */
function tail(token: string): number {
  let hash = 0
  for (let i = token.length - 10; i < token.length; i++) hash = (Math.imul(hash, 31) + token.charCodeAt(i)) | 0
  return hash
}

function pack(bytes: Buffer): string {
  return bytes.toString('latin1')
}
