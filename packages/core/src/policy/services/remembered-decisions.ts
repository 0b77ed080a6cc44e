// What a policy service has said of late, by what it was asked: the whole question, so that nobody is let pass on the answer to
// another's. That it has said nothing is never remembered.
import { LRUCache } from 'lru-cache'
import { sha256Base64Url } from '../../jose/sha256.js'
import { isFalse, isTrue } from '../verdict.js'
import { canonicalJson } from './canonical-json.js'
import type { FilledQuestion, ServiceAnswer } from './service-answer.js'

/** For how long an answer serves, in seconds. */
export interface DecisionLifetimes {
  /** A yes. A no serves as long, and a second at most. */
  readonly lifetimeSeconds: number
  /** A yes goes on to serve for so long after that, where the service does not answer. */
  readonly staleIfErrorSeconds: number
}

interface Remembered {
  readonly isPermitted: boolean
  /** Seconds since the epoch: the answer may be as old as the question. */
  readonly askedAt: number
  readonly until: number
}

const greatestDecisions = 10_000
/** A longer question is remembered by its hash. */
const greatestKey = 512
/** Of a no: who was just let in need not wait for long. */
const greatestDenialSeconds = 1
/** What stays open on the strength of a yes is judged again no sooner, or it would be judged all the time. */
const leastHoldSeconds = 1

export class RememberedDecisions {
  readonly #lifetimes: DecisionLifetimes
  readonly #decisions = new LRUCache<string, Remembered>({ max: greatestDecisions })

  constructor(lifetimes: DecisionLifetimes) {
    this.#lifetimes = lifetimes
  }

  /** What holds at this moment. @param now - seconds since the epoch */
  recall(key: string, now: number): ServiceAnswer | undefined {
    const known = this.#decisions.get(key)
    return known !== undefined && isWithin(known, now, known.until) ? toAnswer(known) : undefined
  }

  /** A yes that holds no more, and is still better than none. */
  recallOld(key: string, now: number): ServiceAnswer | undefined {
    const known = this.#decisions.get(key)
    if (known === undefined || !known.isPermitted) return undefined
    if (!isWithin(known, now, known.until + this.#lifetimes.staleIfErrorSeconds)) return undefined
    const seconds = Math.round(now - known.askedAt)
    const remark = `a yes of ${seconds} s ago, for the want of an answer`
    return { verdict: isTrue, until: now + leastHoldSeconds, remark }
  }

  /** @param askedAt - when the question was asked, in seconds since the epoch */
  remember(key: string, isPermitted: boolean, askedAt: number): ServiceAnswer {
    const { lifetimeSeconds } = this.#lifetimes
    const seconds = isPermitted ? lifetimeSeconds : Math.min(lifetimeSeconds, greatestDenialSeconds)
    const decision = { isPermitted, askedAt, until: askedAt + seconds }
    this.#decisions.set(key, decision) // also where it serves for no time: what was said before does not hold any more
    return toAnswer(decision)
  }
}

/** INVARIANT: a clock that was set back makes no answer last longer. */
function isWithin({ askedAt }: Remembered, now: number, until: number): boolean {
  return now >= askedAt && now < until
}

function toAnswer({ isPermitted, askedAt, until }: Remembered): ServiceAnswer {
  return { verdict: isPermitted ? isTrue : isFalse, until: Math.max(until, askedAt + leastHoldSeconds) }
}

/** What a decision is remembered by: all that was asked. */
export function keyOf({ path, value }: FilledQuestion): string {
  const text = canonicalJson([path, value])
  return text.length <= greatestKey ? text : sha256Base64Url(text) // no text in JSON is one
}
