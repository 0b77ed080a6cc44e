// What the words refuse before they make a node: each mistake is told where it is written.
import { ConfigurationError } from '../errors.js'
import { Subject, show } from './comparison.js'
import { type Expression, isPolicyNode, requirePolicyNode } from './policy.js'

/** A scope token (RFC 6749 §3.3). */
export const scopeToken: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Refuses what cannot stand inside another policy.
 *
 * @throws ConfigurationError
 */
export function requireExpression(value: unknown): Expression {
  if (value instanceof Subject) {
    const { reference } = value
    const name = reference.from === 'claim' ? reference.path.join("', '") : reference.name
    throw new ConfigurationError(`${reference.from}('${name}') alone asks nothing: say what of it, such as .equals(…)`)
  }
  const node = requirePolicyNode(value)
  if (node.kind !== 'policy') return node
  throw new ConfigurationError(`a named policy stands in no other: say use(${show(node.name)})`)
}

export function requireParts(word: string, parts: readonly unknown[]): readonly Expression[] {
  if (parts.length === 0) throw new ConfigurationError(`${word}() takes at least one part`)
  if (Array.isArray(parts[0]) && !isPolicyNode(parts[0]))
    throw new ConfigurationError(`${word}() takes its parts one by one, not as an array`)
  return Object.freeze(parts.map(requireExpression))
}

export function requirePolicyName(name: unknown, what: string): string {
  if (
    typeof name === 'string' &&
    /^[\w][\w.:/-]{0,127}$/.test(name) &&
    !/^(?:__proto__|constructor|prototype)$/.test(name)
  )
    return name
  throw new ConfigurationError(`${what} takes a name such as 'orders.read', and ${show(name)} is none`)
}

export function requireScopes(what: string, scopes: readonly string[]): readonly string[] {
  for (const name of requireNames(what, scopes)) {
    if (!scopeToken.test(name))
      throw new ConfigurationError(`${what} takes scopes one by one, and ${show(name)} is not one`)
  }
  return Object.freeze([...new Set(scopes)])
}

export function requireNames(what: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names) || names.length === 0) throw new ConfigurationError(`${what} takes at least one name`)
  for (const name of names) {
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
      throw new ConfigurationError(`${what} takes names one by one, and ${show(name)} is not one`)
    }
  }
  return Object.freeze([...new Set(names)])
}
