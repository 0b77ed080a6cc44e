// Small models: every request that some policies could tell from the others. Few enough to try them all; where they are not, a
// sample of them, the same on every run. A world is what the leaves say of it; a real request is built where one is shown.
import type { CompiledPolicies, ServiceAnswers } from '../compiled.js'
import type { PolicyFactsInput } from '../evaluate.js'
import type { Leaf, Policy } from '../policy.js'
import type { ServiceAnswer } from '../services/service-answer.js'
import { atLeastOf, type Check, every, isTrue, isUndetermined, opposite, some, type Verdict } from '../verdict.js'
import { combinationsOf } from './combinations.js'
import { leavesOf } from './mentions.js'
import { groupsOf, type Outcome } from './outcomes.js'
import { requestOf } from './request.js'

/** A policy, and what `use` finds in it. */
export interface Meant {
  readonly policy: Policy
  readonly named: CompiledPolicies | undefined
}

/** One request, by what the leaves say of it. */
export interface World {
  readonly verdicts: Int8Array
  /** A request of which they say so. Code may say otherwise. */
  request(): PolicyFactsInput
  /** What policy services say of it. */
  readonly answers: ServiceAnswers
}

/** The requests to try. */
export interface Worlds {
  readonly all: readonly World[]
  /** Whether there are no others that the policies could tell apart. */
  readonly areComplete: boolean
  /** What a policy says of a world, if all its leaves are among those of the worlds. */
  judge(meant: Meant): Check<World>
}

/** How many worlds are tried before a sample has to do. */
const greatestWorlds = 20_000

/** The worlds that some policies tell apart. */
export function worldsOf(policies: readonly Meant[], limit: number = greatestWorlds): Worlds {
  const leaves = [...new Set(policies.flatMap(({ policy, named }) => leavesOf(policy, named)))]
  const positions = new Map<Leaf, number>(leaves.map((leaf, index) => [leaf, index]))
  const groups = groupsOf(leaves)
  const places = groups.map((group) => group.leaves.map((leaf) => positions.get(leaf) as number))
  const { all, areComplete } = combinationsOf(
    groups.map(({ outcomes }) => outcomes),
    limit,
  )
  return {
    all: all.map((outcomes) => worldOf(outcomes, places, positions)),
    areComplete: areComplete && groups.every((group) => group.areComplete),
    judge: ({ policy, named }) => meaningOf(policy, named, positions),
  }
}

function worldOf(
  outcomes: readonly Outcome[],
  places: readonly (readonly number[])[],
  positions: ReadonlyMap<Policy, number>,
): World {
  const verdicts = new Int8Array(positions.size)
  for (const [group, outcome] of outcomes.entries()) {
    for (const [index, place] of (places[group] ?? []).entries()) verdicts[place] = outcome.verdicts[index] as Verdict
  }
  const services = Object.fromEntries(
    [...positions].flatMap(([leaf, place]) =>
      leaf.kind === 'permitted' && verdicts[place] !== isUndetermined
        ? [[leaf.by.name, verdicts[place] === isTrue]]
        : [],
    ),
  )
  const request = (): PolicyFactsInput => ({
    ...requestOf(outcomes.flatMap(({ values }) => values)),
    ...(Object.keys(services).length > 0 && { services }),
  })
  const get = (leaf: Policy): ServiceAnswer => {
    const verdict = verdicts[positions.get(leaf) ?? -1] ?? isUndetermined
    return { verdict: verdict as Verdict, until: Number.POSITIVE_INFINITY }
  }
  return { verdicts, request, answers: { get } }
}

/** As `compile.ts` has it, but of verdicts that are there already. */
function meaningOf(
  node: Policy,
  named: CompiledPolicies | undefined,
  positions: ReadonlyMap<Leaf, number>,
  isDenied = false,
): Check<World> {
  const below = (part: Policy): Check<World> => meaningOf(part, named, positions, isDenied)
  const denied = (part: Policy): Check<World> => opposite(meaningOf(part, named, positions, true))
  switch (node.kind) {
    case 'allOf':
      return every(node.of.map(below))
    case 'anyOf':
      return some(node.of.map(below))
    case 'atLeast':
      return atLeastOf(node.count, node.of.map(below))
    case 'not':
      return denied(node.of)
    case 'cel':
      return below(node.of)
    case 'policy':
      return every([below(node.allow), ...node.forbid.map(denied)])
    case 'use': {
      const target = named?.get(node.name)?.node
      return target === undefined ? () => isUndetermined : below(target)
    }
    default: {
      if (node.kind === 'permitted' && isDenied) return () => isUndetermined // `services/unheard.ts`
      const position = positions.get(node) ?? -1
      return ({ verdicts }) => (verdicts[position] ?? isUndetermined) as Verdict
    }
  }
}
