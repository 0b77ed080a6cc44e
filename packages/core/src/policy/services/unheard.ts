// INVARIANT: a no of a policy service lets nobody pass. So below a `not` and in a `forbid` none is heard: what one decides is
// undetermined there, and can only deny. The words refuse it in those places; `use` can still bring it there.
import type { CompiledPolicy, PolicyFacts, ServiceAnswers } from '../compiled.js'
import type { Check } from '../verdict.js'

const silence: ServiceAnswers = Object.freeze({
  get: () => undefined,
  whyUnasked: 'is asked nothing below a `not` or a `forbid`',
})

/** The facts as a part sees them that stands below a `not` or in a `forbid`. */
export function unheard({ mayAsk }: CompiledPolicy, facts: PolicyFacts): PolicyFacts {
  return mayAsk ? { ...facts, answers: silence } : facts
}

/** The check of such a part. */
export function checkUnheard(part: CompiledPolicy): Check<PolicyFacts> {
  return part.mayAsk ? (facts) => part.check(unheard(part, facts)) : part.check
}
