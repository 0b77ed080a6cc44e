// Authorization details of a document (RFC 9396): `{ authorizationDetails: payment_initiation, actions: [initiate] }`. The
// members of a type are a list, because a mapping could be a member as well as a reference.
import { didYouMean } from '../../option-checks.js'
import { makeAuthorizationDetails } from '../authorization-details-word.js'
import type { Expression } from '../policy.js'
import { kindOf, plainValue, quote, type SourceNode } from './document-source.js'
import { requireText, toNames, toTexts } from './operands.js'
import { refuse } from './problems.js'
import { readReference } from './read-comparison.js'

const lists = ['locations', 'actions', 'datatypes', 'privileges'] as const

/** What may stand beside `authorizationDetails`. */
export const detailMembers: readonly string[] = [...lists, 'identifier', 'fields']

/**
 * Reads the word and what stands beside it.
 *
 * @throws ConfigurationError
 */
export function readDetails(type: SourceNode, members: ReadonlyMap<string, SourceNode>): Expression {
  const asked = lists.flatMap((name) => {
    const names = members.get(name)
    return names === undefined ? [] : [[name, toNames(names)] as const]
  })
  const identifier = members.get('identifier')
  const fields = members.get('fields')
  return makeAuthorizationDetails(requireText(type, 'authorizationDetails'), {
    ...Object.fromEntries(asked),
    ...(identifier !== undefined && { identifier: readValue(identifier) }),
    ...(fields !== undefined && { fields: readFields(fields) }),
  })
}

function readValue(node: SourceNode): unknown {
  return node.kind === 'map' ? readReference(node) : plainValue(node)
}

const fieldMembers = ['field', 'equals']

function readFields(node: SourceNode): readonly { readonly path: readonly string[]; readonly equals: unknown }[] {
  if (node.kind !== 'list') return refuse(node.at, `\`fields\` takes a list, not ${kindOf(node)}`)
  return node.items.map((item) => {
    if (item.kind !== 'map')
      return refuse(item.at, `a field is a mapping such as { field: currency, equals: EUR }, not ${kindOf(item)}`)
    for (const { key, keyAt } of item.entries) {
      if (!fieldMembers.includes(key)) refuse(keyAt, `a field has no ${quote(key)}${didYouMean(key, fieldMembers)}`)
    }
    const [field, equals] = fieldMembers.map((name) => item.entries.find(({ key }) => key === name)?.value)
    if (field === undefined || equals === undefined) return refuse(item.at, 'a field needs `field` and `equals`')
    const path = field.kind === 'list' ? toTexts(field, 'field') : [requireText(field, 'field')]
    return { path, equals: readValue(equals) }
  })
}
