// One value of the token or the request, and what is asked of it: `claim('tenant').equals(param('tenantId'))`.
import type { ClaimPath } from '../claims/claim-path.js'
import { ConfigurationError } from '../errors.js'
import {
  type ClaimReference,
  type Comparison,
  isReference,
  make,
  type Operands,
  type Operator,
  type Reference,
  type Scalar,
} from './policy.js'

/** What a comparison is about. Asks nothing by itself. */
export class Subject {
  /** @internal */
  readonly reference: Reference

  /** @internal use `claim`, `param` or `req.header` */
  constructor(reference: Reference) {
    this.reference = reference
  }

  /** It is exactly this: the same type and the same value. Another side that is missing leaves it undetermined. */
  equals(value: Scalar | Subject): Comparison {
    return compare(this.reference, 'equals', value instanceof Subject ? value.reference : value)
  }

  /** It is exactly one of these, all of one type. */
  oneOf(...values: readonly Scalar[]): Comparison {
    return compare(this.reference, 'oneOf', values)
  }

  /** It begins with this text. */
  startsWith(text: string): Comparison {
    return compare(this.reference, 'startsWith', text)
  }

  /** It ends with this text. */
  endsWith(text: string): Comparison {
    return compare(this.reference, 'endsWith', text)
  }

  /** It is there, and not `null`. Never undetermined. */
  exists(): Comparison {
    return compare(this.reference, 'exists', true)
  }

  /** It is not there, or `null`. Never undetermined. */
  absent(): Comparison {
    return compare(this.reference, 'absent', true)
  }
}

/** A claim, and what can be asked of it. A claim that is missing, `null` or of another type leaves all of it undetermined. */
export class ClaimSubject extends Subject {
  declare readonly reference: ClaimReference

  /** It is an array of strings with this one in it. A string is no array. */
  includes(value: string | Subject): Comparison {
    return compare(this.reference, 'includes', value instanceof Subject ? value.reference : value)
  }

  /** It is an array of strings with one of these in it. */
  includesAny(...values: readonly string[]): Comparison {
    return compare(this.reference, 'includesAny', values)
  }

  /** It is an array of strings with all of these in it. */
  includesAll(...values: readonly string[]): Comparison {
    return compare(this.reference, 'includesAll', values)
  }

  /** It is a number, this one or a greater. */
  atLeast(number: number): Comparison {
    return compare(this.reference, 'atLeast', number)
  }

  /** It is a number, this one or a smaller. */
  atMost(number: number): Comparison {
    return compare(this.reference, 'atMost', number)
  }

  /** Takes this for the claim where it is missing or `null`; a claim of another type stays undetermined. */
  orElse(value: Scalar): ClaimSubject {
    return new ClaimSubject(Object.freeze({ ...this.reference, orElse: requireScalar(value, 'orElse()') }))
  }

  /** Takes a number for its decimal digits, as issuers write ids now as one and now as the other. */
  asString(): ClaimSubject {
    return new ClaimSubject(Object.freeze({ ...this.reference, as: 'string' }))
  }

  /** Takes a string for the list of its words, as in `scope` (RFC 6749 §3.3). */
  asSpaceList(): ClaimSubject {
    return new ClaimSubject(Object.freeze({ ...this.reference, as: 'spaceList' }))
  }
}

/**
 * A claim by its path, from the outside in. A name with dots or slashes is one name.
 *
 * @example
 * ```ts
 * claim('tenant').equals(param('tenantId'))
 * claim('realm_access', 'roles').includes('orders-admin')
 * claim('https://example.com/region').oneOf('eu-west-1', 'eu-central-1')
 * ```
 * @throws ConfigurationError for an empty path, and for names that belong to JavaScript
 */
export function claim(...path: readonly string[]): ClaimSubject {
  return new ClaimSubject(Object.freeze({ from: 'claim', path: requireClaimPath(path) }))
}

/**
 * A parameter of the matched route, as a string: `param('tenantId')` on `/tenants/:tenantId`.
 *
 * @throws ConfigurationError
 */
export function param(name: string): Subject {
  if (typeof name === 'string' && /^\w+$/.test(name) && !isReserved(name)) {
    return new Subject(Object.freeze({ from: 'param', name }))
  }
  throw new ConfigurationError(`param() takes the name of a route parameter, and ${show(name)} is none`)
}

const secretHeaders = ['authorization', 'cookie', 'dpop', 'proxy-authorization']

/** @internal see `req.header` */
export function header(name: string): Subject {
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new ConfigurationError(`req.header() takes the name of a header, and ${show(name)} is none`) // RFC 9110 §5.1
  }
  const lower = name.toLowerCase()
  if (secretHeaders.includes(lower))
    throw new ConfigurationError(`\`${lower}\` is a credential, and no fact for a policy`)
  return new Subject(Object.freeze({ from: 'header', name: lower }))
}

/**
 * Makes a comparison, if it makes sense.
 *
 * @internal for the words and the documents
 * @throws ConfigurationError
 */
export function compare<Name extends Operator>(
  subject: Reference,
  operator: Name,
  operand: Operands[Name],
): Comparison {
  requireOperand(operator, operand)
  requireFit(subject, operator, operand)
  const value = Array.isArray(operand) ? Object.freeze([...new Set(operand)]) : operand
  return make({ kind: 'compare', subject, operator, operand: value } as unknown as Comparison)
}

function requireOperand(operator: Operator, operand: unknown): void {
  const what = `${operator}()`
  switch (operator) {
    case 'equals':
      if (!isReference(operand)) requireScalar(operand, what)
      return
    case 'oneOf':
      requireSameType(requireItems(operand, what).map((item) => requireScalar(item, what)))
      return
    case 'includes':
      if (!isReference(operand)) requireText(operand, what)
      return
    case 'includesAny':
    case 'includesAll':
      for (const item of requireItems(operand, what)) requireText(item, what)
      return
    case 'atLeast':
    case 'atMost':
      if (typeof requireScalar(operand, what) !== 'number') throw new ConfigurationError(`${what} takes a number`)
      return
    case 'startsWith':
    case 'endsWith':
      if (requireText(operand, what) === '') throw new ConfigurationError(`${what} takes a text that is not empty`)
      return
    case 'exists':
    case 'absent':
      if (operand !== true) throw new ConfigurationError(`${what} takes nothing`)
      return
    default:
      throw new ConfigurationError(`${show(operator)} is no operator`)
  }
}

const claimsOnly: readonly Operator[] = ['includes', 'includesAny', 'includesAll', 'atLeast', 'atMost']
const forLists: readonly Operator[] = ['includes', 'includesAny', 'includesAll']

/** Refuses a comparison that could never come true. */
function requireFit(subject: Reference, operator: Operator, operand: unknown): void {
  if (isReference(operand) && operand.from === 'claim' && operand.as === 'spaceList') {
    throw new ConfigurationError(`${operator}() compares with a single value, and asSpaceList() is a list`)
  }
  if (subject.from !== 'claim') {
    requireTexts(`a ${subject.from}`, operator, operand)
    return
  }
  const { as, orElse } = subject
  const isPresence = operator === 'exists' || operator === 'absent'
  if (isPresence && (as !== undefined || orElse !== undefined)) {
    throw new ConfigurationError(
      `${operator}() asks for the claim as it is, without orElse(), asString() or asSpaceList()`,
    )
  }
  if (as === 'spaceList' && !forLists.includes(operator)) {
    throw new ConfigurationError(
      `${operator}() is not for a list: ask asSpaceList() for includes(), includesAny() or includesAll()`,
    )
  }
  if (as === 'string') requireTexts('asString()', operator, operand)
  if (orElse === undefined) return
  if (forLists.includes(operator))
    throw new ConfigurationError(`${operator}() is for lists, and orElse() for single values`)
  const wanted = Array.isArray(operand) ? operand[0] : operand
  if (!isReference(wanted) && typeof wanted !== typeof orElse) {
    throw new ConfigurationError(
      `orElse(${show(orElse)}) is a ${typeof orElse}, and ${operator}() compares a ${typeof wanted}`,
    )
  }
}

function requireTexts(what: string, operator: Operator, operand: unknown): void {
  if (claimsOnly.includes(operator)) throw new ConfigurationError(`${operator}() is not for ${what}, which is a string`)
  for (const item of Array.isArray(operand) ? operand : [operand]) {
    if (typeof item === 'string' || item === true || isReference(item)) {
      if (item !== true || operator === 'exists' || operator === 'absent') continue
    }
    throw new ConfigurationError(`${what} is a string, and ${operator}() compares it with ${show(item)}`)
  }
}

/** @internal */
export function requireClaimPath(path: readonly unknown[]): ClaimPath {
  if (path.length === 0) throw new ConfigurationError("claim() takes the name of a claim, such as claim('tenant')")
  if (path.length > 8) throw new ConfigurationError('the path of a claim has at most 8 names')
  for (const name of path) {
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
      throw new ConfigurationError(`claim() takes names one by one, from the outside in, and ${show(name)} is not one`)
    }
    if (isReserved(name)) throw new ConfigurationError(`\`${name}\` is no claim that a policy may read`)
  }
  return Object.freeze([...path]) as unknown as ClaimPath
}

/** Names that mean something to JavaScript itself. */
function isReserved(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype'
}

function requireItems(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw new ConfigurationError(`${what} takes at least one value`)
}

function requireSameType(values: readonly Scalar[]): void {
  if (values.some((value) => typeof value !== typeof values[0])) {
    throw new ConfigurationError('oneOf() takes values of one type: all strings, all numbers or all booleans')
  }
}

function requireScalar(value: unknown, what: string): Scalar {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw new ConfigurationError(`${what} takes strings, finite numbers and booleans, and ${show(value)} is none of them`)
}

function requireText(value: unknown, what: string): string {
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw new ConfigurationError(`${what} takes strings, and ${show(value)} is none`)
}

/** @internal a value that was written in a policy, in an error message */
export function show(value: unknown): string {
  if (value instanceof Subject) return 'a reference'
  const text = toJson(value) ?? typeof value
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined // a bigint, or a circle
  }
}
