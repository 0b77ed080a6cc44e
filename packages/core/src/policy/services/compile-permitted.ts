// What the leaf of a policy service means: the answer that was fetched for it, and nothing where none was. Asking is not its
// business: a check waits for nobody.
import type { Meaning } from '../compiled.js'
import type { Leaf } from '../policy.js'
import { isUndetermined } from '../verdict.js'
import { compileQuestion } from './question.js'
import { Unaskable } from './service-answer.js'

/** INVARIANT: nothing but an answer makes it true or false. */
export function compilePermitted(leaf: Extract<Leaf, { kind: 'permitted' }>): Meaning {
  const question = compileQuestion(leaf.path, leaf.question)
  return {
    question,
    check: ({ answers }) => answers?.get(leaf)?.verdict ?? isUndetermined,
    changesAt: ({ answers, now }) => answers?.get(leaf)?.until ?? now,
    remark: ({ answers }) => answers?.get(leaf)?.remark,
    why(facts) {
      const remark = facts.answers?.get(leaf)?.remark
      if (remark !== undefined) return remark
      const filled = question(facts)
      return filled instanceof Unaskable ? filled.reason : (facts.answers?.whyUnasked ?? 'was not asked')
    },
  }
}
