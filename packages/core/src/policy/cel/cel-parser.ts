// The grammar of CEL, read by recursive descent. What is grammar but stands in no policy (maps, messages) ends here.
import type { Arithmetic, CelNode, Constant, Relation } from './cel-ast.js'
import { quote, Refusal } from './cel-refusal.js'
import { readTokens, type Token } from './cel-tokens.js'

const greatestNesting = 16
/** Bounds the recursion over what was read. Literals are leaves, and don't count. */
const greatestOperators = 512

const keywords = ['false', 'in', 'null', 'true']
const reserved =
  'as break const continue else for function if import let loop package namespace return var void while'.split(' ')
const constants = new Map<string, Constant>([
  ['true', { type: 'bool', value: true }],
  ['false', { type: 'bool', value: false }],
  ['null', { type: 'null' }],
])
const relations: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Relation[]
/** What people write who know another language. */
const slips = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['is', '=='],
  ['equals', '=='],
])

/**
 * Reads an expression.
 *
 * @throws Refusal
 */
export function parseCel(text: string): CelNode {
  const parser = new Parser(readTokens(text))
  const node = parser.readExpression()
  parser.requireEnd()
  return node
}

/** Where the reading has come to. */
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #nesting = 0
  #operators = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  readExpression(): CelNode {
    if (++this.#nesting > greatestNesting) {
      throw new Refusal(
        this.#peek().at,
        `an expression is nested at most ${greatestNesting} deep; name a part of it and say use("…")`,
      )
    }
    const condition = this.#readLogic('or')
    const at = this.#accept('?')
    const node = at === undefined ? condition : this.#readBranches(at, condition)
    this.#nesting -= 1
    return node
  }

  requireEnd(): void {
    if (this.#peek().kind !== 'end') throw this.#unexpected()
  }

  #readBranches(at: number, condition: CelNode): CelNode {
    const then = this.#readLogic('or')
    this.#require(':')
    return this.#operator({ kind: 'conditional', at, condition, then, otherwise: this.readExpression() })
  }

  #readLogic(kind: 'and' | 'or'): CelNode {
    const readPart = (): CelNode => (kind === 'or' ? this.#readLogic('and') : this.#readRelation())
    const first = readPart()
    const parts = [first]
    let place: number | undefined
    for (
      let at = this.#accept(kind === 'or' ? '||' : '&&');
      at !== undefined;
      at = this.#accept(kind === 'or' ? '||' : '&&')
    ) {
      place ??= at
      parts.push(readPart())
    }
    if (place === undefined) return first
    return this.#operator({ kind, at: place, of: parts.flatMap((part) => (part.kind === kind ? part.of : [part])) })
  }

  #readRelation(): CelNode {
    let left = this.#readSum()
    for (;;) {
      const { text, kind, at } = this.#peek()
      if (kind === 'name' && text === 'in') {
        this.#next += 1
        left = this.#operator({ kind: 'in', at, left, right: this.#readSum() })
      } else if (kind === 'sign' && relations.includes(text)) {
        this.#next += 1
        left = this.#operator({ kind: 'relation', at, operator: text as Relation, left, right: this.#readSum() })
      } else return left
    }
  }

  #readSum(): CelNode {
    return this.#readArithmetic(['+', '-'], () => this.#readArithmetic(['*', '/', '%'], () => this.#readUnary()))
  }

  #readArithmetic(operators: readonly Arithmetic[], readPart: () => CelNode): CelNode {
    let left = readPart()
    for (;;) {
      const { kind, text, at } = this.#peek()
      const operator = kind === 'sign' ? operators.find((one) => one === text) : undefined
      if (operator === undefined) return left
      this.#next += 1
      left = this.#operator({ kind: 'arithmetic', at, operator, left, right: readPart() })
    }
  }

  #readUnary(): CelNode {
    const { text, at } = this.#peek()
    const kind = text === '!' ? 'not' : 'minus'
    let count = 0
    while (this.#accept(kind === 'not' ? '!' : '-') !== undefined) count += 1
    const of = this.#readMember(count === 1 && kind === 'minus')
    return count % 2 === 1 ? this.#operator({ kind, at, of }) : of // two of them are none, whatever they stand before
  }

  #readMember(isAfterMinus = false): CelNode {
    let node = this.#readPrimary()
    if (!isAfterMinus && isLeastInt(node)) throw new Refusal(node.at, `${2n ** 63n} is too great a number`)
    for (;;) {
      const dot = this.#accept('.')
      const bracket = dot === undefined ? this.#accept('[') : undefined
      if (dot !== undefined) node = this.#readField(node)
      else if (bracket !== undefined) {
        const isOptional = this.#accept('?') !== undefined
        node = this.#operator({ kind: 'index', at: bracket, of: node, key: this.readExpression(), isOptional })
        this.#require(']')
      } else return node
    }
  }

  #readField(of: CelNode): CelNode {
    const isOptional = this.#accept('?') !== undefined
    const { kind, text, at } = this.#peek()
    if (kind === 'escaped') {
      this.#next += 1
      return this.#operator({ kind: 'select', at, of, name: text.slice(1, -1), isOptional })
    }
    if (kind !== 'name' || keywords.includes(text)) throw this.#unexpected('the name of a field')
    this.#next += 1
    if (!isOptional && this.#accept('(') !== undefined) {
      return this.#operator({ kind: 'call', at, name: text, target: of, args: this.#readList(')') })
    }
    return this.#operator({ kind: 'select', at, of, name: text, isOptional })
  }

  #readPrimary(): CelNode {
    const token = this.#peek()
    const { at, text } = token
    if (token.kind === 'literal') {
      this.#next += 1
      return { kind: 'literal', at, value: token.value }
    }
    if (this.#accept('(') !== undefined) {
      const node = this.readExpression()
      this.#require(')')
      return node
    }
    if (this.#accept('[') !== undefined) return this.#operator({ kind: 'list', at, items: this.#readList(']') })
    if (text === '{') throw new Refusal(at, 'there are no maps in a policy')
    if (token.kind !== 'name' || text === 'in') throw this.#unexpected()
    this.#next += 1
    const value = constants.get(text)
    if (value !== undefined) return { kind: 'literal', at, value }
    if (reserved.includes(text)) throw new Refusal(at, `\`${text}\` is a word that CEL keeps for others`)
    if (this.#accept('(') === undefined) return { kind: 'name', at, name: text }
    return this.#operator({ kind: 'call', at, name: text, target: undefined, args: this.#readList(')') })
  }

  #readList(end: ')' | ']'): readonly CelNode[] {
    const items: CelNode[] = []
    while (this.#accept(end) === undefined) {
      if (items.length > 0) {
        this.#require(',', end)
        if (end === ']' && this.#accept(end) !== undefined) break
      }
      items.push(this.readExpression())
    }
    return items
  }

  #operator<Node extends CelNode>(node: Node): Node {
    if (++this.#operators <= greatestOperators) return node
    throw new Refusal(
      node.at,
      `an expression has at most ${greatestOperators} operators; name a part of it and say use("…")`,
    )
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }

  #accept(sign: string): number | undefined {
    const { kind, text, at } = this.#peek()
    if (kind !== 'sign' || text !== sign) return undefined
    this.#next += 1
    return at
  }

  #require(sign: string, or?: string): void {
    if (this.#accept(sign) === undefined) {
      throw this.#unexpected(or === undefined ? `\`${sign}\`` : `\`${sign}\` or \`${or}\``)
    }
  }

  #unexpected(wanted?: string): Refusal {
    const { kind, text, at } = this.#peek()
    const instead = wanted === undefined ? '' : `, and ${wanted} should`
    if (kind === 'end') {
      return new Refusal(at, `the expression ends too early${wanted === undefined ? '' : `: ${wanted} is missing`}`)
    }
    const right = kind === 'name' ? slips.get(text.toLowerCase()) : undefined
    if (right !== undefined) return new Refusal(at, `\`${text}\` is no operator of CEL; write \`${right}\``)
    if (text === '{') return new Refusal(at, 'there are no maps and no messages in a policy')
    return new Refusal(at, `${quote(text)} cannot stand here${instead}`)
  }
}

/** 2⁶³, which is an integer only after a minus. */
function isLeastInt(node: CelNode): boolean {
  return node.kind === 'literal' && node.value.type === 'int' && node.value.value === 2n ** 63n
}
