// Twelve policies as applications write them, one for each kind of question.
import {
  acrAtLeast,
  actor,
  allOf,
  anyOf,
  authenticatedWithin,
  between,
  boundBy,
  claim,
  issuer,
  type NamedPolicy,
  not,
  param,
  policy,
  req,
  role,
  scope,
  use,
} from '@sallyport/core'

/** The authentication context classes, lowest first. */
export const acrLevels = ['urn:example:loa:1', 'urn:example:loa:2', 'urn:example:loa:3'] as const

/** Each is a policy of its own; `eu.data` uses `orders.read`. */
export const twelve: readonly NamedPolicy[] = [
  // An application with tenants.
  policy('orders.read', {
    allow: allOf(
      scope('read:orders'),
      anyOf(role('admin'), claim('tenant').equals(param('tenantId'))),
      authenticatedWithin('15m'),
    ),
  }),
  // Step-up (RFC 9470).
  policy('payouts.create', {
    allow: allOf(scope('payouts:write'), acrAtLeast('urn:example:loa:3', acrLevels), authenticatedWithin('5m')),
  }),
  // Machine to machine.
  policy('m2m.ingest', {
    allow: allOf(
      actor.none(),
      claim('client_id').oneOf('ingest-1', 'ingest-2'),
      scope('ingest:write'),
      req.ipIn('10.20.0.0/16'),
    ),
  }),
  // A workload of Kubernetes.
  policy('k8s.runner', {
    allow: allOf(
      issuer('https://kubernetes.default.svc'),
      claim('kubernetes.io', 'namespace').equals('ci'),
      claim('kubernetes.io', 'serviceaccount', 'name').equals('runner'),
    ),
  }),
  // The admin or the owner.
  policy('users.edit', {
    allow: anyOf(role('admin'), claim('sub').equals(param('userId'))),
    forbid: [claim('suspended').orElse(false).equals(true)],
  }),
  // Bounded in time.
  policy('books.close', {
    allow: allOf(role('accountant'), between('08:00', '18:00', { tz: 'Europe/Zurich', days: 'Mon-Fri' })),
  }),
  // Bounded to a region, by a claim whose name is an address.
  policy('eu.data', {
    allow: allOf(use('orders.read'), claim('https://example.com/region').oneOf('eu-west-1', 'eu-central-1')),
  }),
  // Bound to a client certificate (RFC 8705).
  policy('payments.partner', { allow: allOf(boundBy('mtls'), scope('payments')) }),
  // A tool of the Model Context Protocol.
  policy('mcp.files.write', {
    allow: allOf(
      scope('mcp:tools:files.write'),
      boundBy('dpop', 'mtls'),
      not(claim('client_id').oneOf('untrusted-agent')),
    ),
  }),
  // A chain of actors (RFC 8693).
  policy('delegated.read', {
    allow: allOf(scope('read:mail'), anyOf(actor.none(), actor.is('https://agent.example')), actor.depthAtMost(1)),
  }),
  // One scope and nothing else.
  policy('reports.any', { allow: scope('reports:read') }),
  // The roles of Keycloak.
  policy('kc.orders', {
    allow: anyOf(
      claim('realm_access', 'roles').includes('orders-admin'),
      claim('resource_access', 'orders-api', 'roles').includes('read'),
    ),
  }),
]
