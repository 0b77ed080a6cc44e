// What the words that combine make of their parts, and each leaf that asks about the request, the time or another policy.
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import { type Expression, make, type Policy } from './policy.js'
import { policySet } from './policy-set.js'
import { between, req } from './request-words.js'
import { allOf, allow, anyOf, atLeast, authenticatedWithin, denyAll, not, policy, role, scope, use } from './words.js'

type Input = Partial<Parameters<typeof policyFacts>[0]>

const now = 1_800_000_000
const facts = (input: Input) => policyFacts({ claims: {}, now, ...input })
const judge = (asked: Policy, input: Input = {}) =>
  ['false', 'undetermined', 'true'][compilePolicy(asked).check(facts(input)) + 1]
const why = (asked: Policy, claims: Record<string, unknown>) => compilePolicy(asked).why?.(facts({ claims }))

const doubt = use('nowhere')
const answers: readonly (readonly [string, Expression])[] = [
  ['true', allow()],
  ['undetermined', doubt],
  ['false', denyAll()],
]

describe('compilePolicy', () => {
  it('finds the meaning of a policy but once', () => {
    const asked = allOf(scope('a'))
    expect(compilePolicy(asked)).toBe(compilePolicy(asked))
    expect(Object.isFrozen(compilePolicy(asked))).toBe(true)
  })

  it('refuses what the words did not make, alone and inside', () => {
    const byHand = { kind: 'always', verdict: 'allow' } as const
    expect(() => compilePolicy(byHand)).toThrow(ConfigurationError)
    expect(() => compilePolicy(Object.freeze({ kind: 'allOf', of: [byHand] }))).toThrow(/made by the policy words/)
    expect(judge(allow())).toBe('true')
  })

  it('knows nothing of a kind that it does not know', () => {
    const stranger = make({ kind: 'everybody' } as unknown as Expression)
    expect(judge(stranger)).toBe('undetermined')
    expect(judge(not(stranger))).toBe('undetermined')
    expect(why(stranger, {})).toBe('this version knows no everybody')
  })

  it('knows which policies change with nothing but time', () => {
    expect(compilePolicy(allOf(scope('a'), not(authenticatedWithin('1m')))).isTimed).toBe(true)
    expect(compilePolicy(anyOf(use('a'), scope('a'))).isTimed).toBe(true)
    expect(compilePolicy(policy('a', { allow: allow(), forbid: [authenticatedWithin('1m')] })).isTimed).toBe(true)
    expect(compilePolicy(allOf(scope('a'), role('a'))).isTimed).toBe(false)
  })
})

describe('the words that combine', () => {
  it.each(answers)('keep their heads where one part is %s', (name, part) => {
    expect(judge(allOf(allow(), part))).toBe(name)
    expect(judge(allOf(denyAll(), part))).toBe('false')
    expect(judge(anyOf(denyAll(), part))).toBe(name)
    expect(judge(anyOf(allow(), part))).toBe('true')
    expect(judge(not(part))).toBe(name === 'true' ? 'false' : name === 'false' ? 'true' : name)
    expect(judge(atLeast(2, allow(), denyAll(), part))).toBe(name)
    expect(judge(make({ kind: 'cel', text: 'it', of: part }))).toBe(name)
  })

  it.each(
    answers.flatMap(([allowed, part]) => answers.map(([forbidden, other]) => ({ allowed, forbidden, part, other }))),
  )('a policy whose allow is $allowed and whose forbid is $forbidden', ({ allowed, forbidden, part, other }) => {
    const wanted =
      allowed === 'false' || forbidden === 'true'
        ? 'false'
        : allowed === 'true' && forbidden === 'false'
          ? 'true'
          : 'undetermined'
    expect(judge(policy('a', { allow: part, forbid: [other] }))).toBe(wanted)
    expect(judge(policy('a', { allow: part, forbid: [denyAll(), other] }))).toBe(wanted)
    expect(judge(policy('a', { allow: part, forbid: [denyAll(), other, denyAll(), denyAll()] }))).toBe(wanted)
  })

  it('have a value that is none, for the translations', () => {
    expect(judge(make({ kind: 'always', verdict: 'undetermined' }))).toBe('undetermined')
    expect(why(make({ kind: 'always', verdict: 'undetermined' }), {})).toBe('an expression that has no value')
  })
})

describe('what the request shows', () => {
  it('method', () => {
    expect(judge(req.method('GET', 'HEAD'), { method: 'HEAD' })).toBe('true')
    expect(judge(req.method('GET'), { method: 'POST' })).toBe('false')
    expect(judge(req.method('GET'), { method: 'get' })).toBe('false')
    expect(judge(req.method('GET'), {})).toBe('undetermined')
    expect(judge(not(req.method('GET')), {})).toBe('undetermined')
    expect(why(req.method('GET'), {})).toBe('the method of the request is not known')
  })

  it('header', () => {
    const asked = req.header('X-Region').equals('eu')
    expect(judge(asked, { headers: { 'x-region': 'eu' } })).toBe('true')
    expect(judge(asked, { headers: { 'X-REGION': 'us' } })).toBe('false')
    expect(judge(asked, { headers: { 'x-region': ['eu', 'eu'] } })).toBe('undetermined')
    expect(judge(not(asked), {})).toBe('undetermined')
  })

  it.each<[string | undefined, string]>([
    ['10.20.0.1', 'true'],
    ['10.21.0.0', 'false'],
    ['::ffff:10.20.0.1', 'true'],
    ['::ffff:10.21.0.1', 'false'],
    ['2001:db8::1', 'true'],
    ['2001:db9::1', 'false'],
    ['::ffff:a14:1', 'true'],
    ['10.20.0', 'undetermined'],
    ['10.20.0.1%lo', 'undetermined'],
    ['', 'undetermined'],
    [undefined, 'undetermined'],
  ])('ipIn, of %j: %s', (ip, wanted) => {
    const asked = req.ipIn('10.20.0.0/16', '2001:db8::/32')
    expect(judge(asked, { ip })).toBe(wanted)
    if (wanted === 'undetermined') expect(judge(not(asked), { ip })).toBe('undetermined')
  })

  it('says what it takes to know the address', () => {
    expect(why(req.ipIn('::1'), {})).toBe("the client's address is not known: it needs `trustedProxies`")
  })
})

describe('between', () => {
  const office = between('08:00', '18:00', { days: 'Fri' }) // `now` is a Friday, at eight

  it.each<[string, number, string]>([
    ['the first second', now, 'true'],
    ['the second before', now - 1, 'false'],
    ['the last second', now + 35_999, 'true'],
    ['the second after', now + 36_000, 'false'],
    ['another day', now + 86_400, 'false'],
    ['the last date that there is', 8_640_000_000_000, 'false'],
    ['the date after the last', 8_640_000_000_001, 'undetermined'],
    ['the date before the first', -8_640_000_000_001, 'undetermined'],
    ['no time at all', Number.NaN, 'undetermined'],
    ['eternity', Number.POSITIVE_INFINITY, 'undetermined'],
  ])('%s: %j is %s', (_, time, wanted) => {
    expect(judge(office, { now: time })).toBe(wanted)
    if (wanted === 'undetermined') expect(judge(not(office), { now: time })).toBe('undetermined')
  })

  it('says that the clock is to blame', () => {
    expect(why(office, {})).toBe('the clock answers no date')
  })
})

describe('use', () => {
  const policies = policySet(
    policy('open', { allow: allow() }),
    policy('shut', { allow: denyAll() }),
    policy('dark', { allow: scope('a') }),
  )

  it('is what the policy of that name is', () => {
    expect(judge(use('open'), { policies })).toBe('true')
    expect(judge(not(use('open')), { policies })).toBe('false')
    expect(judge(use('shut'), { policies })).toBe('false')
    expect(judge(use('dark'), { policies })).toBe('undetermined')
    expect(compilePolicy(use('dark')).why?.(facts({ policies }))).toBe('that policy is')
  })

  it.each([{}, { policies }])('is undetermined for a name that is not there', (input) => {
    expect(judge(use('other'), input)).toBe('undetermined')
    expect(judge(not(use('other')), input)).toBe('undetermined')
    expect(compilePolicy(use('other')).why?.(facts(input))).toBe('there is no policy of that name')
  })

  it('finds no name that objects inherit', () => {
    expect(judge(use('toString'), { policies })).toBe('undetermined')
  })
})
