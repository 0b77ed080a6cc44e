// Policies, written as the plain value of a document: one way to write each, and none for a test in code.
import { isDeepStrictEqual } from 'node:util'
import { ConfigurationError } from '../../errors.js'
import { cel } from '../cel/cel.js'
import { formatDuration } from '../duration.js'
import { applyVocabulary } from '../kit/apply-vocabulary.js'
import { type PolicyVocabulary, requireKnownWords } from '../kit/vocabulary.js'
import {
  type ClaimReference,
  type Day,
  type Expression,
  isReference,
  type NamedPolicy,
  type Policy,
  partsOf,
  type Reference,
  requirePolicyNode,
} from '../policy.js'
import { weekdays } from '../time-window.js'

type Plain = Readonly<Record<string, unknown>>

/**
 * The plain value of a document with these policies.
 *
 * @param vocabulary - becomes part of the document
 * @throws ConfigurationError for what a document cannot say
 */
export function toDocument(policies: Iterable<NamedPolicy>, vocabulary: PolicyVocabulary = {}): Plain {
  const printed = new Map<string, Plain>()
  for (const policy of policies) {
    if (requirePolicyNode(policy).kind !== 'policy') throw new ConfigurationError('a document has named policies only')
    const { name } = policy
    if (printed.has(name)) throw new ConfigurationError(`${name}: two policies with one name`)
    try {
      requireKnownWords(policy, vocabulary)
      printed.set(name, printPolicy(policy, vocabulary))
    } catch (error) {
      throw error instanceof ConfigurationError ? new ConfigurationError(`${name}: ${error.message}`) : error
    }
  }
  if (printed.size === 0) throw new ConfigurationError('a document has one policy or more')
  const { claims, scopes, roles, acrLevels, issuers } = vocabulary
  return {
    version: 1,
    ...(claims !== undefined && { claims }),
    ...(scopes !== undefined && { scopes }),
    ...(roles !== undefined && { roles }),
    ...(acrLevels !== undefined && { acrLevels }),
    ...(issuers !== undefined && { issuers }),
    policies: Object.fromEntries(printed),
  }
}

function printPolicy({ allow, forbid, message }: NamedPolicy, vocabulary: PolicyVocabulary): Plain {
  return {
    allow: printNode(allow, vocabulary),
    ...(forbid.length > 0 && { forbid: forbid.map((node) => printNode(node, vocabulary)) }),
    ...(message !== undefined && { message }),
  }
}

function printNode(node: Expression, vocabulary: PolicyVocabulary): Plain {
  const printAll = () => partsOf(node).map((part) => printNode(part, vocabulary))
  switch (node.kind) {
    case 'allOf':
      return { allOf: printAll() }
    case 'anyOf':
      return { anyOf: printAll() }
    case 'atLeast':
      return { atLeast: node.count, of: printAll() }
    case 'not':
      return { not: printNode(node.of, vocabulary) }
    case 'cel':
      requireSameMeaning(node, vocabulary)
      return { cel: node.text }
    case 'scope':
    case 'anyScope':
      requireWildcard(node.wildcard, vocabulary)
      return { [node.kind]: one(node.scopes) }
    case 'acrAtLeast': {
      const { level, levels } = node
      const usual = vocabulary.acrLevels ?? [level]
      return { acrAtLeast: level, ...(!isSameList(levels, usual) && { levels }) }
    }
    case 'compare':
      return printComparison(node)
    default:
      return printWord(node)
  }
}

function printWord(node: Exclude<Expression, Printed>): Plain {
  switch (node.kind) {
    case 'always':
      if (node.verdict === 'undetermined') throw new ConfigurationError('no document says `undetermined`')
      return { always: node.verdict }
    case 'use':
      return { use: node.name }
    case 'role':
      return { role: one(node.roles) }
    case 'issuer':
      return { issuer: one(node.issuers) }
    case 'audience':
      return { audience: one(node.audiences) }
    case 'subject':
      return { subject: one(node.subjects) }
    case 'client':
      return { client: one(node.clients) }
    case 'authenticatedWithin':
      return { authenticatedWithin: formatDuration(node.seconds) }
    case 'amr':
      return { amr: one(node.methods) }
    case 'spiffe':
      return { spiffe: one(node.patterns) }
    case 'boundBy':
      return { boundBy: one(node.methods) }
    case 'actorNone':
      return { actor: 'none' }
    case 'actorIs':
      return { actor: { is: one(node.subjects) } }
    case 'actorDepthAtMost':
      return { actor: { depthAtMost: node.depth } }
    case 'authorizationDetails':
      return printDetails(node)
    case 'method':
      return { method: one(node.methods) }
    case 'ipIn':
      return { ipIn: one(node.ranges) }
    case 'between': {
      const { from, to, timeZone, days } = node
      return {
        between: [from, to],
        ...(timeZone !== 'UTC' && { tz: timeZone }),
        ...(days.length < weekdays.length && { days: printDays(days) }),
      }
    }
    case 'custom':
      throw new ConfigurationError(`custom('${node.name}') is code, which no document can say`)
    case 'permitted':
      throw new ConfigurationError(`permits() of ${node.by.name} asks a policy service, which no document can say`)
  }
}

type Printed = Extract<
  Expression,
  { kind: 'allOf' | 'anyOf' | 'atLeast' | 'not' | 'cel' | 'scope' | 'anyScope' | 'acrAtLeast' | 'compare' }
>

function printComparison({ subject, operator, operand }: Extract<Policy, { kind: 'compare' }>): Plain {
  return { ...printReference(subject), [operator]: printOperand(operand) }
}

function printDetails({
  type,
  identifier,
  fields,
  ...asked
}: Extract<Policy, { kind: 'authorizationDetails' }>): Plain {
  const { locations, actions, datatypes, privileges } = asked
  return {
    authorizationDetails: type,
    ...(locations !== undefined && { locations: one(locations) }),
    ...(actions !== undefined && { actions: one(actions) }),
    ...(datatypes !== undefined && { datatypes: one(datatypes) }),
    ...(privileges !== undefined && { privileges: one(privileges) }),
    ...(identifier !== undefined && { identifier: printOperand(identifier) }),
    ...(fields !== undefined && {
      fields: fields.map(({ path, equals }) => ({ field: one(path), equals: printOperand(equals) })),
    }),
  }
}

function printOperand(operand: unknown): unknown {
  return isReference(operand) ? printReference(operand) : operand
}

function printReference(reference: Reference): Plain {
  return reference.from === 'claim' ? printClaim(reference) : { [reference.from]: reference.name }
}

function printClaim({ path, as, orElse }: ClaimReference): Plain {
  return { claim: one(path), ...(as !== undefined && { as }), ...(orElse !== undefined && { orElse }) }
}

/** An expression is written as its text, and read again in the vocabulary of the document. */
function requireSameMeaning(node: Extract<Expression, { kind: 'cel' }>, vocabulary: PolicyVocabulary): void {
  if (isDeepStrictEqual(applyVocabulary(cel(node.text), vocabulary), node)) return
  throw new ConfigurationError(`cel('${node.text}') means something else in the vocabulary of the document`)
}

/** The wildcard is said once for a whole document. */
function requireWildcard(wildcard: string | undefined, { scopes }: PolicyVocabulary): void {
  const usual = scopes !== undefined && 'wildcard' in scopes ? scopes.wildcard : undefined
  if (wildcard === usual) return
  const message =
    usual === undefined
      ? `its scopes are covered by wildcards; say vocabulary: { scopes: { wildcard: '${wildcard}' } }`
      : `the wildcard '${usual}' goes for every scope of the document, and here it is ${wildcard === undefined ? 'off' : `'${wildcard}'`}`
  throw new ConfigurationError(message)
}

/** `Mon-Fri` where that says it, or a list. */
function printDays(days: readonly Day[]): unknown {
  const first = days[0] as Day
  const last = days.at(-1) as Day
  const isRange = weekdays.indexOf(last) - weekdays.indexOf(first) === days.length - 1
  return days.length > 2 && isRange ? `${first}-${last}` : one(days)
}

/** A single name stands without its list. */
function one<Item>(items: readonly Item[]): Item | readonly Item[] {
  return items.length === 1 ? (items[0] as Item) : items
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
