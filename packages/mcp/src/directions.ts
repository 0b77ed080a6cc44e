// A challenge that tells a client of MCP where to turn: RFC 9728 §5.1, and the scopes to ask for.
import type { Denied } from '@sallyport/core'

/** The refusal, with directions in its challenge. One without a challenge stays as it is: the fault is ours. */
export function withDirections(denied: Denied, requiredScopes: readonly string[], metadataUrl: string): Denied {
  const challenge = denied.headers['WWW-Authenticate']
  if (challenge === undefined) return denied
  const directed = challenge.split(/, (?=Bearer |DPoP )/).map((each) => direct(each, requiredScopes, metadataUrl))
  return { ...denied, headers: { ...denied.headers, 'WWW-Authenticate': directed.join(', ') } }
}

/** One challenge of one scheme. */
function direct(challenge: string, requiredScopes: readonly string[], metadataUrl: string): string {
  const parameters = [challenge]
  const namesScopes = challenge.includes(' scope="') // once at most (RFC 6750 §3)
  if (requiredScopes.length > 0 && !namesScopes) parameters.push(`scope="${requiredScopes.join(' ')}"`)
  return [...parameters, `resource_metadata="${metadataUrl}"`].join(', ')
}
