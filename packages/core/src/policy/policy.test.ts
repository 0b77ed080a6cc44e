import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { requirePolicyNode, scope } from './policy.js'

describe('scope', () => {
  it('makes a policy that nobody can change', () => {
    const policy = scope('read', 'write')
    expect(policy).toEqual({ kind: 'scope', scopes: ['read', 'write'] })
    expect(Object.isFrozen(policy)).toBe(true)
    expect(Object.isFrozen(policy.scopes)).toBe(true)
  })

  it('names each scope once', () => {
    expect(scope('b', 'a', 'b').scopes).toEqual(['b', 'a'])
  })

  it('takes every character of a scope token (RFC 6749 §3.3) and no other', () => {
    for (let point = 0; point < 0x180; point++) {
      const name = `a${String.fromCodePoint(point)}b`
      const isAllowed = point > 0x20 && point <= 0x7e && point !== 0x22 && point !== 0x5c
      if (isAllowed) expect(scope(name).scopes).toEqual([name])
      else expect(() => scope(name), `U+${point.toString(16)}`).toThrow(ConfigurationError)
    }
  })

  it.each([[[]], [['']], [['read write']], [['read\n']], [[undefined]], [[7]], [[['read']]]])(
    'does not build of %j',
    (names) => {
      expect(() => scope(...(names as string[]))).toThrow(ConfigurationError)
    },
  )
})

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
