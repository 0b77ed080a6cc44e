// Who may send logout tokens and security events, and how such a token is proven: steps 2 to 5 of the staircase, with other
// types than an access token has. What it says is judged by `receivers/`, what comes of it is done by its caller.
import type { IssuerRecord } from './issuer-record.js'
import { CompactJwsDecoder } from './jose/compact-jws.js'
import { looksEncrypted } from './jose/nested-jwe.js'
import { verifySignature } from './jose/signature.js'
import type { JsonObject } from './jose/strict-json.js'
import { readClaimsSet, trustIssuer } from './keys/trusted-issuer.js'
import type { VerifierConfiguration } from './options.js'
import type { Answer, Question } from './state/verdict-cache.js'

/** Senders by `iss`. Of an issuer's record only its keys, its algorithms and its tolerance count here. */
export type Senders = ReadonlyMap<string, IssuerRecord>

/**
 * The same issuers, for tokens of another type.
 *
 * @param isUntypedAllowed - then what tells the kinds of tokens apart is their claims alone
 */
export function sendersOf(records: Iterable<IssuerRecord>, type: string, isUntypedAllowed: boolean): Senders {
  const tokenTypes = new Set(isUntypedAllowed ? [type, 'jwt', ''] : [type])
  return new Map([...records].map((record) => [record.issuer, { ...record, tokenTypes }]))
}

/** What somebody has signed. */
export interface ProvenClaims {
  readonly claims: JsonObject
  readonly sender: IssuerRecord
}

/** @throws VerificationError */
export async function proveClaims(
  token: string,
  senders: Senders,
  { maxTokenBytes, decrypt }: VerifierConfiguration,
): Promise<ProvenClaims> {
  const jws = decrypt !== undefined && looksEncrypted(token) ? await decrypt(token) : token
  const unverified = readClaimsSet(new CompactJwsDecoder(maxTokenBytes).decode(jws)) // RFC 7515 §5.2, RFC 7519 §7.2
  const sender = trustIssuer(senders, unverified) // RFC 8725 §3.8, §3.11
  const found = sender.keys.keyFor(unverified.unverifiedHeader) // RFC 7515 §4.1.4
  const verified = verifySignature(unverified, found instanceof Promise ? await found : found) // RFC 7515 §5.2 step 8
  return { claims: verified.unverifiedClaims, sender } // the signature has vouched for them by now
}

/**
 * Lets what was done once not be done again. What a token takes back is bounded by its own dates, so doing it twice does no
 * harm: this spares the work. Hence it is remembered after it was done, and in a cache: a replay guard would have to burn the
 * `jti` first, and an outage after that would make of the sender's next try a replay, and of a logout none.
 */
export class Deliveries {
  readonly #flights = new Map<string, Promise<boolean>>()

  /** @returns whether it was done now: `false` where it had been, or is done for another request at this moment */
  async once(
    question: Question,
    until: number,
    { state: { verdicts } }: VerifierConfiguration,
    work: () => Promise<void>,
  ): Promise<boolean> {
    const name = JSON.stringify([question.of, question.about])
    const underWay = this.#flights.get(name)
    if (underWay !== undefined) return underWay.then(() => false)
    const doIt = async (): Promise<boolean> => {
      if ((await verdicts.recall(question)) !== undefined) return false
      await work()
      await verdicts.remember(question, done, until)
      return true
    }
    const flight = doIt().finally(() => this.#flights.delete(name))
    this.#flights.set(name, flight)
    return flight
  }
}

const done: Answer = true
