import { describe, expect, it } from 'vitest'
import { claim, param } from '../comparison.js'
import { compilePolicy } from '../compile.js'
import { type PolicyFactsInput, policyFacts } from '../evaluate.js'
import { type Expression, isPolicyNode, make } from '../policy.js'
import { between, req } from '../request-words.js'
import {
  acrAtLeast,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  authenticatedWithin,
  boundBy,
  client,
  denyAll,
  issuer,
  not,
  role,
  scope,
  use,
} from '../words.js'
import { cel } from './cel.js'

const undetermined = make({ kind: 'always', verdict: 'undetermined' })

function translated(text: string): Expression {
  const node = cel(text)
  if (node.kind !== 'cel') throw new Error(node.kind)
  return node.of
}

function verdict(text: string, facts: Partial<PolicyFactsInput>): number {
  return compilePolicy(cel(text)).check(policyFacts({ claims: {}, now: 0, ...facts }))
}

describe('cel()', () => {
  it('is a policy that keeps its text', () => {
    const node = cel(' true ')
    expect(node).toEqual({ kind: 'cel', text: ' true ', of: allow() })
    expect(isPolicyNode(node)).toBe(true)
  })

  it('translates a whole policy', () => {
    const text = `
      "read:orders" in scopes          // what it is for
        && ("admin" in claims.roles || claims.tenant == params.tenantId)
        && now - claims.auth_time <= 900`
    const tenant = anyOf(claim('roles').includes('admin'), claim('tenant').equals(param('tenantId')))
    expect(translated(text)).toEqual(allOf(scope('read:orders'), tenant, authenticatedWithin('15m')))
  })

  it.each<[string, Expression]>([
    ['true', allow()],
    ['false', denyAll()],
    ['1/0 == 1', undetermined],
    ['claims.a == 1/0', undetermined],
    ['claims.a in [1/0]', undetermined],
    ['1/0 in claims.a', undetermined],
    ['claims.a && "cows"', allOf(claim('a').equals(true), undetermined)],
    ['claims.a', claim('a').equals(true)],
    ['!claims.has', not(claim('has').equals(true))],
    ['!claims.a', not(claim('a').equals(true))],
    ['!!claims.a', claim('a').equals(true)],
    ['claims.a && claims.b && claims.c', allOf(...['a', 'b', 'c'].map((name) => claim(name).equals(true)))],
    ['claims.a || (claims.b || claims.c)', anyOf(...['a', 'b', 'c'].map((name) => claim(name).equals(true)))],
    [
      'claims.a || claims.b && claims.c',
      anyOf(claim('a').equals(true), allOf(claim('b').equals(true), claim('c').equals(true))),
    ],
    ['true ? claims.a : claims.b', claim('a').equals(true)],
    ['1 > 2 ? claims.a : claims.b', claim('b').equals(true)],
    ['"cows" ? claims.a : claims.b', undetermined],
  ])('combines: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['claims.a.b == "x"', claim('a', 'b').equals('x')],
    ['"x" == claims.a', claim('a').equals('x')],
    ['claims.a != "x"', not(claim('a').equals('x'))],
    ['claims["kubernetes.io"].namespace == "ci"', claim('kubernetes.io', 'namespace').equals('ci')],
    ['claims.`kubernetes.io`.namespace == "ci"', claim('kubernetes.io', 'namespace').equals('ci')],
    ['claims.package == "ci"', claim('package').equals('ci')],
    ['claims.a == -1', claim('a').equals(-1)],
    ['claims.a == 60 * 15', claim('a').equals(900)],
    ['claims.a == 2.5', claim('a').equals(2.5)],
    ['claims.a == true', claim('a').equals(true)],
    ['claims.a == claims.b', claim('a').equals(claim('b'))],
    ['params.a == claims.b', param('a').equals(claim('b'))],
    ['params["a"] == "x"', param('a').equals('x')],
    ['req.headers["X-Tenant"] == claims.tenant', req.header('x-tenant').equals(claim('tenant'))],
    ['claims.iss == "https://issuer.example"', claim('iss').equals('https://issuer.example')],
    ['claims.a in ["x", "y"]', claim('a').oneOf('x', 'y')],
    ['params.a in ["x"]', param('a').oneOf('x')],
    ['claims.?a.orValue(false)', claim('a').orElse(false).equals(true)],
    ['!claims.?a.orValue(false)', not(claim('a').orElse(false).equals(true))],
    ['claims.a.?b.orValue("x") == "y"', claim('a', 'b').orElse('x').equals('y')],
    ['claims[?"a"].orValue(1) >= 2', claim('a').orElse(1).atLeast(2)],
    ['string(claims.org_id) == params.org', claim('org_id').asString().equals(param('org'))],
    ['string(claims.?a.orValue("x")) == "x"', claim('a').orElse('x').asString().equals('x')],
    ['claims.a.startsWith("x")', claim('a').startsWith('x')],
    ['params.a.endsWith("x")', param('a').endsWith('x')],
  ])('compares: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['claims.n >= 3', claim('n').atLeast(3)],
    ['3 <= claims.n', claim('n').atLeast(3)],
    ['claims.n <= 3', claim('n').atMost(3)],
    ['3 >= claims.n', claim('n').atMost(3)],
    ['claims.n > 3', not(claim('n').atMost(3))],
    ['3 < claims.n', not(claim('n').atMost(3))],
    ['claims.n < 3', not(claim('n').atLeast(3))],
    ['3 > claims.n', not(claim('n').atLeast(3))],
  ])('orders numbers: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['"x" in claims.roles', claim('roles').includes('x')],
    ['"" in claims.roles', claim('roles').includes('')],
    ['params.x in claims.tenants', claim('tenants').includes(param('x'))],
    ['"x" in claims.scp.split(" ")', claim('scp').asSpaceList().includes('x')],
    ['claims.roles.exists(r, r in ["x", "y"])', claim('roles').includesAny('x', 'y')],
    ['"x" in scopes', scope('x')],
    ['!("x" in scopes)', not(scope('x'))],
    ['scopes.exists(s, s in ["x", "y"])', anyScope('x', 'y')],
    ['scopes.exists(s, s == "x")', anyScope('x')],
    ['scopes.exists(s, "x" == s)', anyScope('x')],
    ['"x" in roles', role('x')],
    ['roles.exists(r, r in ["x", "y"])', role('x', 'y')],
  ])('looks into lists: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['has(claims.a)', claim('a').exists()],
    ['!has(claims.a)', claim('a').absent()],
    ['!has(claims.act.act)', claim('act', 'act').absent()],
    ['has(params.a)', param('a').exists()],
    ['has(req.headers["x-a"])', req.header('x-a').exists()],
    ['"https://example.com/a" in claims', claim('https://example.com/a').exists()],
    ['"a" in params', param('a').exists()],
    ['"x-a" in req.headers', req.header('x-a').exists()],
  ])('asks whether it is there: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['req.method == "GET"', req.method('GET')],
    ['req.method != "GET"', not(req.method('GET'))],
    ['req.method in ["GET", "HEAD"]', req.method('GET', 'HEAD')],
    ['cidr("10.0.0.0/8").containsIP(req.ip)', req.ipIn('10.0.0.0/8')],
    ['claims.cnf["x5t#S256"] == mtls.thumbprint', boundBy('mtls')],
    ['mtls.thumbprint == claims.cnf["x5t#S256"]', boundBy('mtls')],
    ['claims.cnf.jkt == dpop.jkt', boundBy('dpop')],
    ['dpop.jkt == claims.cnf.jkt', boundBy('dpop')],
  ])('reads the request: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['now - claims.auth_time <= 900', authenticatedWithin('15m')],
    ['now - claims.auth_time <= 900.0', authenticatedWithin('15m')],
    ['now - claims["auth_time"] <= duration("15m")', authenticatedWithin('15m')],
    ['duration("1h30m") >= now - claims.auth_time', authenticatedWithin('90m')],
    ['now.getHours("Europe/Zurich") >= 8', between('08:00', '24:00', { tz: 'Europe/Zurich' })],
    ['now.getHours("UTC") > 8', between('09:00', '24:00')],
    ['now.getHours() < 18', between('00:00', '18:00')],
    ['18 > now.getHours()', between('00:00', '18:00')],
    ['now.getHours() <= 18', between('00:00', '19:00')],
    ['now.getHours() == 8', between('08:00', '09:00')],
    ['now.getHours() != 8', anyOf(between('00:00', '08:00'), between('09:00', '24:00'))],
    ['now.getHours() in [8, 9, 22]', anyOf(between('08:00', '10:00'), between('22:00', '23:00'))],
    [
      'now.getDayOfWeek("Europe/Zurich") in [1, 2, 3]',
      between('00:00', '24:00', { tz: 'Europe/Zurich', days: 'Mon-Wed' }),
    ],
    ['now.getDayOfWeek() == 0', between('00:00', '24:00', { days: 'Sun' })],
    ['now.getDayOfWeek() >= 5', between('00:00', '24:00', { days: 'Fri,Sat' })],
  ])('tells the time: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it.each<[string, Expression]>([
    ['authenticatedWithin("15m")', authenticatedWithin('15m')],
    ['acrAtLeast("silver")', acrAtLeast('silver')],
    ['acrAtLeast("silver", "bronze", "silver", "gold")', acrAtLeast('silver', ['bronze', 'silver', 'gold'])],
    ['amr("otp", "hwk")', amr('otp', 'hwk')],
    ['boundBy("mtls", "dpop")', boundBy('mtls', 'dpop')],
    ['issuer("https://issuer.example")', issuer('https://issuer.example')],
    ['client("a")', client('a')],
    ['use("orders." + "read")', use('orders.read')],
  ])('has the words of policies: %s', (text, wanted) => {
    expect(translated(text)).toEqual(wanted)
  })

  it('agrees with the wall clock on every hour of a week, over a change of offset', () => {
    const tz = 'Europe/Zurich'
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone: tz,
      weekday: 'short',
      hour: '2-digit',
      hourCycle: 'h23',
    })
    const start = Date.UTC(2026, 9, 20) / 1000
    for (let now = start; now < start + 8 * 86_400; now += 1_800) {
      const parts = new Map(format.formatToParts(now * 1000).map(({ type, value }) => [type, value]))
      const hour = Number(parts.get('hour'))
      const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts.get('weekday') as string)
      expect(verdict(`now.getHours("${tz}") == ${hour} && now.getDayOfWeek("${tz}") == ${day}`, { now })).toBe(1)
      expect(verdict(`now.getHours("${tz}") != ${hour} || now.getDayOfWeek("${tz}") != ${day}`, { now })).toBe(-1)
    }
  })

  it('lets nobody pass for a claim that is missing, nor for its opposite', () => {
    for (const text of [
      'claims.a == "x"',
      'claims.a != "x"',
      '!(claims.a == "x")',
      'claims.a > 1',
      '!(claims.a > 1)',
    ]) {
      expect(verdict(text, {})).toBe(0)
    }
    expect(verdict('claims.a != "x"', { claims: { a: 'y' } })).toBe(1)
  })
})
