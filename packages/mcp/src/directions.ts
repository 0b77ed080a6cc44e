// A challenge that tells a client of MCP which scopes to ask for: those that every request needs, where nothing asks for more.
import type { Denied } from '@sallyport/core'

/** The refusal, with directions in its challenge. One without a challenge stays as it is: the fault is ours. */
export function withDirections(denied: Denied, requiredScopes: readonly string[]): Denied {
  const challenge = denied.headers['WWW-Authenticate']
  const namesScopes = challenge?.includes(' scope="') // once at most (RFC 6750 §3)
  if (challenge === undefined || namesScopes || requiredScopes.length === 0) return denied
  const directed = challenge.replaceAll(', resource_metadata="', `, scope="${requiredScopes.join(' ')}"$&`)
  return { ...denied, headers: { ...denied.headers, 'WWW-Authenticate': directed } }
}
