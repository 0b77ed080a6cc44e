import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { checkPolicies } from '../analysis/check-policies.js'
import { diffPolicies } from '../analysis/diff-policies.js'
import { claim } from '../comparison.js'
import { compilePolicy } from '../compile.js'
import type { PolicyFacts } from '../compiled.js'
import { describePolicy } from '../describe.js'
import { toDocument } from '../document/print-policy.js'
import { evaluatePolicy, isSatisfied, type PolicyFactsInput, policyFacts } from '../evaluate.js'
import { policyKit } from '../kit/policy-kit.js'
import { describeShape, type Expression, make, type NamedPolicy, type Policy } from '../policy.js'
import { requireSatisfied } from '../policy-denial.js'
import { policySet, routeParamsOf } from '../policy-set.js'
import { between } from '../request-words.js'
import { parseTables } from '../tables/test-table.js'
import { tracePolicy } from '../trace.js'
import type { Verdict } from '../verdict.js'
import { allOf, anyOf, atLeast, authenticatedWithin, not, policy, scope, use } from '../words.js'
import { GivenAnswers, isHeldUp, nextToAsk, supposingYes } from './asking.js'
import { parseQuestion } from './question-words.js'
import type { Decider } from './service-answer.js'

function service(name: string): Decider {
  const unused = () => {
    throw new Error('nobody is called here')
  }
  return { name, timeoutSeconds: 1, recall: unused, ask: unused, missed: unused }
}

function leaf(name: string, question: unknown = name): Expression {
  return make({ kind: 'permitted', by: service(name), path: '', question: parseQuestion(question, 'it') })
}

const a = leaf('a')
const b = leaf('b')
const held = scope('held')
const lacking = scope('lacking')

function world(input: Partial<PolicyFactsInput> = {}, named: readonly NamedPolicy[] = []) {
  const policies = policySet(...named)
  const answers = new GivenAnswers()
  const facts: PolicyFacts = { ...policyFacts({ claims: { scope: 'held' }, now: 100, policies, ...input }), answers }
  const say = (of: Policy, verdict: Verdict, until = 105) =>
    answers.add(of, { verdict, until, ...(verdict === 0 && { remark: 'is away' }) })
  const next = (of: Policy) => nextToAsk(compilePolicy(of), facts)?.node
  const codeOf = (of: Policy) => {
    try {
      return requireSatisfied(of, facts)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  return { facts, answers, say, next, codeOf }
}

describe('who is asked', () => {
  it.each<[string, Expression, Expression | undefined]>([
    ['nobody, where the rest is false', allOf(lacking, a), undefined],
    ['nobody, where the rest is false, wherever it stands', allOf(a, lacking), undefined],
    ['nobody, where the rest is undetermined', allOf(a, claim('tenant').equals('x')), undefined],
    ['nobody, where the rest is true', anyOf(a, held), undefined],
    ['nobody whose part is true without', allOf(anyOf(a, held), held), undefined],
    ['whoever comes first', allOf(held, a, b), a],
    ['whoever comes first of those who can still matter', allOf(anyOf(b, held), a), a],
    ['not who stands beside what is false', anyOf(allOf(lacking, a), b), b],
    ['not who stands beside what is undetermined', anyOf(allOf(claim('tenant').equals('x'), a), b), b],
    ['some of several', atLeast(2, a, lacking, b), a],
    ['nobody, where enough cannot be had', atLeast(2, a, lacking, lacking), undefined],
  ])('%s', (_, of, expected) => {
    expect(world().next(of)).toBe(expected)
  })

  it('the next, after an answer that leaves it open', () => {
    const { say, next } = world()
    say(a, 1)
    expect(next(allOf(a, b))).toBe(b)
    expect(next(anyOf(a, b))).toBeUndefined()
  })

  it('the next, after a no or silence, where the next can do without', () => {
    for (const verdict of [-1, 0] as const) {
      const { say, next } = world()
      say(a, verdict)
      expect(next(anyOf(a, b))).toBe(b)
      expect(next(allOf(a, b))).toBeUndefined()
    }
  })

  it('nobody whose question lacks a value, nor anybody beside', () => {
    const unaskable = leaf('c', claim('tenant'))
    expect(world().next(allOf(a, unaskable))).toBeUndefined()
    expect(world().next(anyOf(unaskable, a))).toBe(a)
    expect(world({ claims: { tenant: 'x' } }).next(unaskable)).toBe(unaskable)
  })

  it('whom a used policy asks', () => {
    const named = [policy('p', { allow: allOf(held, a) })]
    expect(world({}, named).next(use('p'))).toBe(a)
    expect(world({}, named).next(allOf(lacking, use('p')))).toBeUndefined()
    expect(world({}, []).next(allOf(held, held))).toBeUndefined()
  })
})

describe('a no lets nobody pass', () => {
  const named = [policy('p', { allow: a }), policy('q', { allow: anyOf(b, a) })]

  it('the words refuse a service below a not and in a forbid', () => {
    for (const wrong of [
      () => not(a),
      () => not(anyOf(held, a)),
      () => policy('x', { allow: held, forbid: [allOf(held, a)] }),
    ])
      expect(wrong).toThrow(ConfigurationError)
    expect(() => not(allOf(held, b))).toThrow(/ask it the opposite question/)
    expect(() => policy('x', { allow: a, forbid: [lacking] })).not.toThrow()
  })

  it('below a not that it reaches by `use`, nobody is asked or heard', () => {
    for (const verdict of [1, 0, -1] as const) {
      for (const of of [not(use('p')), policy('x', { allow: held, forbid: [use('p')] }), not(not(use('p')))]) {
        const { say, next, codeOf } = world({}, named)
        expect(next(of)).toBeUndefined()
        say(a, verdict)
        expect(codeOf(of)).toBe('policy_denied')
      }
    }
  })

  it('also where the same answer is heard beside', () => {
    const of = anyOf(a, not(use('p')))
    const { say, next, codeOf } = world({}, named)
    expect(next(of)).toBe(a)
    say(a, -1)
    expect(codeOf(of)).toBe('policy_denied')
  })

  it('nor does it make that hold any longer which is true without it', () => {
    const { say, codeOf } = world({}, [policy('p', { allow: allOf(between('00:02', '00:03'), a) })])
    say(a, -1, 500)
    expect(codeOf(not(use('p')))).toBe(120)
  })

  it('but what is false without it is false', () => {
    const harmless = [policy('p', { allow: allOf(lacking, a) })]
    expect(world({}, harmless).codeOf(not(use('p')))).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('what comes of it', () => {
  it('a yes holds as long as it does', () => {
    const { say, codeOf } = world()
    say(a, 1, 105)
    say(b, 1, 103)
    expect(codeOf(allOf(held, a))).toBe(105)
    expect(codeOf(allOf(a, b))).toBe(103)
    expect(codeOf(anyOf(a, b))).toBe(105)
  })

  it('a no is the policy’s, and silence is ours', () => {
    const { say, codeOf } = world()
    say(a, -1)
    say(b, 0)
    expect(codeOf(a)).toBe('policy_denied')
    expect(codeOf(b)).toBe('policy_service_unavailable')
    expect(codeOf(allOf(a, b))).toBe('policy_denied')
    expect(codeOf(anyOf(a, b))).toBe('policy_service_unavailable')
    expect(codeOf(allOf(b, leaf('c')))).toBe('policy_service_unavailable')
  })

  it('silence is no excuse for what lacks beside', () => {
    const { say, codeOf } = world()
    say(b, 0)
    expect(codeOf(allOf(b, lacking))).toBe('policy_denied')
    expect(codeOf(allOf(b, claim('tenant').equals('x')))).toBe('policy_denied')
    expect(codeOf(allOf(b, leaf('c', claim('tenant'))))).toBe('policy_denied')
    expect(codeOf(leaf('c', claim('tenant')))).toBe('policy_denied')
  })

  it('the client is told what to bring, whoever was not asked', () => {
    const { facts } = world()
    expect(evaluatePolicy(allOf(lacking, a), facts)).toMatchObject({
      code: 'scope_insufficient',
      requiredScopes: ['lacking'],
    })
    expect(evaluatePolicy(allOf(authenticatedWithin('5m'), a), facts)).toMatchObject({ code: 'step_up_required' })
  })

  it('and nothing, where a no stands in the way', () => {
    const { facts, say } = world()
    say(a, -1)
    expect(evaluatePolicy(allOf(lacking, a), facts)).toMatchObject({ code: 'policy_denied' })
  })

  it('supposing is never satisfied by itself', () => {
    const { facts } = world()
    expect(isSatisfied(a, facts)).toBe(false)
    expect(isSatisfied(a, supposingYes(compilePolicy(a), facts))).toBe(true)
    expect(isHeldUp(compilePolicy(held), facts)).toBe(false)
  })
})

describe('a trace', () => {
  const traceOf = (of: Policy, facts: PolicyFacts) =>
    tracePolicy(compilePolicy(of), facts).parts.map(({ outcome, reason }) => reason ?? outcome)

  it('says what each was asked and has answered', () => {
    const { facts, answers, say } = world()
    expect(traceOf(allOf(lacking, a), facts)).toEqual(['false', 'was not asked'])
    answers.close(false)
    expect(traceOf(allOf(lacking, a), facts)).toEqual(['false', 'was not asked: the rest of the policy does not hold'])
    answers.close(true)
    expect(traceOf(anyOf(held, a), facts)).toEqual(['true', 'was not asked: the policy holds without it'])
    say(a, 0)
    say(b, -1)
    expect(traceOf(anyOf(a, b, leaf('c', claim('tenant'))), facts)).toEqual([
      'is away',
      'false',
      'claim tenant is missing',
    ])
  })

  it('says how old a yes is', () => {
    const { facts, answers } = world()
    answers.add(a, { verdict: 1, until: 101, remark: 'a yes of 12 s ago' })
    expect(tracePolicy(compilePolicy(a), facts)).toMatchObject({ outcome: 'true', reason: 'a yes of 12 s ago' })
  })

  it('says that nobody is heard below a not', () => {
    const { facts, say } = world({}, [policy('p', { allow: a })])
    say(a, -1)
    const [below] = tracePolicy(compilePolicy(not(use('p'))), facts).parts
    expect(JSON.stringify(below)).toContain('is asked nothing below a `not`')
  })
})

describe('without a verifier', () => {
  it('nobody answers but whom the facts name', () => {
    const facts = (services?: Record<string, boolean>) => policyFacts({ claims: {}, now: 0, services })
    expect(isSatisfied(a, facts())).toBe(false)
    expect(isSatisfied(a, facts({ a: true }))).toBe(true)
    expect(isSatisfied(a, facts({ a: false }))).toBe(false)
    expect(isSatisfied(a, facts({ b: true }))).toBe(false)
    expect(isSatisfied(leaf('toString'), facts({}))).toBe(false)
  })

  it('a test table says yes or no of each', () => {
    const table = (answer: unknown) => ({
      policy: 'p',
      cases: [{ name: 'x', expect: 'allow', services: { a: answer } }],
    })
    expect(() => parseTables(table(true))).not.toThrow()
    expect(() => parseTables(table('yes'))).toThrow(/`services` must say true or false of each/)
  })

  it('the shape says what is read and that somebody is asked', () => {
    const of = allOf(held, leaf('pdp', { doc: [claim('sub')] }))
    expect(describeShape(of).asks).toBe(true)
    expect(describeShape(held).asks).toBe(false)
    expect(describePolicy(leaf('pdp', { who: claim('sub') }))).toBe('permitted by pdp: {"who":claim sub}')
    expect(routeParamsOf(of)).toEqual([])
  })

  it('no document can say it', () => {
    expect(() => toDocument([policy('p', { allow: a })])).toThrow(/p: permits\(\) of a asks a policy service/)
  })

  it('a kit knows the claims that are asked for', () => {
    const kit = policyKit({ claims: { tenant: 'string' } })
    expect(() => kit.policy('p', { allow: leaf('a', claim('tennant')) })).toThrow(/tennant/)
    expect(() => kit.policy('p', { allow: leaf('a', claim('tenant')) })).not.toThrow()
  })

  it('analysis takes an answer for anything', () => {
    const set = policySet(policy('p', { allow: allOf(held, a) }), policy('n', { allow: anyOf(held, not(use('p'))) }))
    expect(checkPolicies(set).filter(({ policy: name }) => name === 'p')).toEqual([])
    const denied = policySet(policy('p', { allow: a }), policy('n', { allow: not(use('p')) }))
    expect(checkPolicies(denied).map(({ rule }) => rule)).toEqual(['always-denies'])
    expect(diffPolicies(leaf('s', 'x'), leaf('s', 'y'))).toHaveLength(1)
    const email = policySet(policy('p', { allow: leaf('a', claim('email')) }))
    expect(checkPolicies(email).map(({ rule }) => rule)).toEqual(['email-unverified'])
    expect(diffPolicies(allOf(held, a), allOf(a, held))).toEqual([])
    const [difference] = diffPolicies(allOf(held, a), allOf(held, b))
    expect(difference).toMatchObject({
      isComplete: false,
      opens: { services: { b: true } },
      closes: { services: { a: true } },
    })
    expect(diffPolicies(allOf(held, a), held)[0]).toMatchObject({ opens: {}, isComplete: false })
  })
})
