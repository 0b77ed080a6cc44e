// Step 8 through the verifier: what was taken back is refused at every sight of it, and what is open on the strength of it
// ends. What a revocation is about is tested in `state/`, the watch by itself in `open-connections.test.ts`.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Decision } from './decision.js'
import { ConfigurationError } from './errors.js'
import type { DecisionEvent } from './events.js'
import type { Judge } from './open-connections.js'
import type { Policy } from './policy/policy.js'
import { between } from './policy/request-words.js'
import { scope } from './policy/words.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const clock = createTestClock()
const start = clock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

async function codeOf(decision: Promise<Decision<unknown>>): Promise<string> {
  const decided = await decision
  return decided.allowed ? 'allowed' : decided.code
}

describe.each([0, 1, 2, 3])('a token taken back after %i sights', (sights) => {
  async function seen(claims: object = {}, options: Partial<VerifierOptions> = {}) {
    const verifier = createVerifier({ ...inline, ...options } as VerifierOptions) as Verifier
    const token = await idp.issue({ jti: 'token-1', sid: 'session-1', sub: 'ann', scope: 'read', ...claims })
    for (let sight = 0; sight < sights; sight++) await verifier.verifyToken(token)
    return { verifier, token }
  }

  it('is refused by verify, as an invalid token', async () => {
    const { verifier, token } = await seen()
    await verifier.revoke({ jti: 'token-1' })
    const decision = await verifier.verify(bearer(token), scope('read'))
    expect(decision).toMatchObject({ allowed: false, code: 'token_revoked', status: 401 })
    expect((decision as { headers: Record<string, string> }).headers['WWW-Authenticate']).toContain('invalid_token')
  })

  it('is refused by verifyToken', async () => {
    const { verifier, token } = await seen()
    await verifier.revoke({ session: 'session-1' })
    await expect(verifier.verifyToken(token)).rejects.toMatchObject({ code: 'token_revoked' })
  })

  it('is refused by recall, which says so as soon as it knows the token', async () => {
    const { verifier, token } = await seen()
    await verifier.revoke({ subject: 'ann' })
    if (sights < 2) expect(verifier.recall(token)).toBeUndefined()
    else expect(() => verifier.recall(token)).toThrow(expect.objectContaining({ code: 'token_revoked' }))
  })

  it('fails the check `revocation` of explain', async () => {
    const { verifier, token } = await seen()
    await verifier.revoke({ client: 'client-1', issuer: idp.issuer })
    const { allowed, code, checks } = await verifier.explain(bearer(token))
    expect({ allowed, code }).toEqual({ allowed: false, code: 'token_revoked' })
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({ check: 'revocation' })
  })

  it('is refused at every sight from then on', async () => {
    const { verifier, token } = await seen()
    await verifier.revoke({ issuer: idp.issuer })
    for (let sight = 0; sight < 4; sight++) expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_revoked')
  })

  it('is refused whatever the schema of the application makes of its claims', async () => {
    const claims = z.object({ sub: z.string() }).transform(() => ({ sub: 'bob' }))
    const { verifier, token } = await seen({}, { claims })
    await verifier.revoke({ jti: 'token-1' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_revoked')
  })

  it('is refused where being anonymous would do', async () => {
    const { verifier, token } = await seen({}, { optional: true })
    await verifier.revoke({ jti: 'token-1' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_revoked')
    expect(await codeOf(verifier.verify({ headers: {} }))).toBe('allowed')
  })

  it('keeps no other from passing', async () => {
    const { verifier, token } = await seen()
    for (const revocation of [{ jti: 'token-2' }, { session: 's' }, { subject: 'bob' }, { client: 'c' }])
      await verifier.revoke(revocation)
    await verifier.revoke({ issuer: 'https://other.example.com' })
    await verifier.revoke({ subject: 'ann', before: start - 1 })
    expect(await codeOf(verifier.verify(bearer(token), scope('read')))).toBe('allowed')
  })
})

describe('the order', () => {
  it('is binding, revocation, policy', async () => {
    const verifier = createVerifier(inline)
    await verifier.revoke({ subject: 'ann' })
    const bound = await idp.issue({ sub: 'ann', cnf: { jkt: 'x' } })
    expect(await codeOf(verifier.verify(bearer(bound)))).toBe('binding_missing')
    expect(await codeOf(verifier.verify(bearer(await idp.issue({ sub: 'ann' })), scope('write')))).toBe('token_revoked')
  })

  it('asks about nothing that is not proven', async () => {
    let asked = 0
    const isRevoked = () => {
      asked += 1
      return false
    }
    const verifier = createVerifier({ ...inline, state: Object.assign(createMemoryState({ clock }), { isRevoked }) })
    const token = await idp.issue()
    await verifier.verify(bearer(`${token.slice(0, -8)}AAAAAAAA`))
    await verifier.verify(bearer(await idp.issue({ aud: 'other' })))
    expect(asked).toBe(0)
    for (let sight = 0; sight < 4; sight++) await verifier.verify(bearer(token))
    expect(asked).toBe(4)
  })
})

describe('authorize', () => {
  it('does not ask again: the credential was judged in the same request', async () => {
    const verifier = createVerifier(inline)
    const auth = await verifier.verifyToken(await idp.issue({ sub: 'ann', scope: 'read' }))
    await verifier.revoke({ subject: 'ann' })
    expect(await codeOf(verifier.authorize(auth, scope('read')))).toBe('allowed')
  })
})

describe('the state', () => {
  it('is one for each verifier, unless they share it', async () => {
    const token = await idp.issue({ sub: 'ann' })
    const state = createMemoryState({ clock })
    const [one, two] = [createVerifier({ ...inline, state }), createVerifier({ ...inline, state })]
    const alone = createVerifier(inline)
    await one.revoke({ subject: 'ann' })
    expect(await codeOf(two.verify(bearer(token)))).toBe('token_revoked')
    expect(await codeOf(alone.verify(bearer(token)))).toBe('allowed')
    await alone.revoke({ subject: 'ann' })
    expect(await codeOf(alone.verify(bearer(token)))).toBe('token_revoked')
  })

  it('goes by the clock of its verifier', async () => {
    const verifier = createVerifier(inline)
    clock.set(start + 10_000)
    const token = await idp.issue({ sub: 'ann' })
    clock.set(start + 9_999)
    await verifier.revoke({ subject: 'ann' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('allowed')
    clock.set(start + 10_000)
    await verifier.revoke({ subject: 'ann' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_revoked')
    clock.set(start)
  })

  it('may be told of a revocation by a verifier that was closed', async () => {
    const state = createMemoryState({ clock })
    const closed = createVerifier({ ...inline, state })
    await closed.close()
    await closed.revoke({ subject: 'ann' })
    const verifier = createVerifier({ ...inline, state })
    expect(await codeOf(verifier.verify(bearer(await idp.issue({ sub: 'ann' }))))).toBe('token_revoked')
  })

  it('refuses what is no revocation, through the verifier as well', async () => {
    const verifier = createVerifier(inline)
    await expect(verifier.revoke({ jti: undefined, issuer: idp.issuer } as never)).rejects.toThrow(ConfigurationError)
    await expect(verifier.revoke({ jti: 'a' }, { untill: 1 } as never)).rejects.toThrow('did you mean `until`')
  })
})

describe('Promise 11: revocation fails closed', () => {
  it('forgets no token that the tolerance of clocks lets pass after its `exp`', async () => {
    const state = createMemoryState({ clock, maxRevocations: 1 })
    const verifier = createVerifier({ ...inline, state, clockToleranceSeconds: 300 })
    const token = await idp.issue({ jti: 'token-1', exp: start + 60 })
    await verifier.revoke({ jti: 'token-1' }, { until: start + 60 })
    clock.set(start + 60 + 299)
    await expect(verifier.revoke({ jti: 'token-2' })).rejects.toThrow(ConfigurationError)
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_revoked')
    clock.set(start + 60 + 301)
    await verifier.revoke({ jti: 'token-2' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('token_expired')
    clock.set(start)
  })

  it('lets nobody pass where the state does not know: its error goes to the framework', async () => {
    const isRevoked = (): boolean => {
      throw new RangeError('gone')
    }
    const verifier = createVerifier({ ...inline, state: Object.assign(createMemoryState({ clock }), { isRevoked }) })
    await expect(verifier.verify(bearer(await idp.issue()))).rejects.toThrow(RangeError)
  })
})

describe('sallyport:decision', () => {
  it('tells of the refusal by its code, and not whose token it was', async () => {
    const events: DecisionEvent[] = []
    const listener = (event: unknown) => void events.push(event as DecisionEvent)
    subscribe('sallyport:decision', listener)
    const verifier = createVerifier(inline)
    await verifier.revoke({ subject: 'ann' })
    await verifier.verify(bearer(await idp.issue({ sub: 'ann' })))
    unsubscribe('sallyport:decision', listener)
    expect(events).toEqual([{ allowed: false, code: 'token_revoked', reason: 'the token was revoked' }])
  })
})

describe('watch', () => {
  let verifier: Verifier
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    clock.set(start)
    verifier = createVerifier(inline)
  })
  afterEach(async () => {
    await verifier.close()
    vi.useRealTimers()
  })

  async function pass(seconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(50) // ahead of the clock, so that each timer has gone off by the end of its second
    for (let second = 0; second < seconds; second++) {
      clock.advance(1)
      await vi.advanceTimersByTimeAsync(1_000)
    }
  }

  /** Lets what is under way come to its end, and no time pass. */
  const settle = () => vi.advanceTimersByTimeAsync(0)

  /** What is open on the strength of this token: with what it was ended, `undefined` where nobody was refused. */
  function open(token: string, policy?: Policy, judge: Judge = () => verifier.verify(bearer(token), policy)) {
    const ends: (string | undefined)[] = []
    const unwatch = verifier.watch(judge, (denied) => void ends.push(denied?.code))
    return { ends, unwatch }
  }

  it('ends what is open when the token expires, in that second and not one before', async () => {
    verifier = createVerifier({ ...inline, clockToleranceSeconds: 0 })
    const { ends } = open(await idp.issue({ exp: start + 100 }))
    await pass(99)
    expect(ends).toEqual([])
    await pass(1)
    expect(ends).toEqual(['token_expired'])
  })

  it('lets it stay for the tolerance of clocks, and judges it once a second then', async () => {
    verifier = createVerifier({ ...inline, clockToleranceSeconds: 5 })
    const token = await idp.issue({ exp: start + 100 })
    let judged = 0
    const { ends } = open(token, undefined, () => {
      judged += 1
      return verifier.verify(bearer(token))
    })
    await pass(104)
    expect({ ends, judged }).toEqual({ ends: [], judged: 1 + 1 + 5 }) // at once, after a minute, and from 100 on
    await pass(1)
    expect({ ends, judged }).toEqual({ ends: ['token_expired'], judged: 8 })
  })

  it('ends every connection of a revoked session at once, and no other', async () => {
    const [first, second] = await Promise.all([idp.issue({ sid: 'a' }), idp.issue({ sid: 'a' })])
    const [ofA, alsoOfA] = [open(first), open(second)]
    const [ofB, ofNone] = [open(await idp.issue({ sid: 'b' })), open(await idp.issue())]
    await settle()
    await verifier.revoke({ session: 'a' })
    await settle()
    expect([ofA.ends, alsoOfA.ends, ofB.ends, ofNone.ends]).toEqual([['token_revoked'], ['token_revoked'], [], []])
    await pass(60)
    expect([ofB.ends, ofNone.ends]).toEqual([[], []])
  })

  it('hears of a revocation through another verifier of the same state', async () => {
    const state = createMemoryState({ clock })
    verifier = createVerifier({ ...inline, state })
    const elsewhere = createVerifier({ ...inline, state })
    const { ends } = open(await idp.issue({ sub: 'ann' }))
    await settle()
    await elsewhere.revoke({ subject: 'ann' })
    await settle()
    expect(ends).toEqual(['token_revoked'])
  })

  it('ends what was revoked between the decision and the watch', async () => {
    const token = await idp.issue({ sid: 'a' })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('allowed')
    await verifier.revoke({ session: 'a' })
    const { ends } = open(token)
    await settle()
    expect(ends).toEqual(['token_revoked'])
  })

  it('ends what is revoked while it is judged', async () => {
    const token = await idp.issue({ sid: 'a' })
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { ends } = open(token, undefined, async () => {
      const decision = await verifier.verify(bearer(token))
      await answered
      return decision
    })
    await settle()
    await verifier.revoke({ session: 'a' })
    await settle()
    answer()
    await settle()
    expect(ends).toEqual(['token_revoked'])
  })

  it('ends what is open on an optional route by its token, and never an anonymous one', async () => {
    const optional = createVerifier({ ...inline, optional: true })
    const ends: unknown[] = []
    const token = await idp.issue({ sub: 'ann' })
    optional.watch(
      () => optional.verify({ headers: {} }),
      () => void ends.push('anonymous'),
    )
    optional.watch(
      () => optional.verify(bearer(token)),
      (denied) => void ends.push(denied?.code),
    )
    await pass(1)
    await optional.revoke({ subject: 'ann' })
    await pass(400)
    expect(ends).toEqual(['token_revoked'])
    await optional.close()
  })

  it('ends within a minute what lost its key', async () => {
    const rotating = await createTestIssuer({ clock, cacheControl: 'max-age=60' })
    verifier = createVerifier({ issuer: rotating.issuer, audience: rotating.audience, clock })
    const token = await rotating.issue({}, { expiresInSeconds: 86_400 })
    expect(await codeOf(verifier.verify(bearer(token)))).toBe('allowed') // the keys are fetched
    const ended = new Promise((resolve) => {
      verifier.watch(
        () => verifier.verify(bearer(token)),
        (denied) => resolve(denied?.code),
      )
    })
    const old = rotating.key.kid
    await rotating.rotate()
    rotating.dropKey(old)
    await pass(60)
    expect(await ended).toBe('key_unknown')
    await rotating.close()
  })

  it('ends when the window of its policy closes, and not a second before', async () => {
    const closing = between('00:00', '00:05') // in UTC, and the clock stands at midnight
    const { ends } = open(await idp.issue({}, { expiresInSeconds: 86_400 }), closing)
    await pass(299)
    expect(ends).toEqual([])
    await pass(1)
    expect(ends).toEqual(['policy_denied'])
  })

  it('is ended by close, with neither a refusal nor an error, and begins no more', async () => {
    const ended: unknown[][] = []
    const token = await idp.issue()
    verifier.watch(
      () => verifier.verify(bearer(token)),
      (...args) => void ended.push(args),
    )
    await settle()
    await verifier.close()
    await verifier.close()
    expect(ended).toEqual([[undefined, undefined]])
    expect(vi.getTimerCount()).toBe(0)
    let judged = 0
    const judge: Judge = () => {
      judged += 1
      return verifier.verify(bearer(token))
    }
    expect(() => verifier.watch(judge, () => {})).toThrow(ConfigurationError)
    await settle()
    expect(judged).toBe(0)
  })

  it('does not outlive its connection', async () => {
    const { ends, unwatch } = open(await idp.issue({ sid: 'a' }))
    await settle()
    unwatch()
    expect(vi.getTimerCount()).toBe(0)
    await verifier.revoke({ session: 'a' })
    await pass(400)
    expect(ends).toEqual([])
  })
})
