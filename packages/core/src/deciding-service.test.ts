import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DecidingService, type DecidingServiceParts } from './deciding-service.js'
import type { PolicyServiceEvent } from './events.js'
import { greatestInFlight, pauseSeconds, toleratedFailures } from './guarded-calls.js'
import { NoDecisionError } from './policy/services/service-answer.js'

const heard: PolicyServiceEvent[] = []
const listen = (event: unknown) => void heard.push(event as PolicyServiceEvent)
beforeEach(() => {
  heard.length = 0
  subscribe('sallyport:policy-services', listen)
})
afterEach(() => void unsubscribe('sallyport:policy-services', listen))

const silent = () => Promise.reject(new NoDecisionError('no connection', { isSilence: true }))

function createWorld(parts: Partial<DecidingServiceParts> = {}) {
  const time = { now: 100, watch: 0 }
  const asked: unknown[] = []
  const world = { decide: async (): Promise<boolean> => true }
  const service = new DecidingService({
    name: 'pdp',
    timeoutSeconds: 5,
    lifetimeSeconds: 5,
    staleIfErrorSeconds: 0,
    decide({ value }) {
      asked.push(value)
      return world.decide()
    },
    stopwatch: () => time.watch,
    ...parts,
  })
  const clock = () => time.now
  const ask = (value: string) => service.ask({ path: '', value }, clock)
  const recall = (value: string) => service.recall({ path: '', value }, clock)
  return { time, asked, world, service, clock, ask, recall }
}

describe('an answer', () => {
  it('is remembered for the very question', async () => {
    const { ask, recall, time } = createWorld()
    expect(await ask('x')).toEqual({ verdict: 1, until: 105 })
    expect(recall('x')).toEqual({ verdict: 1, until: 105 })
    expect(recall('y')).toBeUndefined()
    time.now = 105
    expect(recall('x')).toBeUndefined()
  })

  it('is as old as its question', async () => {
    const { ask, recall, time, world } = createWorld()
    world.decide = async () => {
      time.now = 104
      return true
    }
    expect(await ask('x')).toEqual({ verdict: 1, until: 105 })
    time.now = 105
    expect(recall('x')).toBeUndefined()
  })

  it('is one for all who ask the same at a time, and for nobody else', async () => {
    const { ask, asked } = createWorld()
    await Promise.all([ask('x'), ask('x'), ask('y')])
    expect(asked).toEqual(['x', 'y'])
    await ask('x')
    expect(asked).toEqual(['x', 'y', 'x'])
  })

  it('that is none is not remembered', async () => {
    const { ask, recall, world } = createWorld()
    world.decide = silent
    expect(await ask('x')).toMatchObject({ verdict: 0, remark: 'the policy service is away: no connection' })
    expect(recall('x')).toBeUndefined()
  })
})

describe('a failure', () => {
  it.each<[string, () => Promise<boolean>, string]>([
    [
      'of what was answered',
      () => Promise.reject(new NoDecisionError('no boolean')),
      'the policy service has not decided: no boolean',
    ],
    [
      'of the application, of which nothing is told',
      () => Promise.reject(new Error('for ann')),
      'the policy service has not decided: it has failed',
    ],
    ['of no error at all', () => Promise.reject(undefined), 'the policy service has not decided: it has failed'],
  ])('%s', async (_, decide, remark) => {
    const { ask, world } = createWorld()
    world.decide = decide
    expect(await ask('x')).toEqual({ verdict: 0, until: 100, remark })
    expect(heard).toEqual([{ service: 'pdp', outcome: 'failed', reason: remark.split(': ')[1] }])
  })

  it('does not outlast the deadline, and aborts what is under way', async () => {
    const signals: AbortSignal[] = []
    const { ask } = createWorld({
      timeoutSeconds: 0.01,
      decide: (_, signal) => {
        signals.push(signal)
        return new Promise(() => undefined)
      },
    })
    expect(await ask('x')).toMatchObject({ verdict: 0, remark: 'the policy service did not answer in time' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

describe('an old yes', () => {
  const stale = { staleIfErrorSeconds: 30 }

  it.each<[string, () => Promise<boolean>, 0 | 1]>([
    ['stands in for silence', silent, 1],
    ['but not for an answer that is none', () => Promise.reject(new NoDecisionError('no boolean')), 0],
    ['nor for a failure of the application', () => Promise.reject(new Error('no')), 0],
  ])('%s', async (_, decide, verdict) => {
    const { ask, world, time } = createWorld(stale)
    await ask('x')
    time.now = 112
    world.decide = decide
    expect(await ask('x')).toMatchObject({ verdict })
    expect(await ask('y')).toMatchObject({ verdict: 0 })
  })

  it('stands in for what is not asked, and for what comes too late for one decision', async () => {
    const { ask, world, time, service, clock } = createWorld(stale)
    await ask('x')
    time.now = 112
    world.decide = silent
    for (let each = 0; each < toleratedFailures; each++) await ask(`y${each}`)
    expect(await ask('x')).toMatchObject({ verdict: 1, remark: 'a yes of 12 s ago, for the want of an answer' })
    expect(service.missed({ path: '', value: 'x' }, clock, 'late')).toMatchObject({ verdict: 1 })
    expect(service.missed({ path: '', value: 'y' }, clock, 'late')).toEqual({ verdict: 0, until: 112, remark: 'late' })
  })
})

describe('a service that is away', () => {
  it('is left alone after some questions, and asked again after a moment', async () => {
    const { ask, asked, world, time } = createWorld()
    world.decide = silent
    for (let each = 0; each < toleratedFailures; each++) await ask(`${each}`)
    expect(await ask('x')).toMatchObject({
      verdict: 0,
      remark: 'the policy service is left alone: the last calls had no answer, and none is made',
    })
    expect(asked).toHaveLength(toleratedFailures)
    world.decide = async () => true
    time.watch = pauseSeconds
    expect(await ask('x')).toMatchObject({ verdict: 1 })
    expect(await ask('y')).toMatchObject({ verdict: 1 })
    expect(heard.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('failed'),
      'paused',
      'failed',
      'refused',
      'resumed',
    ])
    expect(JSON.stringify(heard)).not.toMatch(/"x"|"y"/)
  })

  it('is not, who answers what is no decision', async () => {
    const { ask, asked, world } = createWorld()
    world.decide = () => Promise.reject(new NoDecisionError('no boolean'))
    for (let each = 0; each < 2 * toleratedFailures; each++) await ask(`${each}`)
    expect(asked).toHaveLength(2 * toleratedFailures)
  })
})

it('so many questions are under way and no more', async () => {
  const ends: ((answer: boolean) => void)[] = []
  const { ask, asked } = createWorld({ decide: () => new Promise((resolve) => ends.push(resolve)) })
  const waiting = Array.from({ length: greatestInFlight }, (_, each) => ask(`${each}`))
  expect(await ask('one more')).toMatchObject({
    verdict: 0,
    remark: 'the policy service is left alone: too many calls are under way',
  })
  const shared = ask('0')
  for (const end of ends) end(true)
  expect((await Promise.all([...waiting, shared])).every(({ verdict }) => verdict === 1)).toBe(true)
  expect(ends).toHaveLength(greatestInFlight)
  const again = ask('one more')
  ends.at(-1)?.(true)
  expect(await again).toMatchObject({ verdict: 1 })
  expect(asked).toEqual([])
})
