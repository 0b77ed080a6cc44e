import { describe, expect, it } from 'vitest'
import { claim, param } from '../comparison.js'
import type { Expression } from '../policy.js'
import { policySet } from '../policy-set.js'
import { between, req } from '../request-words.js'
import {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  authenticatedWithin,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  use,
} from '../words.js'
import { type CheckPoliciesOptions, checkPolicies } from './check-policies.js'

const levels = ['low', 'mid', 'high']
const found = (allowed: Expression, forbid: readonly Expression[] = [], options: CheckPoliciesOptions = {}) =>
  checkPolicies(policySet(policy('p', { allow: allowed, forbid })), options).map(({ rule }) => rule)

describe('always-denies', () => {
  it.each<[string, Expression, Expression]>([
    [
      'a claim that is two things',
      allOf(claim('t').equals('a'), claim('t').equals('b')),
      allOf(claim('t').equals('a'), claim('u').equals('b')),
    ],
    ['a thing and its contrary', allOf(scope('a'), not(scope('a'))), allOf(scope('a'), not(scope('b')))],
    [
      'numbers from 3 to 2',
      allOf(claim('n').atLeast(3), claim('n').atMost(2)),
      allOf(claim('n').atLeast(3), claim('n').atMost(3)),
    ],
    [
      'numbers beyond 2 and below 2.1, of which 2.1 is none',
      allOf(not(claim('n').atMost(2.1)), claim('n').atMost(2)),
      allOf(not(claim('n').atMost(2)), not(claim('n').atLeast(3))),
    ],
    ['a role that is forbidden above', allOf(role('a'), not(role('a', 'b'))), allOf(role('a', 'b'), not(role('a')))],
    [
      'levels',
      allOf(acrAtLeast('high', levels), not(acrAtLeast('mid', levels))),
      allOf(acrAtLeast('mid', levels), not(acrAtLeast('high', levels))),
    ],
    ['two issuers at once', allOf(issuer('a'), issuer('b')), allOf(issuer('a', 'b'), issuer('b'))],
    [
      'two methods at once',
      allOf(req.method('GET'), req.method('POST')),
      allOf(req.method('GET'), req.method('GET', 'POST')),
    ],
    [
      'a beginning that it has not',
      allOf(claim('t').startsWith('a'), claim('t').equals('b')),
      allOf(claim('t').startsWith('a'), claim('t').equals('ab')),
    ],
    [
      'an old login that is fresh',
      allOf(authenticatedWithin('5m'), not(authenticatedWithin('1h'))),
      allOf(authenticatedWithin('1h'), not(authenticatedWithin('5m'))),
    ],
    [
      'an address in one range and not around it',
      allOf(req.ipIn('10.1.0.0/16'), not(req.ipIn('10.0.0.0/8'))),
      allOf(req.ipIn('10.0.0.0/8'), not(req.ipIn('10.0.0.0/16'))),
    ],
    [
      'hours that never meet',
      allOf(between('08:00', '09:00'), between('09:00', '10:00')),
      allOf(between('08:00', '09:01'), between('09:00', '10:00')),
    ],
    [
      'text that is an object',
      allOf(claim('a').equals('x'), claim('a', 'b').equals('x')),
      allOf(claim('a').exists(), claim('a', 'b').equals('x')),
    ],
    ['an actor who is none', allOf(actor.none(), actor.is('a')), anyOf(actor.none(), actor.is('a'))],
  ])('is %s, and not its neighbour', (_, contradiction, neighbour) => {
    expect(found(contradiction)).toEqual(['always-denies'])
    expect(found(neighbour)).not.toContain('always-denies')
    expect(found(neighbour)).not.toContain('always-allows')
  })

  it('is seen through names', () => {
    const base = policy('base', { allow: claim('t').equals('a') })
    const findings = checkPolicies(policySet(base, policy('p', { allow: allOf(use('base'), claim('t').equals('b')) })))
    expect(findings).toEqual([
      {
        severity: 'error',
        rule: 'always-denies',
        policy: 'p',
        message: 'nobody can pass; if that is meant, say denyAll()',
      },
    ])
  })

  it('is not told of who says so', () => {
    expect(found(denyAll())).toEqual([])
  })

  it('is not told where only a sample was tried', () => {
    const wide = Array.from({ length: 12 }, (_, index) => claim(`c${index}`).equals('x'))
    expect(found(allOf(...wide, scope('a'), not(scope('a'))))).toEqual(['not-exhaustive'])
  })
})

describe('always-allows', () => {
  it('is a claim that is there or not, and not one that is there or equal', () => {
    expect(found(anyOf(claim('x').exists(), claim('x').absent()))).toEqual(['always-allows'])
    expect(found(anyOf(claim('x').exists(), claim('x').equals('a')))).not.toContain('always-allows')
  })

  it('is not told of who says so', () => {
    expect(found(allow())).toEqual([])
  })

  it('is not the excluded third: a claim may be missing', () => {
    expect(found(anyOf(claim('x').equals('a'), not(claim('x').equals('a'))))).toEqual([])
  })
})

describe('part-without-effect', () => {
  it('is a branch in the shadow of another, with every part of it', () => {
    const [a, b] = [scope('a'), role('b')]
    const findings = checkPolicies(policySet(policy('p', { allow: anyOf(a, allOf(a, b)) })))
    expect(findings.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      'part-without-effect: all of: without it, the same requests pass',
      'part-without-effect: role b: without it, the same requests pass',
    ])
    expect(found(anyOf(a, allOf(scope('c'), b)))).toEqual([])
  })

  it('is a part that stands there twice', () => {
    expect(found(allOf(scope('a'), scope('a')))).toEqual(['part-without-effect', 'part-without-effect'])
    expect(found(allOf(scope('a'), scope('b')))).toEqual([])
  })

  it('is a forbid of nobody who is allowed', () => {
    expect(found(claim('t').equals('a'), [claim('t').orElse('').equals('b')])).toEqual(['part-without-effect'])
    expect(found(claim('t').equals('a'), [claim('u').orElse('').equals('b')])).toEqual([])
  })
})

describe('forbid-covers-allow', () => {
  it('is a forbid of all who are allowed, and not of some', () => {
    expect(found(claim('t').equals('a'), [claim('t').orElse('').startsWith('a')])).toEqual(['forbid-covers-allow'])
    expect(found(claim('t').startsWith('a'), [claim('t').orElse('').equals('a')])).toEqual([])
  })
})

describe('forbid-locks-out', () => {
  it.each<[string, Expression, Expression]>([
    ['suspended', claim('suspended').equals(true), claim('suspended').orElse(false).equals(true)],
    ['suspended', claim('suspended').equals(true), allOf(claim('suspended').exists(), claim('suspended').equals(true))],
    [
      'realm.flag',
      claim('realm', 'flag').equals(true),
      allOf(claim('realm', 'flag').exists(), claim('realm', 'flag').equals(true)),
    ],
    [
      'realm.flag',
      allOf(claim('realm').exists(), claim('realm', 'flag').equals(true)),
      claim('realm', 'flag').exists(),
    ],
    ['roles', role('suspended'), allOf(claim('roles').exists(), role('suspended'))],
    ['scope', scope('risky'), allOf(claim('scope').exists(), scope('risky'))],
    ['amr', amr('pwd'), allOf(claim('amr').exists(), amr('pwd'))],
    ['auth_time', not(authenticatedWithin('1h')), allOf(claim('auth_time').exists(), not(authenticatedWithin('1h')))],
    ['act.sub', actor.is('agent'), not(actor.none())],
  ])('names %s, and is content with a guard', (name, bare, guarded) => {
    const findings = checkPolicies(policySet(policy('p', { allow: claim('x').equals('a'), forbid: [bare] })))
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
      {
        severity: 'error',
        rule: 'forbid-locks-out',
        policy: 'p',
        message: expect.stringContaining(
          `it denies every token without the claim ${name}; say orElse(…), or ask for exists() first`,
        ),
      },
    ])
    expect(found(claim('x').equals('a'), [guarded])).toEqual([])
  })

  it('knows that every token has an issuer', () => {
    expect(found(scope('a'), [issuer('https://other.example')])).toEqual([])
  })
})

describe('what is read', () => {
  const issuers = ['https://a.example', 'https://b.example']

  it('are parameters that a route has', () => {
    const asked = claim('t').equals(param('tenantId'))
    expect(found(asked, [], { routeParams: { p: ['tenantId'] } })).toEqual([])
    expect(found(asked, [], { routeParams: { other: [] } })).toEqual([])
    const [finding] = checkPolicies(policySet(policy('p', { allow: asked })), { routeParams: { p: ['id'] } })
    expect(finding).toMatchObject({
      severity: 'error',
      rule: 'route-lacks-parameter',
      message: 'it reads :tenantId, which its route lacks',
    })
  })

  it.each<[string, Expression]>([
    ['a claim', claim('t').equals('a')],
    ['a role', role('admin')],
    ['a subject', claim('sub').equals(param('id'))],
  ])('%s means something to its issuer alone', (_, asked) => {
    expect(found(asked, [], { issuers })).toEqual(['claim-without-issuer'])
    expect(found(asked, [], { issuers: issuers.slice(1) })).toEqual([])
    expect(found(allOf(issuer('https://a.example'), asked), [], { issuers })).toEqual([])
  })

  it('a registered claim means the same to all issuers', () => {
    expect(found(allOf(scope('a'), claim('acr').equals('high')), [], { issuers })).toEqual([])
  })

  it('an email is verified', () => {
    const email = claim('email').endsWith('@example.com')
    expect(found(email)).toEqual(['email-unverified'])
    expect(found(allOf(email, claim('email_verified').equals(true)))).toEqual([])
  })

  it('actors before the outermost are history', () => {
    expect(found(claim('act', 'act', 'sub').equals('a'))).toEqual(['actor-history'])
    expect(found(claim('act', 'sub').equals('a'))).toEqual([])
  })

  it('a star belongs to what is granted', () => {
    expect(found(scope('orders:*'))).toEqual(['wildcard-required'])
    expect(found(scope('orders:read'))).toEqual([])
  })
})
