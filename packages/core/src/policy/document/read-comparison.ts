// A comparison of a document: `{ claim: tenant, equals: { param: tenantId } }`, one subject and one operator.

import { didYouMean } from '../../option-checks.js'
import { type ClaimSubject, claim, compare, header, param } from '../comparison.js'
import { declaredType, type PolicyVocabulary } from '../kit/vocabulary.js'
import type { Expression, Operands, Operator, Reference, Scalar } from '../policy.js'
import { kindOf, plainValue, quote, type SourceEntry, type SourceMap } from './document-source.js'
import { requireText, toTexts } from './operands.js'
import { refuse } from './problems.js'

/** What a comparison can be about. */
export const subjectWords: readonly string[] = ['claim', 'param', 'header']

const lists = ['includes', 'includesAny', 'includesAll']
const operators = ['equals', 'oneOf', ...lists, 'atLeast', 'atMost', 'startsWith', 'endsWith', 'exists', 'absent']
const claimOptions = ['as', 'orElse']

/**
 * Reads a comparison.
 *
 * @throws ConfigurationError
 */
export function readComparison(node: SourceMap, vocabulary: PolicyVocabulary): Expression {
  const subject = findSubject(node, operators)
  const [operator, second] = node.entries.filter(({ key }) => operators.includes(key))
  if (operator === undefined) {
    return refuse(
      node.at,
      `\`${subject.key}\` alone asks nothing: say what of it, such as \`equals\` or \`exists: true\``,
    )
  }
  if (second !== undefined) refuse(second.keyAt, onlyOne(operator.key, second.key))
  const reference = withDeclaredType(toReference(subject, node), operator.key, vocabulary)
  return compare(reference, operator.key as Operator, toOperand(operator) as Operands[Operator])
}

/** Two operators in one mapping. */
export function onlyOne(first: string, second: string): string {
  return `one operator a mapping: put \`${first}\` and \`${second}\` below allOf or anyOf`
}

/** What is compared, if nothing stands beside it that does not belong there. */
function findSubject(node: SourceMap, others: readonly string[]): SourceEntry {
  const [subject, second] = node.entries.filter(({ key }) => subjectWords.includes(key))
  if (subject === undefined) {
    const [other] = node.entries
    const hint = other === undefined ? '' : didYouMean(other.key, subjectWords)
    return refuse(other?.keyAt ?? node.at, `a reference is { param: … }, { header: … } or { claim: … }${hint}`)
  }
  if (second !== undefined) refuse(second.keyAt, onlyOne(subject.key, second.key))
  const allowed = [...others, ...(subject.key === 'claim' ? claimOptions : [])]
  for (const { key, keyAt } of node.entries) {
    if (key === subject.key || allowed.includes(key)) continue
    if (claimOptions.includes(key)) refuse(keyAt, `\`${key}\` is for claims, and \`${subject.key}\` is none`)
    refuse(keyAt, `unknown operator ${quote(key)} beside \`${subject.key}\`${didYouMean(key, allowed)}`)
  }
  return subject
}

function toReference({ key, value }: SourceEntry, node: SourceMap): Reference {
  if (key === 'param') return param(requireText(value, 'param')).reference
  if (key === 'header') return header(requireText(value, 'header')).reference
  const path = value.kind === 'list' ? toTexts(value, 'claim') : [requireText(value, 'claim')]
  return node.entries.reduce(withOption, claim(...path)).reference
}

function withOption(subject: ClaimSubject, { key, value }: SourceEntry): ClaimSubject {
  if (key === 'orElse') return subject.orElse(plainValue(value) as Scalar)
  if (key !== 'as') return subject
  const type = requireText(value, 'as')
  if (type === 'string') return subject.asString()
  return type === 'spaceList'
    ? subject.asSpaceList()
    : refuse(
        value.at,
        `\`as\` takes string or spaceList, not ${kindOf(value)}${didYouMean(type, ['string', 'spaceList'])}`,
      )
}

/**
 * Reads a reference that stands for a value: `{ param: accountId }`.
 *
 * @throws ConfigurationError
 */
export function readReference(node: SourceMap): Reference {
  return toReference(findSubject(node, []), node)
}

/** A claim that is declared to be one string with spaces is read so. */
function withDeclaredType(reference: Reference, operator: string, vocabulary: PolicyVocabulary): Reference {
  if (reference.from !== 'claim' || reference.as !== undefined || !lists.includes(operator)) return reference
  return declaredType(vocabulary, reference.path) === 'spaceList'
    ? Object.freeze({ ...reference, as: 'spaceList' })
    : reference
}

function toOperand({ key, value }: SourceEntry): unknown {
  if ((key === 'exists' || key === 'absent') && plainValue(value) !== true) {
    refuse(value.at, `\`${key}\` takes true; the opposite is \`${key === 'exists' ? 'absent' : 'exists'}: true\``)
  }
  if (value.kind !== 'map') return plainValue(value)
  return key === 'equals' || key === 'includes'
    ? readReference(value)
    : refuse(value.at, `\`${key}\` compares with what stands in the document, not with ${kindOf(value)}`)
}
