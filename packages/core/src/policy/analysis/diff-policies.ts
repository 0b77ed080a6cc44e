// What changes when policies do: not the text, but who passes, with a request that shows it.

import type { CompiledPolicies } from '../compiled.js'
import { isSatisfied, type PolicyFactsInput, policyFacts } from '../evaluate.js'
import type { Policy } from '../policy.js'
import { PolicySet } from '../policy-set.js'
import { isTrue } from '../verdict.js'
import { leavesOf } from './mentions.js'
import { type Meant, type World, worldsOf } from './worlds.js'

/** A policy that lets pass other requests than before. */
export interface PolicyDifference {
  /** Its name; absent where two policies without a set were compared. */
  readonly policy?: string
  /** `added` and `removed`: only one of the sets has it. */
  readonly change: 'changed' | 'added' | 'removed'
  /** A request that was denied and is allowed now, if there is one. Hand it to `policyFacts`. */
  readonly opens?: PolicyFactsInput
  /** A request that was allowed and is denied now, if there is one. */
  readonly closes?: PolicyFactsInput
  /** Whether every request that the policies can tell apart was tried. Where they are too many, it was a sample. */
  readonly isComplete: boolean
}

/**
 * Compares what policies mean. Two that let the same requests pass are the same, however they are written.
 *
 * @returns one entry for each policy that differs; empty where none does
 * @throws ConfigurationError for what the policy words did not make
 */
export function diffPolicies(before: Policy | PolicySet, after: Policy | PolicySet): readonly PolicyDifference[] {
  const [old, fresh] = [before, after].map(toNamed) as [Named, Named]
  const names = new Set([...old.policies.keys(), ...fresh.policies.keys()])
  return [...names].flatMap((name) => {
    const difference = compare(old, fresh, name)
    return difference === undefined ? [] : [{ ...(name !== '' && { policy: name }), ...difference }]
  })
}

interface Named {
  readonly policies: ReadonlyMap<string, Policy>
  readonly compiled: CompiledPolicies | undefined
}

function toNamed(given: Policy | PolicySet): Named {
  if (!(given instanceof PolicySet)) return { policies: new Map([['', given]]), compiled: undefined }
  return { policies: new Map([...given].map((policy) => [policy.name, policy])), compiled: given.compiled }
}

function compare(before: Named, after: Named, name: string): PolicyDifference | undefined {
  const old = before.policies.get(name)
  const fresh = after.policies.get(name)
  if (old === undefined || fresh === undefined)
    return { change: old === undefined ? 'added' : 'removed', isComplete: true }
  return differenceOf({ policy: old, named: before.compiled }, { policy: fresh, named: after.compiled })
}

/** What tells two policies apart, if anything does. */
function differenceOf(before: Meant, after: Meant): PolicyDifference | undefined {
  const { all, areComplete, judge } = worldsOf([before, after])
  const [was, is] = [judge(before), judge(after)]
  let opens: PolicyFactsInput | undefined
  let closes: PolicyFactsInput | undefined
  for (const world of all) {
    const change = Number(is(world) === isTrue) - Number(was(world) === isTrue)
    if (change === 0 || (change > 0 ? opens : closes) !== undefined) continue
    const request = world.request()
    if (passes(after, world) === passes(before, world)) continue // code says otherwise
    if (change > 0) opens = request
    else closes = request
    if (opens !== undefined && closes !== undefined) break
  }
  if (opens === undefined && closes === undefined) return undefined
  const isComplete = areComplete && ![before, after].some(dependsOnOthers)
  return { change: 'changed', ...(opens && { opens }), ...(closes && { closes }), isComplete }
}

function passes({ policy, named }: Meant, world: World): boolean {
  return isSatisfied(policy, { ...policyFacts({ ...world.request(), policies: named }), answers: world.answers })
}

function dependsOnOthers({ policy, named }: Meant): boolean {
  return leavesOf(policy, named).some(({ kind }) => kind === 'custom' || kind === 'permitted')
}
