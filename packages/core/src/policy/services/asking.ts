// Whom a policy asks, and in which order: the leaves that are decided elsewhere, one after another, and only as long as an answer
// can still matter. Nobody is called here.
//
// What stands below a `not` or a `forbid` is never the next: no answer would be heard there (`unheard.ts`), so none can matter.
import type { CompiledPolicies, CompiledPolicy, PolicyFacts, ServiceAnswers } from '../compiled.js'
import type { Policy } from '../policy.js'
import { isTrue, isUndetermined } from '../verdict.js'
import { type ServiceAnswer, Unaskable } from './service-answer.js'

type Leaves = ReadonlyMap<Policy, CompiledPolicy>

const nobody: Leaves = new Map()
const nameless: CompiledPolicies = new Map()
const known = new WeakMap<CompiledPolicies, WeakMap<CompiledPolicy, Leaves>>()

/** The leaves of a policy, with those of what it uses, that are decided elsewhere. Found but once for a set of policies. */
export function askableIn(policy: CompiledPolicy, policies: CompiledPolicies | undefined): Leaves {
  if (!policy.mayAsk) return nobody
  const set = policies ?? nameless
  const inSet = known.get(set) ?? new WeakMap<CompiledPolicy, Leaves>()
  const leaves = inSet.get(policy)
  if (leaves !== undefined) return leaves
  const found = findAskable(policy, set)
  known.set(set, inSet.set(policy, found))
  return found
}

function findAskable(policy: CompiledPolicy, policies: CompiledPolicies): Leaves {
  const found = new Map<Policy, CompiledPolicy>()
  const visit = (each: CompiledPolicy): void => {
    const { node, mayAsk } = each
    if (!mayAsk) return
    if (node.kind === 'permitted') found.set(node, each)
    for (const part of partsBelow(each, policies)) visit(part)
  }
  visit(policy)
  return found.size === 0 ? nobody : found
}

/** What stands below a node, also where it only names it. */
function partsBelow(
  { node, parts }: CompiledPolicy,
  policies: CompiledPolicies | undefined,
): readonly CompiledPolicy[] {
  const used = node.kind === 'use' ? policies?.get(node.name) : undefined
  return used === undefined ? parts : [used]
}

/** A yes that nobody has given. */
const supposed: ServiceAnswer = Object.freeze({ verdict: isTrue, until: Number.POSITIVE_INFINITY })

/**
 * The facts as they would be if everybody who may still be asked said yes: for finding out whether asking can help, and what the
 * client would have to bring beside. Never for letting pass.
 *
 * @param isPatient - whether whoever did not answer might still do so
 */
export function supposingYes(policy: CompiledPolicy, facts: PolicyFacts, isPatient = false): PolicyFacts {
  const askable = askableIn(policy, facts.policies)
  if (askable.size === 0) return facts
  const { answers } = facts
  const supposes = new Map<Policy, boolean>()
  const isSupposed = (leaf: Policy): boolean => {
    const isAskable = supposes.get(leaf) ?? !(askable.get(leaf)?.question?.(facts) instanceof Unaskable)
    supposes.set(leaf, isAskable)
    return isAskable
  }
  const get = (leaf: Policy): ServiceAnswer | undefined => {
    const answer = answers?.get(leaf)
    const isOpen = answer === undefined || (isPatient && answer.verdict === isUndetermined)
    return isOpen && askable.has(leaf) && isSupposed(leaf) ? supposed : answer
  }
  return { ...facts, answers: { get } }
}

/** The next that must be asked; `undefined` where nobody must: it is decided, or nothing that anybody could say would let it pass. */
export function nextToAsk(policy: CompiledPolicy, facts: PolicyFacts): CompiledPolicy | undefined {
  const hopeful = supposingYes(policy, facts)
  if (hopeful === facts) return undefined
  const visit = (each: CompiledPolicy): CompiledPolicy | undefined => {
    if (!each.mayAsk || each.check(facts) !== isUndetermined || each.check(hopeful) !== isTrue) return undefined
    if (each.node.kind === 'permitted') return each
    for (const part of partsBelow(each, facts.policies)) {
      const next = visit(part)
      if (next !== undefined) return next
    }
    return undefined
  }
  return visit(policy)
}

/** Whether it is for want of an answer that a policy is not true, and for nothing else. */
export function isHeldUp(policy: CompiledPolicy, facts: PolicyFacts): boolean {
  return policy.mayAsk && policy.check(supposingYes(policy, facts, true)) === isTrue
}

/** The answers of one decision, as they come. */
export class GivenAnswers implements ServiceAnswers {
  readonly #given = new Map<Policy, ServiceAnswer>()
  #whyUnasked: string | undefined

  get(leaf: Policy): ServiceAnswer | undefined {
    return this.#given.get(leaf)
  }

  add(leaf: Policy, answer: ServiceAnswer): void {
    this.#given.set(leaf, answer)
  }

  get whyUnasked(): string | undefined {
    return this.#whyUnasked
  }

  /** No more answers come. */
  close(isPassed: boolean): void {
    this.#whyUnasked = isPassed
      ? 'was not asked: the policy holds without it'
      : 'was not asked: the rest of the policy does not hold'
  }
}
