// What is written in an expression itself, as the policy words take it: texts, numbers, booleans.
import type { Scalar } from '../policy.js'
import type { CelCall, CelNode, Constant } from './cel-ast.js'
import { foldConstant } from './cel-constant.js'
import { quote, Refusal } from './cel-refusal.js'

/**
 * A constant, as the policy words take it.
 *
 * @throws Refusal
 */
export function toScalar(at: number, value: Constant): Scalar {
  switch (value.type) {
    case 'bool':
    case 'string':
    case 'double':
      return value.value
    case 'int':
    case 'uint':
      if (Number.isSafeInteger(Number(value.value))) return Number(value.value)
      throw new Refusal(
        at,
        `${value.value} is no number that JSON carries safely; compare string(claims.x) with a string`,
      )
    case 'null':
      throw new Refusal(at, 'null is as good as missing; write !has(claims.x), or has(claims.x)')
    case 'list':
      throw new Refusal(at, 'a list is not compared as a whole; write "x" in claims.roles')
    case 'error':
      throw new Refusal(at, 'this has no value in CEL')
  }
}

/** @throws Refusal */
export function requireConstant(node: CelNode, what: string): Constant {
  const value = foldConstant(node)
  if (value !== undefined) return value
  throw new Refusal(
    node.at,
    `${what} holds only what is written in the policy, not what is read from the token or the request`,
  )
}

/** The one argument, a string. @throws Refusal */
export function textArgument({ at, name, args }: CelCall): string {
  const [text, ...more] = textArguments({ at, name, args })
  if (text !== undefined && more.length === 0) return text
  throw new Refusal(at, `${name}() takes one string`)
}

/** The arguments, all strings. @throws Refusal */
export function textArguments({ name, args }: Pick<CelCall, 'at' | 'name' | 'args'>): readonly string[] {
  return args.map((argument) => {
    const value = requireConstant(argument, `${name}()`)
    if (value.type === 'string') return value.value
    throw new Refusal(argument.at, `${name}() takes strings`)
  })
}

/** The one argument of duration(), in seconds: Go's way to write durations, as far as they are whole. @throws Refusal */
export function durationArgument(node: CelCall): number {
  const text = textArgument(node)
  const parts = /^(?:(\d{1,5})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?$/.exec(text)
  const [, hours = '0', minutes = '0', seconds = '0'] = parts ?? []
  if (parts !== null && text !== '') return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
  throw new Refusal(
    node.at,
    `duration() takes whole hours, minutes and seconds, such as "15m" or "1h30m", and ${quote(text)} is not that`,
  )
}
