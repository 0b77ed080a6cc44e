import { describe, expect, it } from 'vitest'
import { claim, param } from './comparison.js'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import type { PolicyTrace } from './facts.js'
import { make, type Policy } from './policy.js'
import { policySet } from './policy-set.js'
import { formatTrace, tracePolicy } from './trace.js'
import { allOf, allow, anyOf, atLeast, authenticatedWithin, denyAll, not, policy, role, scope, use } from './words.js'

const now = 1_760_000_000

function traceOf(asked: Policy, input: Partial<Parameters<typeof policyFacts>[0]> = {}): PolicyTrace {
  return tracePolicy(compilePolicy(asked), policyFacts({ claims: {}, now, ...input }))
}

/** Each part as `text=outcome/wanted`, from the top down. */
function parts({ text, outcome, wanted, parts: below }: PolicyTrace): readonly string[] {
  return [`${text}=${outcome}/${wanted}`, ...below.flatMap(parts)]
}

const ordersRead = policy('orders.read', {
  allow: allOf(
    scope('read:orders'),
    anyOf(role('admin'), claim('tenant').equals(param('tenantId'))),
    authenticatedWithin('15m'),
  ),
})

describe('tracePolicy', () => {
  it('says of every part what came of it', () => {
    expect(parts(traceOf(allOf(allow(), anyOf(denyAll(), scope('a')), atLeast(1, allow()))))).toEqual([
      'all of=undetermined/true',
      'allow=true/true',
      'any of=undetermined/true',
      'deny=false/true',
      'scope a=undetermined/true',
      'at least 1 of=true/true',
      'allow=true/true',
    ])
  })

  it('asks also those parts that decide nothing', () => {
    expect(parts(traceOf(allOf(denyAll(), allow())))).toEqual([
      'all of=false/true',
      'deny=false/true',
      'allow=true/true',
    ])
  })

  it('says what each would have to be: the contrary below a not, and again below the next', () => {
    expect(parts(traceOf(not(anyOf(allow(), not(denyAll())))))).toEqual([
      'not=false/true',
      'any of=true/false',
      'allow=true/false',
      'not=true/false',
      'deny=false/true',
    ])
  })

  it('wants what is forbidden to be false, and marks it', () => {
    const asked = policy('p', { allow: allow(), forbid: [denyAll(), not(scope('a'))] })
    expect(parts(traceOf(asked))).toEqual([
      'policy p=undetermined/true',
      'allow=true/true',
      'forbid: deny=false/false',
      'forbid: not=undetermined/false',
      'scope a=undetermined/true',
    ])
  })

  it('goes into what is used, and turns with it', () => {
    const policies = policySet(policy('p', { allow: allow(), forbid: [allow()], message: 'Nobody.' }))
    const tree = traceOf(not(use('p')), { policies })
    expect(parts(tree)).toEqual([
      'not=true/true',
      'use p=false/false',
      'policy p=false/false',
      'allow=true/false',
      'forbid: allow=true/true',
    ])
    expect(tree.parts[0]?.parts[0]).toMatchObject({ message: 'Nobody.' })
    expect(tree.parts[0]).not.toHaveProperty('message')
  })

  it('goes into CEL', () => {
    expect(parts(traceOf(make({ kind: 'cel', text: 'true', of: allow() })))).toEqual([
      'cel true=true/true',
      'allow=true/true',
    ])
  })

  it('gives a reason for a leaf that is undetermined, and for nothing else', () => {
    const tree = traceOf(allOf(scope('a'), claim('t').equals('a'), claim('u').equals('a'), use('nowhere')), {
      claims: { scope: '', t: 7 },
    })
    expect(tree).not.toHaveProperty('reason')
    expect(tree.parts.map(({ reason }) => reason)).toEqual([
      undefined,
      'claim t is of the wrong type',
      'claim u is missing',
      'there is no policy of that name',
    ])
    expect(tree.parts[0]).not.toHaveProperty('reason')
  })

  it('holds the message of a policy, and none where it has none', () => {
    expect(traceOf(policy('p', { allow: allow(), message: 'All.' }))).toMatchObject({ message: 'All.' })
    expect(traceOf(policy('p', { allow: allow() }))).not.toHaveProperty('message')
  })
})

describe('formatTrace', () => {
  it('is the tree in lines', () => {
    const text = formatTrace(
      traceOf(ordersRead, {
        claims: { scope: 'read:orders', roles: ['user', 'clerk'], tenant: 't1' },
        params: { tenantId: 't1' },
      }),
    )
    expect(text).toBe(
      `policy orders.read: undetermined
└─ all of: undetermined
   ├─ scope read:orders: true
   ├─ any of: true
   │  ├─ role admin: false
   │  └─ claim tenant equals param tenantId: true
   └─ authenticated within 15m: undetermined · claim auth_time is missing`,
    )
  })

  it('marks what forbids, and adds messages', () => {
    const asked = policy('p', { allow: allow(), forbid: [not(scope('a'))], message: 'Only us.' })
    expect(formatTrace(traceOf(asked))).toBe(
      `policy p: undetermined · Only us.
├─ allow: true
└─ forbid: not: undetermined
   └─ scope a: undetermined · the claims that grant scopes are missing, unreadable, or differ`,
    )
  })

  it('of a leaf is one line', () => expect(formatTrace(traceOf(allow()))).toBe('allow: true'))
})
