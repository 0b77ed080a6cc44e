// One policy service, with everything that keeps it from taking us down: so many calls at a time, none for a moment after several
// without an answer, one for all who ask the same, each with a deadline. What it is and how it is called are handed in.
import type { Clock } from './clock.js'
import { monotonicClock } from './clock.js'
import { publishPolicyService } from './events.js'
import { CallRefusedError, GuardedCalls, pauseSeconds } from './guarded-calls.js'
import { type DecisionLifetimes, keyOf, RememberedDecisions } from './policy/services/remembered-decisions.js'
import {
  type Decider,
  type FilledQuestion,
  NoDecisionError,
  type ServiceAnswer,
} from './policy/services/service-answer.js'
import { isUndetermined } from './policy/verdict.js'

/** What a {@link DecidingService} works with. */
export interface DecidingServiceParts extends DecisionLifetimes {
  readonly name: string
  readonly timeoutSeconds: number
  /** Asks. Heeds the signal if it can. @throws NoDecisionError, or anything */
  readonly decide: (question: FilledQuestion, signal: AbortSignal) => Promise<boolean>
  /** Monotonic seconds. @defaultValue the stopwatch of the machine */
  readonly stopwatch?: Clock
}

/** Half a sentence for explanations. */
export const tooLate = 'the policy service did not answer in time'

export class DecidingService implements Decider {
  readonly name: string
  readonly timeoutSeconds: number
  readonly #decide: DecidingServiceParts['decide']
  readonly #decisions: RememberedDecisions
  readonly #calls: GuardedCalls
  /** Bounded as the calls are: one that is refused is gone at once. */
  readonly #flights = new Map<string, Promise<ServiceAnswer>>()

  constructor({ name, timeoutSeconds, decide, stopwatch = monotonicClock, ...lifetimes }: DecidingServiceParts) {
    this.name = name
    this.timeoutSeconds = timeoutSeconds
    this.#decide = decide
    this.#decisions = new RememberedDecisions(lifetimes)
    this.#calls = new GuardedCalls({
      stopwatch,
      isOutage: (error) => error instanceof NoDecisionError && error.isSilence,
      onChange: (isPaused) => this.#tellPause(isPaused),
    })
  }

  recall(question: FilledQuestion, clock: Clock): ServiceAnswer | undefined {
    return this.#decisions.recall(keyOf(question), clock())
  }

  ask(question: FilledQuestion, clock: Clock): Promise<ServiceAnswer> {
    const key = keyOf(question)
    const underWay = this.#flights.get(key)
    if (underWay !== undefined) return underWay
    const flight = this.#find(key, question, clock).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  missed(question: FilledQuestion, clock: Clock, remark: string): ServiceAnswer {
    return this.#withoutAnswer(keyOf(question), clock, remark)
  }

  async #find(key: string, question: FilledQuestion, clock: Clock): Promise<ServiceAnswer> {
    const askedAt = clock()
    try {
      const isPermitted = await this.#calls.run(() => this.#call(question))
      return this.#decisions.remember(key, isPermitted, askedAt)
    } catch (error) {
      return this.#fail(key, clock, error) // whatever it is, it is no decision
    }
  }

  /** What does not heed its signal is left to itself: the deadline holds all the same. */
  async #call(question: FilledQuestion): Promise<boolean> {
    const deadline = new AbortController()
    const timer = setTimeout(
      () => deadline.abort(new NoDecisionError(tooLate, { isSilence: true })),
      this.timeoutSeconds * 1000,
    )
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true })
    })
    try {
      return await Promise.race([this.#decide(question, deadline.signal), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #fail(key: string, clock: Clock, error: unknown): ServiceAnswer {
    const isRefused = error instanceof CallRefusedError
    // What an application throws may hold anything.
    const reason = isRefused || error instanceof NoDecisionError ? error.message : 'it has failed'
    publishPolicyService({ service: this.name, outcome: isRefused ? 'refused' : 'failed', reason })
    if (isRefused) return this.#withoutAnswer(key, clock, `the policy service is left alone: ${reason}`)
    if (error instanceof NoDecisionError && error.isSilence)
      return this.#withoutAnswer(key, clock, reason === tooLate ? reason : `the policy service is away: ${reason}`)
    return undetermined(clock, `the policy service has not decided: ${reason}`) // it is there: no old yes stands in for it
  }

  #withoutAnswer(key: string, clock: Clock, remark: string): ServiceAnswer {
    return this.#decisions.recallOld(key, clock()) ?? undetermined(clock, remark)
  }

  #tellPause(isPaused: boolean): void {
    if (isPaused) {
      const reason = `the last calls had no answer: none is made for ${pauseSeconds} s, and then one`
      publishPolicyService({ service: this.name, outcome: 'paused', reason })
    } else publishPolicyService({ service: this.name, outcome: 'resumed', reason: 'the service answers again' })
  }
}

function undetermined(clock: Clock, remark: string): ServiceAnswer {
  return { verdict: isUndetermined, until: clock(), remark }
}
