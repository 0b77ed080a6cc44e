// What leaves can say together. Leaves that read the same facts depend on one another; others do not. So for each group of
// them all facts are tried, and of all those on which the group says the same, the first are kept.
import { compilePolicy } from '../compile.js'
import { policyFacts } from '../evaluate.js'
import type { Leaf } from '../policy.js'
import { isFalse, isTrue, isUndetermined, type Verdict } from '../verdict.js'
import { candidatesFor, type Fact } from './candidates.js'
import { combinationsOf } from './combinations.js'
import { familyOf, type Mention, mentionsOf, type Place } from './mentions.js'
import { requestOf, type Value } from './request.js'

/** What the leaves of a group say, in their order, and of which facts. */
export interface Outcome {
  readonly verdicts: readonly Verdict[]
  readonly values: readonly Value[]
}

/** Leaves that depend on one another, and what they can say. */
export interface Group {
  readonly leaves: readonly Leaf[]
  readonly outcomes: readonly Outcome[]
  readonly areComplete: boolean
}

/** How many facts are tried for one group. */
const greatestTrials = 20_000

/** The leaves in groups that do not depend on each other. */
export function groupsOf(leaves: readonly Leaf[]): readonly Group[] {
  const mentions = mentionsOf(leaves)
  const said = (leaf: Leaf): readonly Mention[] => mentions.get(leaf) ?? []
  return clustersOf(leaves, (leaf) => said(leaf).map(({ at }) => rootOf(at))).map((group) =>
    groupOf(group, group.map(said)),
  )
}

function groupOf(leaves: readonly Leaf[], said: readonly (readonly Mention[])[]): Group {
  // What code or a policy service answers is not known: it could be anything.
  if (leaves[0]?.kind === 'custom' || leaves[0]?.kind === 'permitted')
    return { leaves, outcomes: anything, areComplete: true }
  const facts = factsIn(said.flat())
  const keys = clustersOf(
    [...facts.keys(), ...linksBetween(said)].map((each) => [each].flat()),
    (each) => each,
  )
  const peersOf = new Map(
    keys.flatMap((cluster) => {
      const peers = [...new Set(cluster.flat())]
      return peers.map((key) => [key, peers.map((peer) => facts.get(peer) as Fact)] as const)
    }),
  )
  const candidates = [...facts].map(([key, fact]) => ({ at: fact.at, ...candidatesFor(fact, peersOf.get(key) ?? []) }))
  const lists = candidates.map(({ at, values }) => values.map((value): Value => ({ at, value })))
  const { all, areComplete } = combinationsOf(lists, greatestTrials)
  const checks = leaves.map((leaf) => compilePolicy(leaf).check)
  const outcomes = new Map<string, Outcome>()
  for (const values of all) {
    const seen = policyFacts(requestOf(values))
    const verdicts = checks.map((check) => check(seen))
    const key = verdicts.join()
    if (!outcomes.has(key)) outcomes.set(key, { verdicts, values })
  }
  const isKnown = areComplete && candidates.every((each) => each.areComplete) && !mixesTimes(leaves)
  return { leaves, outcomes: [...outcomes.values()], areComplete: isKnown }
}

const anything: readonly Outcome[] = ([isTrue, isFalse, isUndetermined] as const).map((verdict) => ({
  verdicts: [verdict],
  values: [],
}))

/** The facts that are mentioned, those further out first. */
function factsIn(mentions: readonly Mention[]): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>()
  for (const mention of mentions.toSorted((a, b) => depthOf(a.at) - depthOf(b.at))) {
    const key = keyOf(mention.at)
    facts.set(key, { at: mention.at, mentions: [...(facts.get(key)?.mentions ?? []), mention] })
  }
  return facts
}

/** The facts that are compared with each other, or stand for each other. */
function linksBetween(said: readonly (readonly Mention[])[]): readonly (readonly string[])[] {
  return said.map((mentions) => mentions.map(({ at }) => keyOf(at)))
}

/** A login some time ago, and its date as a number: what one of them leaves open depends on the clock. */
function mixesTimes(leaves: readonly Leaf[]): boolean {
  return (
    leaves.some(({ kind }) => kind === 'authenticatedWithin') &&
    leaves.some((leaf) => leaf.kind === 'compare' && leaf.operator !== 'exists' && leaf.operator !== 'absent')
  )
}

function keyOf(at: Place): string {
  return JSON.stringify(at)
}

function depthOf(at: Place): number {
  return 'path' in at ? at.path.length : 0
}

function rootOf(at: Place): string {
  return 'path' in at ? `claim ${familyOf(at.path[0])}` : keyOf(at)
}

/** Puts together what has a key in common, directly or by way of others. */
function clustersOf<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly string[],
): readonly (readonly Item[])[] {
  let clusters: readonly { readonly items: readonly Item[]; readonly keys: ReadonlySet<string> }[] = []
  for (const item of items) {
    const keys = keysOf(item)
    const near = clusters.filter((cluster) => keys.some((key) => cluster.keys.has(key)))
    const merged = {
      items: [...near.flatMap((cluster) => cluster.items), item],
      keys: new Set([...near.flatMap((cluster) => [...cluster.keys]), ...keys]),
    }
    clusters = [...clusters.filter((cluster) => !near.includes(cluster)), merged]
  }
  return clusters.map((cluster) => cluster.items)
}
