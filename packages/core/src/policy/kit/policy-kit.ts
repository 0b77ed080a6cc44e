// The policy words, held to the vocabulary of an application: what it does not declare does not compile, and is refused
// where nobody compiles.

import { ConfigurationError } from '../../errors.js'
import { authorizationDetails } from '../authorization-details-word.js'
import { cel } from '../cel/cel.js'
import { type ClaimSubject, claim, param, Subject } from '../comparison.js'
import type { Comparison, Policy } from '../policy.js'
import { between, req, spiffe } from '../request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  custom,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from '../words.js'
import { applyVocabulary } from './apply-vocabulary.js'
import { requireDeclared } from './claim-declarations.js'
import type { PolicyKit } from './kit-words.js'
import { declaredType, type PolicyVocabulary, parseVocabulary, requireKnownWords } from './vocabulary.js'

/**
 * The policy words for one application: claims, scopes, roles, levels and issuers that it does not declare do not compile,
 * nor do questions that do not fit the type of a claim. At run time they are refused all the same.
 *
 * @example
 * ```ts
 * const { policy, allOf, scope, claim, param } = policyKit({
 *   claims: { tenant: 'string', realm_access: { roles: 'strings' } },
 *   scopes: ['read:orders'],
 * })
 * export const readOrders = policy('orders.read', {
 *   allow: allOf(scope('read:orders'), claim('tenant').equals(param('tenantId'))),
 * })
 * ```
 * @throws ConfigurationError
 */
export function policyKit<const V extends PolicyVocabulary>(vocabulary: V): PolicyKit<V> {
  const words = parseVocabulary(vocabulary)
  const known = <Node extends Policy>(node: Node): Node => {
    requireKnownWords(node, words)
    return node
  }
  const kit: PolicyKit<PolicyVocabulary> = {
    allOf,
    anyOf,
    not,
    atLeast,
    allow,
    denyAll,
    use,
    policy: (name, parts) => known(policy(name, parts)),
    scope: (...names) => known(applyVocabulary(scope(...names), words)),
    anyScope: (...names) => known(applyVocabulary(anyScope(...names), words)),
    role: (...names) => known(role(...names)),
    issuer: (...names) => known(issuer(...names)),
    audience,
    subject,
    client,
    authenticatedWithin,
    acrAtLeast: (level, levels) => known(acrAtLeast(level, ladder(words, levels))),
    amr,
    boundBy,
    spiffe,
    actor,
    authorizationDetails: (type, asked) => known(authorizationDetails(type, asked)),
    req: Object.freeze({ ...req, header: (name: string) => held(req.header(name), known) }),
    between,
    custom: (name, reads, test) => known(custom(name, reads, test)),
    cel: (text) => known(applyVocabulary(cel(text), words)),
    claim: (...path) => declaredClaim(claim(...path), words, known),
    param: (name) => held(param(name), known),
  }
  return Object.freeze(kit) as unknown as PolicyKit<V>
}

function ladder({ acrLevels }: PolicyVocabulary, levels: readonly string[] | undefined): readonly string[] | undefined {
  if (acrLevels === undefined || levels === undefined) return acrLevels ?? levels
  throw new ConfigurationError('acrAtLeast() of a kit takes one level: the ladder is `acrLevels` of the kit')
}

type Judge = (node: Comparison) => Comparison

function declaredClaim(plain: ClaimSubject, words: PolicyVocabulary, known: Judge): ClaimSubject {
  const { path } = plain.reference
  if (words.claims !== undefined) requireDeclared(words.claims, path)
  if (declaredType(words, path) !== 'spaceList') return held(plain, known)
  const { exists, absent } = held(plain, known) // they ask for the claim as it is
  return Object.create(held(plain.asSpaceList(), known), { exists: { value: exists }, absent: { value: absent } })
}

const questions = [
  'equals',
  'oneOf',
  'includes',
  'includesAny',
  'includesAll',
  'atLeast',
  'atMost',
  'startsWith',
  'endsWith',
  'exists',
  'absent',
  'orElse',
  'asString',
  'asSpaceList',
] as const

type Question = (...given: readonly unknown[]) => Comparison | Subject

/** The same subject, but what is asked of it is judged as it is made. */
function held<Asked extends Subject>(asked: Asked, known: Judge): Asked {
  const judged = questions.flatMap((name) => {
    const question: unknown = Reflect.get(asked, name)
    if (typeof question !== 'function') return []
    const value = (...given: readonly unknown[]): Comparison | Subject => {
      const answer = Reflect.apply(question as Question, asked, given)
      return answer instanceof Subject ? held(answer, known) : known(answer)
    }
    return [[name, { value }] as const]
  })
  return Object.create(asked, Object.fromEntries(judged))
}
