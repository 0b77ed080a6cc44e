// Policies by name. A set is judged as a whole, before it serves: every name that is used is there, nothing goes in circles,
// and no policy grows beyond bounds by what it uses.
import { ConfigurationError } from '../errors.js'
import { didYouMean } from '../option-checks.js'
import { compilePolicy } from './compile.js'
import type { CompiledPolicies, PolicyFacts } from './compiled.js'
import { describeShape, type NamedPolicy, type Policy, requirePolicyNode } from './policy.js'

/** Where a verifier finds policies by name: a {@link PolicySet}, or something that has another one after a while. */
export interface PolicySource {
  /** The set in force. Read once for every decision. */
  readonly current: PolicySet
  /** Is shown what was decided by, for a second opinion. */
  observe?(policy: Policy, facts: PolicyFacts): void
}

/** Policies by name, frozen. Made by {@link policySet}. */
export class PolicySet implements PolicySource {
  readonly #policies: ReadonlyMap<string, NamedPolicy>
  /** @internal */
  readonly compiled: CompiledPolicies

  /** @internal use {@link policySet} */
  constructor(policies: ReadonlyMap<string, NamedPolicy>) {
    this.#policies = policies
    this.compiled = new Map([...policies].map(([name, policy]) => [name, compilePolicy(policy)]))
    Object.freeze(this)
  }

  /** The names, in the order in which they were given. */
  get names(): readonly string[] {
    return [...this.#policies.keys()]
  }

  /** A set is always in force itself. */
  get current(): PolicySet {
    return this
  }

  /** The policy of this name. */
  get(name: string): NamedPolicy | undefined {
    return this.#policies.get(name)
  }

  [Symbol.iterator](): IterableIterator<NamedPolicy> {
    return this.#policies.values()
  }
}

const greatestSize = 1_024

/**
 * Puts policies together, to be found by `use`.
 *
 * @example
 * ```ts
 * const policies = policySet(
 *   policy('orders.read', { allow: scope('read:orders') }),
 *   policy('orders.read.eu', { allow: allOf(use('orders.read'), claim('region').startsWith('eu-')) }),
 * )
 * ```
 * @throws ConfigurationError for a name that occurs twice, one that is used and not there, a policy that uses itself, and one
 * that has more than 512 parts together with what it uses
 */
export function policySet(...policies: readonly NamedPolicy[]): PolicySet {
  const byName = new Map<string, NamedPolicy>()
  for (const each of policies) {
    if (requirePolicyNode(each).kind !== 'policy') {
      throw new ConfigurationError("policySet() takes named policies, such as policy('orders.read', { allow: … })")
    }
    if (byName.has(each.name)) throw new ConfigurationError(`${each.name}: two policies with one name`)
    byName.set(each.name, each)
  }
  if (byName.size > greatestSize) throw new ConfigurationError(`a set has at most ${greatestSize} policies`)
  requireSound(byName)
  return new PolicySet(byName)
}

const greatestNodes = 512

function requireSound(policies: ReadonlyMap<string, NamedPolicy>): void {
  const sizes = new Map<string, number>()
  const sizeOf = (name: string, path: readonly string[]): number => {
    const known = sizes.get(name)
    if (known !== undefined) return known
    if (path.includes(name)) throw new ConfigurationError(`${[...path, name].join(' uses ')}: a circle`)
    const { nodes, uses } = describeShape(policies.get(name) as NamedPolicy)
    let size = nodes
    for (const used of uses) {
      if (!policies.has(used)) {
        throw new ConfigurationError(`${name}: no policy is named ${used}${didYouMean(used, [...policies.keys()])}`)
      }
      size += sizeOf(used, [...path, name])
      if (size > greatestNodes)
        throw new ConfigurationError(`${name}: more than ${greatestNodes} parts, with what it uses`)
    }
    sizes.set(name, size)
    return size
  }
  for (const name of policies.keys()) sizeOf(name, [])
}

/**
 * The route parameters that a policy reads, with what it uses.
 *
 * @throws ConfigurationError for what the policy words did not make
 */
export function routeParamsOf(policy: Policy, policies?: PolicySet): readonly string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  const visit = (each: Policy): void => {
    const { params, uses } = describeShape(each)
    for (const name of params) found.add(name)
    for (const name of uses) {
      const named = seen.has(name) ? undefined : policies?.get(name)
      seen.add(name)
      if (named !== undefined) visit(named)
    }
  }
  visit(policy)
  return [...found]
}

/**
 * Refuses what is no policy, and a policy that names others which are not there.
 *
 * @throws ConfigurationError
 */
export function requireKnownUses(policy: Policy, source: PolicySource | undefined): void {
  for (const name of describeShape(policy).uses) {
    if (source === undefined) throw new ConfigurationError(`use(${JSON.stringify(name)}) needs the option \`policies\``)
    const { current } = source
    if (current.get(name) !== undefined) continue
    throw new ConfigurationError(`no policy is named ${name}${didYouMean(name, current.names)}`)
  }
}
