import 'reflect-metadata'
import { describe, expect, it } from 'vitest'
import { isClass, methodsOf, signedMethodOf, signMethods } from './methods.js'

const symbol = Symbol('named')

class Base {
  static made() {}
  field = () => 'not a method'
  get accessor() {
    throw new Error('nobody may read it')
  }
  plain() {}
  overridden() {}
  [symbol]() {}
}

class Derived extends Base {
  override overridden() {}
  own() {}
}

describe('the methods of a class', () => {
  it('are its own and those it inherits, each once, by the prototype that declares them', () => {
    const found = methodsOf(Derived).map(({ name, method, prototype }) => [name, method, prototype])
    expect(found).toEqual([
      ['overridden', Derived.prototype.overridden, Derived.prototype],
      ['own', Derived.prototype.own, Derived.prototype],
      ['plain', Base.prototype.plain, Base.prototype],
      [symbol, Base.prototype[symbol], Base.prototype],
    ])
  })

  it('are none where it has none', () => {
    expect(methodsOf(class {})).toEqual([])
  })
})

describe('a class', () => {
  it.each<[string, unknown]>([
    ['an arrow function, as factories are', () => ({})],
    ['a method', { method() {} }.method],
    ['an object', {}],
    ['null', null],
    ['nothing', undefined],
    ['text', 'Derived'],
  ])('is not %s', (_, value) => {
    expect(isClass(value)).toBe(false)
  })

  it('is a class', () => {
    expect([Derived, class {}].every(isClass)).toBe(true)
  })
})

describe('a function that stands in for a method', () => {
  const standIn = (copied: boolean) => {
    const stand = () => undefined
    for (const key of copied ? Reflect.getMetadataKeys(Derived.prototype.own) : [])
      Reflect.defineMetadata(key, Reflect.getMetadata(key, Derived.prototype.own), stand)
    return stand
  }

  it('is known by the metadata that it copies, and by nothing else', () => {
    signMethods(Derived)
    expect(signedMethodOf(standIn(true))).toBe(Derived.prototype.own)
    expect(signedMethodOf(standIn(false))).toBeUndefined()
    const lookalike = Object.defineProperty(standIn(false), 'name', { value: 'own' })
    expect(signedMethodOf(lookalike)).toBeUndefined()
  })
})
