// RFC 6750 §3, RFC 9470 §3: the `WWW-Authenticate` of a refusal. The only place that quotes anything into a header; nothing of a token
// or of an exception ever gets here, only what stands in our own tables and options.
import { describeCode, type ErrorCode } from '../errors.js'

/** What a challenge says beside the code. */
export interface ChallengeFacts {
  readonly realm: string
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
export function toChallenge(code: ErrorCode, facts: ChallengeFacts): string | undefined {
  const { status, oauthError, title } = describeCode(code)
  if (status === 503 || status === 429) return undefined
  const parameters = [`realm="${facts.realm}"`] // §3: at least one parameter follows the scheme
  if (oauthError !== undefined) parameters.push(`error="${oauthError}"`, `error_description="${title}"`)
  const { scopes = [], acrValues = [], maxAgeSeconds } = facts
  if (scopes.length > 0) parameters.push(`scope="${scopes.join(' ')}"`)
  if (acrValues.length > 0) parameters.push(`acr_values="${acrValues.join(' ')}"`)
  if (maxAgeSeconds !== undefined) parameters.push(`max_age="${maxAgeSeconds}"`)
  return `Bearer ${parameters.join(', ')}`
}
