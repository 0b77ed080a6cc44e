// A claim by its place. A path is an array of member names, never a dotted string: a claim may well be called
// `https://example.com/roles`.
import type { JsonObject } from '../jose/strict-json.js'

/** Member names from the outside in: `['scope']`, `['realm_access', 'roles']`, `['https://example.com/roles']`. */
export type ClaimPath = readonly [string, ...string[]]

/** The value at a path, or `undefined`. Only own members count. */
export function claimAt(claims: JsonObject, path: ClaimPath): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined
    value = (value as JsonObject)[name]
  }
  return value
}

/**
 * The strings at all of these paths together. A claim is an array of strings or, where it may be split, one string with
 * spaces in it (RFC 8693 §4.2). A claim of another type grants nothing.
 */
export function stringsAt(claims: JsonObject, paths: readonly ClaimPath[], split: boolean): readonly string[] {
  let found: readonly string[] = none
  for (const path of paths) {
    const strings = toStrings(claimAt(claims, path), split)
    if (strings.length > 0) found = found.length === 0 ? strings : [...new Set([...found, ...strings])]
  }
  return Object.freeze(found)
}

const none: readonly string[] = Object.freeze([])

function toStrings(value: unknown, split: boolean): readonly string[] {
  if (typeof value === 'string' && split) {
    const items = value.split(' ')
    return items.includes('') ? items.filter((item) => item !== '') : items
  }
  return isStrings(value) ? value : none
}

function isStrings(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false
  for (const item of value) if (typeof item !== 'string') return false
  return true
}
