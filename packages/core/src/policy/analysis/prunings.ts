// A policy with one part taken out or changed: to ask whether the part had any effect, and to breed the mutants that a test
// table must notice.
import { type Expression, make, type NamedPolicy } from '../policy.js'

/** A policy without one of its parts. */
export interface Pruning {
  readonly without: NamedPolicy
  readonly part: Expression
}

/** The policy without each of the operands of its allOf and anyOf, and without each forbid. */
export function pruningsOf(policy: NamedPolicy): readonly Pruning[] {
  const ofAllow = changesOf(policy.allow, withoutOperand).map(({ changed, part }) => ({
    without: make({ ...policy, allow: changed }),
    part,
  }))
  const ofForbid = policy.forbid.map((part, index) => ({
    without: make({ ...policy, forbid: Object.freeze(policy.forbid.toSpliced(index, 1)) }),
    part,
  }))
  return [...ofAllow, ...ofForbid]
}

/** An expression with one change in it, and the part that was changed. */
export interface Change {
  readonly changed: Expression
  readonly part: Expression
}

/** The changes of one node, not of what stands below it. */
export type Changes = (node: Expression) => readonly Change[]

/** Every change of every node of an expression, one at a time. */
export function changesOf(node: Expression, changes: Changes): readonly Change[] {
  return [...changes(node), ...below(node, changes)]
}

function below(node: Expression, changes: Changes): readonly Change[] {
  switch (node.kind) {
    case 'allOf':
    case 'anyOf':
    case 'atLeast':
      return node.of.flatMap((operand, index) =>
        changesOf(operand, changes).map(({ changed, part }) => ({
          changed: make({ ...node, of: Object.freeze(node.of.with(index, changed)) }),
          part,
        })),
      )
    case 'not':
      return changesOf(node.of, changes).map(({ changed, part }) => ({ changed: make({ ...node, of: changed }), part }))
    case 'cel':
      return changesOf(node.of, changes)
    default:
      return []
  }
}

/** Takes out each operand of an allOf or anyOf. */
export function withoutOperand(node: Expression): readonly Change[] {
  if ((node.kind !== 'allOf' && node.kind !== 'anyOf') || node.of.length < 2) return []
  return node.of.map((part, index) => ({
    changed: make({ ...node, of: Object.freeze(node.of.toSpliced(index, 1)) }),
    part,
  }))
}
