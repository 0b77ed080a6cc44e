import { describe, expect, it } from 'vitest'
import { factsOf, parseTables } from './test-table.js'

const row = { name: 'a row', expect: 'allow' }
const table = (more: object = {}, change: object = {}) => ({ policy: 'p', cases: [{ ...row, ...more }], ...change })

describe('parseTables', () => {
  it('takes one table, a list of them, or none', () => {
    expect(parseTables(table())).toEqual([table()])
    expect(parseTables([table(), table()])).toHaveLength(2)
    expect(parseTables(undefined)).toEqual([])
    expect(parseTables(null)).toEqual([])
  })

  it('takes everything that a case can say', () => {
    const facts = {
      ...{ claims: { a: 1 }, now: '2026-11-24T09:00:00Z', method: 'GET', params: { p: 'a' }, headers: { h: 'a' } },
      ...{ ip: '192.0.2.1', binding: 'dpop', workload: 'spiffe://prod.example/orders' },
      ...{ scopeClaims: [['s']], roleClaims: [['a', 'b']], audiences: ['x'] },
    }
    const denial = { expect: 'deny', because: 'a', undetermined: 'b', remedy: 'none' }
    expect(() => parseTables(table({ ...facts, ...denial }, { facts }))).not.toThrow()
  })

  it.each<[string, unknown]>([
    ['test table 1 must be an object', 'p'],
    ['test table 1 must be an object', [[]]],
    ['test table 2 must be an object', [table(), 1]],
    ['test table 1 has no option `case`; did you mean `cases`?', { policy: 'p', case: [] }],
    ['test table 1: `policy` must be the name of a policy', table({}, { policy: 1 })],
    ['test table 1: `cases` must be a list of cases', table({}, { cases: [] })],
    ['test table 1: `cases` must be a list of cases', table({}, { cases: {} })],
    ['test table 1: `facts` must be an object', table({}, { facts: 'x' })],
    ['test table 1: `facts` has no option `expect`', table({}, { facts: { expect: 'allow' } })],
    ['test table 1, case 1 must be an object', table({}, { cases: ['a'] })],
    ['test table 1, case 1 has no option `claim`; did you mean `claims`?', table({ claim: {} })],
    ['test table 1, case 1: `expect` must be allow or deny, not "maybe"', table({ expect: 'maybe' })],
    ['test table 1, case 1: `expect` must be allow or deny, not undefined', table({ expect: undefined })],
    ['test table 1, case 1: `name` must be a text', table({ name: undefined })],
    ['test table 1, case 1: `name` must be a text', table({ name: '' })],
    ['test table 1, case 1: `because` must be a text', table({ expect: 'deny', because: 1 })],
    ['test table 1, case 1: `undetermined` must be a text', table({ expect: 'deny', undetermined: '' })],
    [
      'test table 1, case 1: `because`, `undetermined` and `remedy` say why a request is denied',
      table({ because: 'a' }),
    ],
    ['test table 1, case 1: `claims` must be an object', table({ claims: [] })],
    ['test table 1, case 1: `params` must be an object', table({ params: 'a' })],
    ['test table 1, case 1: `headers` must be an object', table({ headers: null })],
    ['test table 1, case 1: `method` must be a text', table({ method: 1 })],
    ['test table 1, case 1: `ip` must be a text', table({ ip: {} })],
    ['test table 1, case 1: `workload` must be a text', table({ workload: ['spiffe://prod.example/orders'] })],
    ['test table 1, case 1 has no option `workloads`; did you mean `workload`?', table({ workloads: 'x' })],
    ['test table 1, case 1: `binding` must be dpop or mtls, not "tls"', table({ binding: 'tls' })],
    [
      "test table 1, case 1: `roleClaims` must be a list of paths such as ['realm_access', 'roles']",
      table({ roleClaims: ['roles'] }),
    ],
    [
      "test table 1, case 1: `scopeClaims` must be a list of paths such as ['realm_access', 'roles']",
      table({ scopeClaims: [[]] }),
    ],
    ['test table 1, case 1: `audiences` must be a list of texts', table({ audiences: [7] })],
    ['test table 1, case 1: `audiences` must be a list of texts', table({ audiences: 'a' })],
    ['test table 1, case 1: `now` must be seconds, or a date such as 2026-11-24T09:00:00Z', table({ now: 'noon' })],
    ['test table 1, case 1: `now` must be seconds, or a date such as 2026-11-24T09:00:00Z', table({ now: Number.NaN })],
    [
      'test table 1, case 1: `remedy` must be insufficient_scope or insufficient_user_authentication or none, not "login"',
      table({ expect: 'deny', remedy: 'login' }),
    ],
  ])('says: %s', (message, value) => {
    expect(() => parseTables(value)).toThrow(expect.objectContaining({ name: 'ConfigurationError', message }))
  })
})

describe('the facts of a case', () => {
  const of = (facts: object, own: object) =>
    factsOf({ policy: 'p', facts, cases: [] }, { name: 'a', expect: 'allow', ...own })

  it('are those of the table, and what the case says anew', () => {
    const shared = { claims: { a: 1, b: 1 }, params: { p: '1', q: '1' }, headers: { h: '1' }, method: 'GET', ip: '::1' }
    expect(of(shared, { claims: { b: 2 }, params: { q: '2' }, method: 'PUT', now: 7 })).toEqual({
      ...{ claims: { a: 1, b: 2 }, params: { p: '1', q: '2' }, headers: { h: '1' }, method: 'PUT', ip: '::1', now: 7 },
    })
  })

  it('lack a claim that is null', () => {
    expect(of({ claims: { a: 1, b: 1 } }, { claims: { a: null } }).claims).toEqual({ b: 1 })
  })

  it('have dates of 0 or less from now on, and no other numbers', () => {
    const claims = { auth_time: -300, exp: 0, iat: -1, nbf: 1, level: -1, other: '-1' }
    expect(of({ claims, now: 1_000 }, {}).claims).toEqual({
      auth_time: 700,
      exp: 1_000,
      iat: 999,
      nbf: 1,
      level: -1,
      other: '-1',
    })
    expect(of({ claims }, { now: '1970-01-01T00:16:40Z' }).claims['auth_time']).toBe(700)
  })

  it('are of the start of 2026 if nothing is said', () => {
    expect(of({}, {}).now).toBe(Date.parse('2026-01-01T00:00:00Z') / 1000)
  })
})
