// A value of a document, made a policy by the policy words: one mapping with exactly one operator. What is no word is
// refused, never passed over.

import { didYouMean } from '../../option-checks.js'
import { cel } from '../cel/cel.js'
import type { Duration } from '../duration.js'
import type { BindingMethod } from '../facts.js'
import { applyVocabulary } from '../kit/apply-vocabulary.js'
import { type PolicyVocabulary, requireKnownWords } from '../kit/vocabulary.js'
import type { Expression } from '../policy.js'
import { between, req, spiffe } from '../request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  denyAll,
  issuer,
  not,
  role,
  scope,
  subject,
  use,
} from '../words.js'
import { kindOf, plainValue, quote, type SourceEntry, type SourceMap, type SourceNode } from './document-source.js'
import { requireText, toDays, toNames, toTexts } from './operands.js'
import { type Problems, refuse } from './problems.js'
import { onlyOne, readComparison, subjectWords } from './read-comparison.js'
import { detailMembers, readDetails } from './read-details.js'

/** What nodes are read with. */
export interface Reading {
  readonly problems: Problems
  readonly vocabulary: PolicyVocabulary
}

/** The members of a node beside its operator. */
type Members = ReadonlyMap<string, SourceNode>
type Leaf = (operand: SourceNode, vocabulary: PolicyVocabulary, members: Members) => Expression

const leaves: ReadonlyMap<string, Leaf> = new Map<string, Leaf>([
  ['always', readAlways],
  ['use', (operand) => use(requireText(operand, 'use'))],
  ['scope', (operand) => scope(...toNames(operand))],
  ['anyScope', (operand) => anyScope(...toNames(operand))],
  ['role', (operand) => role(...toNames(operand))],
  ['issuer', (operand) => issuer(...toNames(operand))],
  ['audience', (operand) => audience(...toNames(operand))],
  ['subject', (operand) => subject(...toNames(operand))],
  ['client', (operand) => client(...toNames(operand))],
  ['authenticatedWithin', (operand) => authenticatedWithin(plainValue(operand) as Duration)],
  ['acrAtLeast', readAcrAtLeast],
  ['amr', (operand) => amr(...toNames(operand))],
  ['spiffe', (operand) => spiffe(...toNames(operand))],
  ['boundBy', (operand) => boundBy(...(toNames(operand) as readonly BindingMethod[]))],
  ['actor', readActor],
  ['authorizationDetails', (operand, _, members) => readDetails(operand, members)],
  ['method', (operand) => req.method(...toNames(operand))],
  ['ipIn', (operand) => req.ipIn(...toNames(operand))],
  ['between', readBetween],
  ['cel', (operand) => cel(requireText(operand, 'cel'))],
])

const combinators = ['allOf', 'anyOf', 'not', 'atLeast']
const operators: readonly string[] = [...combinators, ...leaves.keys(), ...subjectWords]

/** What may stand beside an operator. */
const companions: Readonly<Record<string, readonly string[]>> = {
  atLeast: ['of'],
  acrAtLeast: ['levels'],
  authorizationDetails: detailMembers,
  between: ['tz', 'days'],
}

/** Reads a node; `undefined` where it has a problem. */
export function readNode(node: SourceNode, reading: Reading): Expression | undefined {
  return reading.problems.attempt(node.at, () => read(node, reading))
}

function read(node: SourceNode, reading: Reading): Expression | undefined {
  const { vocabulary } = reading
  if (node.kind !== 'map') {
    return refuse(node.at, `a policy is a mapping such as { scope: read:orders }, not ${kindOf(node)}`)
  }
  if (node.entries.some(({ key }) => subjectWords.includes(key))) {
    return held(readComparison(node, vocabulary), vocabulary)
  }
  const { key, value } = findOperator(node)
  const leaf = leaves.get(key)
  const members: Members = new Map(node.entries.map((entry) => [entry.key, entry.value]))
  if (leaf !== undefined) return held(leaf(value, vocabulary, members), vocabulary)
  if (key === 'not') {
    const part = readNode(value, reading)
    return part && not(part)
  }
  if (key === 'atLeast') return readAtLeast(value, members.get('of'), reading)
  const parts = readParts(value, key, reading)
  return parts && (key === 'allOf' ? allOf(...parts) : anyOf(...parts))
}

/** The one member that says what the node asks. */
function findOperator(node: SourceMap): SourceEntry {
  const [found, second] = node.entries.filter(({ key }) => operators.includes(key))
  const allowed = found === undefined ? [] : (companions[found.key] ?? [])
  for (const { key, keyAt } of node.entries) {
    if (operators.includes(key) || allowed.includes(key)) continue
    refuse(keyAt, `unknown operator ${quote(key)}${didYouMean(key, [...operators, ...allowed])}`)
  }
  if (found === undefined)
    return refuse(node.at, 'an empty mapping asks nothing; a policy is { scope: read:orders } or so')
  if (second !== undefined) refuse(second.keyAt, onlyOne(found.key, second.key))
  return found
}

/** Each word is meant in the vocabulary, and held to it where it stands. */
function held(leaf: Expression, vocabulary: PolicyVocabulary): Expression {
  requireKnownWords(leaf, vocabulary)
  return applyVocabulary(leaf, vocabulary)
}

function readParts(list: SourceNode, word: string, reading: Reading): readonly Expression[] | undefined {
  if (list.kind !== 'list') return refuse(list.at, `\`${word}\` takes a list, not ${kindOf(list)}`)
  const parts = list.items.map((item) => readNode(item, reading))
  return parts.includes(undefined) ? undefined : (parts as readonly Expression[])
}

function readAtLeast(operand: SourceNode, of: SourceNode | undefined, reading: Reading): Expression | undefined {
  if (of === undefined) return refuse(operand.at, '`atLeast` needs `of`, a list of policies')
  const parts = readParts(of, 'of', reading)
  return parts && atLeast(plainValue(operand) as number, ...parts)
}

function readAlways(operand: SourceNode): Expression {
  const verdict = plainValue(operand)
  if (verdict === 'allow') return allow()
  return verdict === 'deny' ? denyAll() : refuse(operand.at, `\`always\` takes allow or deny, not ${kindOf(operand)}`)
}

function readAcrAtLeast(operand: SourceNode, { acrLevels }: PolicyVocabulary, members: Members): Expression {
  const levels = members.get('levels')
  const ladder = levels === undefined ? acrLevels : toTexts(levels, 'levels')
  return acrAtLeast(requireText(operand, 'acrAtLeast'), ladder)
}

const actorWords = ['is', 'depthAtMost']

function readActor(operand: SourceNode): Expression {
  if (plainValue(operand) === 'none') return actor.none()
  if (operand.kind !== 'map' || operand.entries.length !== 1) {
    return refuse(operand.at, `\`actor\` takes none, { is: … } or { depthAtMost: … }, not ${kindOf(operand)}`)
  }
  const [{ key, keyAt, value }] = operand.entries as readonly [SourceEntry]
  if (key === 'is') return actor.is(...toNames(value))
  if (key === 'depthAtMost') return actor.depthAtMost(plainValue(value) as number)
  return refuse(keyAt, `\`actor\` has no ${quote(key)}${didYouMean(key, actorWords)}`)
}

function readBetween(operand: SourceNode, _: PolicyVocabulary, members: Members): Expression {
  const times = operand.kind === 'list' ? toNames(operand) : []
  const [from, to, ...more] = times
  if (from === undefined || to === undefined || more.length > 0) {
    return refuse(operand.at, "`between` takes two times of the day, such as ['08:00', '18:00']")
  }
  const tz = members.get('tz')
  const days = members.get('days')
  return between(from, to, {
    ...(tz !== undefined && { tz: requireText(tz, 'tz') }),
    ...(days !== undefined && { days: toDays(days) }),
  })
}
