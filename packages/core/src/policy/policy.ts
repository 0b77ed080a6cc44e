// What a policy is: a small frozen tree of data, made by the policy words and by nothing else. `compile.ts` gives it a
// meaning. There is no node that allows by default and none that a typo could turn into one.
import type { ClaimPath } from '../claims/claim-path.js'
import { ConfigurationError } from '../errors.js'
import type { BindingMethod } from './facts.js'
import { isReference, type Reference, type Scalar } from './reference.js'
import { type QuestionNode, referencesOfQuestion } from './services/question-node.js'
import type { Decider } from './services/service-answer.js'

export { type ClaimReference, isReference, type Reference, type Scalar } from './reference.js'

/** Each operator, and what it compares with. */
export interface Operands {
  readonly equals: Scalar | Reference
  readonly oneOf: readonly Scalar[]
  readonly includes: string | Reference
  readonly includesAny: readonly string[]
  readonly includesAll: readonly string[]
  readonly atLeast: number
  readonly atMost: number
  readonly startsWith: string
  readonly endsWith: string
  readonly exists: true
  readonly absent: true
}

/** The name of a comparison. */
export type Operator = keyof Operands

/** Compares one value of the token or the request with what the policy says. */
export type Comparison = {
  readonly [Name in Operator]: {
    readonly kind: 'compare'
    readonly subject: Reference
    readonly operator: Name
    readonly operand: Operands[Name]
  }
}[Operator]

/** A day of the week. */
export type Day = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun'

/** A member that a type adds to its authorization details (RFC 9396 §2), by its path in the object, and what it equals. */
export interface DetailField {
  readonly path: ClaimPath
  readonly equals: Scalar | Reference
}

/** The parts of a policy that ask one thing. */
export type Leaf =
  | Comparison
  | { readonly kind: 'always'; readonly verdict: 'allow' | 'deny' | 'undetermined' }
  | {
      readonly kind: 'scope'
      readonly scopes: readonly string[]
      /** Whether a granted `orders:*` covers `orders:read`; the text between segments. */
      readonly wildcard?: string
    }
  | { readonly kind: 'anyScope'; readonly scopes: readonly string[]; readonly wildcard?: string }
  | { readonly kind: 'role'; readonly roles: readonly string[] }
  | { readonly kind: 'issuer'; readonly issuers: readonly string[] }
  | { readonly kind: 'audience'; readonly audiences: readonly string[] }
  | { readonly kind: 'subject'; readonly subjects: readonly string[] }
  | { readonly kind: 'client'; readonly clients: readonly string[] }
  | { readonly kind: 'authenticatedWithin'; readonly seconds: number }
  /** `levels` is the whole ladder, lowest first. */
  | { readonly kind: 'acrAtLeast'; readonly level: string; readonly levels: readonly string[] }
  | { readonly kind: 'amr'; readonly methods: readonly string[] }
  /** SPIFFE IDs, in which a segment may be `*`, and the last one `**`. */
  | { readonly kind: 'spiffe'; readonly patterns: readonly string[] }
  | { readonly kind: 'boundBy'; readonly methods: readonly BindingMethod[] }
  | { readonly kind: 'actorNone' }
  | { readonly kind: 'actorIs'; readonly subjects: readonly string[] }
  | { readonly kind: 'actorDepthAtMost'; readonly depth: number }
  | {
      readonly kind: 'authorizationDetails'
      readonly type: string
      readonly locations?: readonly string[]
      readonly actions?: readonly string[]
      readonly datatypes?: readonly string[]
      readonly privileges?: readonly string[]
      readonly identifier?: string | Reference
      readonly fields?: readonly DetailField[]
    }
  | { readonly kind: 'method'; readonly methods: readonly string[] }
  | { readonly kind: 'ipIn'; readonly ranges: readonly string[] }
  | {
      readonly kind: 'between'
      /** `HH:MM`, from this minute on. */
      readonly from: string
      /** `HH:MM` up to `24:00`, not this minute any more. Earlier than `from`: on the next day. */
      readonly to: string
      readonly timeZone: string
      /** The days on which the window opens. */
      readonly days: readonly Day[]
    }
  | { readonly kind: 'custom'; readonly name: string; readonly reads: CustomReads; readonly test: CustomTest }
  /** A policy service says yes. `path`: the rule that it is asked for, where it has many; empty otherwise. */
  | { readonly kind: 'permitted'; readonly by: Decider; readonly path: string; readonly question: QuestionNode }
  | { readonly kind: 'use'; readonly name: string }

/** What a {@link Custom} test looks at. */
export interface CustomReads {
  readonly claims?: readonly ClaimPath[]
  readonly params?: readonly string[]
}

/** What a {@link custom} test is shown. */
export interface CustomFacts {
  /** The claims of the token, as its issuer signed them, frozen. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly method: string | undefined
  readonly param: (name: string) => string | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** Answers exactly `true` to let pass, exactly `false` not to; anything else is undetermined. Synchronous. */
export type CustomTest = (facts: CustomFacts) => boolean

/** What can be combined with `allOf`, `anyOf`, `atLeast` and `not`. */
export type Expression =
  | Leaf
  | { readonly kind: 'allOf'; readonly of: readonly Expression[] }
  | { readonly kind: 'anyOf'; readonly of: readonly Expression[] }
  | { readonly kind: 'atLeast'; readonly count: number; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  /** An expression in CEL, and what it was translated to. */
  | { readonly kind: 'cel'; readonly text: string; readonly of: Expression }

/** Who is allowed, and who is not even so: one entry of a set of policies. Made by {@link policy}. */
export interface NamedPolicy {
  readonly kind: 'policy'
  readonly name: string
  readonly allow: Expression
  /** Each of them must be certainly false. */
  readonly forbid: readonly Expression[]
  /** One sentence for the operator. */
  readonly message?: string
}

/** What a request must satisfy, beyond a valid token. Made by the policy words, never by hand. */
export type Policy = Expression | NamedPolicy

/** What is known of a node without judging anything. */
export interface PolicyShape {
  readonly nodes: number
  readonly depth: number
  /** Route parameters that it reads. */
  readonly params: readonly string[]
  /** Policies that it names, as often as it names them. */
  readonly uses: readonly string[]
  /** Whether a leaf of it, not of what it uses, is decided by a policy service. */
  readonly asks: boolean
}

const greatestNodes = 512
const greatestDepth = 16

/** The nodes that the words have made. Nothing else is a policy: one made by hand could ask for nothing. */
const made = new WeakMap<object, PolicyShape>()

/**
 * Freezes a node and vouches for it.
 *
 * @internal for the policy words
 * @throws ConfigurationError where it is too large
 */
export function make<Node extends Policy>(node: Node): Node {
  const shape = shapeOf(node)
  if (shape.nodes > greatestNodes) throw new ConfigurationError(`a policy has at most ${greatestNodes} parts`)
  if (shape.depth > greatestDepth) throw new ConfigurationError(`a policy is nested at most ${greatestDepth} deep`)
  if (shape.asks) requireNoDenial(node)
  made.set(Object.freeze(node), shape)
  return node
}

function shapeOf(node: Policy): PolicyShape {
  const parts = partsOf(node).map((part) => made.get(part) as PolicyShape)
  return {
    nodes: parts.reduce((sum, { nodes }) => sum + nodes, 1),
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
    params: union([paramsOf(node), ...parts.map(({ params }) => params)]),
    uses: [...(node.kind === 'use' ? [node.name] : []), ...parts.flatMap(({ uses }) => uses)],
    asks: node.kind === 'permitted' || parts.some(({ asks }) => asks),
  }
}

/** INVARIANT: a no of a policy service lets nobody pass, nor does its silence. */
function requireNoDenial(node: Policy): void {
  const denied = node.kind === 'not' ? [node.of] : node.kind === 'policy' ? node.forbid : []
  if (!denied.some((part) => made.get(part)?.asks)) return
  throw new ConfigurationError(
    'permits() stands below no not() and in no forbid: a service that says no would let pass; ask it the opposite question',
  )
}

/** The nodes directly below a node. */
export function partsOf(node: Policy): readonly Expression[] {
  switch (node.kind) {
    case 'allOf':
    case 'anyOf':
    case 'atLeast':
      return node.of
    case 'not':
    case 'cel':
      return [node.of]
    case 'policy':
      return [node.allow, ...node.forbid]
    default:
      return []
  }
}

function paramsOf(node: Policy): readonly string[] {
  if (node.kind === 'custom') return node.reads.params ?? []
  return referencesIn(node).flatMap((side) => (side.from === 'param' ? [side.name] : []))
}

/** What a leaf reads from the request, to compare it or to ask about it. */
export function referencesIn(node: Policy): readonly Reference[] {
  if (node.kind === 'compare') return [node.subject, node.operand].filter(isReference)
  if (node.kind === 'permitted') return referencesOfQuestion(node.question)
  if (node.kind !== 'authorizationDetails') return []
  return [node.identifier, ...(node.fields ?? []).map(({ equals }) => equals)].filter(isReference)
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  const all = lists.flat()
  return all.length < 2 ? all : [...new Set(all)]
}

/**
 * What is known of a policy without judging anything.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function describeShape(policy: Policy): PolicyShape {
  return made.get(requirePolicyNode(policy)) as PolicyShape
}

/** Whether the policy words have made it. */
export function isPolicyNode(value: unknown): value is Policy {
  return typeof value === 'object' && value !== null && made.has(value)
}

/**
 * Refuses, while a route is built, what the policy words did not make.
 *
 * @throws ConfigurationError
 */
export function requirePolicyNode(value: unknown): Policy {
  if (isPolicyNode(value)) return value
  throw new ConfigurationError(
    "a policy is made by the policy words, such as scope('read:orders'); if this one was, @sallyport/core is installed twice",
  )
}
