// The tree of a question, as a policy holds it.
import type { Reference, Scalar } from '../reference.js'

/** A question to a policy service: data, and where its values come from. */
export type QuestionNode =
  | { readonly is: 'value'; readonly value: Scalar }
  /** `isText`: nothing but text that is not empty will do. */
  | { readonly is: 'reference'; readonly of: Reference; readonly isText?: boolean }
  /** The method of the request. */
  | { readonly is: 'method' }
  | { readonly is: 'list'; readonly items: readonly QuestionNode[] }
  | { readonly is: 'object'; readonly members: readonly (readonly [string, QuestionNode])[] }

/** The references of a question. */
export function referencesOfQuestion(node: QuestionNode): readonly Reference[] {
  switch (node.is) {
    case 'reference':
      return [node.of]
    case 'list':
      return node.items.flatMap(referencesOfQuestion)
    case 'object':
      return node.members.flatMap(([, member]) => referencesOfQuestion(member))
    default:
      return []
  }
}
