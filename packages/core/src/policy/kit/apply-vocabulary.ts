// What a vocabulary adds to words that were written without it: the wildcard of its scopes, the ladder of its levels. Also
// inside an expression in CEL, which has no other way to say them.
import { type Expression, make } from '../policy.js'
import type { PolicyVocabulary } from './vocabulary.js'

/** The same policy, meant in a vocabulary. */
export function applyVocabulary(node: Expression, vocabulary: PolicyVocabulary): Expression {
  const { scopes } = vocabulary
  const applied = (part: Expression): Expression => applyVocabulary(part, vocabulary)
  switch (node.kind) {
    case 'scope':
    case 'anyScope':
      return scopes !== undefined && 'wildcard' in scopes ? make({ ...node, wildcard: scopes.wildcard }) : node
    case 'allOf':
    case 'anyOf':
    case 'atLeast':
      return make({ ...node, of: Object.freeze(node.of.map(applied)) })
    case 'not':
      return make({ ...node, of: applied(node.of) })
    case 'cel':
      return make({ ...node, of: withLadder(applied(node.of), vocabulary) })
    default:
      return node
  }
}

/** A level in CEL stands alone, and is meant on the ladder. Elsewhere a ladder is given, or left out on purpose. */
function withLadder(node: Expression, vocabulary: PolicyVocabulary): Expression {
  const { acrLevels } = vocabulary
  const laddered = (part: Expression): Expression => withLadder(part, vocabulary)
  switch (node.kind) {
    case 'acrAtLeast':
      return acrLevels?.includes(node.level) === true ? make({ ...node, levels: acrLevels }) : node
    case 'allOf':
    case 'anyOf':
    case 'atLeast':
      return make({ ...node, of: Object.freeze(node.of.map(laddered)) })
    case 'not':
      return make({ ...node, of: laddered(node.of) })
    default:
      return node
  }
}
