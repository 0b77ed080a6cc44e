// The syntax of documents: YAML 1.2 with its core schema, of which JSON is a part. What could grow beyond bounds, or mean
// something else than it seems to, is refused while it is read.
import { Composer, CST, type Document, Lexer, type LineCounter, Parser } from 'yaml'
import type { Problems } from './problems.js'

/** How deep lists and mappings stand in each other at most. */
export const greatestDepth = 48
/** Each takes time. A document that makes sense has one for three characters or more. */
const greatestTokens = 131_072

const unwelcome: Readonly<Record<string, string>> = {
  anchor: 'anchors are not for policies: write it out, or name a policy and `use` it',
  alias: 'aliases are not for policies: write it out, or name a policy and `use` it',
  tag: 'tags are not for policies: put a string that begins with ! in quotes',
  'directive-line': 'directives are not for policies',
}

/** Refuses what is too deep or unwelcome while it is read, before anything is built from it. */
export function tokenizeYaml(text: string, lines: LineCounter, problems: Problems): readonly CST.Token[] {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  let documents = 0
  const take = (token: CST.Token): void => {
    tokens.push(token)
    if (token.type === 'document' && ++documents === 2) problems.add(token.offset, 'one file is one document')
    if (token.type === 'error') problems.add(token.offset, lowerCase(token.message))
  }
  let count = 0
  let isPlainText = false // what follows its mark is text, whatever it looks like
  for (const lexeme of new Lexer().lex(text)) {
    const at = parser.offset
    const remark = isPlainText ? undefined : unwelcome[CST.tokenType(lexeme) ?? '']
    isPlainText = lexeme === CST.SCALAR
    if (remark !== undefined) problems.add(at, remark)
    if (++count > greatestTokens) problems.add(at, 'this is more punctuation than policies need')
    for (const token of parser.next(lexeme)) take(token)
    // A document and a scalar stand on the stack beside the lists and mappings.
    if (parser.stack.length > greatestDepth + 2) problems.add(at, tooDeep)
    problems.throwIfAny()
  }
  for (const token of parser.end()) take(token)
  return tokens
}

/** What is said of it. */
export const tooDeep: string = `lists and mappings stand in each other at most ${greatestDepth} deep`

/** Builds the document. */
export function composeYaml(tokens: readonly CST.Token[], end: number, problems: Problems): Document.Parsed {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false, // judged below: the library compares every key with every other
    prettyErrors: false,
    logLevel: 'silent',
  })
  const [document] = composer.compose(tokens, true, end)
  const { errors } = document as Document.Parsed
  for (const { pos, message } of errors) problems.add(pos[0], lowerCase(message))
  return document as Document.Parsed
}

function lowerCase(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
