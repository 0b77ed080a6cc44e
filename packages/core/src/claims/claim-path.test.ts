import { describe, expect, it } from 'vitest'
import { type ClaimPath, claimAt, grantsAt } from './claim-path.js'

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

describe('grantsAt', () => {
  const values = (claims: object, paths: readonly ClaimPath[], split: boolean) =>
    grantsAt(claims as Record<string, unknown>, paths, split).values

  it('splits a string at its spaces, and empty items are none', () => {
    expect(values({ scope: ' read  write ' }, [['scope']], true)).toEqual(['read', 'write'])
  })

  it('does not split at white space that is no space', () => {
    expect(values({ scope: 'read\twrite' }, [['scope']], true)).toEqual(['read\twrite'])
  })

  it('takes an array as it is, and never splits its items', () => {
    expect(values({ scp: ['read', 'a b'] }, [['scp']], true)).toEqual(['read', 'a b'])
  })

  it('grants nothing for a string where none may be split', () => {
    expect(grantsAt({ roles: 'admin' }, [['roles']], false)).toEqual({ values: [], areKnown: false })
    expect(grantsAt({ roles: ['admin'] }, [['roles']], false)).toEqual({ values: ['admin'], areKnown: true })
  })

  it.each([7, true, null, undefined, { read: true }, ['read', 7], [['read']]])('knows nothing from %j', (scope) => {
    expect(grantsAt({ scope }, [['scope']], true)).toEqual({ values: [], areKnown: false })
  })

  it.each(['', [], ' '])('knows from %j that nothing is granted', (scope) => {
    expect(grantsAt({ scope }, [['scope']], true)).toEqual({ values: [], areKnown: true })
  })

  it('knows nothing from a list that is too long to be honest, or from text that is no Unicode', () => {
    const long = (length: number): string[] => Array.from({ length }, (_, index) => `s${index}`)
    expect(grantsAt({ scp: long(1_024) }, [['scp']], true).areKnown).toBe(true)
    expect(grantsAt({ scp: long(1_025) }, [['scp']], true)).toEqual({ values: [], areKnown: false })
    expect(grantsAt({ scope: long(1_024).join(' ') }, [['scope']], true).values).toHaveLength(1_024)
    expect(grantsAt({ scope: long(1_025).join(' ') }, [['scope']], true)).toEqual({ values: [], areKnown: false })
    expect(grantsAt({ roles: ['admin', '\ud800'] }, [['roles']], false)).toEqual({ values: [], areKnown: false })
    expect(grantsAt({ scope: 'read \ud800' }, [['scope']], true)).toEqual({ values: [], areKnown: false })
  })

  it('joins what several claims grant, each once, in their order', () => {
    const claims = { scope: 'a b', permissions: ['b', 'c'], extra: 'd' }
    const paths: readonly ClaimPath[] = [['scope'], ['permissions'], ['extra']]
    expect(grantsAt(claims, paths, true)).toEqual({ values: ['a', 'b', 'c', 'd'], areKnown: true })
  })

  it('does not know what a claim would grant that is not there', () => {
    expect(grantsAt({ scope: 'a' }, [['scope'], ['permissions']], true)).toEqual({ values: ['a'], areKnown: false })
  })

  it('answers something that nobody can change', () => {
    for (const claims of [
      {},
      { scope: 'a' },
      { scope: 'a', extra: ['b'] },
      { scope: ' a' },
      { scp: Object.freeze(['b']) },
    ]) {
      expect(Object.isFrozen(values(claims, [['scope'], ['scp'], ['extra']], true))).toBe(true)
    }
  })

  it('leaves the claims as they are', () => {
    const scp = ['b']
    values({ scp }, [['scp']], true)
    expect(Object.isFrozen(scp)).toBe(false)
  })

  it('keeps what one claim alone grants as it came, repetitions too', () => {
    expect(values({ scope: 'a a' }, [['scope']], true)).toEqual(['a', 'a'])
  })

  describe('scope and scp', () => {
    const both: readonly ClaimPath[] = [['scope'], ['scp']]

    it('are one claim under two names: one of them is enough', () => {
      expect(grantsAt({ scope: 'a b' }, both, true)).toEqual({ values: ['a', 'b'], areKnown: true })
      expect(grantsAt({ scp: ['a'] }, both, true)).toEqual({ values: ['a'], areKnown: true })
      expect(grantsAt({ scope: null, scp: 'a' }, both, true)).toEqual({ values: ['a'], areKnown: true })
      expect(grantsAt({}, both, true)).toEqual({ values: [], areKnown: false })
    })

    it('may both be there if they say the same, in any order', () => {
      expect(grantsAt({ scope: 'a b', scp: ['b', 'a'] }, both, true)).toEqual({ values: ['a', 'b'], areKnown: true })
    })

    it.each([
      [{ scope: 'a', scp: ['b'] }],
      [{ scope: 'a', scp: ['a', 'b'] }],
      [{ scope: 'a b', scp: 'a' }],
      [{ scope: 'a', scp: 7 }],
      [{ scope: 7, scp: 'a' }],
    ])('are not believed where they differ: %j', (claims) => {
      expect(grantsAt(claims, both, true)).toEqual({ values: [], areKnown: false })
    })

    it('are two claims where only one of them grants', () => {
      expect(grantsAt({ scope: 'a', scp: 'b' }, [['scp']], true)).toEqual({ values: ['b'], areKnown: true })
      expect(grantsAt({ scope: 'a', scp: 'b' }, [['scope'], ['roles', 'scp']], true).values).toEqual(['a'])
    })
  })
})
