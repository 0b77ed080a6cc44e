import { describe, expect, it } from 'vitest'
import { claim, param } from './comparison.js'
import { describePolicy } from './describe.js'
import { make, type Policy } from './policy.js'
import { between, req } from './request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  custom,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from './words.js'

describe('describePolicy', () => {
  it.each<[string, Policy]>([
    ['all of', allOf(allow(), denyAll())],
    ['any of', anyOf(allow())],
    ['at least 2 of', atLeast(2, allow(), denyAll())],
    ['not', not(allow())],
    ['cel claims.a == "b"', make({ kind: 'cel', text: 'claims.a == "b"', of: allow() })],
    ['policy orders.read', policy('orders.read', { allow: allow() })],
    ['allow', allow()],
    ['deny', denyAll()],
    ['no value', make({ kind: 'always', verdict: 'undetermined' })],
    ['scope a b', scope('a', 'b')],
    ['any scope of a b', anyScope('a', 'b')],
    ['role a or b', role('a', 'b')],
    ['issuer a', issuer('a')],
    ['audience a or b', audience('a', 'b')],
    ['subject a', subject('a')],
    ['client a', client('a')],
    ['authenticated within 15m', authenticatedWithin('900s')],
    ['acr at least b', acrAtLeast('b', ['a', 'b'])],
    ['amr otp or hwk', amr('otp', 'hwk')],
    ['bound by dpop or mtls', boundBy('dpop', 'mtls')],
    ['no actor', actor.none()],
    ['actor a', actor.is('a')],
    ['at most 2 actors', actor.depthAtMost(2)],
    ['method GET or HEAD', req.method('GET', 'HEAD')],
    ['ip in ::1 or 10.0.0.0/8', req.ipIn('::1', '10.0.0.0/8')],
    ['between 08:00 and 18:00 in UTC on Mon Tue', between('08:00', '18:00', { days: 'Mon-Tue' })],
    ['custom lucky', custom('lucky', {}, () => true)],
    ['use orders.read', use('orders.read')],
    ['claim tenant equals param tenantId', claim('tenant').equals(param('tenantId'))],
    ['claim a.b one of "c", "d"', claim('a', 'b').oneOf('c', 'd')],
    ['claim "https://a/b" includes "c"', claim('https://a/b').includes('c')],
    ['claim "a.b".c includes any of "d"', claim('a.b', 'c').includesAny('d')],
    ['claim a includes all of "b", "c"', claim('a').includesAll('b', 'c')],
    ['claim a at least 7', claim('a').atLeast(7)],
    ['claim a at most 7', claim('a').atMost(7)],
    ['claim a starts with "b"', claim('a').startsWith('b')],
    ['claim a ends with "\\n"', claim('a').endsWith('\n')],
    ['claim a exists', claim('a').exists()],
    ['param a absent', param('a').absent()],
    ['header x-a equals "b"', req.header('X-A').equals('b')],
    ['claim a equals true', claim('a').equals(true)],
    ['claim a or else false equals true', claim('a').orElse(false).equals(true)],
    [
      'claim a as text or else "b" equals claim c as text',
      claim('a').asString().orElse('b').equals(claim('c').asString()),
    ],
    ['claim a as words includes "b"', claim('a').asSpaceList().includes('b')],
  ])('%s', (text, node) => {
    expect(describePolicy(node)).toBe(text)
  })
})

it('keeps to one line whatever a name holds', () => {
  expect(describePolicy(role('a\nb'))).toBe('role a\\nb')
})
