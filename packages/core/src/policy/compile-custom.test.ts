// Code in a policy: it answers true or false, or it has not answered.
import { afterEach, describe, expect, it } from 'vitest'
import { compilePolicy } from './compile.js'
import { policyFacts } from './evaluate.js'
import type { CustomFacts, CustomTest } from './policy.js'
import { custom, not } from './words.js'

const facts = policyFacts({
  claims: { sub: 'ann', scope: 'read', roles: ['admin'] },
  now: 1_800_000_000,
  method: 'GET',
  params: { id: 'a', list: ['a'], number: 7 },
})
const judge = (test: unknown, negated = false) => {
  const asked = custom('it', {}, test as CustomTest)
  return ['false', 'undetermined', 'true'][compilePolicy(negated ? not(asked) : asked).check(facts) + 1]
}

function thenable(then: (resolve: (answer: boolean) => void, reject: (reason: Error) => void) => void): object {
  return Object.fromEntries([['then', then]])
}

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
afterEach(() => {
  process.off('unhandledRejection', note)
  unhandled.length = 0
})

describe('custom', () => {
  it('lets pass by true and by nothing else', () => {
    expect(judge(() => true)).toBe('true')
    expect(judge(() => false)).toBe('false')
    expect(judge(() => false, true)).toBe('true')
  })

  it.each<[string, () => unknown]>([
    ['1', () => 1],
    ['0', () => 0],
    ['a text', () => 'true'],
    ['nothing', () => undefined],
    ['null', () => null],
    ['an object', () => ({})],
    ['a boxed true', () => Object(true)],
    ['a promise', () => Promise.resolve(true)],
    ['a promise that never settles', () => new Promise(() => undefined)],
    ['what looks like a promise', () => thenable((resolve) => resolve(true))],
  ])('is undetermined for %s, and so is its negation', (_, test) => {
    expect(judge(test)).toBe('undetermined')
    expect(judge(test, true)).toBe('undetermined')
  })

  it.each<[string, () => unknown]>([
    [
      'an error',
      () => {
        throw new Error('no')
      },
    ],
    [
      'nothing',
      () => {
        throw undefined
      },
    ],
    ['a mistake', () => (undefined as unknown as { a: string }).a],
    [
      'in a getter of its answer',
      () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw new Error('no')
          },
        }),
    ],
    [
      'where its answer is a promise',
      () =>
        Object.defineProperty(Promise.resolve(true), 'constructor', {
          get() {
            throw new Error('no')
          },
        }),
    ],
  ])('is undetermined where it throws %s', (_, test) => {
    expect(judge(test)).toBe('undetermined')
    expect(judge(test, true)).toBe('undetermined')
  })

  it('lets no rejection of a promise end the process', async () => {
    process.on('unhandledRejection', note)
    const rejecting = thenable((_, reject) => reject(new Error('no')))
    expect(judge(() => Promise.reject(new Error('no')))).toBe('undetermined')
    expect(judge(() => rejecting)).toBe('undetermined')
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })

  it('is shown the token and the request', () => {
    let shown: CustomFacts | undefined
    judge((given: CustomFacts) => {
      shown = given
      return true
    })
    expect(shown).toMatchObject({
      claims: { sub: 'ann' },
      scopes: ['read'],
      roles: ['admin'],
      method: 'GET',
      now: 1_800_000_000,
    })
    expect(['id', 'list', 'number', 'other', 'toString'].map((name) => shown?.param(name))).toEqual([
      'a',
      ...[undefined, undefined, undefined, undefined],
    ])
  })

  it('says nothing of why it has not answered', () => {
    expect(compilePolicy(custom('it', {}, () => undefined as never)).why?.(facts)).toBe(
      'its test answered neither true nor false',
    )
  })
})
