// Comparisons of CEL, as policy words: `claims.tenant == params.tenantId`, `"admin" in claims.roles`.
import { ClaimSubject, type Subject } from '../comparison.js'
import { type Expression, make, type Scalar } from '../policy.js'
import { req } from '../request-words.js'
import { authenticatedWithin, boundBy, not, role, scope } from '../words.js'
import { requireConstant, toScalar } from './cel-argument.js'
import type { CelNode, Constant, Relation } from './cel-ast.js'
import { clockIsIn } from './cel-clock.js'
import { type Operand, readOperand } from './cel-operand.js'
import { judgedAt, Refusal } from './cel-refusal.js'

const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const

/**
 * Translates `==`, `!=`, `<`, `<=`, `>` and `>=`.
 *
 * @throws Refusal
 */
export function translateRelation(node: Extract<CelNode, { kind: 'relation' }>): Expression {
  const left = readOperand(node.left)
  const right = readOperand(node.right)
  const isTurned = left.kind === 'constant' || left.kind === 'duration' || left.kind === 'mtls' || left.kind === 'dpop'
  const operator = isTurned ? mirrored[node.operator] : node.operator
  const [subject, other, otherNode] = isTurned ? [right, left, node.left] : [left, right, node.right]
  if (other.kind === 'constant' && other.value.type === 'error') return undetermined()
  if ((other.kind === 'mtls' || other.kind === 'dpop') && subject.kind !== 'subject') {
    throw unboundComparison(node.at, other.kind)
  }
  return judgedAt(node.at, () => relate({ at: node.at, otherAt: otherNode.at }, operator, subject, other))
}

interface Places {
  readonly at: number
  readonly otherAt: number
}

function relate({ at, otherAt }: Places, operator: Relation, subject: Operand, other: Operand): Expression {
  switch (subject.kind) {
    case 'subject':
      return relateSubject({ at, otherAt }, operator, subject.subject, other)
    case 'method': {
      if (operator !== '==' && operator !== '!=') {
        throw new Refusal(at, 'req.method has no order; write req.method in ["GET", "HEAD"]')
      }
      const method = req.method(requireText(otherAt, other))
      return operator === '==' ? method : not(method)
    }
    case 'age': {
      if (operator !== '<=') throw new Refusal(at, 'freshness is written with <=: now - claims.auth_time <= 900')
      const seconds =
        other.kind === 'duration'
          ? other.seconds
          : other.kind === 'constant'
            ? toScalar(otherAt, other.value)
            : undefined
      if (!Number.isInteger(seconds)) {
        throw new Refusal(otherAt, 'freshness is a whole number of seconds or a duration("15m")')
      }
      return authenticatedWithin(`${seconds as number}s`)
    }
    case 'hour':
    case 'day': {
      const value = other.kind === 'constant' ? toScalar(otherAt, other.value) : undefined
      if (typeof value === 'number') return clockIsIn(at, subject, (now) => holds(operator, now, value))
      throw new Refusal(otherAt, 'hours and days are numbers')
    }
    case 'ip':
      throw new Refusal(at, 'an address is not compared as text; write cidr("10.20.0.0/16").containsIP(req.ip)')
    case 'scopes':
    case 'roles':
      throw new Refusal(at, `\`${subject.kind}\` is not compared as a whole; write "…" in ${subject.kind}`)
    case 'mtls':
    case 'dpop':
      throw unboundComparison(at, subject.kind)
    case 'record':
      throw new Refusal(at, 'only single fields are compared, such as claims.tenant')
    case 'constant':
    case 'duration':
      throw new Refusal(at, 'durations are compared with now - claims.auth_time')
  }
}

function relateSubject(places: Places, operator: Relation, subject: Subject, other: Operand): Expression {
  const isEquality = operator === '==' || operator === '!='
  if (other.kind === 'mtls' || other.kind === 'dpop') {
    const { reference } = subject
    const isPlain = reference.from === 'claim' && reference.as === undefined && reference.orElse === undefined
    const wanted = other.kind === 'mtls' ? ['cnf', 'x5t#S256'] : ['cnf', 'jkt']
    if (operator !== '==' || !isPlain || JSON.stringify(reference.path) !== JSON.stringify(wanted)) {
      throw unboundComparison(places.at, other.kind)
    }
    return boundBy(other.kind)
  }
  if (other.kind === 'subject' && isEquality) {
    const equality = subject.equals(other.subject)
    return operator === '==' ? equality : not(equality)
  }
  if (other.kind !== 'constant') {
    throw new Refusal(
      places.at,
      'these two cannot be compared; a claim is compared with a claim, a parameter, a header or a constant',
    )
  }
  const value = toScalar(places.otherAt, other.value)
  if (isEquality) return operator === '==' ? subject.equals(value) : not(subject.equals(value))
  return relateNumber(places.at, operator, subject, value)
}

function relateNumber(at: number, operator: Relation, subject: Subject, value: Scalar): Expression {
  if (!(subject instanceof ClaimSubject) || typeof value !== 'number') {
    throw new Refusal(at, `\`${operator}\` compares claims with numbers, and nothing else`)
  }
  if (operator === '>=') return subject.atLeast(value)
  if (operator === '<=') return subject.atMost(value)
  return not(operator === '>' ? subject.atMost(value) : subject.atLeast(value))
}

function holds(operator: Relation, left: number, right: number): boolean {
  if (operator === '==' || operator === '!=') return (left === right) === (operator === '==')
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

/**
 * Translates `in`.
 *
 * @throws Refusal
 */
export function translateIn({ at, left, right }: Extract<CelNode, { kind: 'in' }>): Expression {
  const item = readOperand(left)
  const list =
    right.kind === 'list' ? { kind: 'constant' as const, value: requireConstant(right, 'a list') } : readOperand(right)
  return judgedAt(at, () => {
    if (list.kind === 'constant') return isOneOf(at, item, list.value)
    if (item.kind === 'constant' && item.value.type === 'error') return undetermined()
    if (list.kind === 'scopes') return scope(requireText(left.at, item))
    if (list.kind === 'roles') return role(requireText(left.at, item))
    if (list.kind === 'record') return list.read(requireText(left.at, item)).exists()
    if (list.kind !== 'subject' || !(list.subject instanceof ClaimSubject)) {
      throw new Refusal(right.at, 'this is no list; `in` looks into scopes, roles, claims and ["…"]')
    }
    if (item.kind === 'subject') return list.subject.includes(item.subject)
    const text = requireText(left.at, item)
    if (text === '' && list.subject.reference.as === 'spaceList') throw new Refusal(left.at, 'no word is empty')
    return list.subject.includes(text)
  })
}

function isOneOf(at: number, item: Operand, list: Constant): Expression {
  if (list.type === 'error') return undetermined()
  if (list.type !== 'list') throw new Refusal(at, '`in` looks into lists; write in ["…"]')
  const values = list.items.map((value) => toScalar(at, value))
  if (item.kind === 'subject') return item.subject.oneOf(...values)
  if (item.kind === 'method') return req.method(...values.map((value) => requireString(at, value)))
  if (item.kind === 'hour' || item.kind === 'day') return clockIsIn(at, item, (now) => values.includes(now))
  if (item.kind === 'ip') {
    throw new Refusal(at, 'an address is not compared as text; write cidr("10.20.0.0/16").containsIP(req.ip)')
  }
  throw new Refusal(at, 'only a single value can be in such a list; write scopes.exists(s, s in ["a", "b"])')
}

/** An expression that has no value in CEL, whatever the token and the request. */
export function undetermined(): Expression {
  return make({ kind: 'always', verdict: 'undetermined' })
}

function unboundComparison(at: number, kind: 'mtls' | 'dpop'): Refusal {
  const both = kind === 'mtls' ? 'claims.cnf["x5t#S256"] == mtls.thumbprint' : 'claims.cnf.jkt == dpop.jkt'
  return new Refusal(
    at,
    `the proof of the holder is compared with what the token is bound to, and with nothing else: ${both}; for the opposite write !boundBy("${kind}")`,
  )
}

function requireText(at: number, operand: Operand): string {
  if (operand.kind === 'constant') return requireString(at, toScalar(at, operand.value))
  throw new Refusal(at, 'here stands a string, written out')
}

function requireString(at: number, value: Scalar): string {
  if (typeof value === 'string') return value
  throw new Refusal(at, `here stands a string, and ${JSON.stringify(value)} is none`)
}
