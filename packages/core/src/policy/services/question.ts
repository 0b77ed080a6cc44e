// What is asked of a policy service: a small tree that is written once, and filled with values of each request. A value that is
// missing or of the wrong type leaves nothing to ask.
import { isText, isTextList } from '../../claims/claim-path.js'
import type { Filling, PolicyFacts } from '../compiled.js'
import { describeReference } from '../describe-reference.js'
import { compileReading } from '../reading.js'
import type { JsonValue } from './canonical-json.js'
import type { QuestionNode } from './question-node.js'
import { Unaskable } from './service-answer.js'

/** Of all values of a request that one question may hold, in UTF-16 code units. */
const greatestLength = 16_384

/** Turns a question into a function of the facts. @param path - see {@link FilledQuestion} */
export function compileQuestion(path: string, question: QuestionNode): Filling {
  const fill = compileNode(question)
  return (facts) => {
    const value = fill(facts)
    if (value instanceof Unaskable) return value
    return lengthOf(value) > greatestLength ? new Unaskable('the question is too long') : { path, value }
  }
}

type NodeFilling = (facts: PolicyFacts) => JsonValue | Unaskable

function compileNode(node: QuestionNode): NodeFilling {
  switch (node.is) {
    case 'value':
      return () => node.value
    case 'method':
      return ({ request }) => request.method ?? new Unaskable('the method of the request is not known')
    case 'reference':
      return compileReference(node)
    case 'list': {
      const items = node.items.map(compileNode)
      return (facts) => all(items.map((item) => item(facts)))
    }
    case 'object': {
      const members = node.members.map(([name, member]) => [name, compileNode(member)] as const)
      return (facts) => {
        const values = all(members.map(([, member]) => member(facts)))
        if (values instanceof Unaskable) return values
        return Object.fromEntries(members.map(([name], index) => [name, values[index] as JsonValue]))
      }
    }
  }
}

function compileReference({ of, isText: wantsText }: Extract<QuestionNode, { is: 'reference' }>): NodeFilling {
  const read = compileReading(of)
  const missing = new Unaskable(`${describeReference(of)} is missing`)
  const wrong = new Unaskable(`${describeReference(of)} is of the wrong type`)
  return (facts) => {
    const value = read(facts)
    if (value === undefined) return missing
    if (isText(value)) return wantsText && value === '' ? wrong : value
    return !wantsText && isPlain(value) ? value : wrong
  }
}

function isPlain(value: unknown): value is JsonValue {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) || isTextList(value)
}

/** The first that cannot be had says why. */
function all(values: readonly (JsonValue | Unaskable)[]): readonly JsonValue[] | Unaskable {
  for (const value of values) if (value instanceof Unaskable) return value
  return values as readonly JsonValue[]
}

function lengthOf(value: JsonValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object') return 1
  return Object.values(value).reduce<number>((sum, part) => sum + lengthOf(part as JsonValue), 1)
}
