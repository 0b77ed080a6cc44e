// One token that is looked at for the first time, and who pays if it is refused. Each failure counts once: a token that
// nobody has vouched for counts against the address that sent it; one that its issuer has signed, against the client that it
// was given to. So nobody locks out a client by writing its name into garbage.
import { clientClaims } from '../claims/claim-path.js'
import type { AttemptLimit } from './attempt-limit.js'
import { clientNetwork } from './client-network.js'

type Claims = Readonly<Record<string, unknown>>

/** Nobody's name is longer, and a hundred thousand of them are remembered. */
const longestName = 2_048

/** An attempt, from the first look at a token to the last. */
export class Attempt {
  readonly #limit: AttemptLimit
  readonly #addressName: string | undefined
  readonly #isCounted: boolean
  #holderName: string | undefined
  #isGenuine = false

  /**
   * @param address - where it came from; `undefined` where nobody can tell, and then no address is blamed
   * @param isCounted - whether a refusal counts
   */
  constructor(limit: AttemptLimit, address: string | undefined, isCounted: boolean) {
    this.#limit = limit
    this.#isCounted = isCounted
    this.#addressName = address && JSON.stringify(['address', clientNetwork(address)])
  }

  /**
   * Makes wait whoever has sent too many bad tokens.
   *
   * @throws VerificationError `attempts_exceeded`
   */
  requireAddress(): void {
    if (this.#addressName === undefined) return
    this.#limit.require(this.#addressName, 'too many tokens that came from the address of the client were refused')
  }

  /**
   * Makes wait whoever brings tokens of a client that has failed too often.
   *
   * @param unverified - enough to make its bearer wait, never to count against anybody
   * @throws VerificationError `attempts_exceeded`
   */
  requireHolder(unverified: Claims): void {
    this.#holderName = holderName(unverified)
    if (this.#holderName === undefined) return
    this.#limit.require(this.#holderName, 'too many genuine tokens of this client and subject were refused')
  }

  /** The signature has held: from here on it is the client's failure. */
  vouchFor(): void {
    this.#isGenuine = true
  }

  /** Looks at the token, and counts it if it is refused. @throws what `prove` throws */
  watch<T>(prove: () => Promise<T>): Promise<T> {
    try {
      return prove().catch((error: unknown) => this.#fail(error))
    } catch (error) {
      return this.#fail(error)
    }
  }

  #fail(error: unknown): never {
    const name = this.#isGenuine ? this.#holderName : this.#addressName
    if (this.#isCounted && name !== undefined) this.#limit.count(name, error)
    throw error
  }
}

/** A client acts for many, and none of them may lock out the others: so the subject belongs to it. */
function holderName(claims: Claims): string | undefined {
  const client = clientClaims.map((name) => claims[name]).find((value) => typeof value === 'string') ?? null
  const subject = typeof claims['sub'] === 'string' ? claims['sub'] : null
  if (client === null && subject === null) return undefined
  const name = JSON.stringify(['client', claims['iss'], client, subject])
  return name.length <= longestName ? name : undefined
}
