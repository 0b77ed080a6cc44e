// The same twelve policies through a kit: the types change nothing of what is built.

import { policyKit } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { acrLevels, twelve } from './twelve.js'

const vocabulary = {
  claims: {
    tenant: 'string',
    suspended: 'boolean',
    'https://example.com/region': 'string',
    'kubernetes.io': { namespace: 'string', serviceaccount: { name: 'string' } },
    realm_access: { roles: 'strings' },
    resource_access: { 'orders-api': { roles: 'strings' } },
  },
  scopes: [
    'read:orders',
    'payouts:write',
    'ingest:write',
    'payments',
    'mcp:tools:files.write',
    'read:mail',
    'reports:read',
  ],
  roles: ['admin', 'accountant'],
  acrLevels,
  issuers: ['https://kubernetes.default.svc'],
} as const

const {
  acrAtLeast,
  actor,
  allOf,
  anyOf,
  authenticatedWithin,
  between,
  boundBy,
  claim,
  issuer,
  not,
  param,
  policy,
  req,
  role,
  scope,
  use,
} = policyKit(vocabulary)

const typed = [
  policy('orders.read', {
    allow: allOf(
      scope('read:orders'),
      anyOf(role('admin'), claim('tenant').equals(param('tenantId'))),
      authenticatedWithin('15m'),
    ),
  }),
  policy('payouts.create', {
    allow: allOf(scope('payouts:write'), acrAtLeast('urn:example:loa:3'), authenticatedWithin('5m')),
  }),
  policy('m2m.ingest', {
    allow: allOf(
      actor.none(),
      claim('client_id').oneOf('ingest-1', 'ingest-2'),
      scope('ingest:write'),
      req.ipIn('10.20.0.0/16'),
    ),
  }),
  policy('k8s.runner', {
    allow: allOf(
      issuer('https://kubernetes.default.svc'),
      claim('kubernetes.io', 'namespace').equals('ci'),
      claim('kubernetes.io', 'serviceaccount', 'name').equals('runner'),
    ),
  }),
  policy('users.edit', {
    allow: anyOf(role('admin'), claim('sub').equals(param('userId'))),
    forbid: [claim('suspended').orElse(false).equals(true)],
  }),
  policy('books.close', {
    allow: allOf(role('accountant'), between('08:00', '18:00', { tz: 'Europe/Zurich', days: 'Mon-Fri' })),
  }),
  policy('eu.data', {
    allow: allOf(use('orders.read'), claim('https://example.com/region').oneOf('eu-west-1', 'eu-central-1')),
  }),
  policy('payments.partner', { allow: allOf(boundBy('mtls'), scope('payments')) }),
  policy('mcp.files.write', {
    allow: allOf(
      scope('mcp:tools:files.write'),
      boundBy('dpop', 'mtls'),
      not(claim('client_id').oneOf('untrusted-agent')),
    ),
  }),
  policy('delegated.read', {
    allow: allOf(scope('read:mail'), anyOf(actor.none(), actor.is('https://agent.example')), actor.depthAtMost(1)),
  }),
  policy('reports.any', { allow: scope('reports:read') }),
  policy('kc.orders', {
    allow: anyOf(
      claim('realm_access', 'roles').includes('orders-admin'),
      claim('resource_access', 'orders-api', 'roles').includes('read'),
    ),
  }),
]

describe('the twelve policies', () => {
  it('are twelve', () => {
    expect(new Set(twelve.map(({ name }) => name)).size).toBe(12)
  })

  it.each(typed.map((policy, index) => ({ name: policy.name, policy, index })))(
    '$name is the same with a kit as without',
    ({ policy, index }) => {
      expect(policy).toStrictEqual(twelve[index])
    },
  )

  it('ask for a scope that a granted wildcard covers, if the kit says so', () => {
    const kit = policyKit({ scopes: { wildcard: ':' } })
    expect(kit.policy('reports.any', { allow: kit.scope('reports:read') })).toStrictEqual({
      ...twelve.find(({ name }) => name === 'reports.any'),
      allow: { kind: 'scope', scopes: ['reports:read'], wildcard: ':' },
    })
  })
})
