// How long a yes holds: a fresh authentication goes stale, an office closes. For whoever keeps something open on the
// strength of a decision.
import type { CompiledPolicy, PolicyFacts } from './compiled.js'
import { unheard } from './services/unheard.js'
import { isFalse, isTrue, type Verdict } from './verdict.js'

/** Up to when a policy that is true stays so for the same token and request, in seconds since the epoch. */
export function holdsUntil(policy: CompiledPolicy, facts: PolicyFacts): number {
  return policy.isTimed ? stays(isTrue, policy, facts) : Number.POSITIVE_INFINITY
}

/** INVARIANT: the verdict of `compiled` is `verdict`, true or false. */
function stays(verdict: Verdict, compiled: CompiledPolicy, facts: PolicyFacts): number {
  const { node, parts, changesAt } = compiled
  const below = (wanted: Verdict): readonly number[] =>
    parts.filter((part) => part.check(facts) === wanted).map((part) => stays(wanted, part, facts))
  // A custom test that answers otherwise when asked again holds for no time at all.
  const all = (values: readonly number[]): number => (values.length < parts.length ? facts.now : Math.min(...values))
  const any = (values: readonly number[]): number => (values.length === 0 ? facts.now : Math.max(...values))
  switch (node.kind) {
    case 'allOf':
      return verdict === isTrue ? all(below(isTrue)) : any(below(isFalse))
    case 'anyOf':
      return verdict === isTrue ? any(below(isTrue)) : all(below(isFalse))
    case 'atLeast': {
      const needed = verdict === isTrue ? node.count : parts.length - node.count + 1
      return below(verdict).toSorted((a, b) => b - a)[needed - 1] ?? facts.now
    }
    case 'not': {
      const part = parts[0] as CompiledPolicy
      return stays(verdict === isTrue ? isFalse : isTrue, part, unheard(part, facts))
    }
    case 'cel':
      return stays(verdict, parts[0] as CompiledPolicy, facts)
    case 'policy': {
      const [allow, ...forbid] = parts as [CompiledPolicy, ...CompiledPolicy[]]
      if (verdict === isTrue) {
        return Math.min(
          stays(isTrue, allow, facts),
          ...forbid.map((part) => stays(isFalse, part, unheard(part, facts))),
        )
      }
      const denying = forbid.filter((part) => part.check(facts) === isTrue).map((part) => stays(isTrue, part, facts))
      return any([...denying, ...(allow.check(facts) === isFalse ? [stays(isFalse, allow, facts)] : [])])
    }
    case 'use': {
      const named = facts.policies?.get(node.name)
      return named === undefined ? facts.now : stays(verdict, named, facts)
    }
    default:
      return changesAt?.(facts) ?? Number.POSITIVE_INFINITY
  }
}
