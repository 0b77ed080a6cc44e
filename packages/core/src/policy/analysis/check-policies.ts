// What is wrong with policies before any request comes: they deny everybody, or nobody, or hold a part that changes nothing.
// Found by trying every request that they can tell apart (`worlds.ts`), not by reading their text.
import type { ClaimPath } from '../../claims/claim-path.js'
import type { CompiledPolicies } from '../compiled.js'
import { describePolicy } from '../describe.js'
import { type Leaf, type NamedPolicy, type Policy, referencesIn } from '../policy.js'
import { type PolicySet, routeParamsOf } from '../policy-set.js'
import { isTrue } from '../verdict.js'
import { lockOutOf } from './lock-outs.js'
import { leavesOf } from './mentions.js'
import { pruningsOf } from './prunings.js'
import { worldsOf } from './worlds.js'

/** Something to be mended in a policy. */
export interface PolicyFinding {
  /** An `error` keeps a document from being loaded. */
  readonly severity: 'error' | 'warning'
  readonly rule: PolicyRule
  /** Name of the policy. */
  readonly policy: string
  /** One sentence, with what to write instead. */
  readonly message: string
}

/** What is looked for. */
export type PolicyRule =
  | 'always-denies'
  | 'forbid-covers-allow'
  | 'forbid-locks-out'
  | 'route-lacks-parameter'
  | 'always-allows'
  | 'part-without-effect'
  | 'claim-without-issuer'
  | 'email-unverified'
  | 'actor-history'
  | 'wildcard-required'
  | 'not-exhaustive'

type Report = (severity: PolicyFinding['severity'], rule: PolicyRule, message: string) => void

/** What {@link checkPolicies} can be told. */
export interface CheckPoliciesOptions {
  /** Issuers whose tokens these policies judge. With two or more, a claim counts for little without its issuer. */
  readonly issuers?: readonly string[]
  /** The parameters of the routes on which a policy stands, by its name. */
  readonly routeParams?: Readonly<Record<string, readonly string[]>>
}

/**
 * Looks for what nobody can have meant.
 *
 * @returns errors and warnings, in the order of the policies; empty where nothing was found
 */
export function checkPolicies(policies: PolicySet, options: CheckPoliciesOptions = {}): readonly PolicyFinding[] {
  return [...policies].flatMap((policy) => {
    const findings: PolicyFinding[] = []
    const report: Report = (severity, rule, message) => findings.push({ severity, rule, policy: policy.name, message })
    const leaves = leavesOf(policy, policies.compiled)
    checkMeaning(policy, policies.compiled, report)
    checkReading(leaves, options, report)
    for (const name of routeParamsOf(policy, policies)) {
      const params = options.routeParams?.[policy.name]
      if (params?.includes(name) === false)
        report('error', 'route-lacks-parameter', `it reads :${name}, which its route lacks`)
    }
    return findings
  })
}

function checkMeaning(policy: NamedPolicy, named: CompiledPolicies, report: Report): void {
  const worlds = worldsOf([{ policy, named }])
  const passedBy = (of: Policy): readonly boolean[] => {
    const judge = worlds.judge({ policy: of, named })
    return worlds.all.map((world) => judge(world) === isTrue)
  }
  if (!worlds.areComplete)
    report('warning', 'not-exhaustive', 'there are too many cases to try them all: a sample was tried')
  for (const part of policy.forbid) {
    const needed = lockOutOf(part, named)
    if (needed === undefined) continue
    const advice = 'say orElse(…), or ask for exists() first'
    const message = `it denies every token without the claim ${needed.join('.')}; ${advice}`
    report('error', 'forbid-locks-out', `forbid: ${describePolicy(part)}: ${message}`)
  }
  const passed = passedBy(policy)
  const isMeant = policy.allow.kind === 'always' // it says so itself
  if (!passed.includes(true)) {
    if (!worlds.areComplete || isMeant) return
    if (passedBy(policy.allow).includes(true))
      report('error', 'forbid-covers-allow', 'whoever is allowed is forbidden as well')
    else report('error', 'always-denies', 'nobody can pass; if that is meant, say denyAll()')
    return
  }
  if (!worlds.areComplete) return
  if (!passed.includes(false)) {
    if (!isMeant) report('warning', 'always-allows', 'everybody passes; if that is meant, say allow()')
    return
  }
  for (const { without, part } of pruningsOf(policy)) {
    const judge = worlds.judge({ policy: without, named })
    if (worlds.all.some((world, index) => (judge(world) === isTrue) !== passed[index])) continue
    report('warning', 'part-without-effect', `${describePolicy(part)}: without it, the same requests pass`)
  }
}

function checkReading(leaves: readonly Leaf[], { issuers = [] }: CheckPoliciesOptions, report: Report): void {
  const paths = leaves.flatMap(claimsReadBy)
  const reads = (name: string): boolean => paths.some((path) => path[0] === name)
  const namesIssuer = leaves.some(({ kind }) => kind === 'issuer') || reads('iss')
  const unsaid = paths.find((path) => path[0] === 'sub' || !registered.includes(path[0]))
  if (issuers.length > 1 && !namesIssuer && unsaid !== undefined) {
    report(
      'warning',
      'claim-without-issuer',
      `claim ${unsaid.join('.')} means something to its issuer alone, and there are ${issuers.length}: say issuer(…) beside it`,
    )
  }
  if (reads('email') && !reads('email_verified')) {
    report(
      'warning',
      'email-unverified',
      "anybody may have written the email: say claim('email_verified').equals(true) beside it",
    )
  }
  if (paths.some(([first, second, ...more]) => first === 'act' && second === 'act' && more.length > 0)) {
    report(
      'warning',
      'actor-history',
      'actors before the outermost are history, and not to be decided by (RFC 8693 §4.1)',
    )
  }
  const starred = leaves.flatMap((leaf) => ('scopes' in leaf ? leaf.scopes : [])).find((name) => name.includes('*'))
  if (starred !== undefined) {
    report(
      'warning',
      'wildcard-required',
      `scope ${starred}: a wildcard belongs to what is granted, and this asks for the star itself`,
    )
  }
}

/** Claims that mean the same to every issuer (RFC 7519 §4.1, RFC 9068 §2.2, OpenID Connect Core §2). */
const registered = [
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'scope',
  'scp',
  'client_id',
  'azp',
  'acr',
  'amr',
  'auth_time',
  'act',
  'cnf',
]

function claimsReadBy(leaf: Leaf): readonly ClaimPath[] {
  if (leaf.kind === 'custom') return leaf.reads.claims ?? []
  if (leaf.kind === 'role') return [['roles']]
  if (leaf.kind === 'subject') return [['sub']]
  return referencesIn(leaf).flatMap((side) => (side.from === 'claim' ? [side.path] : []))
}
