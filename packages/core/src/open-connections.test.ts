// The watch over what stays open, with judges of the test's own. What comes of it through the verifier is tested in
// `verifier-revocation.test.ts`.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AccessToken, type Allowed, type Decision, type Denied, Principal } from './decision.js'
import { VerificationError } from './errors.js'
import { type Judge, OpenConnections } from './open-connections.js'
import { bearerRules } from './response/challenge.js'
import { toDenied } from './response/denial.js'
import { createMemoryState } from './state/memory-state.js'
import type { State } from './state/state.js'
import { createTestClock } from './testing.js'

const clock = createTestClock()
const start = clock()
const denied: Denied = toDenied(new VerificationError('token_expired', '`exp` has passed'), bearerRules('api'))

let state: State
let open: OpenConnections

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  clock.set(start)
  state = createMemoryState({ clock })
  open = new OpenConnections(clock, state)
})
afterEach(() => void vi.useRealTimers())

async function pass(seconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(50) // ahead of the clock, so that each timer has gone off by the end of its second
  for (let second = 0; second < seconds; second++) {
    clock.advance(1)
    await vi.advanceTimersByTimeAsync(1_000)
  }
}

/** Lets what is under way come to its end, and no time pass. */
const settle = () => vi.advanceTimersByTimeAsync(0)

function principal(jti: string): Principal<unknown> {
  const issuedClaims = { jti }
  return new Principal({ issuedClaims, issuer: 'https://idp.example.com' } as unknown as AccessToken<unknown>, '')
}

function allowed(validUntil: number, auth: unknown = principal('token-1')): Allowed<unknown> {
  return { allowed: true, auth, validUntil }
}

const anonymous: Allowed<unknown> = { allowed: true, auth: undefined, validUntil: Number.POSITIVE_INFINITY }

/** A connection under watch, how often it was judged and with what it was ended. */
function watch(judge: Judge) {
  const watched = { judged: 0, ends: [] as (readonly unknown[])[], unwatch: () => {} }
  watched.unwatch = open.watch(
    () => {
      watched.judged += 1
      return judge()
    },
    (...ended) => void watched.ends.push(ended),
  )
  return watched
}

/** A judge that answers when it is told to: the last question first. */
function slowJudge() {
  const waiting: { resolve: (decision: Decision<unknown>) => void; reject: (reason: unknown) => void }[] = []
  return {
    waiting,
    judge: () => new Promise<Decision<unknown>>((resolve, reject) => void waiting.push({ resolve, reject })),
  }
}

const forAnHour: Judge = async () => allowed(start + 3_600)

describe('a connection', () => {
  it('is judged at once, and stays while it is allowed', async () => {
    const watched = watch(forAnHour)
    expect(watched.judged).toBe(1)
    await settle()
    expect(watched.ends).toEqual([])
  })

  it('is ended with the refusal, once, and not judged again', async () => {
    const watched = watch(async () => denied)
    await settle()
    expect(watched.ends).toEqual([[denied, undefined]])
    await state.revoke({ jti: 'token-1' })
    await pass(200)
    expect([watched.judged, watched.ends.length]).toEqual([1, 1])
  })

  it('is judged when its time is over, and not a second before', async () => {
    const watched = watch(async () => (clock() < start + 42 ? allowed(start + 42) : denied))
    await pass(41)
    expect(watched).toMatchObject({ judged: 1, ends: [] })
    await pass(1)
    expect(watched).toMatchObject({ judged: 2, ends: [[denied, undefined]] })
  })

  it('is judged in the very second where its time ends between two', async () => {
    const watched = watch(async () => (clock() < start + 0.25 ? allowed(start + 0.25) : denied))
    await vi.advanceTimersByTimeAsync(250)
    expect(watched.judged).toBe(1)
    clock.advance(0.251)
    await vi.advanceTimersByTimeAsync(1)
    expect(watched.ends).toHaveLength(1)
  })

  it.each([
    ['an hour', start + 3_600],
    ['a time that fits no timer', start + 30 * 86_400],
    ['ever', Number.POSITIVE_INFINITY],
  ])('is judged once a minute, allowed for %s', async (_, validUntil) => {
    const watched = watch(async () => allowed(validUntil))
    await pass(59)
    expect(watched.judged).toBe(1)
    await pass(1)
    expect(watched.judged).toBe(2)
    await pass(600)
    expect(watched).toMatchObject({ judged: 12, ends: [] })
  })

  it.each([
    ['a second ago', start - 1],
    ['now', start],
    ['at no time', Number.NaN],
    ['since ever', Number.NEGATIVE_INFINITY],
  ])('is judged once a second, and no more, where it is allowed up to %s', async (_, validUntil) => {
    const watched = watch(async () => allowed(validUntil))
    await pass(10)
    expect(watched.judged).toBe(11)
  })

  it('does not keep the process', async () => {
    vi.useRealTimers()
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    const [judging, waiting] = [watch(slowJudge().judge), watch(forAnHour)]
    await Promise.resolve().then(() => {})
    expect(timers()).toBe(before)
    judging.unwatch()
    waiting.unwatch()
  })
})

describe('a judge that cannot tell', () => {
  const error = new RangeError('no')

  it.each<[string, Judge]>([
    [
      'throws',
      () => {
        throw error
      },
    ],
    ['rejects', () => Promise.reject(error)],
  ])('and %s ends the connection, with the error alone', async (_, judge) => {
    const watched = watch(judge)
    expect(watched.ends).toEqual([]) // `watch` has answered before
    await settle()
    expect(watched.ends).toEqual([[undefined, error]])
  })

  it('later ends it as well', async () => {
    const watched = watch(() => (clock() < start + 60 ? forAnHour() : Promise.reject(error)))
    await pass(59)
    expect(watched.ends).toEqual([])
    await pass(1)
    expect(watched.ends).toEqual([[undefined, error]])
  })

  it.each([undefined, null, 'yes', {}])('and answers %j ends it', async (answer) => {
    const watched = watch(async () => answer as never)
    await settle()
    expect(watched.ends).toHaveLength(1)
  })

  it('and never answers ends it after a minute, and what it says then is too late', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    await pass(59)
    expect(watched.ends).toEqual([])
    await pass(1)
    expect(watched.ends).toEqual([[undefined, expect.objectContaining({ message: 'no judgement within 60 s' })]])
    waiting[0]?.resolve(allowed(start + 3_600))
    await pass(200)
    expect(watched).toMatchObject({ judged: 1, ends: { length: 1 } })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('because the state cannot, ends it', async () => {
    const broken = (): never => {
      throw error
    }
    open = new OpenConnections(clock, Object.assign(state, { isRevoked: broken }))
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    await state.revoke({ jti: 'token-2' })
    waiting[0]?.resolve(allowed(start + 3_600))
    await settle()
    expect(watched.ends).toEqual([[undefined, error]])
  })

  it('is asked when the state cannot tell who is concerned: whoever revokes hears nothing of it', async () => {
    let answer: Decision<unknown> = allowed(start + 3_600)
    const watched = watch(async () => answer)
    await settle()
    const broken = (): never => {
      throw error
    }
    Object.assign(state, { isRevoked: broken })
    answer = denied
    await state.revoke({ jti: 'token-2' })
    await settle()
    expect(watched).toMatchObject({ judged: 2, ends: [[denied, undefined]] })
  })
})

describe('a revocation', () => {
  it('has whom it concerns judged at once, and nobody else', async () => {
    const concerned = watch(async () => (state.isRevoked(tokenOf('token-1')) ? denied : allowed(start + 60)))
    const other = watch(async () => allowed(start + 60, principal('token-2')))
    const nobody = watch(async () => anonymous)
    await settle()
    await state.revoke({ jti: 'token-1' })
    await settle()
    expect(concerned).toMatchObject({ judged: 2, ends: [[denied, undefined]] })
    expect(other).toMatchObject({ judged: 1, ends: [] })
    expect(nobody).toMatchObject({ judged: 1, ends: [] })
  })

  const tokenOf = (jti: string) => Principal.accessTokenOf(principal(jti))

  it('has everybody judged of whom we know nothing', async () => {
    const watched = watch(async () => allowed(start + 60, { name: 'of another engine' }))
    await settle()
    await state.revoke({ jti: 'token-1' })
    expect(watched.judged).toBe(2)
  })

  it('while the first judgement is under way is not missed', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    await state.revoke({ jti: 'token-1' })
    waiting[0]?.resolve(allowed(start + 60)) // it knew nothing of the revocation
    await settle()
    expect(watched).toMatchObject({ judged: 2, ends: [] })
    waiting[1]?.resolve(denied)
    await settle()
    expect(watched.ends).toEqual([[denied, undefined]])
  })

  it('while a later judgement is under way is not missed, even of another token than before', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    waiting[0]?.resolve(allowed(start + 10, principal('token-1')))
    await pass(10)
    expect(watched.judged).toBe(2)
    await state.revoke({ jti: 'token-2' })
    waiting[1]?.resolve(allowed(start + 60, principal('token-2')))
    await settle()
    expect(watched.judged).toBe(3)
  })

  it('while a judgement is under way that does not concern it, changes nothing', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    await state.revoke({ jti: 'token-2' })
    waiting[0]?.resolve(allowed(start + 60))
    await settle()
    expect(watched.judged).toBe(1)
  })

  it('starts no second judgement beside the first, however many come', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    for (let i = 0; i < 100; i++) await state.revoke({ jti: 'token-1' })
    expect(watched.judged).toBe(1)
    waiting[0]?.resolve(allowed(start + 60))
    await settle()
    expect(watched.judged).toBe(2)
  })

  it('starts no judgement beside a later one, either', async () => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    waiting[0]?.resolve(allowed(start + 10))
    await pass(10)
    for (let i = 0; i < 100; i++) await state.revoke({ jti: 'token-1' })
    expect(watched.judged).toBe(2)
    waiting[1]?.resolve(denied)
    await settle()
    expect(watched).toMatchObject({ judged: 2, ends: [[denied, undefined]] })
  })

  it('that the judge does not heed has it judged once, not for ever', async () => {
    const watched = watch(forAnHour)
    await settle()
    await state.revoke({ jti: 'token-1' })
    await pass(1)
    expect(watched).toMatchObject({ judged: 2, ends: [] })
  })

  it('ends one of a thousand', async () => {
    const all = Array.from({ length: 1_000 }, (_, i) =>
      watch(async () =>
        state.isRevoked(tokenOf(`token-${i}`)) ? denied : allowed(start + 60, principal(`token-${i}`)),
      ),
    )
    await settle()
    await state.revoke({ jti: 'token-700' })
    await settle()
    expect(all.flatMap(({ ends }, i) => (ends.length > 0 ? [i] : []))).toEqual([700])
    expect(all.reduce((sum, { judged }) => sum + judged, 0)).toBe(1_001)
  })

  it('ends all of a thousand that it concerns, each once', async () => {
    const all = Array.from({ length: 1_000 }, () =>
      watch(async () => (state.isRevoked(tokenOf('token-1')) ? denied : allowed(start + 60))),
    )
    await settle()
    await state.revoke({ jti: 'token-1' })
    await settle()
    expect(all.every(({ ends }) => ends.length === 1)).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('unwatch', () => {
  it.each<[string, (watched: ReturnType<typeof watch>) => unknown]>([
    ['at once', () => undefined],
    ['after the first judgement', () => settle()],
    ['later', () => pass(100)],
  ])('%s, and twice: nobody is judged or ended any more', async (_, until) => {
    const watched = watch(async () => (clock() < start + 120 ? allowed(start + 120) : denied))
    await until(watched)
    const { judged } = watched
    watched.unwatch()
    watched.unwatch()
    await state.revoke({ jti: 'token-1' })
    await pass(200)
    expect(watched).toMatchObject({ judged, ends: [] })
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, (answer: ReturnType<typeof slowJudge>['waiting'][number]) => void]>([
    ['yes', ({ resolve }) => resolve(allowed(start + 60))],
    ['no', ({ resolve }) => resolve(denied)],
    ['neither', ({ reject }) => reject(new Error('no'))],
  ])('while the judge is at it, who then says %s', async (_, answer) => {
    const { judge, waiting } = slowJudge()
    const watched = watch(judge)
    watched.unwatch()
    for (const each of waiting) answer(each)
    await pass(200)
    expect(watched).toMatchObject({ judged: 1, ends: [] })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('after the end does no harm, nor to another', async () => {
    const ended = watch(async () => denied)
    await settle()
    const other = watch(async () => allowed(start + 60, principal('token-2')))
    await settle()
    ended.unwatch()
    await state.revoke({ jti: 'token-2' })
    expect(other.judged).toBe(2)
  })

  it('may be called by `end`, even where the judge throws at once', async () => {
    let ends = 0
    const unwatch = open.watch(
      () => {
        throw new Error('no')
      },
      () => {
        unwatch()
        ends += 1
      },
    )
    await settle()
    expect(ends).toBe(1)
  })
})

describe('close', () => {
  it('ends all, with neither a refusal nor an error, once', async () => {
    const { judge, waiting } = slowJudge()
    const all = [watch(forAnHour), watch(judge), watch(async () => anonymous)]
    await settle()
    open.close()
    open.close()
    waiting[0]?.resolve(denied)
    await state.revoke({ jti: 'token-1' })
    await pass(200)
    for (const { ends } of all) expect(ends).toEqual([[undefined, undefined]])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends the others where one `end` throws, and that is heard of', async () => {
    const uncaught: unknown[] = []
    const error = new Error('the socket is gone')
    process.setUncaughtExceptionCaptureCallback((thrown) => void uncaught.push(thrown))
    try {
      open.watch(forAnHour, () => {
        throw error
      })
      const other = watch(forAnHour)
      await settle()
      open.close()
      expect(other.ends).toHaveLength(1)
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.setUncaughtExceptionCaptureCallback(null)
    }
    expect(uncaught).toEqual([error])
  })
})

describe('the state', () => {
  it('is listened to once, while something is open, and by nobody after that', async () => {
    const listeners = new Set<() => void>()
    const onRevoked = (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
    open = new OpenConnections(clock, Object.assign(state, { onRevoked }))
    const counts: number[] = [listeners.size]
    for (let round = 0; round < 3; round++) {
      const [first, second, third] = [watch(forAnHour), watch(forAnHour), watch(async () => denied)]
      counts.push(listeners.size)
      await settle()
      expect(third.ends).toHaveLength(1)
      first.unwatch()
      first.unwatch()
      counts.push(listeners.size)
      if (round === 2) open.close()
      else second.unwatch()
      counts.push(listeners.size)
    }
    expect(counts).toEqual([0, 1, 1, 0, 1, 1, 0, 1, 1, 0])
  })
})
