// Which status list a token is on, and where (draft-ietf-oauth-status-list-20 §6.1, §6.2). Read from a token that is verified
// by then; a place that its issuer keeps no lists at is refused before anything is fetched.
import { VerificationError } from '../errors.js'
import type { TokenFacts } from '../policy/facts.js'

/** What a token says about its status. */
export interface StatusReference {
  /** As it is written: the list must name itself so, to the letter. */
  readonly uri: string
  readonly url: URL
  readonly index: number
}

const longestUri = 2_048

/**
 * Reads `status` of a token; `undefined` where it has none. An issuer whose tokens all have one is held to it by `requiredClaims`.
 *
 * @param isAllowed - whether the issuer keeps lists there
 * @throws VerificationError `claim_invalid`, also for a status that is told some other way
 */
export function readStatusReference(
  { issuedClaims }: TokenFacts,
  isAllowed: (url: URL) => boolean,
): StatusReference | undefined {
  const { status } = issuedClaims
  if (status === undefined) return undefined
  const reference = member(status, 'status_list')
  const index = member(reference, 'idx')
  const uri = member(reference, 'uri')
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0)
    throw invalid('`status` has no `idx` that is a whole number')
  if (typeof uri !== 'string' || uri.length > longestUri || !URL.canParse(uri))
    throw invalid('`status` has no `uri` that is a URI')
  const url = new URL(uri)
  if (!isAllowed(url)) throw invalid('`status` names a place that is not allowed to keep lists of the issuer')
  return { uri, url, index }
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && Object.hasOwn(value, name)) return (value as Readonly<Record<string, unknown>>)[name]
  throw invalid('`status` refers to no status list')
}

function invalid(message: string): VerificationError {
  return new VerificationError('claim_invalid', message, { claim: 'status' })
}
