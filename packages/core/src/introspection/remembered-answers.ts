// Answers about opaque tokens, in the memory of this process and in that of the fleet, and one question at a time about one
// token. An answer is a fact about the token, not a decision: who recalls one judges holder, revocation and policy again.
//
// No token is a key of anything here: a hash of it is (RFC 7662 §4). That a token is active is shared; that it is not stays in
// this process, for anybody can make up tokens, and would fill the memory of the fleet with them.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import type { AccessToken, ActiveClaims } from '../decision.js'
import { VerificationError } from '../errors.js'
import { sha256Base64Url } from '../jose/sha256.js'
import { JsonError, type JsonObject, parseJsonObject } from '../jose/strict-json.js'
import type { Answer, Question, VerdictCache } from '../state/verdict-cache.js'
import { readAnswer } from './introspection-answer.js'

/** For how long an answer serves, in seconds. */
export interface AnswerLifetimes {
  readonly lifetimeSeconds: number
  readonly inactiveSeconds: number
}

/** What a {@link RememberedAnswers} works with. */
export interface RememberedAnswersParts {
  /** Asks the server. What it answers is good for us alone, until it is judged. */
  readonly ask: (token: string) => Promise<ActiveClaims | undefined>
  /** Who is asked, by whom and how: an answer to another is not ours. */
  readonly of: string
  readonly lifetimes: AnswerLifetimes
  readonly verdicts: VerdictCache
  /** Seconds since the epoch. */
  readonly clock: Clock
}

/** What is known of a token. */
export interface KnownAnswer {
  /** Absent for a token that is not active. */
  readonly claims: ActiveClaims | undefined
  /** Seconds since the epoch. */
  readonly until: number
  /** What the claims came to, once they were judged, and when that is good. */
  facts?: AnswerFacts
}

/** As in the cache of verified tokens: facts hold while `notBefore <= now < notAfter`. */
export interface AnswerFacts {
  readonly accessToken: AccessToken<unknown>
  readonly validity: { readonly notBefore: number; readonly notAfter: number }
}

const greatestAnswers = 10_000
const greatestBytes = 16_777_216
/** What an entry takes beside the text of its claims, which is kept as an object. */
const overheadBytes = 512
/** Tokens that are asked about at a time, by this process, of the fleet or of the server. */
const greatestFlights = 1_000

export class RememberedAnswers {
  readonly #parts: RememberedAnswersParts
  readonly #active = new LRUCache<string, KnownAnswer>({
    max: greatestAnswers,
    maxSize: greatestBytes,
    sizeCalculation: ({ claims }) => 4 * JSON.stringify(claims).length + overheadBytes,
  })
  /** Of their own, so that made-up tokens push out no good one. */
  readonly #inactive = new LRUCache<string, KnownAnswer>({ max: greatestAnswers })
  readonly #flights = new Map<string, Promise<KnownAnswer>>()

  constructor(parts: RememberedAnswersParts) {
    this.#parts = parts
  }

  /** What this process knows of a token at this moment. */
  recall(token: string): KnownAnswer | undefined {
    return this.#recall(nameOf(token))
  }

  /** Whether the server has called this very token active, whatever became of it since. */
  knows(token: string): boolean {
    return this.#active.has(nameOf(token))
  }

  /**
   * What is known of a token, of the fleet, or what the server says. All who ask about one token at a time share one answer.
   *
   * @param isFresh - asks the server, whatever is known
   * @throws VerificationError `introspection_unavailable`, and what `ask` throws
   */
  find(token: string, isFresh: boolean): Promise<KnownAnswer> {
    const name = nameOf(token)
    if (isFresh) return this.#ask(name, token)
    const known = this.#recall(name)
    if (known !== undefined) return Promise.resolve(known)
    const underWay = this.#flights.get(name)
    if (underWay !== undefined) return underWay
    if (this.#flights.size >= greatestFlights) return Promise.reject(tooMany())
    const answer = this.#findOut(name, token).finally(() => this.#flights.delete(name))
    this.#flights.set(name, answer)
    return answer
  }

  #recall(name: string): KnownAnswer | undefined {
    const known = this.#active.get(name) ?? this.#inactive.get(name)
    return known !== undefined && this.#parts.clock() < known.until ? known : undefined // INVARIANT: never served beyond
  }

  async #findOut(name: string, token: string): Promise<KnownAnswer> {
    const { answer } = (await this.#parts.verdicts.recall(this.#question(name))) ?? {}
    const shared = this.#sharedOf(answer)
    if (shared === undefined) return this.#ask(name, token)
    this.#remember(name, shared)
    return shared
  }

  async #ask(name: string, token: string): Promise<KnownAnswer> {
    const askedAt = this.#parts.clock() // the answer may be as old as the question
    const claims = await this.#parts.ask(token)
    const known = { claims, until: this.#endOf(claims, askedAt) }
    this.#remember(name, known)
    if (claims !== undefined && this.#parts.clock() < known.until) {
      const answer = { claims, until: known.until } as unknown as Answer
      void this.#parts.verdicts.remember(this.#question(name), answer, known.until) // nobody waits for it
    }
    return known
  }

  #remember(name: string, known: KnownAnswer): void {
    const [its, other] = known.claims === undefined ? [this.#inactive, this.#active] : [this.#active, this.#inactive]
    its.set(name, known)
    other.delete(name) // what was said before does not hold any more
  }

  /** RFC 7662 §4: never beyond `exp`. */
  #endOf(claims: ActiveClaims | undefined, now: number): number {
    const { lifetimeSeconds, inactiveSeconds } = this.#parts.lifetimes
    if (claims === undefined) return now + inactiveSeconds
    const { exp } = claims
    return typeof exp === 'number' ? Math.min(exp, now + lifetimeSeconds) : now + lifetimeSeconds
  }

  /** What another process was told, as far as it still holds; whatever it may say of its age, no longer than ours would. */
  #sharedOf(answer: Answer | undefined): KnownAnswer | undefined {
    if (typeof answer !== 'object' || answer === null) return undefined
    const { claims: said, until } = answer as Partial<Record<string, unknown>>
    const claims = readAnswer(frozen(said))
    if (claims === undefined || typeof until !== 'number') return undefined
    const now = this.#parts.clock()
    const known = { claims, until: Math.min(until, this.#endOf(claims, now)) }
    return now < known.until ? known : undefined
  }

  #question(name: string): Question {
    return { kind: 'introspection', of: this.#parts.of, about: name }
  }
}

function nameOf(token: string): string {
  return sha256Base64Url(token)
}

/** As it was when it came from the server: strict, and nobody changes it. What is not so says nothing. */
function frozen(value: unknown): JsonObject {
  try {
    return parseJsonObject(Buffer.from(JSON.stringify(value) ?? ''))
  } catch (error) {
    if (error instanceof JsonError) return {}
    throw error
  }
}

function tooMany(): VerificationError {
  return new VerificationError('introspection_unavailable', 'too many tokens are asked about already', {
    retryAfterSeconds: 1,
  })
}
