// AuthZEN, Authorization API 1.0 (OpenID Foundation): what is asked, and what counts as an answer. How it is sent is left to the
// floor above.
import { ConfigurationError } from '../../errors.js'
import { requireKnownOptions } from '../../option-checks.js'
import type { QuestionNode } from './question-node.js'
import {
  parseQuestion,
  parseTextQuestion,
  type QuestionObject,
  type QuestionReference,
  requirePlainObject,
} from './question-words.js'
import { NoDecisionError } from './service-answer.js'

/** A text of an AuthZEN question: written, or read from the request. */
export type AuthzenText = string | QuestionReference

/** May this subject do this to that? AuthZEN Authorization API 1.0 §5 */
export interface AuthzenQuestion {
  /** Who: `{ type: 'user', id: claim('sub') }`. */
  readonly subject: { readonly type: AuthzenText; readonly id: AuthzenText; readonly properties?: QuestionObject }
  /** What is done: `{ name: req.method }`. */
  readonly action: { readonly name: AuthzenText; readonly properties?: QuestionObject }
  /** What it is done to: `{ type: 'doc', id: param('docId') }`. */
  readonly resource: { readonly type: AuthzenText; readonly id: AuthzenText; readonly properties?: QuestionObject }
  /** Whatever else may matter. */
  readonly context?: QuestionObject
}

const texts = { subject: ['type', 'id'], action: ['name'], resource: ['type', 'id'] } as const

/**
 * Makes the tree of an AuthZEN question (§5).
 *
 * @throws ConfigurationError
 */
export function parseAuthzenQuestion(value: unknown): QuestionNode {
  const what = 'the question of permits()'
  const question = requirePlainObject(value, what)
  requireKnownOptions(question, ['subject', 'action', 'resource', 'context'], what)
  const members = Object.entries(texts).map(
    ([name, needed]) => [name, parseEntity(question[name], `\`${name}\` of permits()`, needed)] as const,
  )
  const { context } = question
  if (context === undefined) return Object.freeze({ is: 'object', members: Object.freeze(members) })
  const node = parseObject(context, '`context` of permits()')
  return Object.freeze({ is: 'object', members: Object.freeze([...members, ['context', node] as const]) })
}

function parseEntity(value: unknown, what: string, needed: readonly string[]): QuestionNode {
  const entity = requirePlainObject(value, what)
  requireKnownOptions(entity, [...needed, 'properties'], what)
  const members = needed.map((name) => {
    if (entity[name] === undefined) throw new ConfigurationError(`${what} needs \`${name}\``)
    return [name, parseTextQuestion(entity[name], `\`${name}\` in ${what}`)] as const
  })
  const { properties } = entity
  if (properties === undefined) return Object.freeze({ is: 'object', members: Object.freeze(members) })
  const node = parseObject(properties, `\`properties\` in ${what}`)
  return Object.freeze({ is: 'object', members: Object.freeze([...members, ['properties', node] as const]) })
}

function parseObject(value: unknown, what: string): QuestionNode {
  return parseQuestion(requirePlainObject(value, what), what)
}

/**
 * What a policy decision point has decided (§6). Members beside `decision` decide nothing.
 *
 * INVARIANT: yes is the boolean true. `"true"`, 1 and whatever else are no decision.
 *
 * @throws NoDecisionError
 */
export function readAuthzenAnswer(answer: Readonly<Record<string, unknown>>): boolean {
  const decision = Object.hasOwn(answer, 'decision') ? answer['decision'] : undefined
  if (typeof decision === 'boolean') return decision
  throw new NoDecisionError('its `decision` is missing, or no boolean')
}
