// What CEL makes of constants, at load. Where implementations differ from one another, the text is refused.
import type { Arithmetic, CelNode, Constant, Relation } from './cel-ast.js'
import { Refusal } from './cel-refusal.js'

const error: Constant = { type: 'error' }

/**
 * The value of an expression that reads nothing of the token or the request; `undefined` for any other.
 *
 * @throws Refusal where the value is not certain
 */
export function foldConstant(node: CelNode): Constant | undefined {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'list':
      return withAll(node.items, (items) => (items.some(isError) ? error : { type: 'list', items }))
    case 'not':
      return withAll([node.of], ([value]) => (value.type === 'bool' ? toBool(!value.value) : error))
    case 'minus':
      return withAll([node.of], ([value]) => negate(value))
    case 'and':
    case 'or':
      return withAll(node.of, (parts) => decide(parts, node.kind === 'or'))
    case 'conditional':
      return withAll([node.condition, node.then, node.otherwise], ([condition, then, otherwise]) =>
        condition.type === 'bool' ? (condition.value ? then : otherwise) : error,
      )
    case 'relation':
      return withAll([node.left, node.right], ([left, right]) => relate(node.at, node.operator, left, right))
    case 'in':
      return withAll([node.left, node.right], ([left, right]) => isAmong(node.at, left, right))
    case 'arithmetic':
      return withAll([node.left, node.right], ([left, right]) => calculate(node.at, node.operator, left, right))
    case 'call':
      return foldCall(node)
    default:
      return undefined
  }
}

function foldCall({ name, target, args }: Extract<CelNode, { kind: 'call' }>): Constant | undefined {
  if (target === undefined) {
    return name === 'dyn'
      ? withAll(args, ([value, ...more]) => (more.length > 0 ? error : (value ?? error)))
      : undefined
  }
  if (name !== 'startsWith' && name !== 'endsWith') return undefined
  return withAll([target, ...args], ([whole, part, ...more]) => {
    if (whole?.type !== 'string' || part?.type !== 'string' || more.length > 0) return error
    return toBool(name === 'startsWith' ? whole.value.startsWith(part.value) : whole.value.endsWith(part.value))
  })
}

type Folded<Nodes extends readonly CelNode[]> = { [Index in keyof Nodes]: Constant }

/** Looks at each, so that what must be refused is refused wherever it stands. */
function withAll<const Nodes extends readonly CelNode[]>(
  nodes: Nodes,
  combine: (values: Folded<Nodes>) => Constant,
): Constant | undefined {
  const values = nodes.map(foldConstant)
  return values.every((value) => value !== undefined) ? combine(values as unknown as Folded<Nodes>) : undefined
}

/** One decisive part decides, whatever the others are; any other that is no boolean leaves no value. */
function decide(parts: readonly Constant[], decisive: boolean): Constant {
  if (parts.some((part) => part.type === 'bool' && part.value === decisive)) return toBool(decisive)
  return parts.every((part) => part.type === 'bool') ? toBool(!decisive) : error
}

function relate(at: number, operator: Relation, left: Constant, right: Constant): Constant {
  if (isError(left) || isError(right)) return error
  if (operator === '==' || operator === '!=') return toBool(isEqual(at, left, right) === (operator === '=='))
  const order = compare(at, left, right)
  if (order === undefined) return error
  if (operator === '<') return toBool(order < 0)
  if (operator === '<=') return toBool(order <= 0)
  return toBool(operator === '>' ? order > 0 : order >= 0)
}

function isAmong(at: number, value: Constant, list: Constant): Constant {
  if (isError(value) || list.type !== 'list') return error
  return toBool(list.items.some((item) => isEqual(at, item, value)))
}

/** What is of two types is not equal; all numbers are of one. */
function isEqual(at: number, left: Constant, right: Constant): boolean {
  if (left.type === 'list' && right.type === 'list') {
    return (
      left.items.length === right.items.length &&
      left.items.every((item, index) => isEqual(at, item, right.items[index] as Constant))
    )
  }
  if (left.type === 'null' && right.type === 'null') return true
  return compare(at, left, right) === 0
}

/** `undefined` for what has no order. */
function compare(at: number, left: Constant, right: Constant): number | undefined {
  if (left.type === 'string' && right.type === 'string') {
    return Buffer.compare(Buffer.from(left.value), Buffer.from(right.value)) // as code points do, and UTF-16 does not
  }
  if (left.type === 'bool' && right.type === 'bool') return Number(left.value) - Number(right.value)
  if (!isNumber(left) || !isNumber(right)) return undefined
  // An integer that no double can hold is rounded by some, and compared as it is by others.
  if (left.type === 'double' || right.type === 'double') for (const side of [left, right]) requireExact(at, side)
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0
}

type NumberConstant = Extract<Constant, { type: 'int' | 'uint' | 'double' }>

function isNumber(value: Constant): value is NumberConstant {
  return value.type === 'int' || value.type === 'uint' || value.type === 'double'
}

function requireExact(at: number, { value }: NumberConstant): void {
  if (typeof value === 'number' || Number.isSafeInteger(Number(value))) return
  throw new Refusal(at, `${value} is too great to be compared with a number that has a point`)
}

const ranges = {
  int: { least: -(2n ** 63n), greatest: 2n ** 63n - 1n },
  uint: { least: 0n, greatest: 2n ** 64n - 1n },
} as const

function toInteger(type: 'int' | 'uint', value: bigint): Constant {
  return value < ranges[type].least || value > ranges[type].greatest ? error : { type, value }
}

function negate(value: Constant): Constant {
  if (value.type === 'int') return toInteger('int', -value.value)
  return value.type === 'double' ? { type: 'double', value: -value.value } : error
}

function calculate(at: number, operator: Arithmetic, left: Constant, right: Constant): Constant {
  if (left.type === 'double' && right.type === 'double') return calculateDouble(at, operator, left.value, right.value)
  if ((left.type === 'int' && right.type === 'int') || (left.type === 'uint' && right.type === 'uint')) {
    return calculateInteger(at, operator, left, right.value)
  }
  if (operator !== '+') return error
  if (left.type === 'string' && right.type === 'string') return { type: 'string', value: left.value + right.value }
  return left.type === 'list' && right.type === 'list'
    ? { type: 'list', items: [...left.items, ...right.items] }
    : error
}

function calculateInteger(
  at: number,
  operator: Arithmetic,
  { type, value: left }: Extract<Constant, { type: 'int' | 'uint' }>,
  right: bigint,
): Constant {
  switch (operator) {
    case '+':
      return toInteger(type, left + right)
    case '-':
      return toInteger(type, left - right)
    case '*':
      return toInteger(type, left * right)
    case '/':
      return right === 0n ? error : toInteger(type, left / right)
    case '%':
      if (right !== -1n || left !== ranges.int.least) return right === 0n ? error : { type, value: left % right }
      throw new Refusal(at, `${left} % -1 is 0 for some and an overflow for others`)
  }
}

function calculateDouble(at: number, operator: Arithmetic, left: number, right: number): Constant {
  if (operator === '%') return error
  const value =
    operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : left / right
  if (Number.isFinite(value)) return { type: 'double', value }
  throw new Refusal(at, `${left} ${operator} ${right} is no finite number`)
}

function isError(value: Constant): boolean {
  return value.type === 'error'
}

function toBool(value: boolean): Constant {
  return { type: 'bool', value }
}
