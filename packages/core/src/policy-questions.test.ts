// Asking, with a service of the test's own. What comes of it through the verifier is tested in `verifier-services.test.ts`.
import { expect, it } from 'vitest'
import { policyFacts } from './policy/evaluate.js'
import { make } from './policy/policy.js'
import { parseQuestion } from './policy/services/question-words.js'
import type { Decider } from './policy/services/service-answer.js'
import { scope } from './policy/words.js'
import { PolicyQuestions } from './policy-questions.js'

const facts = policyFacts({ claims: {}, now: 100 })

/** One that never answers, whatever it has promised. */
const silent: Decider = {
  name: 'silent',
  timeoutSeconds: 0.02,
  recall: () => undefined,
  ask: () => new Promise(() => undefined),
  missed: (_, clock, remark) => ({ verdict: 0, until: clock(), remark }),
}
const leaf = make({ kind: 'permitted', by: silent, path: '', question: parseQuestion('x', 'it') })

it('a decision waits no longer than its own deadline, whoever it has joined', async () => {
  const questions = new PolicyQuestions(
    () => 100,
    () => 0,
  )
  const { answers } = await questions.answer(leaf, facts, false)
  expect(answers?.get(leaf)).toEqual({ verdict: 0, until: 100, remark: 'the policy service did not answer in time' })
})

it('what asks nobody stays as it is, at once', () => {
  const questions = new PolicyQuestions(
    () => 100,
    () => 0,
  )
  expect(questions.answer(scope('read'), facts, false)).toBe(facts)
})
