// The checks that options of every kind share. A mistake in them is told while building, with the nearest right word.
import leven from 'leven'
import { ConfigurationError } from './errors.js'

/**
 * Refuses options that do not exist: a misspelled check would be a check that is not made.
 *
 * @throws ConfigurationError
 */
export function requireKnownOptions(options: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const nearest = known.toSorted((a, b) => leven(a, name) - leven(b, name))[0] ?? ''
    const hint = leven(nearest, name) <= Math.max(2, name.length / 3) ? `; did you mean \`${nearest}\`?` : ''
    throw new ConfigurationError(`${what} has no option \`${name}\`${hint}`)
  }
}

/** One or more strings, none empty. */
export function requireStrings(value: unknown, what: string): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length > 0 && items.every((item) => typeof item === 'string' && item !== ''))
    return items as readonly string[]
  throw new ConfigurationError(`${what} must be a string or an array of strings, and not empty`)
}

/** A number of seconds within bounds. */
export function requireSeconds(value: unknown, what: string, least: number, greatest: number): number {
  if (typeof value === 'number' && value >= least && value <= greatest) return value
  throw new ConfigurationError(`${what} must be a number of seconds from ${least} to ${greatest}`)
}
