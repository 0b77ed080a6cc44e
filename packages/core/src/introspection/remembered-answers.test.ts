// Who is asked, how often, and for how long an answer serves.
import { describe, expect, it } from 'vitest'
import type { ActiveClaims } from '../decision.js'
import { MemoryVerdictCache } from '../state/memory-verdict-cache.js'
import type { Answer, Question, VerdictCache } from '../state/verdict-cache.js'
import { createTestClock } from '../testing.js'
import { RememberedAnswers } from './remembered-answers.js'

const lifetimes = { lifetimeSeconds: 60, inactiveSeconds: 10 }

interface World {
  readonly inactiveSeconds?: number
  readonly exp?: number
}

/** A server that knows some tokens, and processes that ask it. */
function createWorld({ inactiveSeconds = 10, exp }: World = {}) {
  const clock = createTestClock()
  const active = new Set(['good'])
  const asked: string[] = []
  const questions: Question[] = []
  const shared: Answer[] = []
  const memory = new MemoryVerdictCache(clock)
  const verdicts: VerdictCache = {
    recall: (question) => {
      questions.push(question)
      return memory.recall(question)
    },
    remember: (question, answer, until) => {
      shared.push(answer)
      return memory.remember(question, answer, until)
    },
  }
  const ask = async (token: string): Promise<ActiveClaims | undefined> => {
    asked.push(token)
    const claims = { active: true, exp: clock() + (exp ?? 600) }
    return active.has(token) ? (claims as unknown as ActiveClaims) : undefined
  }
  const another = (of = 'idp') =>
    new RememberedAnswers({ ask, of, lifetimes: { ...lifetimes, inactiveSeconds }, verdicts, clock })
  const answers = another()
  const isActive = async (token: string, by = answers) => (await by.find(token, false)).claims !== undefined
  return { clock, active, asked, questions, shared, memory, answers, another, isActive }
}

describe('an answer that a token is active', () => {
  it('serves for its lifetime, and not a moment longer', async () => {
    const { clock, asked, active, answers, isActive } = createWorld()
    expect(await isActive('good')).toBe(true)
    active.clear()
    clock.advance(59.999)
    expect(await isActive('good')).toBe(true)
    expect(answers.recall('good')?.claims).toMatchObject({ active: true })
    clock.advance(0.001)
    expect(answers.recall('good')).toBeUndefined()
    expect(await isActive('good')).toBe(false)
    expect(asked).toEqual(['good', 'good'])
  })

  it('R-7662-4: never serves beyond `exp`, here or elsewhere', async () => {
    const { clock, asked, another, answers, isActive } = createWorld({ exp: 20 })
    await isActive('good')
    clock.advance(19.999)
    expect(answers.recall('good')).toBeDefined()
    clock.advance(0.001)
    expect(answers.recall('good')).toBeUndefined()
    await isActive('good', another())
    expect(asked).toHaveLength(2)
  })

  it('that has expired is shared with nobody', async () => {
    const { answers, shared } = createWorld({ exp: 0 })
    await answers.find('good', false)
    expect(shared).toEqual([])
    const other = createWorld({ exp: 1 })
    await other.answers.find('good', false)
    expect(other.shared).toHaveLength(1)
  })

  it('of many bytes is not kept as often as a short one', async () => {
    const { clock } = createWorld()
    const note = 'x'.repeat(60_000)
    const answers = new RememberedAnswers({
      ask: async () => ({ active: true, note }) as unknown as ActiveClaims,
      ...{ of: 'idp', lifetimes, verdicts: new MemoryVerdictCache(clock), clock },
    })
    for (let each = 0; each < 100; each++) await answers.find(`t${each}`, false)
    const kept = Array.from({ length: 100 }, (_, each) => answers.knows(`t${each}`)).filter(Boolean)
    expect(kept).toHaveLength(69) // 16 MiB, at four bytes a character
    expect(answers.knows('t99')).toBe(true)
  })

  it('is as old as the question', async () => {
    const { clock, answers } = createWorld()
    const slow = new RememberedAnswers({
      ask: async () => {
        clock.advance(30)
        return { active: true, exp: clock() + 600 } as unknown as ActiveClaims
      },
      of: 'idp',
      lifetimes,
      verdicts: new MemoryVerdictCache(clock),
      clock,
    })
    expect(answers).toBeDefined()
    const start = clock()
    expect((await slow.find('good', false)).until).toBe(start + 60)
  })

  it('is shared, and serves there no longer than here', async () => {
    const { clock, asked, another, isActive } = createWorld()
    await isActive('good')
    clock.advance(50)
    const second = another()
    expect(await isActive('good', second)).toBe(true)
    expect(asked).toHaveLength(1)
    clock.advance(9.999)
    expect(second.recall('good')).toBeDefined()
    clock.advance(0.001)
    expect(second.recall('good')).toBeUndefined()
  })

  it('of another issuer, client or kind is not shared', async () => {
    const { asked, another, isActive } = createWorld()
    await isActive('good')
    await isActive('good', another('another'))
    expect(asked).toHaveLength(2)
  })

  it('R-7662-4: is found by a hash, and the token is in no question to the fleet', async () => {
    const { questions, isActive } = createWorld()
    await isActive('good')
    expect(questions).toEqual([{ kind: 'introspection', of: 'idp', about: expect.stringMatching(/^[\w-]{43}$/) }])
    expect(JSON.stringify(questions)).not.toContain('good')
  })
})

describe('what is shared and is no answer', () => {
  it.each<[string, Answer]>([
    ['nothing', null],
    ['text', 'x'],
    ['an answer that is not active', { claims: { active: false }, until: 1e12 }],
    ['one that says so in a string', { claims: { active: 'true' }, until: 1e12 }],
    ['no end', { claims: { active: true } }],
    ['an end that is no number', { claims: { active: true }, until: 'later' }],
    ['an end in a text', { claims: { active: true }, until: '1e12' }],
    ['no claims', { until: 1e12 }],
    ['an end that has come', { claims: { active: true }, until: 1 }],
    ['a token that has expired', { claims: { active: true, exp: 1 }, until: 1e12 }],
  ])('%s: the server is asked', async (_, answer) => {
    const { asked, questions, memory, another, isActive } = createWorld()
    await isActive('good')
    await memory.remember(questions[0] as Question, answer, 1e12)
    await isActive('good', another())
    expect(asked).toHaveLength(2)
  })

  it('an end that comes this very moment: the server is asked', async () => {
    const { clock, asked, questions, memory, another, isActive } = createWorld()
    await isActive('good')
    const until = (seconds: number) => ({ claims: { active: true }, until: clock() + seconds })
    await memory.remember(questions[0] as Question, until(0.001), 1e12)
    await isActive('good', another())
    expect(asked).toHaveLength(1)
    await memory.remember(questions[0] as Question, until(0), 1e12)
    await isActive('good', another())
    expect(asked).toHaveLength(2)
  })

  it('an end far away is no nearer to be believed', async () => {
    const { clock, questions, memory, another, isActive } = createWorld()
    await isActive('good')
    await memory.remember(questions[0] as Question, { claims: { active: true, exp: 1e12 }, until: 1e12 }, 1e12)
    const second = another()
    await isActive('good', second)
    clock.advance(60)
    expect(second.recall('good')).toBeUndefined()
  })
})

describe('an answer that a token is not active', () => {
  it('serves briefly', async () => {
    const { clock, asked, active, isActive } = createWorld()
    expect(await isActive('new')).toBe(false)
    active.add('new')
    clock.advance(9.999)
    expect(await isActive('new')).toBe(false)
    clock.advance(0.001)
    expect(await isActive('new')).toBe(true)
    expect(asked).toHaveLength(2)
  })

  it('serves not at all where the options say so', async () => {
    const { active, isActive } = createWorld({ inactiveSeconds: 0 })
    expect(await isActive('new')).toBe(false)
    active.add('new')
    expect(await isActive('new')).toBe(true)
  })

  it('is not shared: anybody can make up tokens', async () => {
    const { asked, shared, another, isActive } = createWorld()
    await isActive('made-up')
    await isActive('made-up', another())
    expect(asked).toHaveLength(2)
    expect(shared).toEqual([])
  })

  it('of made-up tokens pushes out no good one', async () => {
    const { asked, isActive } = createWorld()
    await isActive('good')
    for (let each = 0; each < 11_000; each++) await isActive(`made-up-${each}`)
    await isActive('good')
    expect(asked.filter((token) => token === 'good')).toHaveLength(1)
  })

  it('ends one that it was', async () => {
    const { active, answers } = createWorld()
    await answers.find('good', false)
    expect(answers.knows('good')).toBe(true)
    active.clear()
    await answers.find('good', true)
    expect(answers.recall('good')).toMatchObject({ claims: undefined })
    expect(answers.knows('good')).toBe(false)
  })
})

describe('questions at one time', () => {
  it('R-7662-4: about one token are one', async () => {
    const { asked, isActive } = createWorld()
    await Promise.all(Array.from({ length: 100 }, () => isActive('good')))
    expect(asked).toEqual(['good'])
  })

  it('about one token are asked again after they have failed', async () => {
    const { clock } = createWorld()
    let failures = 1
    const answers = new RememberedAnswers({
      ask: async () => {
        if (failures-- > 0) throw new Error('away')
        return undefined
      },
      of: 'idp',
      lifetimes,
      verdicts: new MemoryVerdictCache(clock),
      clock,
    })
    await expect(answers.find('good', false)).rejects.toThrow('away')
    expect(await answers.find('good', false)).toMatchObject({ claims: undefined })
  })

  it('are bounded, and one more is refused', async () => {
    const { clock } = createWorld()
    const recall = () => new Promise<undefined>(() => {})
    const verdicts = { recall, remember: async () => {} }
    const answers = new RememberedAnswers({ ask: async () => undefined, of: 'idp', lifetimes, verdicts, clock })
    for (let each = 0; each < 1_000; each++) void answers.find(`token-${each}`, false)
    await expect(answers.find('one more', false)).rejects.toMatchObject({ code: 'introspection_unavailable' })
  })
})
