// The values that an expression may ask about: claims, parameters, headers, and the few that have words of their own.

import { didYouMean } from '../../option-checks.js'
import { ClaimSubject, claim, param, type Subject } from '../comparison.js'
import { req } from '../request-words.js'
import { durationArgument, requireConstant, textArgument, toScalar } from './cel-argument.js'
import type { CelCall, CelNode, Constant } from './cel-ast.js'
import { foldConstant } from './cel-constant.js'
import { unknownFunction } from './cel-functions.js'
import { judgedAt, quote, Refusal } from './cel-refusal.js'

/** What stands on a side of a comparison. */
export type Operand =
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'subject'; readonly subject: Subject }
  | { readonly kind: 'scopes' | 'roles' | 'method' | 'ip' | 'mtls' | 'dpop' | 'age' }
  /** `claims`, `params` or `req.headers` as a whole. */
  | { readonly kind: 'record'; readonly read: (name: string) => Subject }
  /** Of now, in a time zone. */
  | { readonly kind: 'hour' | 'day'; readonly timeZone: string }
  | { readonly kind: 'duration'; readonly seconds: number }

const names = ['claims', 'params', 'req', 'now', 'scopes', 'roles', 'mtls', 'dpop']

/**
 * Reads a side of a comparison.
 *
 * @throws Refusal
 */
export function readOperand(node: CelNode): Operand {
  const constant = foldConstant(node)
  if (constant !== undefined) return { kind: 'constant', value: constant }
  switch (node.kind) {
    case 'name':
      return readName(node.at, node.name)
    case 'select':
    case 'index':
      return readField(node)
    case 'call':
      return readCall(node)
    case 'arithmetic':
    case 'minus':
      return readArithmetic(node)
    case 'list':
      for (const item of node.items) requireConstant(item, 'a list')
      throw new Refusal(node.at, 'this list cannot stand here')
    default:
      throw new Refusal(node.at, 'a condition is not compared with anything; write `!` before it, or nothing')
  }
}

function readName(at: number, name: string): Operand {
  if (name === 'scopes' || name === 'roles') return { kind: name }
  if (name === 'claims') return { kind: 'record', read: (field) => claim(field) }
  if (name === 'params') return { kind: 'record', read: param }
  if (name === 'now') {
    throw new Refusal(at, '`now` stands in now - claims.auth_time <= 900, now.getHours("…") and now.getDayOfWeek("…")')
  }
  const fields = fieldsOf(name).map((field) => `${name}.${field}`)
  if (fields.length > 0) throw new Refusal(at, `\`${name}\` alone is nothing; write ${fields.join(' or ')}`)
  throw new Refusal(at, `there is no ${quote(name)}${didYouMean(name, names)}`)
}

function fieldsOf(name: string): readonly string[] {
  if (name === 'req') return ['method', 'headers', 'ip']
  return name === 'mtls' ? ['thumbprint'] : name === 'dpop' ? ['jkt'] : []
}

/** The names from the outside in, where the first of them stands, and the first that need not be there. */
interface Path {
  readonly at: number
  readonly root: string
  readonly fields: readonly string[]
  readonly isOptional: boolean
}

function readPath(node: CelNode): Path {
  if (node.kind === 'name') return { at: node.at, root: node.name, fields: [], isOptional: false }
  if (node.kind !== 'select' && node.kind !== 'index') {
    throw new Refusal(node.at, 'a field is read of claims, params, req, mtls or dpop')
  }
  const { at, root, fields, isOptional } = readPath(node.of)
  return { at, root, fields: [...fields, nameOf(node)], isOptional: isOptional || node.isOptional }
}

function nameOf(node: Extract<CelNode, { kind: 'select' | 'index' }>): string {
  if (node.kind === 'select') return node.name
  const key = foldConstant(node.key)
  if (key?.type === 'string') return key.value
  throw new Refusal(
    node.key.at,
    'brackets take the name of a field, such as claims["kubernetes.io"]; for elements of a list write "x" in claims.roles',
  )
}

function readField(node: CelNode): Operand {
  const path = readPath(node)
  if (path.isOptional) {
    throw new Refusal(node.at, 'what need not be there needs a value in its place; write .orValue(…) after it')
  }
  return readPathOperand(node.at, path)
}

function readPathOperand(at: number, { at: start, root, fields }: Path): Operand {
  const [first, second, ...more] = fields as [string, ...string[]]
  if (root === 'claims') return { kind: 'subject', subject: judgedAt(at, () => claim(...fields)) }
  if (root === 'params' && second === undefined) return { kind: 'subject', subject: judgedAt(at, () => param(first)) }
  if (root === 'req' && first === 'headers' && more.length === 0) {
    if (second === undefined) return { kind: 'record', read: req.header }
    return { kind: 'subject', subject: judgedAt(at, () => req.header(second)) }
  }
  const known = fieldsOf(root)
  if (known.includes(first)) {
    if (second !== undefined) {
      throw new Refusal(at, `${first === 'headers' ? 'a header' : `${root}.${first}`} is a string, and has no fields`)
    }
    if (root === 'req') return { kind: first as 'method' | 'ip' }
    return { kind: root as 'mtls' | 'dpop' }
  }
  if (known.length > 0) {
    throw new Refusal(
      at,
      `\`${root}\` has no field ${quote(first)}${didYouMean(first, known) || `, but ${known.join(' and ')}`}`,
    )
  }
  if (root !== 'params') readName(start, root)
  throw new Refusal(at, `${root === 'params' ? 'a parameter is a string, and' : `\`${root}\``} has no fields`)
}

function readCall(node: CelCall): Operand {
  const { name, target, args, at } = node
  if (target === undefined) {
    if (name === 'string') return { kind: 'subject', subject: readAsString(node) }
    if (name === 'duration') return { kind: 'duration', seconds: durationArgument(node) }
    throw unknownFunction(node)
  }
  if (name === 'orValue') return { kind: 'subject', subject: readOrElse(target, node) }
  if (name === 'split') {
    const subject = requireClaimAsItIs(target, 'split()')
    if (textArgument(node) === ' ') return { kind: 'subject', subject: judgedAt(at, () => subject.asSpaceList()) }
    throw new Refusal(at, 'split() is only for words with a space between them; write split(" ")')
  }
  if (name === 'getHours' || name === 'getDayOfWeek') {
    if (target.kind !== 'name' || target.name !== 'now') {
      throw new Refusal(target.at, `${name}() is only for now; write now.${name}("Europe/Zurich")`)
    }
    return { kind: name === 'getHours' ? 'hour' : 'day', timeZone: args.length === 0 ? 'UTC' : textArgument(node) }
  }
  throw unknownFunction(node)
}

function readAsString(node: CelCall): Subject {
  const [argument, ...more] = node.args
  if (argument === undefined || more.length > 0) throw new Refusal(node.at, 'string() takes one claim')
  const subject = requireClaimAsItIs(argument, 'string()')
  const { orElse } = subject.reference
  // CEL would write these digits out; the policy would find a number where it compares text.
  if (orElse !== undefined && typeof orElse !== 'string') {
    throw new Refusal(argument.at, 'inside string() the value of orValue() must be a string')
  }
  return judgedAt(node.at, () => subject.asString())
}

function readOrElse(target: CelNode, node: CelCall): Subject {
  const path = target.kind === 'select' || target.kind === 'index' ? readPath(target) : undefined
  if (path === undefined || !path.isOptional) {
    throw new Refusal(node.at, 'orValue() stands after what need not be there, such as claims.?x.orValue(false)')
  }
  const operand = readPathOperand(target.at, path)
  const [argument, ...more] = node.args
  if (operand.kind !== 'subject' || !(operand.subject instanceof ClaimSubject)) {
    throw new Refusal(node.at, 'orValue() is only for claims')
  }
  if (argument === undefined || more.length > 0) throw new Refusal(node.at, 'orValue() takes one value')
  const { subject } = operand
  const value = toScalar(argument.at, requireConstant(argument, 'orValue()'))
  return judgedAt(node.at, () => subject.orElse(value))
}

function requireClaim(node: CelNode, what: string): ClaimSubject {
  const operand = readOperand(node)
  if (operand.kind === 'subject' && operand.subject instanceof ClaimSubject) return operand.subject
  throw new Refusal(node.at, `${what} is only for claims`)
}

/** INVARIANT: a claim is converted once; the second conversion would replace the first. */
function requireClaimAsItIs(node: CelNode, what: string): ClaimSubject {
  const subject = requireClaim(node, what)
  if (subject.reference.as === undefined) return subject
  throw new Refusal(node.at, `${what} takes a claim as it is, without string() and split()`)
}

function readArithmetic(node: CelNode): Operand {
  if (node.kind === 'arithmetic' && node.operator === '-' && node.left.kind === 'name' && node.left.name === 'now') {
    const { right } = node
    const { path, as, orElse } = requireClaim(right, 'now -').reference
    const isPlain = as === undefined && orElse === undefined
    if (isPlain && path.length === 1 && path[0] === 'auth_time') return { kind: 'age' }
    throw new Refusal(
      right.at,
      'of all times only that of the authentication is compared with now: now - claims.auth_time <= 900',
    )
  }
  throw new Refusal(
    node.at,
    'a policy calculates only with constants; for freshness write now - claims.auth_time <= 900',
  )
}
