// A claim of the first level, and what leaves ask of one: is it, or has it, one of these names?
import { claimAt, isText, isTextList } from '../claims/claim-path.js'
import type { PolicyFacts } from './compiled.js'
import type { TokenFacts } from './facts.js'
import { isFalse, isTrue, isUndetermined, type Verdict } from './verdict.js'

/** A claim of the first level; `claimAt` without a path to walk, for what is read most. */
export function own(claims: TokenFacts['issuedClaims'], name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

export function isOneOf(value: unknown, names: readonly string[]): Verdict {
  if (!isText(value)) return isUndetermined
  return names.includes(value) ? isTrue : isFalse
}

export function isAmong(values: unknown, names: readonly string[]): Verdict {
  if (!isTextList(values)) return isUndetermined
  return names.some((name) => values.includes(name)) ? isTrue : isFalse
}

export function toList(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value
}

/** Half a sentence: the claim at this path, with dots, is missing, or of the wrong type. */
export function whyClaim(name: string): (facts: PolicyFacts) => string {
  const path = name.split('.') as [string, ...string[]]
  return ({ token }) =>
    (claimAt(token.issuedClaims, path) ?? undefined) === undefined
      ? `claim ${name} is missing`
      : `claim ${name} is of the wrong type`
}
