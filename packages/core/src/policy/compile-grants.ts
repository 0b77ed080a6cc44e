// What a token grants: scopes, and roles.
import type { PolicyFacts } from './compiled.js'
import { type Check, isFalse, isTrue, isUndetermined } from './verdict.js'

/** All of these scopes. @param wildcard - the text between segments, where a star covers them */
export function compileScopes(scopes: readonly string[], wildcard: string | undefined): Check<PolicyFacts> {
  const isGranted =
    wildcard === undefined
      ? includes
      : (granted: readonly string[], name: string) => granted.some((scope) => covers(scope, name, wildcard))
  const [only] = scopes
  if (scopes.length === 1 && only !== undefined) {
    return ({ token }) => (isGranted(token.scopes, only) ? isTrue : token.scopesAreKnown ? isFalse : isUndetermined)
  }
  return ({ token }) => {
    for (const name of scopes)
      if (!isGranted(token.scopes, name)) return token.scopesAreKnown ? isFalse : isUndetermined
    return isTrue
  }
}

function includes(granted: readonly string[], name: string): boolean {
  return granted.includes(name)
}

/** Whether a granted scope covers a wanted one: `orders:*` covers one more segment, `orders:**` any number of them. */
function covers(granted: string, wanted: string, separator: string): boolean {
  if (granted === wanted) return true
  const isDeep = granted === '**' || granted.endsWith(`${separator}**`)
  if (!isDeep && granted !== '*' && !granted.endsWith(`${separator}*`)) return false
  const prefix = granted.slice(0, isDeep ? -2 : -1)
  const rest = wanted.slice(prefix.length)
  return wanted.startsWith(prefix) && rest !== '' && (isDeep || !rest.includes(separator))
}

export function whyScopes(): string {
  return 'the claims that grant scopes are missing, unreadable, or differ'
}

/** One of these roles. */
export function compileRoles(roles: readonly string[]): Check<PolicyFacts> {
  const [only] = roles
  if (roles.length === 1 && only !== undefined) {
    return ({ token }) => (token.roles.includes(only) ? isTrue : token.rolesAreKnown ? isFalse : isUndetermined)
  }
  return ({ token }) => {
    for (const name of roles) if (token.roles.includes(name)) return isTrue
    return token.rolesAreKnown ? isFalse : isUndetermined
  }
}
