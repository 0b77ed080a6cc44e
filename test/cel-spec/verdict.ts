// What an expression says of a token, in the words of these tests.
import { ConfigurationError } from '../../packages/core/src/errors.js'
import { cel } from '../../packages/core/src/policy/cel/cel.js'
import { compilePolicy } from '../../packages/core/src/policy/compile.js'
import { type PolicyFactsInput, policyFacts } from '../../packages/core/src/policy/evaluate.js'

const now = 1_760_000_000

export type CelVerdict = 'true' | 'undetermined' | 'false' | 'refused'

/** The verdict, or that it is refused at load. Any other exception passes through. */
export function verdictOf(text: string, facts: Partial<PolicyFactsInput> = {}): CelVerdict {
  try {
    const { check } = compilePolicy(cel(text))
    return { '1': 'true', '0': 'undetermined', '-1': 'false' }[
      check(policyFacts({ claims: {}, now, ...facts }))
    ] as CelVerdict
  } catch (error) {
    if (error instanceof ConfigurationError) return 'refused'
    throw error
  }
}
