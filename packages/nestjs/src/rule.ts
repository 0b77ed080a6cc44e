// What a handler says of itself, and what comes of it together with what its class says. Read once per class, before its
// first request; nothing of it is decided here.
import { isDeepStrictEqual } from 'node:util'
import { allOf, ConfigurationError, type Policy, use } from '@sallyport/core'
import { requirePolicyNode } from '@sallyport/core/adapter'
import { type AnyClass, methodsOf } from './methods.js'

/** One decorator on a class or a method. */
export type Mark =
  | { readonly access: 'public' | 'optional' }
  | { readonly access: 'required'; readonly policy: Policy | undefined; readonly replace: boolean }

/** Who may call a handler. */
export interface Rule {
  readonly access: Mark['access']
  /** All of them must be satisfied; none means the `policy` of the options. */
  readonly policies: readonly Policy[]
}

/** A policy, or the name of one, as `@Auth` takes it. @throws ConfigurationError */
export function toPolicy(policy: Policy | string | undefined): Policy | undefined {
  if (policy === undefined) return undefined
  return typeof policy === 'string' ? use(policy) : requirePolicyNode(policy)
}

const marksKey = Symbol.for('sallyport:marks')

/** Adds a mark to a class, or to a method by its name: other decorators may put another function in its place. */
export function addMark(mark: Mark, target: object, method?: string | symbol): void {
  const marks = [...marksOf(target, method), mark]
  if (method === undefined) Reflect.defineMetadata(marksKey, marks, target)
  else Reflect.defineMetadata(marksKey, marks, target, method)
}

function marksOf(target: object, method?: string | symbol): readonly Mark[] {
  const own =
    method === undefined ? Reflect.getOwnMetadata(marksKey, target) : Reflect.getOwnMetadata(marksKey, target, method)
  return own ?? []
}

/** The marks of the class itself, or of the nearest one that it extends. */
function inheritedMarksOf(type: object): readonly Mark[] {
  return Reflect.getMetadata(marksKey, type) ?? []
}

/** The rule of a class as a whole: of a gateway's connection, and of every method that says nothing. @throws ConfigurationError */
export function ruleOfClass(type: AnyClass): Rule {
  return combine(type.name, inheritedMarksOf(type), [])
}

/**
 * The rule of each method of a class, by the function that is called.
 *
 * @throws ConfigurationError for marks that contradict each other, be it on one method or on several with one function
 */
export function rulesOfMethods(type: AnyClass): ReadonlyMap<unknown, Rule> {
  const ofClass = inheritedMarksOf(type)
  const rules = new Map<unknown, Rule>()
  for (const { name, method, prototype } of methodsOf(type)) {
    const handler = `${type.name}.${String(name)}`
    const rule = combine(handler, ofClass, marksOf(prototype, name))
    if (!isDeepStrictEqual(rules.get(method) ?? rule, rule))
      throw new ConfigurationError(`${handler} is the same function as another method, which is marked otherwise`)
    rules.set(method, rule)
  }
  return rules
}

function combine(name: string, ofClass: readonly Mark[], ofMethod: readonly Mark[]): Rule {
  const [outer, inner] = [settle(name, ofClass), settle(name, ofMethod)]
  if (inner === undefined) return toRule(outer)
  const isJoined = inner.access === 'required' && outer?.access === 'required' && !inner.replace
  return toRule(isJoined ? { ...inner, policies: [...outer.policies, ...inner.policies] } : inner)
}

interface Settled {
  readonly access: Mark['access']
  readonly policies: readonly Policy[]
  readonly replace: boolean
}

/** Several marks on one target, as one. */
function settle(name: string, marks: readonly Mark[]): Settled | undefined {
  const [first] = marks
  if (first === undefined) return undefined
  if (marks.some(({ access }) => access !== first.access))
    throw new ConfigurationError(
      `${name} is marked with decorators that contradict each other: @Public, @OptionalAuth, @Auth`,
    )
  const required = marks.filter((mark) => mark.access === 'required')
  return {
    access: first.access,
    policies: required.flatMap(({ policy }) => policy ?? []),
    replace: required.some(({ replace }) => replace),
  }
}

/** Expressions become one, so that a refusal names everything that is asked for; a policy with a name of its own stays alone. */
function toRule(
  { access, policies }: Pick<Settled, 'access' | 'policies'> = { access: 'required', policies: [] },
): Rule {
  const expressions = policies.filter((policy) => policy.kind !== 'policy')
  const named = policies.filter((policy) => policy.kind === 'policy')
  return { access, policies: expressions.length < 2 ? policies : [allOf(...expressions), ...named] }
}
