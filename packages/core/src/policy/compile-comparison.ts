// What the comparisons mean. Both sides must be there and of one type, or the comparison is undetermined.

import { isText, isTextList } from '../claims/claim-path.js'
import type { Meaning, PolicyFacts } from './compiled.js'
import { describeReference } from './describe-reference.js'
import { type Comparison, isReference, type Reference, type Scalar } from './policy.js'
import { compileReading, type Reading } from './reading.js'
import { type Check, isFalse, isTrue, isUndetermined, type Verdict } from './verdict.js'

/** The meaning of a comparison. */
export function compileComparison(comparison: Comparison): Meaning {
  const read = compileReading(comparison.subject)
  return { check: compileCheck(comparison, read), why: (facts) => whyUndetermined(comparison, read, facts) }
}

function compileCheck(comparison: Comparison, read: Reading): Check<PolicyFacts> {
  switch (comparison.operator) {
    case 'equals':
      return compileEquals(read, comparison.operand)
    case 'oneOf': {
      const { operand } = comparison
      const isComparable = comparable(operand[0] as Scalar)
      return withValue(read, isComparable, (value) => operand.includes(value as Scalar))
    }
    case 'includes': {
      const { operand } = comparison
      if (!isReference(operand))
        return withValue(read, isTextList, (list) => (list as readonly string[]).includes(operand))
      const readItem = compileReading(operand)
      return (facts) => {
        const list = read(facts)
        const item = readItem(facts)
        return isTextList(list) && isText(item) ? toVerdict(list.includes(item)) : isUndetermined
      }
    }
    case 'includesAny': {
      const { operand } = comparison
      return withValue(read, isTextList, (list) => operand.some((item) => (list as readonly string[]).includes(item)))
    }
    case 'includesAll': {
      const { operand } = comparison
      return withValue(read, isTextList, (list) => operand.every((item) => (list as readonly string[]).includes(item)))
    }
    case 'atLeast': {
      const { operand } = comparison
      return withValue(read, Number.isFinite, (value) => (value as number) >= operand)
    }
    case 'atMost': {
      const { operand } = comparison
      return withValue(read, Number.isFinite, (value) => (value as number) <= operand)
    }
    case 'startsWith': {
      const { operand } = comparison
      return withValue(read, isText, (value) => (value as string).startsWith(operand))
    }
    case 'endsWith': {
      const { operand } = comparison
      return withValue(read, isText, (value) => (value as string).endsWith(operand))
    }
    case 'exists':
      return (facts) => toVerdict(read(facts) !== undefined)
    case 'absent':
      return (facts) => toVerdict(read(facts) === undefined)
  }
}

function compileEquals(read: Reading, operand: Scalar | Reference): Check<PolicyFacts> {
  if (isReference(operand)) {
    const readOther = compileReading(operand)
    return (facts) => compareValues(read(facts), readOther(facts))
  }
  return withValue(read, comparable(operand), (value) => value === operand)
}

/** Whether two values are the same; undetermined where they are not of one type that could be compared. */
export function compareValues(value: unknown, other: unknown): Verdict {
  if (typeof value === 'string' && value === other) return value.isWellFormed() ? isTrue : isUndetermined
  if (typeof value !== typeof other || !isScalar(value) || !isScalar(other)) return isUndetermined
  return value === other ? isTrue : isFalse
}

function withValue(
  read: Reading,
  isComparable: (value: unknown) => boolean,
  test: (value: unknown) => boolean,
): Check<PolicyFacts> {
  return (facts) => {
    const value = read(facts)
    return isComparable(value) ? toVerdict(test(value)) : isUndetermined
  }
}

function toVerdict(holds: boolean): Verdict {
  return holds ? isTrue : isFalse
}

/** What can be compared with such a value. */
function comparable(operand: Scalar): (value: unknown) => boolean {
  if (typeof operand === 'string') return isText
  return typeof operand === 'number' ? Number.isFinite : isBoolean
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isScalar(value: unknown): boolean {
  return isText(value) || isBoolean(value) || Number.isFinite(value)
}

/** Names the side that is missing or of the wrong type. */
function whyUndetermined({ subject, operand }: Comparison, read: Reading, facts: PolicyFacts): string {
  if (read(facts) === undefined) return `${describeReference(subject)} is missing`
  if (isReference(operand) && compileReading(operand)(facts) === undefined)
    return `${describeReference(operand)} is missing`
  return `${describeReference(subject)} is of the wrong type${isReference(operand) ? ', or the other side is' : ''}`
}
