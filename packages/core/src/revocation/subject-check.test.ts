// Whether a subject still exists: who is asked, how often, and for how long an answer serves.
import { describe, expect, it } from 'vitest'
import type { AccessToken } from '../decision.js'
import { MemoryVerdictCache } from '../state/memory-verdict-cache.js'
import { createTestClock } from '../testing.js'
import { SubjectCheck } from './subject-check.js'
import { judgeSubjects, type SubjectLookUp, type SubjectsOptions } from './subject-options.js'

const issuer = 'https://idp.example.com'

function token(subject: string | undefined, other: Partial<AccessToken<unknown>> = {}): AccessToken<unknown> {
  const claims = { iss: issuer, sub: subject, tenant: 't' }
  return {
    claims,
    issuedClaims: claims,
    issuer,
    subject,
    clientId: 'app',
    scopes: [],
    scopesAreKnown: true,
    roles: [],
    rolesAreKnown: true,
    expiresAt: 0,
    confirmation: undefined,
    ...other,
  }
}

interface World {
  readonly options?: Omit<SubjectsOptions, 'exists'>
  readonly exists?: SubjectLookUp
  readonly random?: () => number
}

/** A store of users, and checks that ask it. */
function createWorld({ options = {}, exists, random = () => 0 }: World = {}) {
  const clock = createTestClock()
  const users = new Set(['ann'])
  const asked: string[] = []
  const lookUp: SubjectLookUp = async (subject, signal) => {
    asked.push(subject.subject)
    return exists === undefined ? users.has(subject.subject) : exists(subject, signal)
  }
  const verdicts = new MemoryVerdictCache(clock)
  const another = () => {
    const judged = judgeSubjects({ exists: lookUp, ...options })
    return new SubjectCheck(judged.exists, judged.lifetimes, { verdicts, clock, random })
  }
  return { clock, users, asked, verdicts, check: another(), another }
}

/** `'at once'`, `'later'`, or the code of the refusal. */
async function outcomeOf(check: SubjectCheck, of: AccessToken<unknown>): Promise<string> {
  try {
    const waiting = check.check(of)
    await waiting
    return waiting === undefined ? 'at once' : 'later'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a subject', () => {
  it('that exists passes, at once from the second time on', async () => {
    const { check, asked } = createWorld()
    expect(await outcomeOf(check, token('ann'))).toBe('later')
    expect(await outcomeOf(check, token('ann'))).toBe('at once')
    expect(asked).toEqual(['ann'])
  })

  it('that does not exist is refused, at once from the second time on', async () => {
    const { check, asked } = createWorld()
    expect(await outcomeOf(check, token('bob'))).toBe('subject_unknown')
    expect(() => check.check(token('bob'))).toThrow(expect.objectContaining({ code: 'subject_unknown' }))
    expect(asked).toEqual(['bob'])
  })

  it('of one issuer is not that of another', async () => {
    const { check, asked } = createWorld()
    await outcomeOf(check, token('ann'))
    expect(await outcomeOf(check, token('ann', { issuer: 'https://other.example' }))).toBe('later')
    expect(asked).toHaveLength(2)
  })

  it('is shown with its issuer, its client and its claims', async () => {
    const shown: unknown[] = []
    const { check } = createWorld({ exists: (subject) => shown.push(subject) > 0 })
    await outcomeOf(check, token('ann'))
    expect(shown).toEqual([
      { subject: 'ann', issuer, clientId: 'app', claims: { iss: issuer, sub: 'ann', tenant: 't' } },
    ])
  })

  it('that is not named is refused, and nobody is asked', async () => {
    const { check, asked } = createWorld()
    expect(await outcomeOf(check, token(undefined))).toBe('claim_missing')
    expect(asked).toEqual([])
  })
})

describe('an answer', () => {
  it('serves for its lifetime, and no second longer', async () => {
    const { check, clock, users } = createWorld()
    await outcomeOf(check, token('ann'))
    users.delete('ann')
    clock.advance(59)
    expect(await outcomeOf(check, token('ann'))).toBe('at once')
    clock.advance(1)
    expect(await outcomeOf(check, token('ann'))).toBe('subject_unknown')
  })

  it('that somebody does not exist serves for less', async () => {
    const { check, clock, users } = createWorld()
    await outcomeOf(check, token('bob'))
    users.add('bob')
    clock.advance(9)
    expect(await outcomeOf(check, token('bob'))).toBe('subject_unknown')
    clock.advance(1)
    expect(await outcomeOf(check, token('bob'))).toBe('later')
  })

  it('ends at another moment in each process, and never later', async () => {
    const draws = [0, 0.5, 1]
    const ends = await Promise.all(
      draws.map(async (draw) => {
        const { check, clock } = createWorld({ random: () => draw })
        await outcomeOf(check, token('ann'))
        let seconds = 0
        for (; (await outcomeOf(check, token('ann'))) === 'at once'; seconds++) clock.advance(1)
        return seconds
      }),
    )
    expect(ends).toEqual([60, 54, 48])
  })

  it('is kept for so many subjects and no more', async () => {
    const { check } = createWorld({ options: { maxEntries: 2 }, exists: () => true })
    const outcomes: string[] = []
    for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) outcomes.push(await outcomeOf(check, token(name)))
    expect(outcomes).toEqual(['later', 'later', 'later', 'at once', 'at once', 'later'])
  })
})

describe('an answer of another process', () => {
  it('serves, and nobody is asked again', async () => {
    const { check, another, asked } = createWorld()
    await outcomeOf(check, token('ann'))
    await outcomeOf(check, token('bob'))
    const second = another()
    expect(await outcomeOf(second, token('ann'))).toBe('later')
    expect(await outcomeOf(second, token('ann'))).toBe('at once')
    expect(await outcomeOf(second, token('bob'))).toBe('subject_unknown')
    expect(asked).toEqual(['ann', 'bob'])
  })

  it('serves from when it was given, not from when it was read', async () => {
    const { check, another, clock, users } = createWorld()
    await outcomeOf(check, token('ann'))
    users.delete('ann')
    clock.advance(59)
    const second = another()
    expect(await outcomeOf(second, token('ann'))).toBe('later')
    clock.advance(1)
    expect(await outcomeOf(second, token('ann'))).toBe('subject_unknown')
  })

  it('serves no longer than one of our own would, whatever it says', async () => {
    const { check, clock, verdicts, asked } = createWorld()
    const question = { kind: 'subject', of: issuer, about: 'bob' }
    await verdicts.remember(question, { exists: true, until: clock() + 86_400 }, clock() + 86_400)
    expect(await outcomeOf(check, token('bob'))).toBe('later')
    clock.advance(59)
    expect(await outcomeOf(check, token('bob'))).toBe('at once')
    expect(asked).toEqual([])
    clock.advance(1)
    await verdicts.remember(question, { exists: false, until: clock() + 86_400 }, clock() + 86_400)
    expect(await outcomeOf(check, token('bob'))).toBe('subject_unknown')
  })

  it.each([
    true,
    'yes',
    null,
    { exists: 'yes', until: 9e9 },
    { exists: 1, until: 9e9 },
    { exists: true },
    { exists: true, until: 'later' },
    { exists: true, until: 0 },
  ])('that is none is none: %j', async (answer) => {
    const { check, clock, verdicts, asked } = createWorld()
    await verdicts.remember({ kind: 'subject', of: issuer, about: 'bob' }, answer, clock() + 100)
    expect(await outcomeOf(check, token('bob'))).toBe('subject_unknown')
    expect(asked).toEqual(['bob'])
  })
})

describe('many who ask at once', () => {
  it('share one look-up for each subject', async () => {
    const { check, asked } = createWorld()
    const all = Array.from({ length: 100 }, (_, i) => outcomeOf(check, token(i % 2 === 0 ? 'ann' : 'bob')))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['later', 'subject_unknown']))
    expect(asked.toSorted()).toEqual(['ann', 'bob'])
  })

  it('share its failure, and the next is asked anew', async () => {
    let tries = 0
    const { check } = createWorld({
      exists: async () => {
        tries += 1
        if (tries === 1) throw new Error('the store is away')
        return true
      },
    })
    const [one, two] = await Promise.all([outcomeOf(check, token('ann')), outcomeOf(check, token('ann'))])
    expect([one, two, tries]).toEqual(['subject_unavailable', 'subject_unavailable', 1])
    expect(await outcomeOf(check, token('ann'))).toBe('later')
  })

  it('about more subjects than a store should be asked about at a time are told so', async () => {
    let answer = (_: boolean): void => {}
    const pending = new Promise<boolean>((resolve) => {
      answer = resolve
    })
    const { check, asked } = createWorld({ exists: () => pending })
    const first = Array.from({ length: 1_000 }, (_, i) => outcomeOf(check, token(`subject-${i}`)))
    expect(await outcomeOf(check, token('one too many'))).toBe('subject_unavailable')
    answer(true)
    expect(new Set(await Promise.all(first))).toEqual(new Set(['later']))
    expect(asked).toHaveLength(1_000)
    expect(await outcomeOf(check, token('one too many'))).toBe('later')
  })
})

describe('a look-up', () => {
  it.each<[string, SubjectLookUp]>([
    ['rejects', async () => Promise.reject(new Error('away'))],
    [
      'throws',
      () => {
        throw new Error('away')
      },
    ],
    ['answers undefined', (async () => undefined) as never],
    ['answers something that is not true', (async () => 'yes') as never],
  ])('that %s lets nobody pass, and says when to come again', async (_, exists) => {
    const { check } = createWorld({ exists })
    await expect(check.check(token('ann'))).rejects.toMatchObject({ code: 'subject_unavailable', retryAfterSeconds: 1 })
  })

  it('that takes too long lets nobody pass, and is told to stop', async () => {
    let aborted: AbortSignal | undefined
    const { check } = createWorld({
      options: { timeoutSeconds: 0.02 },
      exists: (_, signal) => {
        aborted = signal
        return new Promise(() => {})
      },
    })
    expect(await outcomeOf(check, token('ann'))).toBe('subject_unavailable')
    expect(aborted?.aborted).toBe(true)
  })

  it('that fails leaves answers as they are', async () => {
    let isAway = false
    const { check, clock } = createWorld({
      exists: async () => {
        if (isAway) throw new Error('the store is away')
        return true
      },
    })
    await outcomeOf(check, token('ann'))
    isAway = true
    expect(await outcomeOf(check, token('ann'))).toBe('at once')
    expect(await outcomeOf(check, token('bob'))).toBe('subject_unavailable')
    clock.advance(60)
    expect(await outcomeOf(check, token('ann'))).toBe('subject_unavailable')
  })

  it('under way ends with the verifier', async () => {
    const { check } = createWorld({ options: { timeoutSeconds: 30 }, exists: () => new Promise(() => {}) })
    const waiting = outcomeOf(check, token('ann'))
    await new Promise(setImmediate) // until the shared answers were asked
    check.close()
    expect(await waiting).toBe('subject_unavailable')
  })
})

describe('options', () => {
  const exists = () => true

  it.each<[unknown, RegExp]>([
    [null, /function `exists`/],
    [{}, /function `exists`/],
    [{ exists: true }, /function `exists`/],
    [{ exists, existSeconds: 1 }, /did you mean `existsSeconds`/],
    [{ exists, existsSeconds: 0 }, /existsSeconds/],
    [{ exists, absentSeconds: 3_601 }, /absentSeconds/],
    [{ exists, timeoutSeconds: 31 }, /timeoutSeconds/],
    [{ exists, maxEntries: 0.5 }, /maxEntries/],
  ])('%j do not build', (options, message) => {
    expect(() => judgeSubjects(options as never)).toThrow(message)
  })
})
