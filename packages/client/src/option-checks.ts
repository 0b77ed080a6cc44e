// The checks that the options of this package share. A mistake in them is told while building.
import { ConfigurationError } from '@sallyport/core'

/** Refuses options that do not exist: a misspelled check would be a check that is not made. */
export function requireKnownOptions(options: object, known: readonly string[], what: string): void {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError(`${what} must be an object`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new ConfigurationError(`${what} has no option \`${unknown}\``)
}

/** A text that is not empty. */
export function requireString(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigurationError(`${what} must be a string, and not empty`)
}

/** One or more texts, none empty, as a list; an empty list where there is nothing. */
export function requireStrings(value: unknown, what: string): readonly string[] {
  if (value === undefined) return []
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length > 0) return items.map((item) => requireString(item, what))
  throw new ConfigurationError(`${what} must be a string or an array of strings, and not empty`)
}

/** A number within bounds: of seconds, or of things. */
export function requireNumber(value: unknown, what: string, least: number, greatest: number): number {
  if (typeof value === 'number' && value >= least && value <= greatest) return value
  throw new ConfigurationError(`${what} must be a number from ${least} to ${greatest}`)
}

export function requireFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw new ConfigurationError(`${what} must be a function`)
}
