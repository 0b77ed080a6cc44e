// The functions that a policy has, and what to write in place of those that it has not.
import { didYouMean } from '../../option-checks.js'
import type { CelCall } from './cel-ast.js'
import { quote, Refusal } from './cel-refusal.js'

const instead = new Map([
  ['matches', 'there are no regular expressions in a policy; write startsWith(), endsWith() or in ["…"]'],
  [
    'contains',
    'there is no contains() in a policy; for lists write "x" in claims.roles, for text startsWith() or endsWith()',
  ],
  ['size', 'a policy counts nothing; for a claim that is there write has(claims.x)'],
  ['hasValue', 'there is no hasValue() in a policy; write has(claims.x)'],
  ['timestamp', 'there is no timestamp() in a policy; write now - claims.auth_time <= 900'],
  ['scope', 'there is no scope() in CEL; write "read:orders" in scopes'],
  ['role', 'there is no role() in CEL; write "admin" in roles'],
  ['spiffe', 'there is no spiffe() in CEL; write it beside, as { spiffe: … } or spiffe(…)'],
])
const macros = [
  'all',
  'exists',
  'exists_one',
  'existsOne',
  'filter',
  'map',
  'optMap',
  'optFlatMap',
  'transformList',
  'transformMap',
]
const functions = [
  ...[
    'authenticatedWithin',
    'acrAtLeast',
    'amr',
    'boundBy',
    'issuer',
    'client',
    'use',
    'has',
    'string',
    'duration',
    'cidr',
  ],
  ...['orValue', 'split', 'startsWith', 'endsWith', 'exists', 'containsIP', 'getHours', 'getDayOfWeek'],
]

/** A function that a policy does not have, or not here. */
export function unknownFunction({ at, name }: CelCall): Refusal {
  if (functions.includes(name)) return new Refusal(at, `${name}() cannot stand here`)
  const advice = instead.get(name)
  if (advice !== undefined) return new Refusal(at, advice)
  if (macros.includes(name)) {
    return new Refusal(
      at,
      `a policy has no ${name}(); of all macros it has has() and exists(), as in scopes.exists(s, s in ["a", "b"])`,
    )
  }
  return new Refusal(at, `there is no ${quote(`${name}()`)} in a policy${didYouMean(name, functions)}`)
}
