// What the leaves of a policy say about the facts of a request: which they read, and next to what they tell them apart.
import { type ClaimPath, clientClaims } from '../../claims/claim-path.js'
import type { CompiledPolicies } from '../compiled.js'
import {
  type Comparison,
  isReference,
  type Leaf,
  type Policy,
  partsOf,
  type Reference,
  referencesIn,
  type Scalar,
} from '../policy.js'
import { addressEdges } from './address-edges.js'
import { momentsOf } from './moments.js'
import { type WorkloadEdges, workloadsAround } from './workload-edges.js'

/** Where a fact of a request stands. */
export type Place =
  | { readonly in: 'claims'; readonly path: ClaimPath }
  | { readonly in: 'params' | 'headers'; readonly name: string }
  | { readonly in: 'method' | 'ip' | 'binding' | 'workload' | 'now' }

/** What is asked of authorization details. */
export type DetailsLeaf = Extract<Leaf, { kind: 'authorizationDetails' }>

/** What a leaf says about one fact. */
export interface Mention {
  readonly at: Place
  /** It is compared with these. */
  readonly literals?: readonly Scalar[]
  readonly starts?: readonly string[]
  readonly ends?: readonly string[]
  /** It is a list, and these are looked for in it. */
  readonly items?: readonly string[]
  /** How the list is written: as an array, or as a text with spaces. */
  readonly form?: 'array' | 'words'
  /** A number counts as its digits. */
  readonly digits?: boolean
  /** It is authorization details, and this is asked of them. */
  readonly details?: DetailsLeaf
  /** Values that are worth a try as they are. */
  readonly values?: readonly unknown[]
  /** There are more of them. */
  readonly isPartial?: boolean
}

/** A moment so many seconds ago; negative for one to come. */
export class Ago {
  readonly seconds: number
  constructor(seconds: number) {
    this.seconds = seconds
  }
}

/** The leaves of a policy, with those of the policies it uses. */
export function leavesOf(policy: Policy, named: CompiledPolicies | undefined): readonly Leaf[] {
  const seen = new Set<Policy>()
  const visit = (node: Policy): readonly Leaf[] => {
    if (seen.has(node)) return []
    seen.add(node)
    if (node.kind === 'use') {
      const target = named?.get(node.name)?.node
      return target === undefined ? [] : visit(target)
    }
    const parts = partsOf(node)
    return parts.length === 0 ? [node as Leaf] : parts.flatMap(visit)
  }
  return visit(policy)
}

/** Claims that stand for one another: a leaf that reads one reads all of them. */
const aliases: readonly (readonly string[])[] = [['scope', 'scp'], clientClaims]

/** One name for all the claims that a leaf could read in place of this one. */
export function familyOf(name: string): string {
  return aliases.find((names) => names.includes(name))?.[0] ?? name
}

/** What each leaf says. */
export function mentionsOf(leaves: readonly Leaf[]): ReadonlyMap<Leaf, readonly Mention[]> {
  const compared = leaves
    .filter((leaf) => leaf.kind === 'compare')
    .flatMap((leaf) => referencesOf(leaf).flatMap((side) => (side.from === 'claim' ? [side.path[0]] : [])))
  const workloads = workloadsAround(leaves.flatMap((leaf) => (leaf.kind === 'spiffe' ? leaf.patterns : [])))
  return new Map(leaves.map((leaf) => [leaf, mentionsIn(leaf, new Set(compared), workloads)]))
}

function mentionsIn(leaf: Leaf, compared: ReadonlySet<string>, workloads: WorkloadEdges): readonly Mention[] {
  switch (leaf.kind) {
    case 'compare':
      return ofComparison(leaf)
    case 'scope':
    case 'anyScope': {
      const stars = leaf.scopes.flatMap((name) => starsFor(name, leaf.wildcard))
      const lists = [leaf.scopes, ...stars.map((star) => [star])]
      const places = inFamily('scope', compared)
      const forms = places.length === 1 ? (['words'] as const) : (['words', 'array'] as const) // only a comparison can tell
      return places.flatMap((at) => forms.flatMap((form) => lists.map((items) => ({ at, items, form }))))
    }
    case 'role':
      return [{ at: claimAt('roles'), items: leaf.roles, form: 'array' }]
    case 'amr':
      return [{ at: claimAt('amr'), items: leaf.methods, form: 'array' }]
    case 'audience':
      return [{ at: claimAt('aud'), items: leaf.audiences, form: 'array', literals: leaf.audiences }]
    case 'issuer':
      return [{ at: claimAt('iss'), literals: leaf.issuers }]
    case 'subject':
      return [{ at: claimAt('sub'), literals: leaf.subjects }]
    case 'client':
      return inFamily('client_id', compared).map((at) => ({ at, literals: leaf.clients }))
    case 'acrAtLeast':
      return [{ at: claimAt('acr'), literals: leaf.levels }]
    case 'authenticatedWithin':
      return [
        { at: claimAt('auth_time'), values: [leaf.seconds, leaf.seconds + 1, -60, -61].map((ago) => new Ago(ago)) },
      ]
    case 'boundBy':
      return [{ at: { in: 'binding' }, values: ['dpop', 'mtls', undefined] }]
    case 'spiffe':
      return [{ at: { in: 'workload' }, values: [...workloads.ids, undefined], isPartial: !workloads.areAll }]
    case 'method':
      return [{ at: { in: 'method' }, values: [...leaf.methods, 'OTHER'] }]
    case 'ipIn':
      return [{ at: { in: 'ip' }, values: [...addressEdges(leaf.ranges), undefined] }]
    case 'actorNone':
      return [{ at: claimAt('act'), values: [{}] }]
    case 'actorIs':
      return [{ at: claimAt('act', 'sub'), literals: leaf.subjects }]
    case 'actorDepthAtMost':
      return [{ at: claimAt('act'), values: actorChains(leaf.depth) }]
    case 'authorizationDetails':
      return [
        { at: claimAt('authorization_details'), details: leaf, literals: literalsOf(leaf) },
        ...referencesIn(leaf).map(ofReference),
      ]
    case 'between':
      return [{ at: { in: 'now' }, values: momentsOf(leaf) }]
    default:
      return []
  }
}

function ofComparison(leaf: Comparison): readonly Mention[] {
  const { subject, operator, operand } = leaf
  const [about, ...others] = referencesOf(leaf).map(ofReference) as [Mention, ...Mention[]]
  const literals = ([operand].flat() as readonly (Scalar | Reference)[]).filter(
    (value): value is Scalar => !isReference(value),
  )
  switch (operator) {
    case 'exists':
    case 'absent':
      return [{ at: about.at }]
    case 'startsWith':
      return [about, { at: about.at, starts: [operand] }]
    case 'endsWith':
      return [about, { at: about.at, ends: [operand] }]
    case 'includes':
    case 'includesAny':
    case 'includesAll': {
      const form = subject.from === 'claim' && subject.as === 'spaceList' ? 'words' : 'array'
      return [{ at: about.at, items: literals as readonly string[], form }, ...others]
    }
    default:
      return [about, { at: about.at, literals }, ...others]
  }
}

/** The sides of a comparison that are read from the request. */
function referencesOf({ subject, operand }: Comparison): readonly Reference[] {
  return isReference(operand) ? [subject, operand] : [subject]
}

/** With what its members are compared, so that what stands for one of them is tried with these too. */
function literalsOf({ identifier, fields = [] }: DetailsLeaf): readonly Scalar[] {
  return [identifier, ...fields.map(({ equals }) => equals)].filter(
    (value): value is Scalar => value !== undefined && !isReference(value),
  )
}

function ofReference(reference: Reference): Mention {
  if (reference.from !== 'claim') return { at: { in: `${reference.from}s`, name: reference.name } }
  const { path, as, orElse } = reference
  return { at: { in: 'claims', path }, digits: as === 'string', literals: orElse === undefined ? [] : [orElse] }
}

function claimAt(...path: ClaimPath): Place {
  return { in: 'claims', path }
}

/** The first claim of a family; where some are compared as well, these too, and one that is not. */
function inFamily(first: string, compared: ReadonlySet<string>): readonly Place[] {
  const names = aliases.find(([name]) => name === first) ?? [first]
  const read = names.filter((name) => compared.has(name))
  if (read.length === 0) return [claimAt(first)]
  return [...read, ...names.filter((name) => !read.includes(name)).slice(0, 1)].map((name) => claimAt(name))
}

function starsFor(scope: string, separator: string | undefined): readonly string[] {
  const end = separator === undefined ? -1 : scope.lastIndexOf(separator)
  return end === -1 ? [] : [`${scope.slice(0, end)}${separator}*`]
}

/** Chains of actors up to one too many; each as it should be, and with a last one that is no actor. */
function actorChains(greatest: number): readonly unknown[] {
  const chain = (depth: number, end: unknown): unknown => (depth === 0 ? end : { act: chain(depth - 1, end) })
  const depths = Array.from({ length: greatest + 1 }, (_, depth) => depth)
  return [...depths.map((depth) => chain(depth, {})), ...depths.map((depth) => chain(depth, 'no actor'))]
}
