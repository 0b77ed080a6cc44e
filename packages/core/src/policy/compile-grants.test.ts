// The leaves that ask what a token was granted: what makes them true, what false, and what undetermined.
import { describe, expect, it } from 'vitest'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import { make, type Policy } from './policy.js'
import { anyScope, not, role, scope } from './words.js'

type Input = Partial<Parameters<typeof policyFacts>[0]>

const now = 1_800_000_000
const facts = (input: Input) => policyFacts({ claims: {}, now, ...input })
const judge = (asked: Policy, input: Input = {}) =>
  ['false', 'undetermined', 'true'][compilePolicy(asked).check(facts(input)) + 1]
const withClaims = (asked: Policy, claims: Record<string, unknown>) => judge(asked, { claims })
const why = (asked: Policy, claims: Record<string, unknown>) => compilePolicy(asked).why?.(facts({ claims }))

describe('scope and anyScope', () => {
  const both = scope('read', 'write')
  const any = anyScope('read', 'write')

  it.each<[unknown, string, string]>([
    ['read write', 'true', 'true'],
    [['write', 'other', 'read'], 'true', 'true'],
    ['read', 'false', 'true'],
    ['write', 'false', 'true'],
    ['', 'false', 'false'],
    [[], 'false', 'false'],
    ['Read reads readwrite', 'false', 'false'],
    [['read write'], 'false', 'false'],
  ])('of a token with %j are %s and %s', (granted, all, one) => {
    expect(withClaims(both, { scope: granted })).toBe(all)
    expect(withClaims(both, { scp: granted })).toBe(all)
    expect(withClaims(any, { scope: granted })).toBe(one)
    expect(withClaims(any, { scp: granted })).toBe(one)
  })

  it.each([{}, { scope: null }, { scope: 7 }, { scope: { read: true } }, { scp: ['read', 7] }, { scope: true }])(
    'are undetermined for %j, and so are their negations',
    (claims) => {
      for (const asked of [both, any, scope('read'), not(both), not(any), not(scope('read'))]) {
        expect(withClaims(asked, claims)).toBe('undetermined')
      }
      expect(why(both, claims)).toBe('the claims that grant scopes are missing, unreadable, or differ')
      expect(why(any, claims)).toBe('the claims that grant scopes are missing, unreadable, or differ')
    },
  )

  it('believe scope and scp where they say the same, and neither where they differ', () => {
    expect(withClaims(scope('read'), { scope: 'read write', scp: ['write', 'read'] })).toBe('true')
    expect(withClaims(scope('read'), { scope: 'read', scp: ['read', 'write'] })).toBe('undetermined')
    expect(withClaims(scope('read'), { scope: 'read', scp: 7 })).toBe('undetermined')
    expect(withClaims(not(scope('admin')), { scope: 'read', scp: ['admin'] })).toBe('undetermined')
  })

  it('believe what one claim grants where another cannot be read, and nothing about the rest', () => {
    const scopeClaims = [['scope'], ['permissions']] as const
    const claims = { scope: 'read', permissions: 7 }
    expect(judge(scope('read'), { claims, scopeClaims })).toBe('true')
    expect(judge(scope('write'), { claims, scopeClaims })).toBe('undetermined')
    expect(judge(both, { claims, scopeClaims })).toBe('undetermined')
  })
})

describe('wildcards of granted scopes', () => {
  const asked = (name: string) => make({ kind: 'scope', scopes: [name], wildcard: ':' })

  it.each<[string, string, boolean]>([
    ['orders:*', 'orders:read', true],
    ['orders:*', 'orders:*', true],
    ['orders:*', 'orders:read:all', false],
    ['orders:*', 'orders:', false],
    ['orders:*', 'orders', false],
    ['orders:*', 'ordersx:read', false],
    ['orders:*', 'preorders:read', false],
    ['orders:**', 'orders:read', true],
    ['orders:**', 'orders:read:all', true],
    ['orders:**', 'orders:', false],
    ['orders:**', 'orders', false],
    ['orders:**', 'users:read', false],
    ['*', 'orders', true],
    ['*', 'orders:read', false],
    ['**', 'orders', true],
    ['**', 'orders:read:all', true],
    ['orders:r*', 'orders:read', false],
    ['orders:r**', 'orders:read', false],
    ['orders*', 'orders:read', false],
    ['*:read', 'orders:read', false],
    ['orders:*:all', 'orders:read:all', false],
    ['orders.*', 'orders.read', false],
    ['orders:***', 'orders:read', false],
    ['orders:read', 'orders:*', false],
    ['orders:read', 'orders:read', true],
  ])('%s covers %s: %s', (granted, wanted, covers) => {
    expect(withClaims(asked(wanted), { scope: granted })).toBe(covers ? 'true' : 'false')
  })

  it('are off where the policy does not ask for them', () => {
    expect(withClaims(scope('orders:read'), { scope: 'orders:* ** *' })).toBe('false')
    expect(withClaims(anyScope('orders:read'), { scope: 'orders:* ** *' })).toBe('false')
  })

  it('are between other separators where the policy says so', () => {
    const dotted = make({ kind: 'anyScope', scopes: ['a', 'orders.read'], wildcard: '.' })
    expect(withClaims(dotted, { scope: 'orders.*' })).toBe('true')
    expect(withClaims(dotted, { scope: 'orders:*' })).toBe('false')
    expect(withClaims(dotted, {})).toBe('undetermined')
  })

  it('cover several scopes, each on its own', () => {
    const several = make({ kind: 'scope', scopes: ['a:x', 'b:y'], wildcard: ':' })
    expect(withClaims(several, { scope: 'a:* b:*' })).toBe('true')
    expect(withClaims(several, { scope: 'a:*' })).toBe('false')
  })
})

describe('role', () => {
  const asked = role('admin', 'owner')

  it('is true for one of the roles, and false for others', () => {
    expect(withClaims(asked, { roles: ['owner'] })).toBe('true')
    expect(withClaims(asked, { roles: ['user', 'admin'] })).toBe('true')
    expect(withClaims(asked, { roles: ['administrator'] })).toBe('false')
    expect(withClaims(asked, { roles: [] })).toBe('false')
    expect(withClaims(role('admin'), { roles: ['user', 'admin'] })).toBe('true')
    expect(withClaims(role('admin'), { roles: ['user'] })).toBe('false')
  })

  it.each([{}, { roles: null }, { roles: 'admin' }, { roles: ['admin', 7] }, { roles: { admin: true } }])(
    'is undetermined for %j',
    (claims) => {
      expect(withClaims(asked, claims)).toBe('undetermined')
      expect(withClaims(not(asked), claims)).toBe('undetermined')
      expect(withClaims(not(role('admin')), claims)).toBe('undetermined')
      expect(why(asked, claims)).toBe('the claims that grant roles are missing, or no lists of strings')
    },
  )

  it('reads the claims that it is told to', () => {
    const roleClaims = [['realm_access', 'roles'], ['groups']] as const
    const keycloak = { realm_access: { roles: ['admin'] } }
    expect(judge(asked, { claims: keycloak, roleClaims })).toBe('true')
    expect(judge(role('user'), { claims: keycloak, roleClaims })).toBe('undetermined')
    expect(judge(role('user'), { claims: { ...keycloak, groups: [] }, roleClaims })).toBe('false')
  })
})
