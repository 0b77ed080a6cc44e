// Step 9 where somebody else has a say, through the gate.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DecisionEvent } from './events.js'
import { claim, param } from './policy/comparison.js'
import { LivePolicies } from './policy/live/live-policies.js'
import type { Policy } from './policy/policy.js'
import { policySet } from './policy/policy-set.js'
import { formatTrace } from './policy/trace.js'
import { allOf, anyOf, authenticatedWithin, not, policy, scope, use } from './policy/words.js'
import { policyService } from './policy-services.js'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'

const clock = createTestClock()
const now = clock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const bearer = (token: string, params = {}) => ({ headers: { authorization: `Bearer ${token}` }, params })
const ann = bearer(await idp.issue({ sub: 'ann', scope: 'docs' }))
const bob = bearer(await idp.issue({ sub: 'bob', scope: 'docs' }))

/** A service that a test leads. */
function lead(options = {}) {
  const asked: unknown[] = []
  const led: { answer: (question: unknown) => unknown } = { answer: () => true }
  const service = policyService(
    'led',
    (question) => {
      asked.push(question)
      return led.answer(question) as boolean
    },
    { timeoutSeconds: 5, ...options },
  )
  return { led, asked, leaf: service.permits({ user: claim('sub') }), service }
}

const never = () => new Promise(() => undefined)
const opened: Verifier<unknown>[] = []
function build(options: object = {}): Verifier {
  const verifier = createVerifier({ ...inline, ...options })
  opened.push(verifier)
  return verifier
}
beforeEach(() => clock.set(now))
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

const codeOf = async (verifier: Verifier, of: Policy, request = ann) => {
  const decision = await verifier.verify(request, of)
  return decision.allowed ? 'passes' : decision.code
}

describe('a decision', () => {
  it('is that of the service, for whom it was asked', async () => {
    const { led, leaf, asked } = lead()
    const verifier = build()
    led.answer = (question) => JSON.stringify(question) === '{"user":"ann"}'
    const doc = allOf(scope('docs'), leaf)
    expect([await codeOf(verifier, doc), await codeOf(verifier, doc, bob)]).toEqual(['passes', 'policy_denied'])
    expect([await codeOf(verifier, doc, bob), await codeOf(verifier, doc)]).toEqual(['policy_denied', 'passes'])
    expect(asked).toEqual([{ user: 'ann' }, { user: 'bob' }])
  })

  it.each<[string, (leaf: ReturnType<typeof lead>['leaf']) => Policy, string]>([
    ['a scope lacks', (leaf) => allOf(leaf, scope('admin')), 'scope_insufficient'],
    ['the login is too long ago', (leaf) => allOf(leaf, authenticatedWithin('1m')), 'step_up_required'],
    ['a claim lacks', (leaf) => allOf(leaf, claim('tenant').equals('x')), 'policy_denied'],
    ['it is used below a not', () => allOf(scope('docs'), not(use('led'))), 'policy_denied'],
    ['it is not needed', (leaf) => anyOf(leaf, scope('docs')), 'passes'],
  ])('asks nobody where %s', async (_, of, code) => {
    const { leaf, asked } = lead()
    const policies = policySet(policy('led', { allow: leaf }))
    expect(await codeOf(build({ policies }), of(leaf))).toBe(code)
    expect(asked).toEqual([])
  })

  it('follows `use`', async () => {
    const { led, leaf, asked } = lead()
    const verifier = build({ policies: policySet(policy('doc', { allow: allOf(scope('docs'), leaf) })) })
    led.answer = () => false
    expect(await codeOf(verifier, use('doc'))).toBe('policy_denied')
    expect(asked).toHaveLength(1)
  })

  it('takes no silence for an answer', async () => {
    const { led, leaf } = lead({ timeoutSeconds: 0.01 })
    led.answer = never
    expect(await build().verify(ann, allOf(scope('docs'), leaf))).toMatchObject({
      allowed: false,
      code: 'policy_service_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
    })
  })

  it('is made at once where nobody has to be asked, or has answered already', async () => {
    const { leaf } = lead()
    const verifier = build()
    for (let sight = 0; sight < 2; sight++) await verifier.verify(ann)
    expect(verifier.decide(ann, scope('docs'))).toMatchObject({ allowed: true })
    expect(verifier.decide(ann, anyOf(leaf, scope('docs')))).toMatchObject({ allowed: true })
    const first = verifier.decide(ann, leaf)
    expect(first).toBeInstanceOf(Promise)
    await first
    expect(verifier.decide(ann, leaf)).toMatchObject({ allowed: true })
  })

  it('is made by `authorize` and for the default policy as well', async () => {
    const { led, leaf, asked } = lead({ lifetimeSeconds: 0 })
    led.answer = () => false
    const verifier = build()
    const passed = await verifier.verify(ann)
    if (!passed.allowed) throw new Error('not let in')
    expect(await verifier.authorize(passed.auth, leaf)).toMatchObject({ code: 'policy_denied' })
    led.answer = () => 'true'
    expect(await verifier.authorize(passed.auth, leaf)).toMatchObject({ code: 'policy_service_unavailable' })
    led.answer = () => true
    expect(await verifier.authorize(passed.auth, leaf)).toMatchObject({ allowed: true, validUntil: now + 1 })
    expect(await build({ policy: leaf }).verify(ann)).toMatchObject({ allowed: true })
    expect(asked).toHaveLength(4)
  })

  it('holds as long as the answer', async () => {
    const { leaf } = lead()
    expect(await build().verify(ann, leaf)).toMatchObject({ allowed: true, validUntil: now + 5 })
  })

  it('is shown no token', async () => {
    const { leaf, asked } = lead()
    const verifier = build()
    await verifier.verify(ann, leaf)
    expect(JSON.stringify(asked)).not.toContain(ann.headers.authorization.slice(7))
  })

  it('with a parameter that the route lacks asks nobody', async () => {
    const { service, asked } = lead()
    const leaf = service.permits({ doc: param('docId') })
    const verifier = build()
    expect(await codeOf(verifier, leaf)).toBe('policy_denied')
    expect(asked).toEqual([])
    expect((await verifier.verify({ ...ann, params: { docId: '7' } }, leaf)).allowed).toBe(true)
  })
})

describe('several services', () => {
  const watch = { now: 0 }

  it('are asked one after another, and only who is needed', async () => {
    const [first, second] = [lead(), lead()]
    const verifier = build()
    first.led.answer = () => false
    expect(await codeOf(verifier, allOf(first.leaf, second.leaf))).toBe('policy_denied')
    expect(second.asked).toEqual([])
    expect(await codeOf(verifier, anyOf(first.leaf, second.leaf), bob)).toBe('passes')
    expect(second.asked).toEqual([{ user: 'bob' }])
  })

  it('where one is silent, another can still let pass', async () => {
    const [first, second] = [lead(), lead()]
    first.led.answer = () => 'yes'
    expect(await codeOf(build(), anyOf(first.leaf, second.leaf))).toBe('passes')
  })

  it('share the time of the decision', async () => {
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => watch.now * 1_000)
    const [first, second] = [lead({ timeoutSeconds: 1 }), lead({ timeoutSeconds: 1 })]
    first.led.answer = () => {
      watch.now += 1
      return true
    }
    const verifier = build()
    expect(await codeOf(verifier, allOf(first.leaf, second.leaf))).toBe('policy_service_unavailable')
    expect(second.asked).toEqual([])
    const { policy: trace } = await verifier.explain(ann, allOf(first.leaf, second.leaf))
    expect(formatTrace(trace as NonNullable<typeof trace>)).toContain('no time was left for the policy service')
    spy.mockRestore()
  })
})

describe('a verifier that is closed', () => {
  it('waits for nobody, and lets nobody pass', async () => {
    const { led, leaf, asked } = lead({ staleIfErrorSeconds: 60 })
    const verifier = build()
    await verifier.verify(ann, leaf)
    clock.advance(10)
    led.answer = never
    const waiting = verifier.verify(ann, leaf)
    await expect.poll(() => asked.length).toBe(2)
    await verifier.close()
    expect(await waiting).toMatchObject({ code: 'policy_service_unavailable' })
  })
})

describe('an explanation', () => {
  const lines = async (verifier: Verifier, of: Policy, request = ann) => {
    const { policy: trace } = await verifier.explain(request, of)
    return formatTrace(trace as NonNullable<typeof trace>)
  }

  it('asks anew, and says what came of it', async () => {
    const { led, leaf, asked } = lead()
    const verifier = build()
    const doc = allOf(scope('docs'), leaf)
    await verifier.verify(ann, doc)
    expect(await lines(verifier, doc)).toContain('permitted by led: {"user":claim sub}: true')
    led.answer = () => false
    const denied = await verifier.explain(ann, doc)
    expect(denied).toMatchObject({ allowed: false, code: 'policy_denied' })
    expect(asked).toHaveLength(3)
  })

  it('says who was not asked, and why', async () => {
    const { leaf } = lead()
    const verifier = build()
    expect(await lines(verifier, allOf(scope('admin'), leaf))).toContain(
      'undetermined · was not asked: the rest of the policy does not hold',
    )
    expect(await lines(verifier, anyOf(scope('docs'), leaf))).toContain(
      'undetermined · was not asked: the policy holds without it',
    )
  })

  it('says who did not answer, and what to do', async () => {
    const { led, leaf } = lead({ timeoutSeconds: 0.01 })
    led.answer = never
    const { code, checks } = await build().explain(ann, leaf)
    expect(code).toBe('policy_service_unavailable')
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      check: 'policy',
      got: expect.stringContaining('the policy service did not answer in time'),
      action: expect.stringContaining('can be reached'),
    })
  })

  it('shows a yes that is old', async () => {
    const { led, leaf } = lead({ timeoutSeconds: 0.01, staleIfErrorSeconds: 30 })
    const verifier = build()
    await verifier.verify(ann, leaf)
    led.answer = never
    clock.advance(12)
    expect(await verifier.verify(ann, leaf)).toMatchObject({ allowed: true, validUntil: now + 13 })
    expect(await lines(verifier, leaf)).toContain('true · a yes of 12 s ago, for the want of an answer')
    clock.advance(23)
    expect(await codeOf(verifier, leaf)).toBe('policy_service_unavailable')
  })
})

describe('events', () => {
  it('say why, and nothing of the question', async () => {
    const heard: DecisionEvent[] = []
    const listen = (event: unknown) => void heard.push(event as DecisionEvent)
    subscribe('sallyport:decision', listen)
    const { led, leaf } = lead()
    led.answer = () => 'of ann'
    await build().verify(ann, leaf)
    unsubscribe('sallyport:decision', listen)
    expect(heard).toMatchObject([
      {
        code: 'policy_service_unavailable',
        reason: 'a policy service has not decided',
        policy: {
          outcome: 'undetermined',
          reason: 'the policy service has not decided: it answered neither true nor false',
        },
      },
    ])
    expect(JSON.stringify(heard)).not.toContain('ann')
  })
})

describe('what stays open', () => {
  const timers = { toFake: ['setTimeout', 'clearTimeout'] as ('setTimeout' | 'clearTimeout')[] }
  afterEach(() => void vi.useRealTimers())

  async function watched(options: object) {
    vi.useFakeTimers(timers)
    const { led, leaf, asked } = lead(options)
    const verifier = build()
    const ended: unknown[] = []
    verifier.watch(
      () => verifier.verify(ann, leaf),
      (denied) => void ended.push(denied?.code),
    )
    const pass = async (seconds: number) => {
      for (let each = 0; each < seconds * 10; each++) {
        clock.advance(0.1)
        await vi.advanceTimersByTimeAsync(100)
      }
    }
    await pass(0.1)
    return { led, asked, ended, pass }
  }

  it('is judged again when the answer has served its time', async () => {
    const { led, asked, ended, pass } = await watched({ lifetimeSeconds: 5 })
    await pass(12)
    expect(asked).toHaveLength(3)
    led.answer = () => false
    await pass(5)
    expect(ended).toEqual(['policy_denied'])
  })

  it('is judged once a second, where an answer serves for no time', async () => {
    const { asked, ended, pass } = await watched({ lifetimeSeconds: 0 })
    await pass(10)
    expect(ended).toEqual([])
    expect(asked.length).toBeGreaterThanOrEqual(8)
    expect(asked.length).toBeLessThanOrEqual(12)
  })

  it('stays on an old yes, and is judged once a second meanwhile', async () => {
    const { led, asked, ended, pass } = await watched({
      lifetimeSeconds: 5,
      staleIfErrorSeconds: 10,
      timeoutSeconds: 0.05,
    })
    led.answer = never
    await pass(13)
    expect(ended).toEqual([])
    expect(asked.length).toBeLessThanOrEqual(12)
    await pass(4)
    expect(ended).toEqual(['policy_service_unavailable'])
  })
})

describe('policies on trial', () => {
  const text = (wanted: string) => `version: 1\npolicies:\n  doc:\n    allow: { scope: ${wanted} }\n`

  it('that would ask for what those in force do not need count as opening', async () => {
    const { leaf, asked } = lead()
    const live = new LivePolicies('doc', text('admin'), { decisions: 100 })
    const verifier = build({ policies: live })
    live.offer(text('docs'))
    const of = allOf(use('doc'), leaf)
    expect(await codeOf(verifier, of)).toBe('scope_insufficient')
    expect(asked).toEqual([])
    expect(live.shadow).toEqual({ decisions: 1, opened: 1, closed: 0 })
  })

  it('are judged by the answers that were given', async () => {
    const { led, leaf } = lead()
    const live = new LivePolicies('doc', text('docs'), { decisions: 100 })
    const verifier = build({ policies: live })
    live.offer(text('admin'))
    const of = allOf(use('doc'), leaf)
    expect(await codeOf(verifier, of)).toBe('passes')
    led.answer = () => false
    expect(await codeOf(verifier, of, bob)).toBe('policy_denied')
    expect(live.shadow).toEqual({ decisions: 2, opened: 0, closed: 1 })
  })
})
