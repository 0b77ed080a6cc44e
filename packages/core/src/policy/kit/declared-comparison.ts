// Whether a comparison fits what is declared of its claims: one that does not could never come true.
import { ConfigurationError } from '../../errors.js'
import { didYouMean } from '../../option-checks.js'
import { show } from '../comparison.js'
import {
  type ClaimReference,
  type Comparison,
  isReference,
  type Operator,
  type Policy,
  type Reference,
} from '../policy.js'
import { type ClaimDeclarations, type ClaimType, requireDeclared, showPath } from './claim-declarations.js'

type Kind = ClaimType | 'object'

const operators: Readonly<Record<Kind, readonly Operator[]>> = {
  string: ['equals', 'oneOf', 'startsWith', 'endsWith'],
  number: ['equals', 'oneOf', 'atLeast', 'atMost'],
  boolean: ['equals'],
  strings: ['includes', 'includesAny', 'includesAll'],
  spaceList: ['includes', 'includesAny', 'includesAll'],
  object: [],
}

/**
 * Refuses a comparison with a claim that is not declared, or declared to be something else.
 *
 * @throws ConfigurationError
 */
export function requireDeclaredComparison(comparison: Comparison, claims: ClaimDeclarations): void {
  const { subject, operator, operand } = comparison
  const kind = kindOf(subject, claims)
  if (operator === 'exists' || operator === 'absent') return
  const what = describe(subject, kind)
  const fitting = operators[kind]
  if (!fitting.includes(operator)) {
    const hint = nearest(operator, fitting) || `; ask ${[...fitting, 'exists', 'absent'].join(', ')}`
    throw new ConfigurationError(`${operator}() is not for ${what}${hint}`)
  }
  if (kind === 'spaceList' && subject.from === 'claim' && subject.as !== 'spaceList') {
    throw new ConfigurationError(`${what}, is read as it is: take its words, by asSpaceList() or \`as: spaceList\``)
  }
  const wanted = kind === 'strings' || kind === 'spaceList' ? 'string' : kind
  for (const item of Array.isArray(operand) ? operand : [operand]) {
    const found: string = isReference(item) ? kindOf(item, claims) : typeof item
    if (found === wanted) continue
    const other = isReference(item) ? describe(item, kindOf(item, claims)) : show(item)
    throw new ConfigurationError(`${operator}() compares ${what}, with ${other}`)
  }
}

function describe(reference: Reference, kind: Kind): string {
  if (reference.from !== 'claim') return `${reference.from}('${reference.name}'), a string`
  return `${showPath(reference.path)}, ${reference.as === 'string' ? 'taken for' : 'declared'} '${kind}'`
}

/** What asks the same of a list as of one value, and the other way about. */
const twins: Readonly<Partial<Record<Operator, Operator>>> = {
  equals: 'includes',
  oneOf: 'includesAny',
  includes: 'equals',
  includesAny: 'oneOf',
}

function nearest(operator: Operator, fitting: readonly Operator[]): string {
  const twin = twins[operator]
  return twin !== undefined && fitting.includes(twin) ? `; did you mean ${twin}?` : didYouMean(operator, fitting)
}

/** What a reference gives, after it was converted. */
function kindOf(reference: Reference, claims: ClaimDeclarations): Kind {
  if (reference.from !== 'claim') return 'string'
  const declared = requireDeclared(claims, reference.path)
  return convert(reference, typeof declared === 'string' ? declared : 'object')
}

function convert(reference: ClaimReference, kind: Kind): Kind {
  const { as, orElse, path } = reference
  if (as === 'spaceList' && kind !== 'spaceList') {
    throw new ConfigurationError(`${showPath(path)} is declared '${kind}': to take its words, declare it 'spaceList'`)
  }
  if (as === 'string' && kind !== 'string' && kind !== 'number') {
    throw new ConfigurationError(`${showPath(path)} is declared '${kind}', and only a number can be taken for a string`)
  }
  const converted = as ?? kind
  if (orElse !== undefined && typeof orElse !== converted) {
    throw new ConfigurationError(
      `${showPath(path)} is declared '${kind}', and orElse() puts ${show(orElse)} in its place`,
    )
  }
  return converted
}

/**
 * Refuses authorization details that are compared with a claim which is not declared, or is no single value.
 *
 * @throws ConfigurationError
 */
export function requireDeclaredDetails(
  { identifier, fields = [] }: Extract<Policy, { kind: 'authorizationDetails' }>,
  claims: ClaimDeclarations,
): void {
  if (isReference(identifier)) requireSingle(identifier, ['string'], claims)
  for (const { equals } of fields)
    if (isReference(equals)) requireSingle(equals, ['string', 'number', 'boolean'], claims)
}

function requireSingle(reference: Reference, wanted: readonly Kind[], claims: ClaimDeclarations): void {
  const kind = kindOf(reference, claims)
  if (wanted.includes(kind)) return
  throw new ConfigurationError(
    `${describe(reference, kind)}, is no ${wanted.join(', ')} to compare a member of authorization details with`,
  )
}
