// What came of asking somebody else, and who can be asked. Who that is and how it is called is no business of a policy.
import type { Clock } from '../../clock.js'
import type { Verdict } from '../verdict.js'
import type { JsonValue } from './canonical-json.js'

/** What a policy service has said about one question, if it has. */
export interface ServiceAnswer {
  readonly verdict: Verdict
  /** Up to when a yes or a no holds, in seconds since the epoch. */
  readonly until: number
  /** What the operator should know of it: why there is none, or how old it is. Half a sentence, without any value of the token. */
  readonly remark?: string
}

/** A question with the values of a request in it. */
export interface FilledQuestion {
  /** The rule that is asked for, where a service has many; empty otherwise. */
  readonly path: string
  readonly value: JsonValue
}

/** Why a question cannot be asked: half a sentence, without any value. */
export class Unaskable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** Somebody who decides elsewhere. */
export interface Decider {
  /** Who it is, for explanations and events. */
  readonly name: string
  /** How long it is waited for, from the moment at which a decision begins, in seconds. */
  readonly timeoutSeconds: number
  /** What it has said of late, if that still holds. */
  recall(question: FilledQuestion, clock: Clock): ServiceAnswer | undefined
  /** Asks. Never rejects: what is no answer is undetermined. */
  ask(question: FilledQuestion, clock: Clock): Promise<ServiceAnswer>
  /** What stands in for an answer that has not come in time: an old yes, where that is wanted. */
  missed(question: FilledQuestion, clock: Clock, remark: string): ServiceAnswer
}

/** What is no decision: silence, or an answer that decides nothing. The fault is not the caller's. */
export class NoDecisionError extends Error {
  override readonly name = 'NoDecisionError'
  /** Whether the service is slow or away, as against having answered what is no decision. */
  readonly isSilence: boolean

  constructor(message: string, options: { cause?: unknown; isSilence?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isSilence = options.isSilence ?? false
  }
}
