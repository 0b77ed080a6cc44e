// The leaves that ask who a token speaks for, and how they have proven it: true, false, and undetermined.
import { describe, expect, it } from 'vitest'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import type { Policy } from './policy.js'
import {
  acrAtLeast,
  actor,
  amr,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  issuer,
  not,
  subject,
} from './words.js'

type Input = Partial<Parameters<typeof policyFacts>[0]>

const now = 1_800_000_000
const facts = (input: Input) => policyFacts({ claims: {}, now, ...input })
const judge = (asked: Policy, input: Input = {}) =>
  ['false', 'undetermined', 'true'][compilePolicy(asked).check(facts(input)) + 1]
const withClaims = (asked: Policy, claims: Record<string, unknown>) => judge(asked, { claims })
const why = (asked: Policy, claims: Record<string, unknown>) => compilePolicy(asked).why?.(facts({ claims }))

describe('issuer, audience, subject', () => {
  it('compare to the letter', () => {
    expect(withClaims(issuer('https://a', 'https://b'), { iss: 'https://b' })).toBe('true')
    expect(withClaims(issuer('https://a'), { iss: 'https://a/' })).toBe('false')
    expect(withClaims(subject('ann', 'bob'), { sub: 'bob' })).toBe('true')
    expect(withClaims(subject('ann'), { sub: 'Ann' })).toBe('false')
  })

  it('find the audience in a text and in a list', () => {
    expect(withClaims(audience('a', 'b'), { aud: 'b' })).toBe('true')
    expect(withClaims(audience('a'), { aud: ['c', 'a'] })).toBe('true')
    expect(withClaims(audience('a'), { aud: 'a b' })).toBe('false')
    expect(withClaims(audience('a'), { aud: [] })).toBe('false')
    expect(withClaims(audience('a'), { aud: ['ab', 'b'] })).toBe('false')
  })

  it.each([undefined, null])('are undetermined for %j', (value) => {
    expect(withClaims(not(subject('a')), { sub: value })).toBe('undetermined')
    expect(withClaims(not(audience('a')), { aud: value })).toBe('undetermined')
    expect(withClaims(not(issuer('a')), { iss: value })).toBe('undetermined')
    expect(why(issuer('a'), { iss: value })).toBe('claim iss is missing')
    expect(why(subject('a'), { sub: value })).toBe('claim sub is missing')
    expect(why(audience('a'), { aud: value })).toBe('claim aud is missing')
  })

  it.each([7, true, {}, [['a']], ['a', 7], '\ud800'])('are undetermined for %j', (value) => {
    expect(withClaims(not(subject('a')), { sub: value })).toBe('undetermined')
    expect(withClaims(not(audience('a')), { aud: value })).toBe('undetermined')
    expect(why(subject('a'), { sub: value })).toBe('claim sub is of the wrong type')
    expect(why(audience('a'), { aud: value })).toBe('claim aud is of the wrong type')
  })

  it('never take a list for a subject', () => {
    expect(withClaims(subject('a'), { sub: ['a'] })).toBe('undetermined')
  })
})

describe('client', () => {
  const asked = client('app', 'cli')

  it.each(['client_id', 'azp', 'cid', 'appid'])('finds the client in %s', (name) => {
    expect(withClaims(asked, { [name]: 'cli' })).toBe('true')
    expect(withClaims(asked, { [name]: 'other' })).toBe('false')
    expect(withClaims(asked, { [name]: ['cli'] })).toBe('undetermined')
    expect(withClaims(asked, { [name]: 7 })).toBe('undetermined')
  })

  it('believes several names where they agree, and none where they differ', () => {
    expect(withClaims(asked, { client_id: 'app', azp: 'app' })).toBe('true')
    expect(withClaims(asked, { client_id: 'app', azp: null })).toBe('true')
    expect(withClaims(asked, { client_id: 'app', azp: 'cli' })).toBe('undetermined')
    expect(withClaims(asked, { client_id: 'app', appid: 7 })).toBe('undetermined')
    expect(withClaims(not(asked), { client_id: 'other', azp: 'app' })).toBe('undetermined')
  })

  it('is undetermined where no claim names it', () => {
    expect(withClaims(asked, {})).toBe('undetermined')
    expect(withClaims(not(asked), { client_id: null })).toBe('undetermined')
    expect(why(asked, {})).toBe('the claims that name the client are missing, or differ')
  })
})

describe('authenticatedWithin', () => {
  const asked = authenticatedWithin('15m')

  it.each<[string, number, string]>([
    ['just now', now, 'true'],
    ['so long ago', now - 900, 'true'],
    ['a second longer ago', now - 901, 'false'],
    ['a moment longer ago', now - 900.001, 'false'],
    ['long ago', 0, 'false'],
    ['a minute ahead', now + 60, 'true'],
    ['a minute and a second ahead', now + 61, 'false'],
    ['a minute and a moment ahead', now + 60.001, 'false'],
    ['in the year 5138', 100_000_000_000, 'false'],
    ['in milliseconds', now * 1000, 'false'],
  ])('%s: %s', (_, at, wanted) => {
    expect(withClaims(asked, { auth_time: at })).toBe(wanted)
  })

  it.each([undefined, null])('is undetermined for %j', (value) => {
    expect(withClaims(asked, { auth_time: value })).toBe('undetermined')
    expect(withClaims(not(asked), { auth_time: value })).toBe('undetermined')
    expect(why(asked, { auth_time: value })).toBe('claim auth_time is missing')
  })

  it.each([String(now), true, [now], { at: now }, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'is undetermined for %j',
    (value) => {
      expect(withClaims(asked, { auth_time: value })).toBe('undetermined')
      expect(withClaims(not(asked), { auth_time: value })).toBe('undetermined')
      expect(why(asked, { auth_time: value })).toBe('claim auth_time is of the wrong type')
    },
  )

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('is undetermined at %j o’clock', (time) => {
    expect(judge(asked, { claims: { auth_time: now }, now: time })).toBe('undetermined')
    expect(judge(not(asked), { claims: { auth_time: now }, now: time })).toBe('undetermined')
  })
})

describe('acrAtLeast', () => {
  const ladder = ['low', 'middle', 'high']

  it.each([
    ['low', 'false'],
    ['middle', 'true'],
    ['high', 'true'],
  ])('the middle, of %s, is %s', (acr, wanted) => {
    expect(withClaims(acrAtLeast('middle', ladder), { acr })).toBe(wanted)
  })

  it.each<[unknown, string]>([
    ['highest', 'none of the known levels'],
    ['High', 'none of the known levels'],
    ['', 'none of the known levels'],
    [2, 'none of the known levels'],
    [['high'], 'none of the known levels'],
    [{ high: 1 }, 'none of the known levels'],
    [null, 'missing'],
    [undefined, 'missing'],
  ])('is undetermined for %j', (acr, reason) => {
    expect(withClaims(acrAtLeast('low', ladder), { acr })).toBe('undetermined')
    expect(withClaims(not(acrAtLeast('low', ladder)), { acr })).toBe('undetermined')
    expect(why(acrAtLeast('low', ladder), { acr })).toBe(`claim acr is ${reason}`)
  })

  it('knows one level where it is told of no ladder', () => {
    expect(withClaims(acrAtLeast('high'), { acr: 'high' })).toBe('true')
    expect(withClaims(acrAtLeast('high'), { acr: 'low' })).toBe('undetermined')
  })
})

describe('amr', () => {
  it('is true for one of the methods', () => {
    expect(withClaims(amr('otp', 'hwk'), { amr: ['pwd', 'hwk'] })).toBe('true')
    expect(withClaims(amr('otp'), { amr: ['pwd'] })).toBe('false')
    expect(withClaims(amr('otp'), { amr: [] })).toBe('false')
  })

  it.each([undefined, null, 'otp', 7, ['otp', 7], { otp: true }])('is undetermined for %j', (methods) => {
    expect(withClaims(amr('otp'), { amr: methods })).toBe('undetermined')
    expect(withClaims(not(amr('otp')), { amr: methods })).toBe('undetermined')
    expect(why(amr('otp'), { amr: methods })).toMatch(/^claim amr is (missing|of the wrong type)$/)
  })
})

describe('boundBy', () => {
  it('is true for what was proven, and false for another proof', () => {
    expect(judge(boundBy('dpop'), { binding: 'dpop' })).toBe('true')
    expect(judge(boundBy('dpop', 'mtls'), { binding: 'mtls' })).toBe('true')
    expect(judge(boundBy('dpop'), { binding: 'mtls' })).toBe('false')
  })

  it('is undetermined where nothing was proven, whatever the token says', () => {
    expect(withClaims(boundBy('dpop'), { cnf: { jkt: 'a' } })).toBe('undetermined')
    expect(withClaims(not(boundBy('dpop')), {})).toBe('undetermined')
    expect(why(boundBy('dpop'), {})).toBe('the token is not bound')
  })
})

describe('actor', () => {
  const chain = (depth: number): unknown => (depth === 0 ? undefined : { sub: `a${depth}`, act: chain(depth - 1) })

  it('none: nobody acts', () => {
    expect(withClaims(actor.none(), {})).toBe('true')
    expect(withClaims(actor.none(), { act: null })).toBe('true')
    for (const act of [{ sub: 'a' }, {}, 'a', '', 0, false, []]) expect(withClaims(actor.none(), { act })).toBe('false')
  })

  it('is: the outermost actor, and none of those before', () => {
    expect(withClaims(actor.is('a', 'b'), { act: { sub: 'b' } })).toBe('true')
    expect(withClaims(actor.is('a'), { act: { sub: 'b' } })).toBe('false')
    expect(withClaims(actor.is('a'), { act: { sub: 'b', act: { sub: 'a' } } })).toBe('false')
  })

  it.each([undefined, null, 'a', ['a'], [{ sub: 'a' }], {}, { sub: null }, { sub: 7 }, { sub: ['a'] }])(
    'is: undetermined for %j',
    (act) => {
      expect(withClaims(actor.is('a'), { act })).toBe('undetermined')
      expect(withClaims(not(actor.is('a')), { act })).toBe('undetermined')
      expect(why(actor.is('a'), { act })).toMatch(/^claim act\.sub is (missing|of the wrong type)$/)
    },
  )

  it.each([
    [0, 1, 'true'],
    [1, 1, 'true'],
    [2, 1, 'false'],
    [2, 2, 'true'],
    [16, 16, 'true'],
    [17, 16, 'false'],
    [1_000, 16, 'false'],
  ])('depthAtMost: %i actors, at most %i: %s', (depth, greatest, wanted) => {
    expect(withClaims(actor.depthAtMost(greatest), { act: chain(depth) })).toBe(wanted)
  })

  it.each(['a', '', 0, false, ['a'], [], { act: 'a' }, { act: [] }, { act: { act: 7 } }])(
    'depthAtMost: undetermined for %j',
    (act) => {
      expect(withClaims(actor.depthAtMost(3), { act })).toBe('undetermined')
      expect(withClaims(not(actor.depthAtMost(3)), { act })).toBe('undetermined')
      expect(why(actor.depthAtMost(3), { act })).toBe('claim act is of the wrong type')
    },
  )

  it('depthAtMost: takes null for the end of the chain', () => {
    expect(withClaims(actor.depthAtMost(1), { act: null })).toBe('true')
    expect(withClaims(actor.depthAtMost(1), { act: { act: null } })).toBe('true')
  })
})

describe('what claims inherit', () => {
  it('is no claim', () => {
    const claims = { sub: 'a', aud: 'a', client_id: 'a', auth_time: now, acr: 'a', amr: ['a'], act: { sub: 'a' } }
    const words = [subject('a'), audience('a'), client('a'), authenticatedWithin('5m'), acrAtLeast('a'), amr('a')]
    for (const asked of [...words, actor.is('a')]) {
      expect(withClaims(asked, claims)).toBe('true')
      expect(withClaims(asked, Object.create(claims))).toBe('undetermined')
    }
    expect(withClaims(actor.none(), Object.create(claims))).toBe('true')
    expect(withClaims(actor.is('a'), { act: Object.create(claims.act) })).toBe('undetermined')
  })
})
