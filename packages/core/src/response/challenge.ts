// RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1: the `WWW-Authenticate` of a refusal. The only place that quotes anything into a header;
// nothing of a token or of an exception ever gets here, only what stands in our own tables and options.
import { describeCode, type ErrorCode } from '../errors.js'

/** The schemes that a challenge can offer, as they are written. */
const schemeNames = { bearer: 'Bearer', dpop: 'DPoP' } as const

/** Under which a token may be presented. */
export type ChallengeScheme = keyof typeof schemeNames

/** What we say to everybody who is refused. */
export interface ChallengeRules {
  readonly realm: string
  /** The schemes under which tokens pass here, one at least. */
  readonly schemes: readonly ChallengeScheme[]
  /** How proofs may be signed (RFC 9449 §7.1). */
  readonly proofAlgorithms: readonly string[]
  /** Where the metadata of this API are (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
}

/** The rules of an API that speaks of no proofs. */
export function bearerRules(realm: string): ChallengeRules {
  return { realm, schemes: ['bearer'], proofAlgorithms: [] }
}

/** What a challenge says beside the code. */
export interface ChallengeFacts {
  /** The schemes that the request has spoken: they are told the error. */
  readonly presented?: readonly ChallengeScheme[] | undefined
  /** The scopes a token needs here (RFC 6750 §3). */
  readonly scopes?: readonly string[] | undefined
  /** Authentication context classes that will do, best first (RFC 9470 §3). */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago the user may have authenticated (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined
}

const quotable = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/ // RFC 6750 §3: no quote, no backslash, nothing that ends a line

/** Whether a text can stand between quotes in a header as it is. */
export function isQuotable(text: string): boolean {
  return quotable.test(text)
}

/** The challenge for a code, or `undefined` where authenticating again would not help: the fault is ours, or it is too soon. */
export function toChallenge(code: ErrorCode, rules: ChallengeRules, facts: ChallengeFacts): string | undefined {
  const { status } = describeCode(code)
  if (status === 503 || status === 429) return undefined
  const spoken = rules.schemes.filter((scheme) => facts.presented?.includes(scheme))
  // Who has spoken none that passes here is told the error in all of them.
  const told = spoken.length === 0 ? rules.schemes : spoken
  const others = status === 401 ? rules.schemes.filter((scheme) => !told.includes(scheme)) : []
  const challenges = [
    ...told.map((scheme) => challengeOf(scheme, rules, errorParameters(code, facts))),
    ...others.map((scheme) => challengeOf(scheme, rules, [])),
  ]
  return challenges.join(', ')
}

function challengeOf(scheme: ChallengeScheme, rules: ChallengeRules, parameters: readonly string[]): string {
  const all = [`realm="${rules.realm}"`, ...parameters] // RFC 6750 §3: at least one parameter follows the scheme
  if (scheme === 'dpop') all.push(`algs="${rules.proofAlgorithms.join(' ')}"`)
  if (rules.resourceMetadata !== undefined) all.push(`resource_metadata="${rules.resourceMetadata}"`)
  return `${schemeNames[scheme]} ${all.join(', ')}`
}

function errorParameters(code: ErrorCode, facts: ChallengeFacts): readonly string[] {
  const { oauthError, title } = describeCode(code)
  const { scopes = [], acrValues = [], maxAgeSeconds } = facts
  const parameters: string[] = []
  if (oauthError !== undefined) parameters.push(`error="${oauthError}"`, `error_description="${title}"`)
  if (scopes.length > 0) parameters.push(`scope="${scopes.join(' ')}"`)
  if (acrValues.length > 0) parameters.push(`acr_values="${acrValues.join(' ')}"`)
  if (maxAgeSeconds !== undefined) parameters.push(`max_age="${maxAgeSeconds}"`)
  return parameters
}
