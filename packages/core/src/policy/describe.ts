// A policy in words, for explanations: what stands in the policy, and nothing of the token.
import { describePath, describeReference } from './describe-reference.js'
import { formatDuration } from './duration.js'
import { type Comparison, isReference, type Leaf, type Policy, type Reference, type Scalar } from './policy.js'
import { describeQuestion } from './services/describe-question.js'

const words = {
  equals: 'equals',
  oneOf: 'one of',
  includes: 'includes',
  includesAny: 'includes any of',
  includesAll: 'includes all of',
  atLeast: 'at least',
  atMost: 'at most',
  startsWith: 'starts with',
  endsWith: 'ends with',
  exists: 'exists',
  absent: 'absent',
} as const

/** A node in one line, without what stands below it. */
export function describePolicy(node: Policy): string {
  return describeNode(node).replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1))
}

function describeNode(node: Policy): string {
  switch (node.kind) {
    case 'allOf':
      return 'all of'
    case 'anyOf':
      return 'any of'
    case 'atLeast':
      return `at least ${node.count} of`
    case 'not':
      return 'not'
    case 'cel':
      return `cel ${node.text}`
    case 'policy':
      return `policy ${node.name}`
    default:
      return describeLeaf(node)
  }
}

function describeLeaf(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'compare':
      return describeComparison(leaf)
    case 'always':
      return { allow: 'allow', deny: 'deny', undetermined: 'no value' }[leaf.verdict]
    case 'scope':
      return `scope ${leaf.scopes.join(' ')}`
    case 'anyScope':
      return `any scope of ${leaf.scopes.join(' ')}`
    case 'role':
      return `role ${orList(leaf.roles)}`
    case 'issuer':
      return `issuer ${orList(leaf.issuers)}`
    case 'audience':
      return `audience ${orList(leaf.audiences)}`
    case 'subject':
      return `subject ${orList(leaf.subjects)}`
    case 'client':
      return `client ${orList(leaf.clients)}`
    case 'authenticatedWithin':
      return `authenticated within ${formatDuration(leaf.seconds)}`
    case 'acrAtLeast':
      return `acr at least ${leaf.level}`
    case 'amr':
      return `amr ${orList(leaf.methods)}`
    case 'spiffe':
      return `spiffe ${orList(leaf.patterns)}`
    case 'boundBy':
      return `bound by ${orList(leaf.methods)}`
    case 'actorNone':
      return 'no actor'
    case 'actorIs':
      return `actor ${orList(leaf.subjects)}`
    case 'actorDepthAtMost':
      return `at most ${leaf.depth} actors`
    case 'authorizationDetails':
      return describeDetails(leaf)
    case 'method':
      return `method ${orList(leaf.methods)}`
    case 'ipIn':
      return `ip in ${orList(leaf.ranges)}`
    case 'between':
      return `between ${leaf.from} and ${leaf.to} in ${leaf.timeZone} on ${leaf.days.join(' ')}`
    case 'custom':
      return `custom ${leaf.name}`
    case 'permitted':
      return `permitted by ${leaf.by.name}: ${leaf.path === '' ? '' : `${leaf.path} `}${describeQuestion(leaf.question)}`
    case 'use':
      return `use ${leaf.name}`
  }
}

function describeComparison({ subject, operator, operand }: Comparison): string {
  const head = `${describeReference(subject)} ${words[operator]}`
  if (operand === true && (operator === 'exists' || operator === 'absent')) return head
  const values: readonly (Scalar | Reference)[] = Array.isArray(operand) ? operand : [operand as Scalar | Reference]
  return `${head} ${values.map(describeValue).join(', ')}`
}

function describeDetails({
  type,
  identifier,
  fields = [],
  ...asked
}: Extract<Leaf, { kind: 'authorizationDetails' }>): string {
  const lists = (['locations', 'actions', 'datatypes', 'privileges'] as const).flatMap((name) =>
    asked[name] === undefined ? [] : [`${name} ${asked[name].join(name === 'locations' ? ' or ' : ' and ')}`],
  )
  const equal = [...(identifier === undefined ? [] : [{ path: ['identifier'], equals: identifier }]), ...fields]
  const values = equal.map(({ path, equals }) => `${describePath(path)} ${describeValue(equals)}`)
  return [`authorization details ${type}`, ...lists, ...values].join(', ')
}

function describeValue(value: Scalar | Reference): string {
  return isReference(value) ? describeReference(value) : JSON.stringify(value)
}

function orList(names: readonly string[]): string {
  return names.join(' or ')
}
