// Numbers that stand for the names of a token, and for what a revocation is about: the same for both, on every node of a fleet,
// and nothing that tells the names.
import type { TokenFacts } from '@sallyport/core'
import { type JudgedRevocation, type RevocationKind, someRevocableName } from '@sallyport/core/state'
import type { KeyRing } from '../sealing/key-ring.js'
import { endless, everyIssuer, kinds, type RevocationEntry } from './revocation-entry.js'

/** The ids of one token. */
export interface TokenIds {
  /** Which kinds of names are among them, as bits in the order of {@link kinds}. */
  readonly kinds: number
  /** The number of its issuer. */
  readonly issuer: number
  /** Three numbers for each name: the place of its kind among {@link kinds}, and both halves of its id, signed. */
  readonly names: readonly number[]
}

/** What many tokens share is remembered: an HMAC takes a tenth of the time of a signature. */
const sharedByTokens: ReadonlySet<RevocationKind> = new Set(['keyId', 'client', 'issuer'])
const greatestShared = 1_000

/** Makes ids with the names' key of a fleet. */
export class RevocationIds {
  readonly #ring: KeyRing
  readonly #shared = new Map<string, Buffer>()

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  /** A revocation as the fleet passes it on. What no number of its can say, it says so that more is denied, never less. */
  entryOf({ kind, value, issuer, before, until }: JudgedRevocation): RevocationEntry {
    const id = this.#digest(kind, value)
    return {
      kind,
      high: id.readUInt32BE(0),
      low: id.readUInt32BE(4),
      issuer: issuer === undefined ? everyIssuer : this.#issuerNumber(issuer),
      cutOff: toSecond(Math.ceil(before) + 1),
      until: toSecond(until),
    }
  }

  /**
   * The ids of a token, for kinds of names that can be revoked at all.
   *
   * @param known - ids that were made of this token before, which are not made again
   */
  idsOf(token: TokenFacts, wanted: number, known?: TokenIds): TokenIds {
    const names = [...(known?.names ?? [])]
    const missing = wanted & ~(known?.kinds ?? 0)
    someRevocableName(token, (kind, value) => {
      const place = kinds.indexOf(kind)
      if ((missing & (1 << place)) !== 0) this.#add(names, place, this.#digest(kind, value))
      return false // the next one, too
    })
    return { kinds: wanted | (known?.kinds ?? 0), issuer: known?.issuer ?? this.#issuerNumber(token.issuer), names }
  }

  /** A client often has two claims for one name. */
  #add(names: number[], kind: number, id: Buffer): void {
    const [high, low] = [id.readInt32BE(0), id.readInt32BE(4)]
    for (let i = 0; i < names.length; i += 3) if (names[i + 1] === high && names[i + 2] === low) return
    names.push(kind, high, low)
  }

  #issuerNumber(issuer: string): number {
    return Math.max(1, this.#rememberedDigest('issuer number', issuer).readUInt32BE(0) >>> 3)
  }

  #digest(kind: RevocationKind, value: string): Buffer {
    return sharedByTokens.has(kind) ? this.#rememberedDigest(kind, value) : this.#ring.digest('rv', kind, value)
  }

  #rememberedDigest(field: string, value: string): Buffer {
    const name = `${field}:${value}`
    const known = this.#shared.get(name)
    if (known !== undefined) return known
    const digest = this.#ring.digest('rv', field, value)
    if (this.#shared.size >= greatestShared) this.#shared.clear()
    this.#shared.set(name, digest)
    return digest
  }
}

function toSecond(seconds: number): number {
  return Math.min(Math.max(0, Math.ceil(seconds)), endless)
}
