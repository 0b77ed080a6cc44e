// What the words make, what they refuse, and in which words.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { didYouMean } from '../option-checks.js'
import { claim, param } from './comparison.js'
import type { Expression } from './policy.js'
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

function refuses(build: () => unknown, message: RegExp): void {
  expect(build).toThrow(ConfigurationError)
  expect(build).toThrow(message)
}

const anything = (value: unknown) => value as never
const part = scope('a')
const byHand = Object.freeze({ kind: 'always', verdict: 'allow' })

describe('scope', () => {
  it('makes a policy that nobody can change', () => {
    const policy = scope('read', 'write')
    expect(policy).toEqual({ kind: 'scope', scopes: ['read', 'write'] })
    expect(Object.isFrozen(policy)).toBe(true)
    expect(policy.kind === 'scope' && Object.isFrozen(policy.scopes)).toBe(true)
  })

  it('names each scope once', () => {
    expect(scope('b', 'a', 'b')).toMatchObject({ scopes: ['b', 'a'] })
    expect(anyScope('b', 'a', 'b')).toEqual({ kind: 'anyScope', scopes: ['b', 'a'] })
  })

  it('takes every character of a scope token (RFC 6749 §3.3) and no other', () => {
    for (let point = 0; point < 0x180; point++) {
      const name = `a${String.fromCodePoint(point)}b`
      const isAllowed = point > 0x20 && point <= 0x7e && point !== 0x22 && point !== 0x5c
      if (isAllowed) expect(scope(name)).toMatchObject({ scopes: [name] })
      else expect(() => scope(name), `U+${point.toString(16)}`).toThrow(ConfigurationError)
    }
  })

  it.each([[[]], [['']], [['read write']], [['read\n']], [[undefined]], [[7]], [[['read']]]])(
    'does not build of %j',
    (names) => {
      refuses(() => scope(...(names as string[])), /^scope\(\) takes (at least one name|names|scopes)/)
      refuses(() => anyScope(...(names as string[])), /^anyScope\(\) takes (at least one name|names|scopes)/)
    },
  )
})

const combining: readonly (readonly [string, (...parts: readonly Expression[]) => Expression])[] = [
  ['allOf', allOf],
  ['anyOf', anyOf],
  ['not', (...parts) => not(parts[0] as Expression)],
  ['atLeast', (...parts) => atLeast(1, ...parts)],
]

describe('the words that combine', () => {
  it('make nodes that nobody can change', () => {
    const parts = [part, denyAll()]
    for (const made of [allOf(...parts), anyOf(...parts), atLeast(2, ...parts)]) {
      expect(made).toMatchObject({ of: parts })
      expect(Object.isFrozen(made)).toBe(true)
      expect(Object.isFrozen((made as { of?: unknown }).of)).toBe(true)
    }
    expect(not(part)).toEqual({ kind: 'not', of: part })
    expect(Object.isFrozen(not(part))).toBe(true)
  })

  it.each(combining)('%s refuses a part that is made by hand', (_, word) => {
    refuses(() => word(anything(byHand)), /^a policy is made by the policy words, such as scope\('read:orders'\)/)
    refuses(() => word(anything({ ...part })), /made by the policy words/)
    refuses(() => word(anything('read')), /made by the policy words/)
    refuses(() => word(anything(undefined)), /made by the policy words/)
    refuses(() => word(anything(Promise.resolve(part))), /made by the policy words/)
  })

  it.each(combining)('%s refuses a named policy, and says how to use it', (_, word) => {
    refuses(() => word(anything(policy('a.b', { allow: part }))), /stands in no other: say use\("a\.b"\)/)
  })

  it.each(combining)('%s refuses a subject of which nothing is asked', (_, word) => {
    refuses(() => word(anything(claim('a', 'b'))), /^claim\('a', 'b'\) alone asks nothing: say what of it/)
    refuses(() => word(anything(param('id'))), /^param\('id'\) alone asks nothing/)
    refuses(() => word(anything(req.header('x-a'))), /^header\('x-a'\) alone asks nothing/)
  })

  it('refuse no part at all', () => {
    refuses(() => allOf(), /^allOf\(\) takes at least one part/)
    refuses(() => anyOf(), /^anyOf\(\) takes at least one part/)
    refuses(() => atLeast(1), /^atLeast\(\) takes at least one part/)
  })

  it('refuse an array of parts', () => {
    refuses(() => allOf(anything([part])), /^allOf\(\) takes its parts one by one, not as an array/)
    refuses(() => anyOf(anything([part, part])), /^anyOf\(\) takes its parts one by one/)
  })

  it('look at every part', () => {
    refuses(() => allOf(part, anything(byHand)), /made by the policy words/)
    refuses(() => anyOf(part, part, anything([part])), /made by the policy words/)
  })

  it.each([0, -1, 3, 1.5, Number.NaN, 1 / 0, '1', undefined, null])('atLeast(%j) of two is refused', (count) => {
    refuses(() => atLeast(anything(count), part, part), /^atLeast\(\) takes a count from 1 to the number of its parts/)
  })

  it.each([1, 2])('atLeast(%i) of two is made', (count) => {
    expect(atLeast(count, part, part)).toMatchObject({ kind: 'atLeast', count })
  })
})

describe('policy', () => {
  it('makes a node that nobody can change', () => {
    const made = policy('orders.read', { allow: part, forbid: [denyAll()], message: 'Only ours.' })
    expect(made).toEqual({
      kind: 'policy',
      name: 'orders.read',
      allow: part,
      forbid: [denyAll()],
      message: 'Only ours.',
    })
    expect(Object.isFrozen(made) && Object.isFrozen(made.forbid)).toBe(true)
    expect(policy('a', { allow: part })).toStrictEqual({ kind: 'policy', name: 'a', allow: part, forbid: [] })
  })

  it('allows nobody by default', () => {
    refuses(() => policy('a', anything({})), /made by the policy words/)
    refuses(() => policy('a', anything({ forbid: [part] })), /made by the policy words/)
    refuses(() => policy('a', anything(undefined)), /^a: a policy needs `allow`/)
    refuses(() => policy('a', anything(null)), /^a: a policy needs `allow`/)
    refuses(() => policy('a', anything('b')), /^a: a policy needs `allow`/)
  })

  it('refuses what it does not know', () => {
    refuses(() => policy('a', anything({ allow: part, forbids: [part] })), /^a: a policy has no `forbids`/)
    refuses(() => policy('a', anything({ allow: part, deny: part })), /^a: a policy has no `deny`/)
  })

  it('refuses a forbid that is no array, or holds something else', () => {
    refuses(() => policy('a', { allow: part, forbid: anything(part) }), /^a: `forbid` must be an array/)
    refuses(() => policy('a', { allow: part, forbid: anything(null) }), /^a: `forbid` must be an array/)
    refuses(() => policy('a', { allow: part, forbid: [part, anything(byHand)] }), /made by the policy words/)
    refuses(() => policy('a', { allow: anything(policy('b', { allow: part })) }), /say use\("b"\)/)
  })

  it.each(['', 'a\nb', 'a\u0000', 'a'.repeat(201), 7, null])('refuses the message %j', (message) => {
    refuses(() => policy('a', { allow: part, message: anything(message) }), /`message` must be one line of at most 200/)
  })

  it('takes a message of 200 characters', () => {
    expect(policy('a', { allow: part, message: 'ä'.repeat(200) }).message).toHaveLength(200)
  })
})

describe('names of policies', () => {
  it.each(['a', 'orders.read', 'a/b:c-d_e', '7', 'a'.repeat(128)])('take %s', (name) => {
    expect(use(name)).toEqual({ kind: 'use', name })
    expect(policy(name, { allow: part }).name).toBe(name)
  })

  it.each([
    ...['', '.a', '-a', 'a b', 'ä', 'a\n', 'a'.repeat(129), '__proto__', 'constructor', 'prototype', 7],
    ...[undefined, null, ['a']],
  ])('refuse %j', (name) => {
    refuses(() => use(anything(name)), /^use\(\) takes a name such as 'orders\.read', and .+ is none/)
    refuses(() => policy(anything(name), { allow: part }), /^policy\(\) takes a name such as 'orders\.read'/)
    refuses(() => custom(anything(name), {}, () => true), /^custom\(\) takes a name such as 'orders\.read'/)
  })
})

const naming: readonly (readonly [string, (...names: readonly string[]) => Expression, string])[] = [
  ['role()', role, 'roles'],
  ['issuer()', issuer, 'issuers'],
  ['audience()', audience, 'audiences'],
  ['subject()', subject, 'subjects'],
  ['client()', client, 'clients'],
  ['amr()', amr, 'methods'],
  ['actor.is()', actor.is, 'subjects'],
]

describe.each(naming)('%s', (what, word, member) => {
  const begins = `^${what.replace('()', '\\(\\)')} takes`

  it('names each once, and nobody can change it', () => {
    const made = word('b', 'a c', 'b') as unknown as Record<string, unknown>
    expect(made[member]).toEqual(['b', 'a c'])
    expect(Object.isFrozen(made) && Object.isFrozen(made[member])).toBe(true)
  })

  it('refuses no name', () => refuses(() => word(), new RegExp(`${begins} at least one name`)))

  it.each([[''], ['\ud800'], [7], [null], [undefined], [['a']]])('refuses %j', (name) => {
    refuses(() => word('a', anything(name)), new RegExp(`${begins} names one by one, and .+ is not one`))
  })
})

describe('the other words', () => {
  it('authenticatedWithin', () => {
    expect(authenticatedWithin('15m')).toEqual({ kind: 'authenticatedWithin', seconds: 900 })
    refuses(() => authenticatedWithin(anything('15 minutes')), /^authenticatedWithin\(\) takes a duration/)
    refuses(() => authenticatedWithin(anything(900)), /^authenticatedWithin\(\) takes a duration/)
  })

  it('acrAtLeast', () => {
    expect(acrAtLeast('b', ['a', 'b', 'a'])).toEqual({ kind: 'acrAtLeast', level: 'b', levels: ['a', 'b'] })
    expect(acrAtLeast('b')).toMatchObject({ levels: ['b'] })
    refuses(
      () => acrAtLeast('gold', ['silver', 'golf']),
      /takes one of the levels silver, golf, .+; did you mean golf\?/,
    )
    refuses(() => acrAtLeast('gold', []), /^the levels of acrAtLeast\(\) takes at least one name/)
    refuses(() => acrAtLeast('a b'), /^"a b" is no authentication context class: it goes into a challenge/)
    refuses(() => acrAtLeast('a', ['a', 'b"']), /is no authentication context class/)
    refuses(() => acrAtLeast('a', anything('a')), /takes at least one name/)
  })

  it('boundBy', () => {
    expect(boundBy('mtls', 'dpop', 'mtls')).toEqual({ kind: 'boundBy', methods: ['mtls', 'dpop'] })
    refuses(() => boundBy(anything('tls')), /^boundBy\(\) takes 'dpop' and 'mtls', not "tls"/)
    refuses(() => boundBy(), /^boundBy\(\) takes at least one name/)
  })

  it('actor', () => {
    expect(actor.none()).toEqual({ kind: 'actorNone' })
    expect(actor.depthAtMost(1)).toEqual({ kind: 'actorDepthAtMost', depth: 1 })
    expect(actor.depthAtMost(16)).toMatchObject({ depth: 16 })
    for (const depth of [0, 17, 1.5, -1, Number.NaN, '1', undefined]) {
      refuses(() => actor.depthAtMost(anything(depth)), /takes a number from 1 to 16; for 0 say actor\.none\(\)/)
    }
    expect(Object.isFrozen(actor) && Object.isFrozen(req)).toBe(true)
  })

  it('req.method', () => {
    expect(req.method('GET', 'M-SEARCH', 'GET')).toEqual({ kind: 'method', methods: ['GET', 'M-SEARCH'] })
    for (const method of ['get', 'GET ', '*', '-GET', 'GET\n']) {
      refuses(() => req.method(method), /^req\.method\(\) takes methods such as 'GET', not/)
    }
    refuses(() => req.method(), /^req\.method\(\) takes at least one name/)
  })

  it('req.ipIn', () => {
    expect(req.ipIn('10.0.0.0/8', '::1', '::1')).toEqual({ kind: 'ipIn', ranges: ['10.0.0.0/8', '::1'] })
    refuses(() => req.ipIn('10.0.0.0/33'), /^req\.ipIn\(\) takes addresses and ranges/)
    refuses(() => req.ipIn(), /^req\.ipIn\(\) takes at least one name/)
  })

  it('between', () => {
    expect(between('08:00', '18:00', { tz: 'Europe/Zurich', days: 'Sat,Mon' })).toEqual({
      kind: 'between',
      from: '08:00',
      to: '18:00',
      timeZone: 'Europe/Zurich',
      days: ['Mon', 'Sat'],
    })
    expect(between('22:00', '24:00')).toMatchObject({ timeZone: 'UTC', days: expect.arrayContaining(['Mon', 'Sun']) })
    expect(between('00:00', '24:00')).toMatchObject({ from: '00:00', to: '24:00' })
    refuses(() => between('08:00', '08:00'), /is no time at all; for whole days say between\('00:00', '24:00'\)/)
    refuses(() => between('24:00', '08:00'), /is no time at all/)
    refuses(() => between('8:00', '18:00'), /takes times of the day such as '08:00', not "8:00"/)
    refuses(() => between('08:00', '25:00'), /takes times of the day such as '08:00', not "25:00"/)
    refuses(() => between('08:00', '18:00', { tz: 'Zurich' }), /takes a time zone such as 'Europe\/Zurich'/)
    refuses(() => between('08:00', '18:00', { days: 'Mo' }), /takes days such as 'Mon-Fri'/)
    refuses(() => between('08:00', '18:00', anything({ day: 'Mon' })), /has no option `day`; did you mean days\?/)
    refuses(() => between('08:00', '18:00', anything({ timeZone: 'UTC' })), /has no option `timeZone`$/)
  })

  it('custom', () => {
    const test = () => true
    const reads = { claims: [['a', 'b']] as const, params: ['id'] }
    expect(custom('x', reads, test)).toEqual({ kind: 'custom', name: 'x', reads, test })
    expect(custom('x', {}, test)).toMatchObject({ reads: { claims: [], params: [] } })
    const made = custom('x', reads, test)
    const held = made.kind === 'custom' ? made.reads : {}
    expect([held, held.claims, held.params, held.claims?.[0]].map(Object.isFrozen)).toEqual([true, true, true, true])
    expect(Object.isFrozen(reads.params)).toBe(false)
    refuses(() => custom('x', {}, anything(true)), /^custom\("x"\) takes a function$/)
    refuses(() => custom('x', {}, anything(undefined)), /^custom\("x"\) takes a function$/)
    refuses(
      () =>
        custom(
          'x',
          {},
          anything(async () => true),
        ),
      /takes a function that answers at once: a promise is no/,
    )
    refuses(
      () =>
        custom(
          'x',
          {},
          anything(function* () {}),
        ),
      /takes a function that answers at once/,
    )
    refuses(() => custom('x', { claims: [['__proto__']] }, test), /`__proto__` is no claim/)
  })

  it('make lists that nobody can change', () => {
    for (const made of [
      boundBy('dpop'),
      req.method('GET'),
      req.ipIn('::1'),
      between('08:00', '18:00', { days: 'Mon' }),
    ]) {
      const lists = Object.values(made).filter((value) => Array.isArray(value))
      expect(lists).toHaveLength(1)
      expect(lists.every(Object.isFrozen)).toBe(true)
    }
  })

  it('allow and denyAll say it aloud', () => {
    expect(allow()).toEqual({ kind: 'always', verdict: 'allow' })
    expect(denyAll()).toEqual({ kind: 'always', verdict: 'deny' })
  })
})

describe('what is no list, no object or no text', () => {
  it.each<[string, () => unknown]>([
    ['what a custom test reads', () => custom('x', undefined as never, () => true)],
    ['claims that are no paths', () => custom('x', { claims: 'a' as never }, () => true)],
    ['claims that are names', () => custom('x', { claims: ['a' as never] }, () => true)],
    ['parameters that are text', () => custom('x', { params: 'ab' as never }, () => true)],
    ['the options of between', () => between('08:00', '18:00', null as never)],
    ['a duration', () => authenticatedWithin(10n as never)],
  ])('does not build: %s', (_, build) => {
    expect(build).toThrow(ConfigurationError)
  })
})

describe('didYouMean', () => {
  it('names the nearest word, where one is near enough', () => {
    expect(didYouMean('ordres', ['users', 'orders'])).toBe('; did you mean orders?')
    expect(didYouMean('x', ['users', 'orders'])).toBe('')
    expect(didYouMean('abcdefghi', ['abcdefxyz'])).toBe('; did you mean abcdefxyz?')
    expect(didYouMean('abcdefghi', ['abcdewxyz'])).toBe('')
    expect(didYouMean('x', [])).toBe('')
  })
})
