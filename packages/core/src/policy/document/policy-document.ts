// Policies as documents, in YAML or JSON: read with every word judged, and written in one canonical way.
import { Document, isScalar, Scalar, visit } from 'yaml'
import { ConfigurationError } from '../../errors.js'
import { didYouMean, requireKnownOptions } from '../../option-checks.js'
import { type PolicyVocabulary, parseVocabulary } from '../kit/vocabulary.js'
import type { NamedPolicy } from '../policy.js'
import { requirePolicyName } from '../word-checks.js'
import { policy } from '../words.js'
import { kindOf, plainValue, quote, readDocumentSource, type SourceMap, type SourceNode } from './document-source.js'
import { toDocument } from './print-policy.js'
import { type Problems, refuse } from './problems.js'
import { type Reading, readNode } from './read-node.js'

/** What stands in a document. */
export interface PolicyDocument {
  readonly policies: readonly NamedPolicy[]
  /** The claims, scopes, roles, levels and issuers that it declares. */
  readonly vocabulary: PolicyVocabulary
  /** Its test tables as they stand there, judged by nobody yet. */
  readonly tests: unknown
}

/** What {@link parsePolicyDocument} takes beside the text. */
export interface PolicyDocumentOptions {
  /** Stands before every problem: `policies.yaml:7:11: …`. @defaultValue `'policies'` */
  readonly fileName?: string
}

const vocabularyWords = ['claims', 'scopes', 'roles', 'acrLevels', 'issuers'] as const
const documentWords = ['$schema', 'version', ...vocabularyWords, 'policies', 'tests']
const policyWords = ['allow', 'forbid', 'message']

/**
 * Reads a document, in YAML or JSON. Whether the policies that are used by others are there is judged by {@link policySet}.
 *
 * @param text - YAML 1.2 without anchors, tags and merge keys, or JSON; at most 256 KiB
 * @throws ConfigurationError with the places of everything that is wrong, one a line, the first ten
 */
export function parsePolicyDocument(text: string, options: PolicyDocumentOptions = {}): PolicyDocument {
  requireKnownOptions(options, ['fileName'], 'parsePolicyDocument()')
  const { fileName = 'policies' } = options
  if (typeof text !== 'string') throw new ConfigurationError(`${fileName}: a policy document is a text`)
  const { root, problems } = readDocumentSource(text, fileName)
  const document = problems.attempt(root.at, () => readDocument(root, problems))
  problems.throwIfAny()
  return document as PolicyDocument
}

function readDocument(root: SourceNode, problems: Problems): PolicyDocument | undefined {
  if (root.kind === 'scalar' && root.value === null) refuse(root.at, 'the document is empty')
  if (root.kind !== 'map') return refuse(root.at, `a document is a mapping with \`policies\`, not ${kindOf(root)}`)
  requireVersion(root)
  const schema = memberOf(root, '$schema')
  if (schema !== undefined && typeof plainValue(schema) !== 'string')
    refuse(schema.at, '`$schema` is for editors, and a text')
  requireMembers(root, documentWords, 'a document', problems)
  const vocabulary = readVocabulary(root, problems)
  if (vocabulary === undefined) return undefined
  const policies = memberOf(root, 'policies')
  if (policies === undefined) return refuse(root.at, 'a document needs `policies`')
  if (policies.kind !== 'map') return refuse(policies.at, `\`policies\` are policies by name, not ${kindOf(policies)}`)
  if (policies.entries.length === 0) refuse(policies.at, '`policies` has one policy or more')
  const reading: Reading = { problems, vocabulary }
  const read = policies.entries.map(({ key, keyAt, value }) =>
    problems.attempt(keyAt, () => readPolicy(requirePolicyName(key, '`policies`'), keyAt, value, reading)),
  )
  const tests = memberOf(root, 'tests')
  return Object.freeze({
    policies: Object.freeze(read.filter((each) => each !== undefined)),
    vocabulary,
    tests: tests && plainValue(tests),
  })
}

/** Another version may mean something else by every word: nothing more is said of it. */
function requireVersion(root: SourceMap): void {
  const version = memberOf(root, 'version')
  if (version === undefined) refuse(root.at, 'a document says its version first: `version: 1`')
  if (plainValue(version) !== 1) refuse(version.at, `this is version 1 of the documents, not ${kindOf(version)}`)
}

function readVocabulary(root: SourceMap, problems: Problems): PolicyVocabulary | undefined {
  const parts = vocabularyWords.map((word) => {
    const value = memberOf(root, word)
    return value === undefined ? {} : problems.attempt(value.at, () => parseVocabulary({ [word]: plainValue(value) }))
  })
  return parts.includes(undefined) ? undefined : Object.freeze(Object.assign({}, ...parts))
}

function readPolicy(name: string, keyAt: number, node: SourceNode, reading: Reading): NamedPolicy | undefined {
  const { problems } = reading
  if (node.kind !== 'map') return refuse(node.at, `a policy is a mapping with \`allow\`, not ${kindOf(node)}`)
  const areKnown = requireMembers(node, policyWords, 'a policy', problems)
  const allow = memberOf(node, 'allow')
  const forbid = memberOf(node, 'forbid')
  const message = memberOf(node, 'message')
  if (allow === undefined && !areKnown) return undefined
  if (allow === undefined) return refuse(keyAt, `${quote(name)} needs \`allow\`; for nobody say \`always: deny\``)
  if (forbid !== undefined && forbid.kind !== 'list') refuse(forbid.at, `\`forbid\` is a list, not ${kindOf(forbid)}`)
  const allowed = readNode(allow, reading)
  const forbidden = forbid?.items.map((item) => readNode(item, reading)) ?? []
  if (allowed === undefined || forbidden.includes(undefined)) return undefined
  return policy(name, {
    allow: allowed,
    forbid: forbidden.filter((each) => each !== undefined),
    ...(message !== undefined && { message: plainValue(message) as string }),
  })
}

function requireMembers(node: SourceMap, known: readonly string[], what: string, problems: Problems): boolean {
  const unknown = node.entries.filter(({ key }) => !known.includes(key))
  for (const { key, keyAt } of unknown) {
    problems.add(keyAt, `${what} has no ${quote(key)}${didYouMean(key, known)}`)
  }
  return unknown.length === 0
}

function memberOf(node: SourceMap, name: string): SourceNode | undefined {
  return node.entries.find(({ key }) => key === name)?.value
}

/** What {@link formatPolicyDocument} takes beside the policies. */
export interface PolicyFormat {
  /** Becomes part of the document. Where scopes have a wildcard, it must say so. */
  readonly vocabulary?: PolicyVocabulary
  /** @defaultValue `'yaml'` */
  readonly format?: 'yaml' | 'json'
}

/**
 * Writes a document, which {@link parsePolicyDocument} reads as the same policies.
 *
 * @throws ConfigurationError for what a document cannot say: `custom`, and policies that go beyond its bounds
 */
export function formatPolicyDocument(policies: Iterable<NamedPolicy>, options: PolicyFormat = {}): string {
  requireKnownOptions(options, ['vocabulary', 'format'], 'formatPolicyDocument()')
  const { vocabulary = {}, format = 'yaml' } = options
  if (format !== 'yaml' && format !== 'json') throw new ConfigurationError("`format` must be 'yaml' or 'json'")
  const document = toDocument(policies, parseVocabulary(vocabulary))
  const text = format === 'json' ? `${JSON.stringify(document, undefined, 2)}\n` : toYaml(document)
  readDocumentSource(text, 'the document') // what is written can be read
  return text
}

/** What nobody sees, or some take for a line end. */
const ambiguous = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

function toYaml(value: unknown): string {
  const document = new Document(value, {
    version: '1.2',
    schema: 'core',
    compat: 'yaml-1.1', // quotes what an older reader would take for something else: 08:00, no, <<
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && ambiguous.test(node.value)) node.type = Scalar.QUOTE_DOUBLE
    },
    Seq(_, node) {
      node.flow = node.items.every(isScalar)
    },
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}
