// Where a value comes from, in words.
import type { Reference } from './reference.js'

/** A reference in words: `claim realm_access.roles`, `param tenantId`. */
export function describeReference(reference: Reference): string {
  if (reference.from !== 'claim') return `${reference.from} ${reference.name}`
  const { path, as, orElse } = reference
  const suffix = as === undefined ? '' : as === 'string' ? ' as text' : ' as words'
  return `claim ${describePath(path)}${suffix}${orElse === undefined ? '' : ` or else ${JSON.stringify(orElse)}`}`
}

/** A path in words; a name that is no word stands in quotes. */
export function describePath(path: readonly string[]): string {
  return path.map((name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name))).join('.')
}
