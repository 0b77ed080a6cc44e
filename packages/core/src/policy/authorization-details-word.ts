// The word for rich authorization requests (RFC 9396): what a token must grant in detail, beside its scopes.
import { ConfigurationError } from '../errors.js'
import { requireKnownOptions } from '../option-checks.js'
import { compare, requireClaimPath, Subject, show } from './comparison.js'
import { type DetailField, type Expression, isReference, make, type Reference, type Scalar } from './policy.js'
import { requireNames } from './word-checks.js'

/** The members that a type adds to its objects, nested as they are there, and what each must equal. */
export interface DetailFields<Value = Subject> {
  readonly [name: string]: Scalar | Value | DetailFields<Value>
}

/** What one object of `authorization_details` must grant (RFC 9396 §2.2). What is left out is not asked. */
export interface AskedDetails<Text = Subject, Value = Text> {
  /** Where we are: an object that has `locations` names one of these. @defaultValue the audiences of ours that the token is for */
  readonly locations?: readonly string[]
  /** All of these are among its `actions`. */
  readonly actions?: readonly string[]
  /** All of these are among its `datatypes`. */
  readonly datatypes?: readonly string[]
  /** All of these are among its `privileges`. */
  readonly privileges?: readonly string[]
  /** It has this `identifier`: a text, or what it is read from, such as `param('accountId')`. */
  readonly identifier?: string | Text
  /** It has these members of its type, compared as `equals` does: `{ instructedAmount: { currency: 'EUR' } }`. */
  readonly fields?: DetailFields<Value>
}

/** The members that any type may have (RFC 9396 §2.2). */
const commonLists = ['locations', 'actions', 'datatypes', 'privileges'] as const
const commonMembers = ['type', ...commonLists, 'identifier']
const greatestFields = 32

/**
 * One object of `authorization_details` has this type, and grants all that is asked. False where none does; undetermined
 * where the claim is missing, or an object lacks a member that is asked about.
 *
 * @param type - to the letter
 * @example
 * ```ts
 * authorizationDetails('payment_initiation', { actions: ['initiate'], identifier: param('accountId') })
 * ```
 * @throws ConfigurationError
 * @see https://www.rfc-editor.org/rfc/rfc9396#section-2
 */
export function authorizationDetails(type: string, asked: AskedDetails = {}): Expression {
  const { identifier, fields, ...lists } = requireAsked(asked)
  return makeAuthorizationDetails(type, {
    ...lists,
    ...(identifier !== undefined && { identifier: plain(identifier) }),
    ...(fields !== undefined && { fields: flatten(fields, []) }),
  })
}

function requireAsked(asked: unknown): AskedDetails {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked) || asked instanceof Subject) {
    throw new ConfigurationError('authorizationDetails() takes what it asks after the type, such as { actions: […] }')
  }
  requireKnownOptions(asked, [...commonLists, 'identifier', 'fields'], 'authorizationDetails()')
  return asked
}

/** Members by their paths, each a value by itself: `param(…)` is one, and no object with members. */
function flatten(fields: unknown, path: readonly string[]): readonly AskedField[] {
  if (!isPlainObject(fields)) {
    const where = ['fields', ...path].join('.')
    throw new ConfigurationError(`\`${where}\` of authorizationDetails() takes single values, not ${show(fields)}`)
  }
  const entries = Object.entries(fields)
  if (entries.length === 0) {
    throw new ConfigurationError(`\`${['fields', ...path].join('.')}\` of authorizationDetails() asks nothing`)
  }
  return entries.flatMap(([name, value]) => {
    const here = [...path, name]
    const isSingle = value instanceof Subject || typeof value !== 'object' || value === null
    return isSingle ? [{ path: here, equals: plain(value) }] : flatten(value, here)
  })
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function plain(value: unknown): unknown {
  return value instanceof Subject ? value.reference : value
}

/** A field as somebody has written it, judged by nobody yet. */
interface AskedField {
  readonly path: readonly unknown[]
  readonly equals: unknown
}

/** What {@link makeAuthorizationDetails} judges. */
interface AskedMembers extends Omit<AskedDetails, 'identifier' | 'fields'> {
  readonly identifier?: unknown
  readonly fields?: readonly AskedField[]
}

/**
 * Makes the node, if it makes sense.
 *
 * @internal for the word and the documents
 * @throws ConfigurationError
 */
export function makeAuthorizationDetails(type: string, asked: AskedMembers): Expression {
  const [name] = requireNames('authorizationDetails()', [type]) as readonly [string]
  const lists = commonLists.flatMap((list) => {
    const names = asked[list]
    return names === undefined ? [] : [[list, requireNames(`\`${list}\` of authorizationDetails()`, names)] as const]
  })
  const { identifier, fields } = asked
  return make({
    kind: 'authorizationDetails',
    type: name,
    ...(Object.fromEntries(lists) as Partial<Record<(typeof commonLists)[number], readonly string[]>>),
    ...(identifier !== undefined && { identifier: requireIdentifier(identifier) }),
    ...(fields !== undefined && { fields: requireFields(fields) }),
  })
}

function requireIdentifier(value: unknown): string | Reference {
  if (!isReference(value) && (typeof value !== 'string' || value === '')) {
    throw new ConfigurationError(`\`identifier\` of authorizationDetails() takes a text, and ${show(value)} is none`)
  }
  return requireSingleValue(['identifier'], value) as string | Reference
}

function requireFields(fields: readonly AskedField[]): readonly DetailField[] {
  if (fields.length === 0 || fields.length > greatestFields) {
    throw new ConfigurationError(`\`fields\` of authorizationDetails() takes 1 to ${greatestFields} members`)
  }
  const seen = new Set<string>()
  return Object.freeze(
    fields.map(({ path: given, equals }) => {
      const path = requireClaimPath(given)
      const key = JSON.stringify(path)
      if (commonMembers.includes(path[0])) {
        throw new ConfigurationError(
          `\`fields\` of authorizationDetails() is for members that a type adds; say \`${path[0]}\` beside it`,
        )
      }
      if (seen.has(key)) throw new ConfigurationError(`\`fields\` of authorizationDetails() names ${key} twice`)
      seen.add(key)
      return Object.freeze({ path, equals: requireSingleValue(path, equals) })
    }),
  )
}

/** What a member may be compared with is what a claim may be compared with. */
function requireSingleValue(path: DetailField['path'], value: unknown): Scalar | Reference {
  return compare({ from: 'claim', path }, 'equals', value as Scalar | Reference).operand as Scalar | Reference
}
