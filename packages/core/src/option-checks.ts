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
    throw new ConfigurationError(`${what} has no option \`${name}\`${didYouMean(name, known, '`')}`)
  }
}

/** The nearest right word, where there is one near enough, as the end of a sentence. @param mark - stands around it */
export function didYouMean(word: string, words: readonly string[], mark = ''): string {
  const [nearest] = words.toSorted((a, b) => leven(a, word) - leven(b, word))
  const isNear = nearest !== undefined && leven(nearest, word) <= Math.max(2, word.length / 3)
  return isNear ? `; did you mean ${mark}${nearest}${mark}?` : ''
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
