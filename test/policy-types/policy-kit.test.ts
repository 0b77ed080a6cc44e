// A mistake in a policy does not compile, and the compiler says so in words that a person understands. All of it is one
// program: compiling is slow.
import { beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../docs/typescript.js'

const folder = 'test/policy-types'

/** The words of an application, as its files import them. */
const kit = `
import { policyKit } from '@sallyport/core'
export const {
  acrAtLeast, allOf, anyScope, authenticatedWithin, claim, custom, issuer, not, param, policy, req, role, scope, use,
} = policyKit({
  claims: {
    tenant: 'string',
    level: 'number',
    suspended: 'boolean',
    roles: 'strings',
    groups: 'spaceList',
    'https://example.com/region': 'string',
    realm_access: { roles: 'strings' },
    resource_access: { 'orders-api': { roles: 'strings' } },
    a: { b: { c: { d: { e: 'number' } } } },
  },
  scopes: ['read:orders', 'write:orders'],
  roles: ['admin', 'accountant'],
  acrLevels: ['loa:1', 'loa:2'],
  issuers: ['https://as.example'],
})
export const declaresNothing = policyKit({})
export const wildcards = policyKit({ scopes: { wildcard: ':', known: ['orders:read'] } })
export const anyWildcard = policyKit({ scopes: { wildcard: ':' } })
export { policyKit }
`

interface Case {
  readonly mistake: string
  readonly says: string
  /** The nearest that is right. */
  readonly right: string
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  'a claim that is not declared': [
    { mistake: "claim('tenat')", says: `Argument of type '"tenat"' is not assignable`, right: "claim('tenant')" },
    { mistake: "claim('')", says: `Argument of type '""' is not assignable`, right: "claim('sub')" },
    { mistake: 'claim()', says: 'Expected 1-5 arguments, but got 0', right: "claim('https://example.com/region')" },
    {
      mistake: "custom('mine', { claims: [['tenat']] }, () => true)",
      says: `Did you mean '"tenant"'?`,
      right: "custom('mine', { claims: [['tenant'], ['realm_access', 'roles']], params: ['a'] }, () => true)",
    },
  ],
  'a nested path that is not declared': [
    {
      mistake: "claim('realm_access', 'rols')",
      says: `Argument of type '"rols"' is not assignable to parameter of type '"roles"'`,
      right: "claim('realm_access', 'roles').includes('a')",
    },
    {
      mistake: "claim('resource_access', 'order-api', 'roles')",
      says: `Argument of type '"order-api"' is not assignable to parameter of type '"orders-api"'`,
      right: "claim('resource_access', 'orders-api', 'roles').includes('a')",
    },
    {
      mistake: "claim('resource_access', 'orders-api', 'role').includes('a')",
      says: `Argument of type '"role"' is not assignable to parameter of type '"roles"`,
      right: "claim('resource_access', 'orders-api').absent()",
    },
    {
      mistake: "claim('tenant', 'id')",
      says: "Argument of type 'string' is not assignable to parameter of type 'NothingInsideThisClaim'",
      right: "claim('act', 'sub').equals('a')",
    },
    {
      mistake: "claim('realm_access').includes('a')",
      says: "Property 'includes' does not exist on type 'ObjectClaim'",
      right: "claim('realm_access').exists()",
    },
    {
      mistake: "claim('a', 'b', 'c', 'd', 'f')",
      says: `Argument of type '"f"' is not assignable to parameter of type '"e"'`,
      right: "claim('a', 'b', 'c', 'd', 'e').atLeast(1)",
    },
  ],
  'an operator that does not fit': [
    {
      mistake: "claim('roles').equals('a')",
      says: "Property 'equals' does not exist on type 'StringListClaim'",
      right: "claim('roles').includes('a')",
    },
    {
      mistake: "claim('tenant').includes('a')",
      says: "Property 'includes' does not exist on type 'StringClaim'",
      right: "claim('tenant').startsWith('a')",
    },
    {
      mistake: "claim('groups').oneOf('a')",
      says: "Property 'oneOf' does not exist on type 'WordsClaim'",
      right: "claim('groups').includesAny('a')",
    },
    {
      mistake: "claim('tenant').atLeast(1)",
      says: "Property 'atLeast' does not exist on type 'StringClaim'",
      right: "claim('level').atLeast(1)",
    },
    {
      mistake: "claim('level').endsWith('1')",
      says: "Property 'endsWith' does not exist on type 'NumberClaim'",
      right: "claim('level').asString().endsWith('1')",
    },
    {
      mistake: "claim('suspended').oneOf(true)",
      says: "Property 'oneOf' does not exist on type 'BooleanClaim'",
      right: "claim('suspended').equals(true)",
    },
    {
      mistake: "claim('roles').orElse('a')",
      says: "Property 'orElse' does not exist on type 'StringListClaim'",
      right: "claim('tenant').orElse('a').equals('b')",
    },
    {
      mistake: "claim('tenant').orElse('a').exists()",
      says: "Property 'exists' does not exist on type 'StringValue'",
      right: "claim('tenant').exists()",
    },
    {
      mistake: "claim('tenant').asString()",
      says: "Property 'asString' does not exist on type 'StringClaim'",
      right: "claim('level').asString().orElse('0').equals('1')",
    },
  ],
  'a value of another type': [
    {
      mistake: "claim('level').equals(param('level'))",
      says: "Argument of type 'RouteParam' is not assignable to parameter of type 'number | NumberValue'",
      right: "claim('level').asString().equals(param('level'))",
    },
    {
      mistake: "param('level').equals(claim('level'))",
      says: "Argument of type 'NumberClaim' is not assignable to parameter of type 'string | StringValue'",
      right: "param('level').equals(claim('level').asString())",
    },
    {
      mistake: "req.header('x-level').equals(claim('level'))",
      says: "Argument of type 'NumberClaim' is not assignable to parameter of type 'string | StringValue'",
      right: "req.header('x-tenant').equals(claim('tenant'))",
    },
    {
      mistake: "claim('level').equals('1')",
      says: "Argument of type 'string' is not assignable to parameter of type 'number | NumberValue'",
      right: "claim('level').equals(1)",
    },
    {
      mistake: "claim('level').oneOf('1')",
      says: "Argument of type 'string' is not assignable to parameter of type 'number'",
      right: "claim('level').oneOf(1, 2)",
    },
    {
      mistake: "claim('suspended').equals('true')",
      says: `Argument of type '"true"' is not assignable to parameter of type 'boolean | BooleanValue'`,
      right: "claim('suspended').equals(false)",
    },
    {
      mistake: "claim('suspended').equals(claim('tenant'))",
      says: "Argument of type 'StringClaim' is not assignable to parameter of type 'boolean | BooleanValue'",
      right: "claim('suspended').equals(claim('suspended'))",
    },
    {
      mistake: "claim('suspended').equals(claim('level'))",
      says: "Argument of type 'NumberClaim' is not assignable to parameter of type 'boolean | BooleanValue'",
      right: "claim('level').equals(claim('exp'))",
    },
    {
      mistake: "claim('tenant').equals(claim('suspended'))",
      says: "Argument of type 'BooleanClaim' is not assignable to parameter of type 'string | StringValue'",
      right: "claim('tenant').equals(claim('sub'))",
    },
    {
      mistake: "claim('roles').includes(claim('level'))",
      says: "Argument of type 'NumberClaim' is not assignable to parameter of type 'string | StringValue'",
      right: "claim('roles').includes(claim('tenant'))",
    },
    {
      mistake: "claim('tenant').equals({ $ne: 'a' })",
      says: "Object literal may only specify known properties, and '$ne' does not exist in type 'StringValue'",
      right: "not(claim('tenant').equals('a'))",
    },
    {
      mistake: "claim('suspended').orElse('false')",
      says: `Argument of type 'string' is not assignable to parameter of type 'boolean'`,
      right: "claim('suspended').orElse(false).equals(true)",
    },
  ],
  'a name that is not declared': [
    {
      mistake: "scope('raed:orders')",
      says: `Argument of type '"raed:orders"' is not assignable to parameter of type '"read:orders" | "write:orders"'`,
      right: "scope('read:orders')",
    },
    {
      mistake: "anyScope('read:orders', 'raed:orders')",
      says: `Argument of type '"raed:orders"' is not assignable to parameter of type '"read:orders" | "write:orders"'`,
      right: "anyScope('read:orders', 'write:orders')",
    },
    {
      mistake: "wildcards.scope('orders:raed')",
      says: `Argument of type '"orders:raed"' is not assignable to parameter of type '"orders:read"'`,
      right: "wildcards.scope('orders:read')",
    },
    {
      mistake: "role('admn')",
      says: `Argument of type '"admn"' is not assignable to parameter of type '"admin" | "accountant"'`,
      right: "role('admin')",
    },
    {
      mistake: "acrAtLeast('loa:3')",
      says: `Argument of type '"loa:3"' is not assignable to parameter of type '"loa:1" | "loa:2"'`,
      right: "acrAtLeast('loa:2')",
    },
    {
      mistake: "acrAtLeast('loa:2', ['loa:2', 'loa:1'])",
      says: 'Expected 1 arguments, but got 2',
      right: "declaresNothing.acrAtLeast('loa:2', ['loa:2', 'loa:1'])",
    },
    {
      mistake: "issuer('https://as.exampel')",
      says: `Argument of type '"https://as.exampel"' is not assignable to parameter of type '"https://as.example"'`,
      right: "issuer('https://as.example')",
    },
  ],
  'a duration that is none': [
    {
      mistake: "authenticatedWithin('15 minutes')",
      says: `Argument of type '"15 minutes"' is not assignable to parameter of type 'Duration'`,
      right: "authenticatedWithin('15m')",
    },
    {
      mistake: 'authenticatedWithin(900)',
      says: "Argument of type '900' is not assignable to parameter of type 'Duration'",
      right: "authenticatedWithin('900s')",
    },
  ],
  'a policy that is put together wrongly': [
    {
      mistake: "allOf(policy('orders.read', { allow: scope('read:orders') }))",
      says: "Argument of type 'NamedPolicy' is not assignable to parameter of type 'Expression'",
      right: "allOf(use('orders.read'), scope('read:orders'))",
    },
    {
      mistake: "allOf(claim('tenant'))",
      says: "Argument of type 'StringClaim' is not assignable to parameter of type 'Expression'",
      right: "allOf(claim('tenant').exists())",
    },
    {
      mistake: "policy('orders.read', { forbid: [scope('read:orders')] })",
      says: "Property 'allow' is missing",
      right: "policy('orders.read', { allow: scope('read:orders'), forbid: [claim('suspended').equals(true)] })",
    },
    {
      mistake: "policy('orders.read', scope('read:orders'))",
      says: "Argument of type 'Expression' is not assignable to parameter of type 'PolicyParts'",
      right: "policy('orders.read', { allow: scope('read:orders') })",
    },
    {
      mistake: "custom('mine', {}, async () => true)",
      says: "Type 'Promise<boolean>' is not assignable to type 'boolean'",
      right: "custom('mine', {}, () => true)",
    },
  ],
  'a vocabulary with a mistake in it': [
    {
      mistake: "policyKit({ claims: { tenant: 'strng' } })",
      says: `Type '"strng"' is not assignable to type 'ClaimDeclarations | ClaimType'`,
      right: "policyKit({ claims: { tenant: 'string' } })",
    },
    {
      mistake: "policyKit({ scopes: { wildcard: '-' } })",
      says: `Type '"-"' is not assignable to type '":" | "." | "/" | undefined'`,
      right: "policyKit({ scopes: { wildcard: '/' } })",
    },
    {
      mistake: "policyKit({ role: ['admin'] })",
      says: "does not exist in type 'PolicyVocabulary'",
      right: "policyKit({ roles: ['admin'] })",
    },
  ],
  'nothing: what is left out is not checked': [
    {
      mistake: 'declaresNothing.claim(5)',
      says: "Argument of type 'number' is not assignable to parameter of type 'string'",
      right: "declaresNothing.claim('what', 'ever').equals(declaresNothing.param('tenantId'))",
    },
    {
      mistake: 'declaresNothing.role(5)',
      says: "Argument of type 'number' is not assignable to parameter of type 'string'",
      right:
        "declaresNothing.allOf(declaresNothing.role('a'), declaresNothing.scope('b'), declaresNothing.issuer('c'))",
    },
    {
      mistake: 'anyWildcard.scope(5)',
      says: "Argument of type 'number' is not assignable to parameter of type 'string'",
      right: "anyWildcard.anyScope('orders:read')",
    },
  ],
}

const all = Object.values(cases).flat()

describe('a kit, asked of the compiler', () => {
  let messages: readonly string[] = []

  beforeAll(() => {
    const snippet = (code: string): string => {
      const names = /export const \{([^}]+)\}/.exec(kit)?.[1]?.trim()
      return `import { ${names} anyWildcard, declaresNothing, policyKit, wildcards } from './kit.js'\n${code}\n`
    }
    messages = compile([
      { fileName: `${folder}/kit.ts`, code: kit },
      ...all.flatMap(({ mistake, right }, index) => [
        { fileName: `${folder}/mistake-${index}.ts`, code: snippet(mistake) },
        { fileName: `${folder}/right-${index}.ts`, code: snippet(right) },
      ]),
    ])
  })

  const saidOf = (name: string): readonly string[] => {
    return messages.filter((message) => message.replace(/^\//, '').startsWith(`${folder}/${name}.ts: `))
  }

  it('compiles itself', () => {
    expect(saidOf('kit')).toEqual([])
  })

  describe.each(Object.entries(cases))('refuses %s', (_, group) => {
    it.each(group)('$mistake', ({ mistake, says, right }) => {
      const index = all.findIndex((other) => other.mistake === mistake)
      const said = saidOf(`mistake-${index}`)
      expect(said).toHaveLength(1)
      expect(said[0]).toContain(says)
      expect(saidOf(`right-${index}`), right).toEqual([])
    })
  })
})
