// What a developer writes as a question to a policy service, made into the tree that a policy holds. Each mistake is told where
// it is written.
import { ConfigurationError } from '../../errors.js'
import { Subject, show } from '../comparison.js'
import type { BooleanValue, NumberValue, Presence, StringValue } from '../kit/kit-claims.js'
import { isPolicyNode } from '../policy.js'
import type { Scalar } from '../reference.js'
import { req } from '../request-words.js'
import type { QuestionNode } from './question-node.js'

/** A value that is read when a request is judged: `claim('sub')`, `param('docId')`, `req.header('x-region')`, `req.method`. */
export type QuestionReference = Presence | StringValue | NumberValue | BooleanValue | typeof req.method

/** A value of a question: one that is written, one that is read, or several of them. */
export type QuestionValue = Scalar | QuestionReference | readonly QuestionValue[] | QuestionObject

/** An object of a question. */
export interface QuestionObject {
  readonly [name: string]: QuestionValue
}

const greatestDepth = 8
const greatestNodes = 256
const greatestText = 4_096
const greatestName = 256

/**
 * Makes the tree of a question.
 *
 * @param what - what the question is called in a message
 * @throws ConfigurationError
 */
export function parseQuestion(value: unknown, what: string): QuestionNode {
  const count = { nodes: 0 }
  const parse = (each: unknown, depth: number): QuestionNode => {
    count.nodes += 1
    if (count.nodes > greatestNodes) throw new ConfigurationError(`${what} has at most ${greatestNodes} values`)
    if (depth > greatestDepth) throw new ConfigurationError(`${what} is nested at most ${greatestDepth} deep`)
    if (each === req.method) return Object.freeze({ is: 'method' })
    if (each instanceof Subject) return Object.freeze({ is: 'reference', of: each.reference })
    if (isScalar(each)) return Object.freeze({ is: 'value', value: each })
    if (Array.isArray(each))
      return Object.freeze({ is: 'list', items: Object.freeze(each.map((item) => parse(item, depth + 1))) })
    const members = Object.entries(requirePlainObject(each, what)).map(
      ([name, member]) => Object.freeze([requireName(name, what), parse(member, depth + 1)]) as [string, QuestionNode],
    )
    return Object.freeze({ is: 'object', members: Object.freeze(members) })
  }
  return parse(value, 1)
}

/**
 * The same, where only text that is not empty will do.
 *
 * @throws ConfigurationError
 */
export function parseTextQuestion(value: unknown, what: string): QuestionNode {
  const node = parseQuestion(value, what)
  if (node.is === 'reference' && !(node.of.from === 'claim' && node.of.as === 'spaceList'))
    return Object.freeze({ ...node, isText: true })
  if (node.is === 'method' || (node.is === 'value' && typeof node.value === 'string' && node.value !== '')) return node
  throw new ConfigurationError(
    `${what} is a text that is not empty, or read from the request, and ${show(value)} is neither`,
  )
}

function isScalar(value: unknown): value is Scalar {
  if (typeof value === 'string') return value.isWellFormed() && value.length <= greatestText
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

/**
 * An object of the developer's, and not one that only looks like one.
 *
 * @throws ConfigurationError
 */
export function requirePlainObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isPolicyNode(value)) throw new ConfigurationError(`${what} holds values, and a policy is none`)
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined
  if (prototype === Object.prototype || prototype === null) return value as Record<string, unknown>
  throw new ConfigurationError(
    `${what} holds strings, finite numbers, booleans, lists, plain objects, claim(…), param(…), req.header(…) and req.method, and ${show(value)} is none of them`,
  )
}

function requireName(name: string, what: string): string {
  if (name !== '' && name !== '__proto__' && name.length <= greatestName && name.isWellFormed()) return name
  throw new ConfigurationError(`${what}: ${show(name)} is no name of a member`)
}
