// What stands behind an operator of a document, as the policy words take it.
import type { Day } from '../policy.js'
import { kindOf, plainValue, type SourceNode } from './document-source.js'
import { refuse } from './problems.js'

/** One name or a list of them; the word judges each. */
export function toNames(node: SourceNode): readonly string[] {
  const value = plainValue(node)
  return (Array.isArray(value) ? value : [value]) as readonly string[]
}

/** A list of strings. */
export function toTexts(node: SourceNode, what: string): readonly string[] {
  if (node.kind !== 'list') return refuse(node.at, `\`${what}\` takes a list, not ${kindOf(node)}`)
  return node.items.map((item) => requireText(item, what))
}

/** `Mon-Fri`, or a list of such. */
export function toDays(node: SourceNode): string | readonly Day[] {
  return node.kind === 'list' ? (toTexts(node, 'days') as readonly Day[]) : requireText(node, 'days')
}

/** A string. */
export function requireText(node: SourceNode, what: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value
  return refuse(node.at, `\`${what}\` takes a string, not ${kindOf(node)}`)
}
