// A claim by its place. A path is an array of member names, never a dotted string: a claim may well be called
// `https://example.com/roles`.

/** Member names from the outside in: `['scope']`, `['realm_access', 'roles']`, `['https://example.com/roles']`. */
export type ClaimPath = readonly [string, ...string[]]

type Claims = Readonly<Record<string, unknown>>

/** The value at a path, or `undefined`. Only own members count. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined
    value = (value as Claims)[name]
  }
  return value
}

/** What some claims grant together. */
export interface Grants {
  readonly values: readonly string[]
  /** Whether that is all: every one of the claims is there and readable, so what is not among the values is not granted. */
  readonly areKnown: boolean
}

const none: readonly string[] = Object.freeze([])

/**
 * The strings at all of these paths together. A claim is an array of strings or, where it may be split, one string with
 * spaces in it (RFC 8693 §4.2). A claim of another type grants nothing. `scope` and `scp` are two names for one thing: where
 * both are there and differ, neither is believed.
 */
export function grantsAt(claims: Claims, paths: readonly ClaimPath[], split: boolean): Grants {
  const readsScope = paths.some((path) => isNamed(path, 'scope'))
  const readsScp = readsScope && paths.some((path) => isNamed(path, 'scp'))
  let values = none
  let areKnown = true
  for (const path of paths) {
    if (readsScp && isNamed(path, 'scp')) continue // read with `scope`
    const found =
      readsScp && isNamed(path, 'scope') ? scopeOrScp(claims, split) : toStrings(claimAt(claims, path), split)
    if (found === undefined) areKnown = false
    else if (found.length > 0) values = values.length === 0 ? found : Object.freeze([...new Set([...values, ...found])])
  }
  return { values, areKnown }
}

function scopeOrScp(claims: Claims, split: boolean): readonly string[] | undefined {
  const scope = claimAt(claims, ['scope']) ?? undefined
  const scp = claimAt(claims, ['scp']) ?? undefined
  const strings = toStrings(scope ?? scp, split)
  if (strings === undefined || scope === undefined || scp === undefined) return strings
  const others = toStrings(scp, split)
  return others !== undefined && isSameSet(strings, others) ? strings : undefined
}

function isNamed(path: ClaimPath, name: string): boolean {
  return path.length === 1 && path[0] === name
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.every((item) => b.includes(item)) && b.every((item) => a.includes(item))
}

function toStrings(value: unknown, split: boolean): readonly string[] | undefined {
  if (!split || typeof value !== 'string') return isTextList(value) ? value : undefined
  const items = value.split(' ')
  const words = Object.freeze(items.includes('') ? items.filter((item) => item !== '') : items)
  return isTextList(words) ? words : undefined
}

/** The names that issuers have for the client: RFC 9068 §2.2, OpenID Connect Core §2, Okta, Entra v1.0. */
export const clientClaims = ['client_id', 'azp', 'cid', 'appid'] as const

/** Whether it is text that can be compared: well-formed Unicode (RFC 8259 §8.2). */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

/** No honest token has a longer list. */
const greatestLength = 1_024

/** Whether it is a list of text that can be compared, and nothing else. */
export function isTextList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > greatestLength) return false
  for (const item of value) if (!isText(item)) return false
  return true
}
