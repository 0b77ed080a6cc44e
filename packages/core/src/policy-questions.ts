// Step 9 where somebody else has a say. The local part is judged first, and nobody is asked where it decides by itself; then one
// after another of those whose answer can still matter, all within the time that began with this step.
//
// INVARIANT: asking decides nothing. What came of it is laid beside the facts, and the policy is judged by them as by any other.
import type { Clock } from './clock.js'
import { tooLate } from './deciding-service.js'
import { compilePolicy } from './policy/compile.js'
import type { CompiledPolicy, PolicyFacts } from './policy/compiled.js'
import type { Leaf, Policy } from './policy/policy.js'
import { askableIn, GivenAnswers, nextToAsk } from './policy/services/asking.js'
import type { Decider, FilledQuestion, ServiceAnswer } from './policy/services/service-answer.js'
import { isTrue, isUndetermined } from './policy/verdict.js'

/** One decision that asks. */
interface Asking {
  readonly policy: CompiledPolicy
  readonly facts: PolicyFacts
  readonly answers: GivenAnswers
  /** Of the stopwatch. */
  readonly begunAt: number
  /** Asks, whatever is known. */
  readonly isFresh: boolean
}

/** The questions of one verifier. */
export class PolicyQuestions {
  readonly #clock: Clock
  readonly #stopwatch: Clock
  /** Ends the wait for each question under way. Those are bounded by the services. */
  readonly #waiting = new Set<() => void>()

  /**
   * @param clock - seconds since the epoch
   * @param stopwatch - monotonic seconds
   */
  constructor(clock: Clock, stopwatch: Clock) {
    this.#clock = clock
    this.#stopwatch = stopwatch
  }

  /** The facts with all answers that a policy needs; the same, and at once, for one that asks nobody. Never rejects. */
  answer(policy: Policy, facts: PolicyFacts, isFresh: boolean): PolicyFacts | Promise<PolicyFacts> {
    const compiled = compilePolicy(policy)
    if (!compiled.mayAsk || askableIn(compiled, facts.policies).size === 0) return facts
    const answers = new GivenAnswers()
    const begunAt = this.#stopwatch()
    return this.#gather({ policy: compiled, facts: { ...facts, answers }, answers, begunAt, isFresh })
  }

  /** Waits for no more answers. */
  close(): void {
    for (const end of this.#waiting) end()
  }

  #gather(asking: Asking): PolicyFacts | Promise<PolicyFacts> {
    const { policy, facts, answers, isFresh } = asking
    for (let next = nextToAsk(policy, facts); next !== undefined; next = nextToAsk(policy, facts)) {
      const leaf = next.node as Extract<Leaf, { kind: 'permitted' }>
      const question = next.question?.(facts) as FilledQuestion // INVARIANT: who cannot be asked is never the next
      const known = isFresh ? undefined : leaf.by.recall(question, this.#clock)
      if (known === undefined) {
        return this.#ask(leaf.by, question, asking.begunAt).then((answer) => {
          answers.add(leaf, answer)
          return this.#gather(asking)
        })
      }
      answers.add(leaf, known)
    }
    answers.close(policy.check(facts) === isTrue)
    return facts
  }

  async #ask(by: Decider, question: FilledQuestion, begunAt: number): Promise<ServiceAnswer> {
    const seconds = by.timeoutSeconds - (this.#stopwatch() - begunAt)
    if (!(seconds > 0)) return by.missed(question, this.#clock, 'no time was left for the policy service')
    const { promise: end, resolve } = withResolver<ServiceAnswer>()
    const timer = setTimeout(() => resolve(by.missed(question, this.#clock, tooLate)), seconds * 1000)
    const onClose = (): void =>
      resolve({ verdict: isUndetermined, until: this.#clock(), remark: 'the verifier was closed' })
    this.#waiting.add(onClose)
    try {
      return await Promise.race([by.ask(question, this.#clock), end])
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(onClose)
    }
  }
}

function withResolver<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
