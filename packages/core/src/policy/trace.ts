// Why a policy says what it says: its own tree, with the outcome of every part. For the operator; it holds no value of the
// token. Built only where somebody asks, by the same checks that decide.
import type { CompiledPolicy, PolicyFacts } from './compiled.js'
import { describePolicy } from './describe.js'
import type { PartOutcome, PolicyTrace } from './facts.js'
import { unheard } from './services/unheard.js'
import { isUndetermined } from './verdict.js'

const none: readonly PolicyTrace[] = Object.freeze([])
const texts = new WeakMap<CompiledPolicy, string>()

/** The tree of a policy under these facts. */
export function tracePolicy(compiled: CompiledPolicy, facts: PolicyFacts): PolicyTrace {
  return trace(compiled, facts, 'true')
}

function trace(compiled: CompiledPolicy, facts: PolicyFacts, wanted: Wanted): PolicyTrace {
  const { node, parts, why, remark } = compiled
  const verdict = compiled.check(facts)
  const outcome = outcomeNames[verdict + 1] as PartOutcome
  const text = textOf(compiled)
  switch (node.kind) {
    case 'not':
      return { text, outcome, wanted, parts: traceUnheard(parts, facts, opposite(wanted)) }
    case 'policy': {
      const [allow, ...forbid] = parts as [CompiledPolicy, ...CompiledPolicy[]]
      const forbidden = traceUnheard(forbid, facts, opposite(wanted)).map((part) => ({
        ...part,
        text: `forbid: ${part.text}`,
      }))
      const below = [trace(allow, facts, wanted), ...forbidden]
      const { message } = node
      return message === undefined
        ? { text, outcome, wanted, parts: below }
        : { text, outcome, wanted, message, parts: below }
    }
    case 'use': {
      const named = facts.policies?.get(node.name)
      if (named !== undefined) return { text, outcome, wanted, parts: [trace(named, facts, wanted)] }
      break
    }
    default:
      if (parts.length > 0) return { text, outcome, wanted, parts: traceAll(parts, facts, wanted) }
  }
  const reason = verdict === isUndetermined ? why?.(facts) : remark?.(facts)
  return reason === undefined ? { text, outcome, wanted, parts: none } : { text, outcome, wanted, reason, parts: none }
}

type Wanted = PolicyTrace['wanted']

function traceAll(parts: readonly CompiledPolicy[], facts: PolicyFacts, wanted: Wanted): readonly PolicyTrace[] {
  return parts.map((part) => trace(part, facts, wanted))
}

function traceUnheard(parts: readonly CompiledPolicy[], facts: PolicyFacts, wanted: Wanted): readonly PolicyTrace[] {
  return parts.map((part) => trace(part, unheard(part, facts), wanted))
}

function opposite(wanted: Wanted): Wanted {
  return wanted === 'true' ? 'false' : 'true'
}

const outcomeNames: readonly PartOutcome[] = ['false', 'undetermined', 'true']

function textOf(compiled: CompiledPolicy): string {
  const known = texts.get(compiled)
  if (known !== undefined) return known
  const text = describePolicy(compiled.node)
  texts.set(compiled, text)
  return text
}

/** The leaves that are not as they would have to be. */
export function decisiveParts(tree: PolicyTrace): readonly PolicyTrace[] {
  if (tree.outcome === tree.wanted) return []
  return tree.parts.length === 0 ? [tree] : tree.parts.flatMap(decisiveParts)
}

/** What came of one part, in one line. */
export function formatPart({ text, outcome, reason }: PolicyTrace): string {
  return `${text}: ${reason ?? outcome}`
}

/** The tree as lines of text, for a console or a log. */
export function formatTrace(tree: PolicyTrace): string {
  return lines(tree, '', '').join('\n')
}

function lines(tree: PolicyTrace, head: string, indent: string): readonly string[] {
  const { text, outcome, reason, message, parts } = tree
  const remark = [outcome, reason, message].filter((each) => each !== undefined).join(' · ')
  const below = parts.flatMap((part, index) => {
    const isLast = index === parts.length - 1
    return lines(part, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`)
  })
  return [`${head}${text}: ${remark}`, ...below]
}
