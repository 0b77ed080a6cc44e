// The words in which a developer says who may call a route. A policy is a small frozen tree of data; `evaluate.ts` reads
// it. There is no policy that allows by default and none that a typo could turn into one.
import { ConfigurationError } from '../errors.js'

/** Asks for every one of some scopes. Made by {@link scope}. */
export interface ScopePolicy {
  readonly kind: 'scope'
  readonly scopes: readonly string[]
}

/** What a request must satisfy, beyond a valid token. Made by the policy words, never by hand. */
export type Policy = ScopePolicy

/** The nodes that the words have made. Nothing else is a policy: one made by hand could ask for nothing. */
const made = new WeakSet<object>()

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/ // RFC 6749 §3.3

/**
 * The token was granted all of these scopes.
 *
 * @param scopes - scope tokens (RFC 6749 §3.3), at least one, each on its own: `scope('read:orders', 'write:orders')`
 * @throws ConfigurationError for no scope, or one that no authorization server can grant
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function scope(...scopes: readonly string[]): ScopePolicy {
  if (scopes.length === 0) throw new ConfigurationError('scope() needs at least one scope')
  for (const name of scopes) {
    if (typeof name !== 'string' || !scopeToken.test(name)) {
      throw new ConfigurationError(`scope() takes scopes one by one, and ${JSON.stringify(name)} is not one`)
    }
  }
  const node: ScopePolicy = Object.freeze({ kind: 'scope', scopes: Object.freeze([...new Set(scopes)]) })
  made.add(node)
  return node
}

/**
 * Refuses, while a route is built, what the policy words did not make.
 *
 * @throws ConfigurationError
 */
export function requirePolicyNode(value: unknown): Policy {
  if (typeof value === 'object' && value !== null && made.has(value)) return value as Policy
  throw new ConfigurationError("a policy is made by the policy words, such as scope('read:orders')")
}
