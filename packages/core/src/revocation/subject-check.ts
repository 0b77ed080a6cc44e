// Whether the subject of a token still exists: a question that only the application's own user store can answer. The answer is
// kept for a while, in this process and then in the state, so that a store is asked once for all that a subject sends.
//
// Only tokens that their issuer has signed come this far, so nobody can have names looked up that the issuer never gave out:
// the answers that somebody does not exist are of those who once did.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import type { AccessToken } from '../decision.js'
import { VerificationError } from '../errors.js'
import type { Question, VerdictCache } from '../state/verdict-cache.js'
import type { OutsideCheck } from './outside-check.js'
import type { SubjectLifetimes, SubjectLookUp, SubjectToLookUp } from './subject-options.js'

/** What a {@link SubjectCheck} works with. */
export interface SubjectCheckParts {
  readonly verdicts: VerdictCache
  /** Seconds since the epoch. */
  readonly clock: Clock
  /** From 0 to 1, 1 excluded. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** An answer, and until when it is one: seconds since the epoch. */
interface Known {
  readonly exists: boolean
  readonly until: number
}

interface Flight {
  readonly answer: Promise<boolean>
  readonly controller: AbortController
}

/** Answers end by up to this share of their lifetime early, each at another moment: a fleet does not ask all at once. */
const greatestJitter = 0.2

/** A store that does not answer is not asked by more than so many at a time. */
const greatestFlights = 1_000

export class SubjectCheck implements OutsideCheck {
  readonly #exists: SubjectLookUp
  readonly #lifetimes: SubjectLifetimes
  readonly #parts: Required<SubjectCheckParts>
  readonly #known: LRUCache<string, Known>
  readonly #flights = new Map<string, Flight>()

  constructor(
    exists: SubjectLookUp,
    lifetimes: SubjectLifetimes,
    { random = Math.random, ...parts }: SubjectCheckParts,
  ) {
    this.#exists = exists
    this.#lifetimes = lifetimes
    this.#parts = { random, ...parts }
    this.#known = new LRUCache({ max: lifetimes.maxEntries })
  }

  check(token: AccessToken<unknown>): undefined | Promise<void> {
    const { subject, issuer } = token
    if (subject === undefined)
      throw new VerificationError('claim_missing', '`sub` is missing, and subjects are looked up', { claim: 'sub' })
    const name = JSON.stringify([issuer, subject])
    const known = this.#known.get(name)
    if (known === undefined || !(this.#parts.clock() < known.until))
      return this.#answer(name, { subject, issuer, clientId: token.clientId, claims: token.issuedClaims }).then(
        requireExists,
      )
    requireExists(known.exists)
    return undefined
  }

  close(): void {
    for (const { controller } of [...this.#flights.values()]) controller.abort()
  }

  /** All who ask about one subject at a time share one look-up. */
  #answer(name: string, subject: SubjectToLookUp): Promise<boolean> {
    const underWay = this.#flights.get(name)
    if (underWay !== undefined) return underWay.answer
    if (this.#flights.size >= greatestFlights)
      return Promise.reject(unavailable('too many subjects are looked up already'))
    const controller = new AbortController()
    const answer = this.#find(name, subject, controller).finally(() => this.#flights.delete(name))
    this.#flights.set(name, { answer, controller })
    return answer
  }

  async #find(name: string, subject: SubjectToLookUp, controller: AbortController): Promise<boolean> {
    const { verdicts, clock } = this.#parts
    const question: Question = { kind: 'subject', of: subject.issuer, about: subject.subject }
    const shared = this.#freshOf((await verdicts.recall(question))?.answer)
    if (shared !== undefined) {
      this.#known.set(name, shared)
      return shared.exists
    }
    const exists = await this.#lookUp(subject, controller)
    const until = clock() + this.#lifetimeOf(exists)
    void verdicts.remember(question, { exists, until }, until) // nobody waits for it
    this.#known.set(name, this.#jittered({ exists, until }))
    return exists
  }

  /** What another process has remembered, as far as it still holds; whatever it may say of its age, no longer than ours would. */
  #freshOf(answer: unknown): Known | undefined {
    if (typeof answer !== 'object' || answer === null) return undefined
    const { exists, until } = answer as Partial<Record<keyof Known, unknown>>
    if (typeof exists !== 'boolean' || typeof until !== 'number') return undefined
    const now = this.#parts.clock()
    const known = this.#jittered({ exists, until: Math.min(until, now + this.#lifetimeOf(exists)) })
    return now < known.until ? known : undefined
  }

  #jittered({ exists, until }: Known): Known {
    return { exists, until: until - this.#parts.random() * greatestJitter * this.#lifetimeOf(exists) }
  }

  #lifetimeOf(exists: boolean): number {
    return exists ? this.#lifetimes.existsSeconds : this.#lifetimes.absentSeconds
  }

  /** @throws VerificationError `subject_unavailable` where it fails, takes too long, or says neither yes nor no */
  async #lookUp(subject: SubjectToLookUp, controller: AbortController): Promise<boolean> {
    const { signal } = controller
    const timer = setTimeout(() => controller.abort(), this.#lifetimes.timeoutSeconds * 1_000)
    try {
      const exists: unknown = await Promise.race([this.#exists(Object.freeze(subject), signal), whenAborted(signal)])
      if (typeof exists === 'boolean') return exists
      throw new TypeError('`exists` has answered neither true nor false')
    } catch (cause) {
      throw unavailable(
        signal.aborted ? 'looking up the subject took too long' : 'the subject could not be looked up',
        cause,
      )
    } finally {
      clearTimeout(timer)
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}

function requireExists(exists: boolean): void {
  if (!exists) throw new VerificationError('subject_unknown', 'the subject of the token does not exist any more')
}

function unavailable(message: string, cause?: unknown): VerificationError {
  return new VerificationError('subject_unavailable', message, { retryAfterSeconds: 1, cause })
}
