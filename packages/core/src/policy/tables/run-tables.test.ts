import { describe, expect, it } from 'vitest'
import { authorizationDetails } from '../authorization-details-word.js'
import { claim, param } from '../comparison.js'
import type { Expression } from '../policy.js'
import { policySet } from '../policy-set.js'
import { between, req, spiffe } from '../request-words.js'
import { acrAtLeast, actor, allOf, anyOf, authenticatedWithin, custom, not, policy, role, scope } from '../words.js'
import { runTables } from './run-tables.js'
import type { TestCase } from './test-table.js'

type Row = readonly [claims: Readonly<Record<string, unknown>>, expect: 'allow' | 'deny', more?: Partial<TestCase>]

function run(
  asked: Expression,
  rows: readonly Row[],
  what: 'coverage' | 'mutants' | 'verdicts',
  forbid: readonly Expression[] = [],
) {
  const cases = rows.map(([claims, verdict, more], index) => ({
    name: `row ${index}`,
    expect: verdict,
    claims,
    ...more,
  }))
  const set = policySet(policy('p', { allow: asked, forbid }))
  return runTables(set, [{ policy: 'p', cases }], { coverage: what === 'coverage', mutants: what === 'mutants' })
}

describe('a verdict', () => {
  const asked = allOf(scope('a'), claim('tenant').equals('x'), authenticatedWithin('5m'))
  const good = { scope: 'a', tenant: 'x', auth_time: 0 }
  const old = { ...good, auth_time: -301 }

  it.each<[string, Row]>([
    ['p, row 0: expected deny, got allow', [good, 'deny']],
    ['p, row 0: expected allow, got deny (claim tenant equals "x": false)', [{ ...good, tenant: 'y' }, 'allow']],
    [
      'p, row 0: expected a denial because of scope, got claim tenant equals "x": false',
      [{ ...good, tenant: 'y' }, 'deny', { because: 'scope' }],
    ],
    [
      'p, row 0: expected tenant to be undetermined, got claim tenant equals "x": false',
      [{ ...good, tenant: 'y' }, 'deny', { undetermined: 'tenant' }],
    ],
    ['p, row 0: expected the remedy none, got insufficient_user_authentication', [old, 'deny', { remedy: 'none' }]],
    [
      'p, row 0: expected the remedy insufficient_scope, got none',
      [{ ...good, tenant: 'y' }, 'deny', { remedy: 'insufficient_scope' }],
    ],
  ])('is told: %s', (message, row) => {
    expect(run(asked, [row], 'verdicts')).toEqual({ passed: 0, failures: [message] })
  })

  it('is as expected, and for that reason', () => {
    const rows: readonly Row[] = [
      [good, 'allow'],
      [{ ...good, tenant: 'y' }, 'deny', { because: 'claim tenant', remedy: 'none' }],
      [{ scope: 'a', auth_time: 0 }, 'deny', { undetermined: 'claim tenant is missing' }],
      [{ ...good, scope: 'b' }, 'deny', { remedy: 'insufficient_scope' }],
      [old, 'deny', { because: 'authenticated within', remedy: 'insufficient_user_authentication' }],
    ]
    expect(run(asked, rows, 'verdicts')).toEqual({ passed: 5, failures: [] })
  })

  it('is asked of a policy that is there', () => {
    const set = policySet(policy('orders.read', { allow: scope('a') }))
    const tables = [{ policy: 'orders.raed', cases: [{ name: 'a', expect: 'allow' as const }] }]
    expect(runTables(set, tables, { coverage: false, mutants: false }).failures).toEqual([
      'no policy is named orders.raed; did you mean orders.read?',
    ])
  })
})

describe('coverage', () => {
  it('asks for every outcome of every part', () => {
    const asked = allOf(scope('a'), role('admin'))
    const rows: readonly Row[] = [
      [{ scope: 'a', roles: ['admin'] }, 'allow'],
      [{ scope: 'b', roles: [] }, 'deny'],
      [{ roles: [] }, 'deny'],
    ]
    expect(run(asked, rows, 'coverage').failures).toEqual(['p: no case shows role admin undetermined'])
    expect(run(asked, [...rows, [{ scope: 'a' }, 'deny']], 'coverage').failures).toEqual([])
    expect(run(asked, rows.slice(0, 1), 'coverage').failures).toEqual([
      'p: no case shows scope a false or undetermined',
      'p: no case shows role admin false or undetermined',
    ])
  })

  it('does not ask for what cannot be', () => {
    const rows: readonly Row[] = [
      [{ act: {} }, 'deny', { method: 'GET' }],
      [{}, 'allow', { method: 'GET' }],
      [{}, 'deny', { method: 'PUT' }],
    ]
    expect(run(allOf(actor.none(), req.method('GET')), rows, 'coverage').failures).toEqual([])
    const code = custom('c', {}, ({ claims }) => claims['a'] === 1)
    expect(
      run(
        code,
        [
          [{ a: 1 }, 'allow'],
          [{}, 'deny'],
        ],
        'coverage',
      ).failures,
    ).toEqual([])
    expect(run(code, [[{ a: 1 }, 'allow']], 'coverage').failures).toEqual(['p: no case shows custom c false'])
  })

  it('asks for workloads that call, that are others, and that have proven nothing', () => {
    const rows: readonly Row[] = [
      [{}, 'allow', { workload: 'spiffe://prod.example/orders' }],
      [{}, 'deny', { workload: 'spiffe://prod.example/billing', because: 'spiffe' }],
    ]
    const asked = spiffe('spiffe://prod.example/orders')
    expect(run(asked, rows, 'coverage').failures).toEqual([
      'p: no case shows spiffe spiffe://prod.example/orders undetermined',
    ])
    const unproven: Row = [{}, 'deny', { undetermined: 'no workload has proven who it is' }]
    expect(run(asked, [...rows, unproven], 'coverage').failures).toEqual([])
    expect(run(not(asked), [unproven], 'verdicts')).toEqual({ passed: 1, failures: [] })
  })

  it('asks for a case of every policy, once', () => {
    const set = policySet(policy('p', { allow: scope('a') }))
    expect(runTables(set, [], { coverage: true, mutants: true }).failures).toEqual(['p: no case tests it'])
    expect(runTables(set, [], { coverage: false, mutants: true }).failures).toEqual(['p: no case tests it'])
    expect(runTables(set, [], { coverage: false, mutants: false }).failures).toEqual([])
  })
})

type Mistake = [mistake: string, asked: Expression, good: Row, killer: Row, forbid?: readonly Expression[]]

describe('a mistake', () => {
  const x = { t: 'x' }
  const kinds: Mistake[] = [
    ['without scope a', allOf(scope('a'), claim('t').exists()), [{ scope: 'a', ...x }, 'allow'], [x, 'deny']],
    [
      'allOf and anyOf swapped in all of',
      allOf(scope('a'), claim('t').exists()),
      [{ scope: 'a', ...x }, 'allow'],
      [x, 'deny'],
    ],
    [
      'allOf and anyOf swapped in any of',
      anyOf(scope('a'), claim('t').exists()),
      [{ scope: 'a', ...x }, 'allow'],
      [x, 'allow'],
    ],
    ['without the not before scope a', not(scope('a')), [{}, 'deny'], [{ scope: 'b' }, 'allow']],
    ['wider: scope a b', scope('a', 'b'), [{ scope: 'a b' }, 'allow'], [{ scope: 'b' }, 'deny']],
    [
      'wider: authenticated within 5m',
      authenticatedWithin('5m'),
      [{ auth_time: 0 }, 'allow'],
      [{ auth_time: -301 }, 'deny'],
    ],
    ['wider: acr at least b', acrAtLeast('b', ['a', 'b']), [{ acr: 'b' }, 'allow'], [{ acr: 'a' }, 'deny']],
    [
      'wider: authorization details pay, actions a',
      authorizationDetails('pay', { actions: ['a'] }),
      [{ authorization_details: [{ type: 'pay', actions: ['a'] }] }, 'allow'],
      [{ authorization_details: [{ type: 'pay', actions: ['b'] }] }, 'deny'],
    ],
    ['wider: at most 1 actors', actor.depthAtMost(1), [{}, 'allow'], [{ act: { act: {} } }, 'deny']],
    [
      'wider: between 08:00 and 12:00 in UTC on Mon',
      between('08:00', '12:00', { days: 'Mon' }),
      [{}, 'allow', { now: '2026-11-23T08:00:00Z' }],
      [{}, 'deny', { now: '2026-11-23T12:00:00Z' }],
    ],
    ['wider: claim t equals "x"', claim('t').equals('x'), [x, 'allow'], [{ t: 'y' }, 'deny']],
    ['wider: claim t one of "x", "y"', claim('t').oneOf('x', 'y'), [x, 'allow'], [{ t: 'z' }, 'deny']],
    [
      'wider: claim t equals param p',
      claim('t').equals(param('p')),
      [x, 'allow', { params: { p: 'x' } }],
      [x, 'deny', { params: { p: 'y' } }],
    ],
    [
      'wider: claim t includes all of "x", "y"',
      claim('t').includesAll('x', 'y'),
      [{ t: ['x', 'y'] }, 'allow'],
      [{ t: ['x'] }, 'deny'],
    ],
    ['wider: claim t at least 3', claim('t').atLeast(3), [{ t: 3 }, 'allow'], [{ t: 2 }, 'deny']],
    ['wider: claim t at most 3', claim('t').atMost(3), [{ t: 3 }, 'allow'], [{ t: 4 }, 'deny']],
    ['wider: claim t starts with "ab"', claim('t').startsWith('ab'), [{ t: 'ab' }, 'allow'], [{ t: 'ac' }, 'deny']],
    ['wider: claim t ends with "ab"', claim('t').endsWith('ab'), [{ t: 'ab' }, 'allow'], [{ t: 'bb' }, 'deny']],
    [
      'without forbid: claim t or else "" equals "x"',
      scope('a'),
      [{ scope: 'a' }, 'allow'],
      [{ scope: 'a', ...x }, 'deny'],
      [claim('t').orElse('').equals('x')],
    ],
  ]

  it.each<Mistake>(kinds)(
    'is noticed by the one case that shows it: %s',
    (mistake, asked, good, killer, forbid = []) => {
      const told = `p: no case would notice a mistake: ${mistake}`
      expect(run(asked, [good], 'mutants', forbid).failures).toContain(told)
      const { passed, failures } = run(asked, [good, killer], 'mutants', forbid)
      expect(passed).toBe(2)
      expect(failures).not.toContain(told)
    },
  )

  it('that changes nothing is not counted', () => {
    expect(run(allOf(scope('a'), scope('a')), [[{ scope: 'a' }, 'allow']], 'mutants').failures).toEqual([])
    expect(run(claim('t').startsWith('a'), [[{ t: 'a' }, 'allow']], 'mutants').failures).toEqual([])
  })
})
