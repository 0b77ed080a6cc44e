// Policies in CEL, the expression language of Kubernetes and Envoy: read once, and translated into the policy words.
// Nothing of CEL is left when a request is judged. What has no word is refused, with its place in the text.
import { ConfigurationError } from '../../errors.js'
import { ClaimSubject, type Subject } from '../comparison.js'
import type { Duration } from '../duration.js'
import type { BindingMethod } from '../facts.js'
import { type Expression, make } from '../policy.js'
import { req } from '../request-words.js'
import {
  acrAtLeast,
  allOf,
  allow,
  amr,
  anyOf,
  authenticatedWithin,
  boundBy,
  client,
  denyAll,
  issuer,
  not,
  use,
} from '../words.js'
import { textArgument, textArguments } from './cel-argument.js'
import type { CelCall, CelNode, Constant } from './cel-ast.js'
import { translateIn, translateRelation, undetermined } from './cel-comparison.js'
import { foldConstant } from './cel-constant.js'
import { translateExists } from './cel-exists.js'
import { readOperand } from './cel-operand.js'
import { parseCel } from './cel-parser.js'
import { judgedAt, Refusal, toConfigurationError } from './cel-refusal.js'

const greatestLength = 4_096

/**
 * A policy written in CEL, in the profile that the policy words can say. It is translated when it is built, and means what
 * its translation means: a claim that is missing, `null` or of another type leaves a comparison undetermined, which lets
 * nobody pass, nor does its opposite.
 *
 * It may ask about `claims`, `params`, `scopes`, `roles`, `req.method`, `req.headers`, `req.ip`, `now`, `mtls.thumbprint`
 * and `dpop.jkt`, and use the words `authenticatedWithin`, `acrAtLeast` (the level, then the ladder), `amr`, `boundBy`,
 * `issuer`, `client` and `use`.
 *
 * It differs from CEL elsewhere where that lets fewer pass: in `now - claims.auth_time <= 900` an `auth_time` more than a
 * minute ahead of us does not count, and values of two types are neither equal nor unequal. And in these: what lies below
 * a claim that is missing is missing too, so that `has(claims.a.b)` is false and `claims.a.?b.orValue(1)` is 1; and `has`
 * takes names in brackets as well, `has(req.headers["x-tenant"])`.
 *
 * @example
 * ```ts
 * cel('"read:orders" in scopes && claims.tenant == params.tenantId && now - claims.auth_time <= 900')
 * ```
 * @throws ConfigurationError for what is no CEL, or has no word, with its line and column
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
export function cel(text: string): Expression {
  if (typeof text !== 'string' || !text.isWellFormed()) {
    throw new ConfigurationError('cel() takes a text, such as cel(\'"read:orders" in scopes\')')
  }
  if (text.length > greatestLength) {
    throw new ConfigurationError(`cel() takes at most ${greatestLength} characters; name a part of it and say use("…")`)
  }
  try {
    const node = parseCel(text)
    const constant = foldConstant(node)
    if (constant !== undefined && constant.type !== 'bool' && constant.type !== 'error') {
      throw new Refusal(node.at, 'this is a value, and no condition; compare it with something')
    }
    const of = translate(node)
    return judgedAt(node.at, () => make({ kind: 'cel', text, of }))
  } catch (error) {
    throw error instanceof Refusal ? toConfigurationError(text, error) : error
  }
}

function translate(node: CelNode): Expression {
  const constant = foldConstant(node)
  if (constant !== undefined) return translateConstant(constant)
  switch (node.kind) {
    case 'and':
    case 'or': {
      const parts = node.of.map(translate)
      return judgedAt(node.at, () => (node.kind === 'and' ? allOf(...parts) : anyOf(...parts)))
    }
    case 'not': {
      const presence = readPresence(node.of)
      if (presence !== undefined) return judgedAt(node.of.at, () => presence.absent())
      const part = translate(node.of)
      return judgedAt(node.at, () => not(part))
    }
    case 'conditional':
      return translateConditional(node)
    case 'relation':
      return translateRelation(node)
    case 'in':
      return translateIn(node)
    case 'call':
      return translateCall(node)
    default:
      return translateBare(node)
  }
}

function translateConstant(constant: Constant): Expression {
  if (constant.type !== 'bool') return undetermined()
  return constant.value ? allow() : denyAll()
}

function translateConditional(node: Extract<CelNode, { kind: 'conditional' }>): Expression {
  const condition = foldConstant(node.condition)
  if (condition === undefined) throw new Refusal(node.at, '`? :` takes a constant condition; write a && b || !a && c')
  const [then, otherwise] = [translate(node.then), translate(node.otherwise)]
  if (condition.type !== 'bool') return undetermined()
  return condition.value ? then : otherwise
}

/** A claim on its own is a question about a boolean. */
function translateBare(node: CelNode): Expression {
  const operand = readOperand(node)
  if (operand.kind !== 'subject') throw new Refusal(node.at, 'this is no condition; compare it with something')
  const { subject } = operand
  if (subject instanceof ClaimSubject) return judgedAt(node.at, () => subject.equals(true))
  throw new Refusal(
    node.at,
    `a ${subject.reference.from === 'param' ? 'parameter' : 'header'} is a string, and no condition; compare it with something`,
  )
}

/** Strings in, a policy out: what plain CEL cannot say. */
const words = new Map<string, (...texts: readonly string[]) => Expression>([
  ['acrAtLeast', (level = '', ...levels) => (levels.length === 0 ? acrAtLeast(level) : acrAtLeast(level, levels))],
  ['amr', amr],
  ['boundBy', (...methods) => boundBy(...(methods as readonly BindingMethod[]))],
  ['client', client],
  ['issuer', issuer],
])
const wordsForOne = new Map<string, (text: string) => Expression>([
  ['authenticatedWithin', (text) => authenticatedWithin(text as Duration)],
  ['use', use],
])

function translateCall(node: CelCall): Expression {
  const { at, name, target } = node
  const presence = readPresence(node)
  if (presence !== undefined) return judgedAt(at, () => presence.exists())
  if (target === undefined) {
    const word = words.get(name)
    const wordForOne = wordsForOne.get(name)
    if (word !== undefined) return judgedAt(at, () => word(...textArguments(node)))
    if (wordForOne !== undefined) return judgedAt(at, () => wordForOne(textArgument(node)))
    return translateBare(node)
  }
  if (name === 'exists') return translateExists(node, target)
  if (name === 'containsIP') return translateRange(node, target)
  if (name !== 'startsWith' && name !== 'endsWith') return translateBare(node)
  const operand = readOperand(target)
  if (operand.kind !== 'subject') throw new Refusal(at, `${name}() is for claims, parameters and headers`)
  const text = textArgument(node)
  return judgedAt(at, () => operand.subject[name](text))
}

/** What `has()` asks about. */
function readPresence(node: CelNode): Subject | undefined {
  if (node.kind !== 'call' || node.name !== 'has' || node.target !== undefined) return undefined
  const [field, ...more] = node.args
  if (field === undefined || more.length > 0 || (field.kind !== 'select' && field.kind !== 'index')) {
    throw new Refusal(node.at, 'has() takes one field, such as has(claims.x)')
  }
  const operand = readOperand(field)
  if (operand.kind === 'subject') return operand.subject
  throw new Refusal(field.at, 'has() is for claims, parameters and headers')
}

function translateRange(node: CelCall, target: CelNode): Expression {
  const [address, ...more] = node.args
  const isClient = address?.kind === 'select' && readOperand(address).kind === 'ip' && more.length === 0
  if (target.kind !== 'call' || target.name !== 'cidr' || target.target !== undefined || !isClient) {
    throw new Refusal(node.at, 'containsIP() is written cidr("10.20.0.0/16").containsIP(req.ip)')
  }
  const range = textArgument(target)
  if (!range.includes('/')) throw new Refusal(target.at, 'cidr() takes a range, such as "10.20.0.0/16"')
  return judgedAt(target.at, () => req.ipIn(range))
}
