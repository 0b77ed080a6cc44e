// A policy with one mistake in it: the mistakes that are easily made. A test table that does not notice one of them does not
// test the policy. Mistakes that change nothing for any request are none, and left out.

import { type Change, changesOf, withoutOperand } from '../analysis/prunings.js'
import { type Meant, worldsOf } from '../analysis/worlds.js'
import { compare } from '../comparison.js'
import { describePolicy } from '../describe.js'
import { type Comparison, type Expression, make, type NamedPolicy, type Reference } from '../policy.js'
import type { PolicySet } from '../policy-set.js'
import { isTrue } from '../verdict.js'

/** A policy with one mistake. */
export interface Mutant {
  readonly policy: NamedPolicy
  /** The mistake: `without scope read:orders`. */
  readonly mistake: string
}

/** The mutants of a policy that let pass other requests than it does. */
export function mutantsOf(policy: NamedPolicy, policies: PolicySet): readonly Mutant[] {
  const swaps = named(changesOf(policy.allow, swap), policy, 'allOf and anyOf swapped in')
  const drops = named(changesOf(policy.allow, withoutOperand), policy, 'without')
  const denials = named(changesOf(policy.allow, withoutNot), policy, 'without the not before')
  const widened = named(changesOf(policy.allow, widen), policy, 'wider:')
  const forbids = policy.forbid.flatMap((part, index) => [
    {
      policy: make({ ...policy, forbid: Object.freeze(policy.forbid.toSpliced(index, 1)) }),
      mistake: `without forbid: ${describePolicy(part)}`,
    },
  ])
  return [...swaps, ...drops, ...denials, ...widened, ...forbids].filter((mutant) =>
    differ({ policy, named: policies.compiled }, { policy: mutant.policy, named: policies.compiled }),
  )
}

/** Whether some request passes one of them and not the other. */
function differ(before: Meant, after: Meant): boolean {
  const { all, judge } = worldsOf([before, after])
  const [was, is] = [judge(before), judge(after)]
  return all.some((world) => (was(world) === isTrue) !== (is(world) === isTrue))
}

function named(changes: readonly Change[], policy: NamedPolicy, how: string): readonly Mutant[] {
  return changes.map(({ changed, part }) => ({
    policy: make({ ...policy, allow: changed }),
    mistake: `${how} ${describePolicy(part)}`,
  }))
}

function swap(node: Expression): readonly Change[] {
  if ((node.kind !== 'allOf' && node.kind !== 'anyOf') || node.of.length < 2) return []
  return [{ changed: make({ kind: node.kind === 'allOf' ? 'anyOf' : 'allOf', of: node.of }), part: node }]
}

function withoutNot(node: Expression): readonly Change[] {
  return node.kind === 'not' ? [{ changed: node.of, part: node.of }] : []
}

/** Lets pass a little more. */
function widen(node: Expression): readonly Change[] {
  const wider = widerThan(node)
  return wider === undefined ? [] : [{ changed: wider, part: node }]
}

function widerThan(node: Expression): Expression | undefined {
  switch (node.kind) {
    case 'scope':
      return node.scopes.length > 1 ? make({ ...node, scopes: Object.freeze(node.scopes.slice(1)) }) : undefined
    case 'authenticatedWithin':
      return make({ ...node, seconds: node.seconds * 2 })
    case 'acrAtLeast': {
      const below = node.levels[node.levels.indexOf(node.level) - 1]
      return below === undefined ? undefined : make({ ...node, level: below })
    }
    case 'actorDepthAtMost':
      return make({ ...node, depth: node.depth + 1 })
    case 'authorizationDetails':
      return widerDetails(node)
    case 'between':
      return make({ ...node, from: '00:00', to: '24:00' })
    case 'compare':
      return widerComparison(node)
    default:
      return undefined
  }
}

/** Any object of the type, wherever it holds. */
function widerDetails({ kind, type, locations, ...asked }: Extract<Expression, { kind: 'authorizationDetails' }>) {
  if (Object.keys(asked).length === 0) return undefined
  return make<Expression>({ kind, type, ...(locations !== undefined && { locations }) })
}

function widerComparison({ subject, operator, operand }: Comparison): Expression | undefined {
  switch (operator) {
    case 'equals':
    case 'oneOf':
      return compare(plain(subject), 'exists', true)
    case 'includesAll':
      return compare(subject, 'includesAny', operand)
    case 'atLeast':
      return compare(subject, 'atLeast', operand - 1)
    case 'atMost':
      return compare(subject, 'atMost', operand + 1)
    case 'startsWith':
      return operand.length > 1 ? compare(subject, 'startsWith', operand.slice(0, -1)) : undefined
    case 'endsWith':
      return operand.length > 1 ? compare(subject, 'endsWith', operand.slice(1)) : undefined
    default:
      return undefined
  }
}

function plain(subject: Reference): Reference {
  return subject.from === 'claim' ? Object.freeze({ from: 'claim', path: subject.path }) : subject
}
