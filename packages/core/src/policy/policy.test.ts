import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { claim, param } from './comparison.js'
import {
  describeShape,
  type Expression,
  isPolicyNode,
  isReference,
  make,
  partsOf,
  requirePolicyNode,
} from './policy.js'
import { req } from './request-words.js'
import { allOf, allow, anyOf, atLeast, custom, denyAll, not, policy, scope, use } from './words.js'

describe('requirePolicyNode', () => {
  it('lets pass what the policy words have made', () => {
    const policy = scope('read')
    expect(requirePolicyNode(policy)).toBe(policy)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a scope that was not wrapped', 'read'],
    ['the word itself', scope],
    ['an array of policies', [scope('read')]],
    ['a promise', Promise.resolve(scope('read'))],
    ['true', true],
    ['another kind', Object.freeze({ kind: 'everybody' })],
    ['a copy, which can be changed', { ...scope('read') }],
  ])('refuses %s', (_, value) => {
    expect(() => requirePolicyNode(value)).toThrow(ConfigurationError)
  })

  it('refuses a node that was made by hand', () => {
    expect(() => requirePolicyNode(Object.freeze({ kind: 'scope', scopes: [] }))).toThrow(ConfigurationError)
  })
})

describe('isPolicyNode', () => {
  it('tells what the words have made from a copy of it', () => {
    expect(isPolicyNode(scope('read'))).toBe(true)
    expect(isPolicyNode(policy('a', { allow: allow() }))).toBe(true)
    for (const value of [{ ...scope('read') }, structuredClone(scope('read')), null, undefined, 'read', scope]) {
      expect(isPolicyNode(value)).toBe(false)
    }
  })
})

describe('bounds', () => {
  const leaves = (count: number) => Array.from({ length: count }, () => allow())
  const nested = (depth: number): Expression => (depth === 1 ? allow() : not(nested(depth - 1)))

  it('are 512 parts', () => {
    expect(describeShape(allOf(...leaves(511))).nodes).toBe(512)
    expect(() => allOf(...leaves(512))).toThrow(/^a policy has at most 512 parts$/)
  })

  it('count the parts wherever they are, and as often as they are', () => {
    const half = allOf(...leaves(255))
    expect(describeShape(policy('a', { allow: half, forbid: leaves(255) })).nodes).toBe(512)
    expect(() => policy('a', { allow: half, forbid: leaves(256) })).toThrow(/at most 512 parts/)
    expect(describeShape(not(anyOf(half, allow()))).nodes).toBe(259)
    expect(() => anyOf(half, half)).toThrow(/at most 512 parts/)
  })

  it('are 16 deep', () => {
    expect(describeShape(nested(16)).depth).toBe(16)
    expect(() => nested(17)).toThrow(/^a policy is nested at most 16 deep$/)
    expect(describeShape(policy('a', { allow: nested(15) })).depth).toBe(16)
    expect(() => policy('a', { allow: nested(16) })).toThrow(/nested at most 16 deep/)
    expect(() => policy('a', { allow: allow(), forbid: [nested(16)] })).toThrow(/nested at most 16 deep/)
    expect(() => allOf(allow(), nested(16))).toThrow(/nested at most 16 deep/)
  })
})

describe('describeShape', () => {
  it('finds the parameters that a policy reads, each once', () => {
    const asked = policy('a', {
      allow: allOf(claim('a').equals(param('left')), param('left').equals('b'), param('a').equals(param('b'))),
      forbid: [claim('list').includes(param('item')), custom('c', { params: ['code', 'a'] }, () => true)],
    })
    expect(describeShape(asked).params.toSorted()).toEqual(['a', 'b', 'code', 'item', 'left'])
    expect(describeShape(allOf(req.header('x-a').exists(), claim('a').equals(claim('b')))).params).toEqual([])
  })

  it('finds the policies that it names, as often as it names them', () => {
    expect(describeShape(anyOf(use('a'), not(use('b')), use('a'))).uses).toEqual(['a', 'b', 'a'])
  })

  it('refuses what the words did not make', () => {
    expect(() => describeShape({ kind: 'always', verdict: 'allow' })).toThrow(ConfigurationError)
  })
})

describe('partsOf', () => {
  it('is what stands directly below', () => {
    const [a, b] = [scope('a'), scope('b')]
    expect(partsOf(allOf(a, b))).toEqual([a, b])
    expect(partsOf(anyOf(a, b))).toEqual([a, b])
    expect(partsOf(atLeast(1, a, b))).toEqual([a, b])
    expect(partsOf(not(a))).toEqual([a])
    expect(partsOf(make({ kind: 'cel', text: 'a', of: a }))).toEqual([a])
    expect(partsOf(policy('x', { allow: a, forbid: [b, denyAll()] }))).toEqual([a, b, denyAll()])
    expect(partsOf(a)).toEqual([])
    expect(partsOf(use('a'))).toEqual([])
  })
})

describe('isReference', () => {
  it('tells what is read from what is written', () => {
    expect(isReference(param('id').reference)).toBe(true)
    for (const value of ['from', 7, true, null, undefined, ['from'], {}]) expect(isReference(value)).toBe(false)
  })
})
