import { describe, expect, it } from 'vitest'
import { claimAt, stringsAt } from './claim-path.js'

describe('claimAt', () => {
  const claims = {
    scope: 'read',
    realm_access: { roles: ['admin'] },
    'https://example.com/roles': ['auditor'],
    'realm_access.roles': 'a claim whose name has a dot',
    list: [{ name: 'inside an array' }],
    nothing: null,
  }

  it.each<[readonly [string, ...string[]], unknown]>([
    [['scope'], 'read'],
    [['realm_access', 'roles'], ['admin']],
    [['https://example.com/roles'], ['auditor']],
    [['realm_access.roles'], 'a claim whose name has a dot'],
  ])('finds the value at %j', (path, value) => {
    expect(claimAt(claims, path)).toEqual(value)
  })

  it.each<[string, readonly [string, ...string[]]]>([
    ['a member that is not there', ['absent']],
    ['a member below one that is not there', ['absent', 'roles']],
    ['a member of a string', ['scope', 'length']],
    ['a member of null', ['nothing', 'roles']],
    ['an element of an array', ['list', '0']],
    ['a member of an element of an array', ['list', '0', 'name']],
    ['an inherited member', ['constructor']],
    ['an inherited member further in', ['realm_access', 'toString']],
  ])('answers undefined for %s', (_, path) => {
    expect(claimAt(claims, path)).toBeUndefined()
  })
})

describe('stringsAt', () => {
  it('splits a string at its spaces, and empty items are none', () => {
    expect(stringsAt({ scope: ' read  write ' }, [['scope']], true)).toEqual(['read', 'write'])
  })

  it('does not split at white space that is no space', () => {
    expect(stringsAt({ scope: 'read\twrite' }, [['scope']], true)).toEqual(['read\twrite'])
  })

  it('takes an array as it is, and never splits its items', () => {
    expect(stringsAt({ scp: ['read', 'a b'] }, [['scp']], true)).toEqual(['read', 'a b'])
  })

  it('grants nothing for a string where none may be split', () => {
    expect(stringsAt({ roles: 'admin' }, [['roles']], false)).toEqual([])
    expect(stringsAt({ roles: ['admin'] }, [['roles']], false)).toEqual(['admin'])
  })

  it.each([7, true, null, { read: true }, ['read', 7], [['read']]])('grants nothing for %j', (scope) => {
    expect(stringsAt({ scope }, [['scope']], true)).toEqual([])
  })

  it('joins what several claims grant, each once, in their order', () => {
    const claims = { scope: 'a b', scp: ['b', 'c'], permissions: ['d'] }
    expect(stringsAt(claims, [['scope'], ['absent'], ['scp'], ['permissions']], true)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('answers something that nobody can change', () => {
    for (const claims of [{}, { scope: 'a' }, { scope: 'a', scp: ['b'] }, { scp: Object.freeze(['b']) }]) {
      expect(Object.isFrozen(stringsAt(claims, [['scope'], ['scp']], true))).toBe(true)
    }
  })

  it('keeps what one claim alone grants as it came, repetitions too', () => {
    expect(stringsAt({ scope: 'a a' }, [['scope'], ['absent']], true)).toEqual(['a', 'a'])
  })
})
