// The one comprehension that has words: `scopes.exists(s, s in ["a", "b"])`.
import { ClaimSubject } from '../comparison.js'
import type { Expression } from '../policy.js'
import { anyScope, role } from '../words.js'
import { requireConstant, toScalar } from './cel-argument.js'
import type { CelCall, CelNode, Constant } from './cel-ast.js'
import { readOperand } from './cel-operand.js'
import { judgedAt, Refusal } from './cel-refusal.js'

/**
 * Translates `exists()`, if all it asks is whether the list holds one of some strings.
 *
 * @throws Refusal
 */
export function translateExists(node: CelCall, target: CelNode): Expression {
  const operand = readOperand(target)
  const [variable, test, ...more] = node.args
  if (variable?.kind === 'name' && test !== undefined && more.length === 0) {
    const values = readMembership(variable.name, test)?.map((value) => toScalar(test.at, value))
    if (values?.every((value) => typeof value === 'string')) {
      const names = values as readonly string[]
      if (operand.kind === 'scopes') return judgedAt(node.at, () => anyScope(...names))
      if (operand.kind === 'roles') return judgedAt(node.at, () => role(...names))
      if (operand.kind === 'subject' && operand.subject instanceof ClaimSubject) {
        const { subject } = operand
        return judgedAt(node.at, () => subject.includesAny(...names))
      }
      throw new Refusal(target.at, 'exists() looks into scopes, roles and claims')
    }
  }
  throw new Refusal(node.at, 'exists() takes only scopes.exists(s, s in ["a", "b"]) and scopes.exists(s, s == "a")')
}

/** The values among which the variable has to be. */
function readMembership(variable: string, test: CelNode): readonly Constant[] | undefined {
  if (test.kind !== 'in' && !(test.kind === 'relation' && test.operator === '==')) return undefined
  const isVariable = (node: CelNode): boolean => node.kind === 'name' && node.name === variable
  const isTurned = test.kind === 'relation' && isVariable(test.right)
  if (!isTurned && !isVariable(test.left)) return undefined
  const value = requireConstant(isTurned ? test.left : test.right, 'exists()')
  if (test.kind === 'relation') return [value]
  return value.type === 'list' ? value.items : undefined
}
