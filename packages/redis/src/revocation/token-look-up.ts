// Whether a token was taken back, for the price of a comparison while nothing is revoked: what is found clean stays clean
// until something is revoked that was not.
import type { TokenFacts } from '@sallyport/core'
import { issuedAt } from '@sallyport/core/state'
import type { RevocationTable } from './revocation-table.js'
import type { RevocationIds, TokenIds } from './token-ids.js'

/** Flat, because it is read on every request. */
interface KnownToken extends TokenIds {
  /** The version of the table at which it was clean. */
  cleanAt: number
}

/** Looks tokens up in a table. */
export class TokenLookUp {
  readonly #table: RevocationTable
  readonly #ids: RevocationIds
  /** By the token's facts, which are one object for as long as a verifier remembers the token. */
  readonly #known = new WeakMap<TokenFacts, KnownToken>()

  constructor(table: RevocationTable, ids: RevocationIds) {
    this.#table = table
    this.#ids = ids
  }

  isRevoked(token: TokenFacts): boolean {
    const { version, kinds } = this.#table
    if (version === 0) return false
    let known = this.#known.get(token)
    if (known?.cleanAt === version) return false
    if (known === undefined || (kinds & ~known.kinds) !== 0) known = this.#learn(token, kinds, known)
    if (this.#table.mayBeRevoked(known) && this.#table.isRevoked(known, issuedAt(token))) return true
    known.cleanAt = version
    return false
  }

  #learn(token: TokenFacts, wanted: number, known: KnownToken | undefined): KnownToken {
    const { kinds, issuer, names } = this.#ids.idsOf(token, wanted, known)
    const learnt = { kinds, issuer, names, cleanAt: 0 }
    this.#known.set(token, learnt)
    return learnt
  }
}
