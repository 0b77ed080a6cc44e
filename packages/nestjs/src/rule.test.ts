import 'reflect-metadata'
import { allOf, type Policy, policy, scope, use } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { Auth, OptionalAuth, Public } from './auth.decorators.js'
import { addMark, ruleOfClass, rulesOfMethods, toPolicy } from './rule.js'

const named = policy('named', { allow: scope('n') })

/** The rule of the one method of a class with these marks. */
function ruleOf(ofClass: readonly ClassDecorator[], ofMethod: readonly MethodDecorator[]) {
  class Made {
    method() {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Made.prototype, 'method') as PropertyDescriptor
  for (const mark of ofMethod) mark(Made.prototype, 'method', descriptor)
  for (const mark of ofClass) mark(Made)
  return rulesOfMethods(Made).get(Made.prototype.method)
}

const required = (...policies: readonly Policy[]) => ({ access: 'required', policies })

describe('the rule of a method', () => {
  it.each([
    ['nothing', [], [], required()],
    ['its class alone', [Auth(scope('a'))], [], required(scope('a'))],
    ['itself alone', [], [Auth(scope('b'))], required(scope('b'))],
    ['both, as one expression', [Auth(scope('a'))], [Auth(scope('b'))], required(allOf(scope('a'), scope('b')))],
    ['both by name, as one expression', [Auth('a')], [Auth('b')], required(allOf(use('a'), use('b')))],
    ['both, where one has a name of its own', [Auth(named)], [Auth(scope('b'))], required(named, scope('b'))],
    ['itself alone, where it replaces', [Auth(named)], [Auth(scope('b'), { replace: true })], required(scope('b'))],
    ['the default policy, where it replaces', [Auth(named)], [Auth(undefined, { replace: true })], required()],
    ['nobody', [Auth(named)], [Public()], { access: 'public', policies: [] }],
    ['whoever comes', [Auth(named)], [OptionalAuth()], { access: 'optional', policies: [] }],
    ['itself in a public class', [Public()], [Auth(scope('b'))], required(scope('b'))],
    ['a good token in a public class', [Public()], [Auth()], required()],
  ] as [string, ClassDecorator[], MethodDecorator[], object][])('asks %s', (_, ofClass, ofMethod, expected) => {
    expect(ruleOf(ofClass, ofMethod)).toEqual(expected)
  })

  it.each([[[Public(), Auth()]], [[Auth(), Public()]], [[OptionalAuth(), Auth()]], [[Public(), OptionalAuth()]]])(
    'is none where marks contradict each other',
    (marks) => {
      expect(() => ruleOf([], marks)).toThrow(/Made\.method is marked .* contradict/)
      expect(() => ruleOf(marks, [])).toThrow(/contradict/)
    },
  )
})

describe('the rules of one function under two names', () => {
  function twins(one: readonly MethodDecorator[], two: readonly MethodDecorator[]) {
    class Twins {}
    const descriptor = { value: () => undefined, configurable: true }
    for (const [name, marks] of [
      ['one', one],
      ['two', two],
    ] as const) {
      Object.defineProperty(Twins.prototype, name, descriptor)
      for (const mark of marks) mark(Twins.prototype, name, descriptor)
    }
    return () => rulesOfMethods(Twins)
  }

  it('are one where they say the same', () => {
    expect(twins([], [])).not.toThrow()
    expect(twins([Auth(scope('a'))], [Auth(scope('a'))])).not.toThrow()
    expect(twins([Public()], [Public()])).not.toThrow()
  })

  it('are none where they do not', () => {
    expect(twins([Auth(scope('a'))], [Public()])).toThrow(/Twins\.two is the same function/)
    expect(twins([Auth(scope('a'))], [Auth(scope('b'))])).toThrow(/Twins\.two is the same function/)
    expect(twins([], [Public()])).toThrow(/Twins\.two is the same function/)
  })
})

describe('the marks of a class', () => {
  @Auth(scope('a'))
  class Base {
    @Auth(scope('b')) method() {}
  }
  class Silent extends Base {}
  @Public()
  class Open extends Base {}

  it('are those of the nearest that has any', () => {
    expect(ruleOfClass(Silent)).toEqual(required(scope('a')))
    expect(ruleOfClass(Open)).toEqual({ access: 'public', policies: [] })
    expect(ruleOfClass(class {})).toEqual(required())
  })

  it('hold for methods that it inherits, apart for each class', () => {
    expect(rulesOfMethods(Silent).get(Base.prototype.method)).toEqual(required(allOf(scope('a'), scope('b'))))
    expect(rulesOfMethods(Open).get(Base.prototype.method)).toEqual(required(scope('b')))
  })

  it('on a derived class leave the base as it is', () => {
    addMark({ access: 'public' }, class extends Base {})
    expect(ruleOfClass(Base)).toEqual(required(scope('a')))
  })
})

describe('toPolicy', () => {
  it('takes a policy, a name, and nothing', () => {
    expect(toPolicy(scope('a'))).toEqual(scope('a'))
    expect(toPolicy('orders.read')).toEqual(use('orders.read'))
    expect(toPolicy(undefined)).toBeUndefined()
  })

  it.each([[{}], [null], [true], [() => true], ['']])('refuses %j', (value) => {
    expect(() => toPolicy(value as never)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})
