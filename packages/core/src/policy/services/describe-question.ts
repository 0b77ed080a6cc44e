// A question to a policy service in words: what stands in the policy, and nothing of the token.
import { describeReference } from '../describe-reference.js'
import type { QuestionNode } from './question-node.js'

const greatestLength = 300

/** A question in one line: `{"subject":{"type":"user","id":claim sub}}`. A long one is cut. */
export function describeQuestion(question: QuestionNode): string {
  const text = describe(question)
  return text.length <= greatestLength ? text : `${text.slice(0, greatestLength)}…`
}

function describe(node: QuestionNode): string {
  switch (node.is) {
    case 'value':
      return JSON.stringify(node.value)
    case 'reference':
      return describeReference(node.of)
    case 'method':
      return 'method'
    case 'list':
      return `[${node.items.map(describe).join(',')}]`
    case 'object':
      return `{${node.members.map(([name, member]) => `${JSON.stringify(name)}:${describe(member)}`).join(',')}}`
  }
}
