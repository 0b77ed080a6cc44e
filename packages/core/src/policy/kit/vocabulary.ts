// What the tokens of an application can say: which claims, scopes, roles, levels and issuers there are. A part that is
// left out is not checked. `policyKit` and the documents hold policies to it.
import type { ClaimPath } from '../../claims/claim-path.js'
import { ConfigurationError } from '../../errors.js'
import { didYouMean, requireKnownOptions } from '../../option-checks.js'
import { show } from '../comparison.js'
import { type Expression, type Policy, partsOf } from '../policy.js'
import { referencesOfQuestion } from '../services/question-node.js'
import { acrAtLeast, issuer, role, scope } from '../words.js'
import {
  type ClaimDeclarations,
  type ClaimType,
  findDeclared,
  parseClaimDeclarations,
  requireDeclared,
} from './claim-declarations.js'
import { requireDeclaredComparison, requireDeclaredDetails } from './declared-comparison.js'

/** The scopes of an application. */
export interface ScopeVocabulary {
  /** Lets a granted `orders:*` cover `orders:read`, and `orders:**` all that begins with `orders:`; the text between segments. */
  readonly wildcard: ':' | '.' | '/'
  /** The scopes that policies may ask for. @defaultValue any */
  readonly known?: readonly string[]
}

/** The words of an application. What is left out is not checked. */
export interface PolicyVocabulary {
  /** The claims and their types. Those of the standards are always known. */
  readonly claims?: ClaimDeclarations
  readonly scopes?: readonly string[] | ScopeVocabulary
  readonly roles?: readonly string[]
  /** Authentication context classes (`acr`), lowest first. */
  readonly acrLevels?: readonly string[]
  readonly issuers?: readonly string[]
}

/**
 * Judges a vocabulary and freezes a copy of it.
 *
 * @throws ConfigurationError
 */
export function parseVocabulary(value: unknown): PolicyVocabulary {
  const given = requireObject(value, "a vocabulary is an object such as { claims: { tenant: 'string' } }")
  requireKnownOptions(given, ['claims', 'scopes', 'roles', 'acrLevels', 'issuers'], 'the vocabulary')
  const { claims, scopes, roles, acrLevels, issuers } = given
  return Object.freeze({
    ...(claims !== undefined && { claims: parseClaimDeclarations(claims) }),
    ...(scopes !== undefined && { scopes: Array.isArray(scopes) ? parseScopes(scopes) : parseWildcard(scopes) }),
    ...(roles !== undefined && { roles: parseList(roles, 'roles', (names) => role(...names)) }),
    ...(acrLevels !== undefined && {
      acrLevels: parseList(acrLevels, 'acrLevels', (names) => acrAtLeast(names[0], names)),
    }),
    ...(issuers !== undefined && { issuers: parseList(issuers, 'issuers', (names) => issuer(...names)) }),
  })
}

function parseScopes(value: unknown): readonly string[] {
  return parseList(value, 'scopes', (names) => scope(...names))
}

function parseWildcard(value: unknown): ScopeVocabulary {
  const given = requireObject(value, "`scopes` must be a list of scopes, or an object such as { wildcard: ':' }")
  requireKnownOptions(given, ['wildcard', 'known'], '`scopes`')
  const { wildcard, known } = given
  if (wildcard !== ':' && wildcard !== '.' && wildcard !== '/') {
    throw new ConfigurationError(`\`scopes.wildcard\` must be ':', '.' or '/', not ${show(wildcard)}`)
  }
  return Object.freeze({ wildcard, ...(known !== undefined && { known: parseScopes(known) }) })
}

function requireObject(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new ConfigurationError(otherwise)
}

const greatestLength = 1_024

/** A list of names that a word takes one by one. */
function parseList(value: unknown, what: string, judge: (names: readonly [string, ...string[]]) => Expression) {
  if (!Array.isArray(value) || value.length === 0 || value.length > greatestLength) {
    throw new ConfigurationError(`\`${what}\` must be a list of 1 to ${greatestLength} names`)
  }
  const names = [...value] as [string, ...string[]]
  judge(names)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ConfigurationError(`\`${what}\` names ${show(twice)} twice`)
  return Object.freeze(names)
}

/** The type that is declared for a claim, if it is declared and is no object. */
export function declaredType({ claims }: PolicyVocabulary, path: ClaimPath): ClaimType | undefined {
  const declared = claims === undefined ? undefined : findDeclared(claims, path)
  return typeof declared === 'string' ? declared : undefined
}

/**
 * Refuses a policy that asks for what the vocabulary lacks: it could never come true.
 *
 * @throws ConfigurationError with the nearest right word
 */
export function requireKnownWords(policy: Policy, vocabulary: PolicyVocabulary): void {
  requireKnownNode(policy, vocabulary)
  for (const part of partsOf(policy)) requireKnownWords(part, vocabulary)
}

function requireKnownNode(node: Policy, vocabulary: PolicyVocabulary): void {
  const { claims, roles, acrLevels, issuers } = vocabulary
  switch (node.kind) {
    case 'compare':
      if (claims !== undefined) requireDeclaredComparison(node, claims)
      return
    case 'custom':
      if (claims !== undefined) for (const path of node.reads.claims ?? []) requireDeclared(claims, path)
      return
    case 'permitted':
      if (claims === undefined) return
      for (const each of referencesOfQuestion(node.question))
        if (each.from === 'claim') requireDeclared(claims, each.path)
      return
    case 'authorizationDetails':
      if (claims !== undefined) requireDeclaredDetails(node, claims)
      return
    case 'scope':
    case 'anyScope':
      requireNames('scope', node.scopes, knownScopes(vocabulary))
      return
    case 'role':
      requireNames('role', node.roles, roles)
      return
    case 'issuer':
      requireNames('issuer', node.issuers, issuers)
      return
    case 'acrAtLeast':
      requireNames('level', [node.level], acrLevels)
      return
    default:
  }
}

function requireNames(what: string, names: readonly string[], known: readonly string[] | undefined): void {
  if (known === undefined) return
  for (const name of names) {
    if (known.includes(name)) continue
    throw new ConfigurationError(`no ${what} ${show(name)} is declared${didYouMean(name, known)}`)
  }
}

function knownScopes({ scopes }: PolicyVocabulary): readonly string[] | undefined {
  return scopes === undefined || 'length' in scopes ? scopes : scopes.known
}
