// The text of a document, read into values that know their place: JSON, or the part of YAML 1.2 that says what it seems to
// say. No anchors and aliases, merge keys, tags, directives or second documents; keys are strings and occur once.
import { isMap, isScalar, isSeq, LineCounter, type Scalar } from 'yaml'
import { ConfigurationError } from '../../errors.js'
import { show } from '../comparison.js'
import { composeYaml, greatestDepth, tokenizeYaml, tooDeep } from './parse-yaml.js'
import { Problems } from './problems.js'

/** A value of a document, and where it begins. */
export type SourceNode = SourceScalar | SourceList | SourceMap

/** A value without parts. */
export interface SourceScalar {
  readonly kind: 'scalar'
  readonly at: number
  readonly value: string | number | boolean | null
}

/** A list. */
export interface SourceList {
  readonly kind: 'list'
  readonly at: number
  readonly items: readonly SourceNode[]
}

/** A mapping, in the order of the text. */
export interface SourceMap {
  readonly kind: 'map'
  readonly at: number
  readonly entries: readonly SourceEntry[]
}

/** One member of a mapping. */
export interface SourceEntry {
  readonly key: string
  readonly keyAt: number
  readonly value: SourceNode
}

/** A document that could be read, and a place to put what is wrong with it. */
export interface DocumentSource {
  readonly root: SourceNode
  readonly problems: Problems
}

/** The greatest size of a document in UTF-8. */
export const greatestBytes = 262_144

/**
 * Reads a document.
 *
 * @param fileName - stands before every problem
 * @throws ConfigurationError with the places of what is wrong
 */
export function readDocumentSource(text: string, fileName: string): DocumentSource {
  if (Buffer.byteLength(text) > greatestBytes) {
    throw new ConfigurationError(`${fileName}: a policy document has at most ${greatestBytes / 1024} KiB`)
  }
  const lines = new LineCounter()
  lines.addNewLine(0)
  const problems = new Problems(fileName, (offset) => lines.linePos(offset))
  const body = text.replace(/^\uFEFF/, '')
  const tokens = tokenizeYaml(body, lines, problems)
  problems.throwIfAny()
  const document = composeYaml(tokens, body.length, problems)
  problems.throwIfAny()
  const root = toSource(document.contents, problems, 0, 0)
  problems.throwIfAny()
  return { root, problems }
}

function toSource(node: unknown, problems: Problems, fallback: number, depth: number): SourceNode {
  const at = (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? fallback
  if (depth === greatestDepth && (isSeq(node) || isMap(node))) problems.add(at, tooDeep)
  if (isSeq(node)) {
    return { kind: 'list', at, items: node.items.map((item) => toSource(item, problems, at, depth + 1)) }
  }
  if (isMap(node)) {
    const seen = new Set<string>()
    const entries: SourceEntry[] = []
    for (const { key, value } of node.items) {
      const keyAt = (key as { range?: readonly number[] } | null)?.range?.[0] ?? at
      const name = toKey(key, keyAt, problems)
      if (name === undefined) continue
      if (seen.has(name)) problems.add(keyAt, `the key ${quote(name)} occurs twice`)
      seen.add(name)
      entries.push({ key: name, keyAt, value: toSource(value, problems, keyAt, depth + 1) })
    }
    return { kind: 'map', at, entries }
  }
  return { kind: 'scalar', at, value: isScalar(node) ? toValue(node, at, problems) : null }
}

function toKey(key: unknown, at: number, problems: Problems): string | undefined {
  if (!isScalar(key) || typeof key.value !== 'string') {
    const value = isScalar(key) ? key.value : undefined
    problems.add(at, `keys are strings${value === undefined ? '' : `: put ${show(value)} in quotes`}`)
    return undefined
  }
  if (key.value === '<<' && key.type === 'PLAIN') problems.add(at, 'merge keys are not for policies: write it out')
  if (key.value === '__proto__' || !key.value.isWellFormed()) problems.add(at, `${quote(key.value)} is no key`)
  return key.value
}

const isInteger = /^(?:[-+]?\d+|0x[\da-f]+|0o[0-7]+)$/i

function toValue({ value, source = '' }: Scalar, at: number, problems: Problems): SourceScalar['value'] {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) problems.add(at, 'half a character (a lone surrogate) is no text')
      return value
    case 'number':
      if (!Number.isFinite(value)) problems.add(at, `${source} is no finite number; put a text in quotes`)
      else if (!Number.isSafeInteger(value) && isInteger.test(source) && String(value) !== source)
        problems.add(at, `${source} is a number that JavaScript cannot hold exactly; is it a text, in quotes?`)
      return value
    case 'boolean':
      return value
    default:
      return null
  }
}

/** A word of a document in a message. */
export function quote(word: string): string {
  return /^[\w.:/-]{1,80}$/.test(word) ? `\`${word}\`` : show(word)
}

/** The value without its place. */
export function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainValue)
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value)]))
}

/** What a value is, in a message. */
export function kindOf(node: SourceNode): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a mapping'
  return node.value === null ? 'nothing' : show(node.value)
}
