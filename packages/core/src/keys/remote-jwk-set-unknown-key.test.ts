import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeysEvent } from '../events.js'
import { MemoryKeySetDocuments } from '../state/memory-key-set-documents.js'
import { createTestClock, createTestIssuer, type TestIssuer } from '../testing.js'
import type { Fetch } from './fetch-document.js'
import { parseJwkSet } from './jwk-set.js'
import { defaultKeyLifetimes } from './key-lifetimes.js'
import { RemoteJwkSet } from './remote-jwk-set.js'

const clock = createTestClock()
const stopwatch = createTestClock(0)
let idp: TestIssuer
let set: RemoteJwkSet
let events: KeysEvent[] = []
const listen = (event: unknown): void => void events.push(event as KeysEvent)
/** Who waits for the budget: for how long, and what lets them go on. */
let waiting: { seconds: number; goOn: () => void }[] = []
/** Happens after the answer of a fetch has come, before it is read. */
let meanwhile: () => void | Promise<void> = () => {}

const watchedFetch: Fetch = async (url, init) => {
  const response = await fetch(url, init)
  await meanwhile()
  return response
}

/** A set that was fetched ten seconds ago and is fresh for long. */
beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  events = []
  waiting = []
  meanwhile = () => {}
  const documents = new MemoryKeySetDocuments()
  set = new RemoteJwkSet({
    parse: parseJwkSet,
    source: { issuer: idp.issuer, location: '' },
    isSource: () => true,
    documents: () => documents,
    locate: async () => new URL(idp.jwksUri),
    fetch: watchedFetch,
    lifetimes: defaultKeyLifetimes,
    clock,
    stopwatch,
    pause: (seconds) => new Promise((goOn) => waiting.push({ seconds, goOn })),
  })
  await set.warmUp()
  stopwatch.advance(10)
  subscribe('sallyport:keys', listen)
})
afterEach(async () => {
  unsubscribe('sallyport:keys', listen)
  set.close()
  await idp.close()
})

/** No two tokens come at the same time. */
const moment = 2 ** -20

/** `key`, or the code of the refusal. */
async function answer(kid: string | undefined, alg = 'ES256'): Promise<string> {
  stopwatch.advance(moment)
  try {
    await set.keyFor(kid === undefined ? { alg } : { alg, kid })
    return 'key'
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** How long those wait who wait now, in seconds. */
async function waits(): Promise<readonly number[]> {
  while (waiting.length === 0) await setImmediate()
  return waiting.map(({ seconds }) => seconds)
}

/** Lets all who wait go on after their time, at an eighth of a second, so that sums come out even. */
async function passWaits(): Promise<void> {
  stopwatch.set(Math.ceil((stopwatch() + Math.max(...(await waits()))) * 8) / 8)
  for (const { goOn } of waiting.splice(0)) goOn()
}

/** Three unknown ids that leave no budget; the last fetch is just now. */
async function spendBudget(): Promise<void> {
  expect(await answer('random-1')).toBe('key_unknown')
  for (const kid of ['random-2', 'random-3']) {
    const refused = answer(kid)
    await passWaits()
    expect(await refused).toBe('key_unknown')
  }
  events = []
}

const fetches = (): number => idp.requests.jwks - 1

describe('the first unknown key id', () => {
  it('lets a rotation through at once', async () => {
    const { kid } = await idp.rotate()
    expect(await answer(kid)).toBe('key')
    expect([fetches(), waiting]).toEqual([1, []])
  })

  it('is refused after one fetch when it is nonsense', async () => {
    stopwatch.advance(moment)
    await expect(set.keyFor({ alg: 'ES256', kid: 'nonsense' })).rejects.toMatchObject({
      code: 'key_unknown',
      message: 'no key of the issuer fits the token',
    })
    expect([fetches(), waiting]).toEqual([1, []])
  })

  it('shares its fetch with a hundred others', async () => {
    const { kid } = await idp.rotate()
    const kids = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? kid : `random-${i}`))
    const answers = await Promise.all(kids.map((each) => answer(each)))
    expect(answers).toEqual(kids.map((each) => (each === kid ? 'key' : 'key_unknown')))
    expect([fetches(), waiting]).toEqual([1, []])
  })

  it('is any token that no key fits, such as one of another algorithm or without a key id', async () => {
    expect(await answer('key-1', 'RS256')).toBe('key_unknown')
    expect(fetches()).toBe(1)
    const refused = answer(undefined, 'RS256')
    await passWaits()
    expect(await refused).toBe('key_unknown')
    expect(fetches()).toBe(2)
  })

  it('asks only once where the set was fetched for its sake', async () => {
    clock.advance(300)
    expect(await answer('nonsense')).toBe('key_unknown')
    expect(fetches()).toBe(1)
  })

  it('goes with a fetch that is under way, and asks again if that was too early', async () => {
    const rotated: string[] = []
    meanwhile = async () => {
      if (rotated.length > 0) return
      rotated.push((await idp.rotate()).kid)
      stopwatch.advance(1)
      late = answer(rotated[0])
      await setImmediate()
    }
    let late: Promise<string> | undefined
    expect(await answer('nonsense')).toBe('key_unknown')
    expect(await late).toBe('key')
    expect(fetches()).toBe(2)
  })

  it('goes with a refresh ahead without spending the budget', async () => {
    clock.advance(240)
    expect(set.keyFor({ alg: 'ES256', kid: 'key-1' })).not.toBeInstanceOf(Promise)
    const { kid } = await idp.rotate()
    expect(await answer(kid)).toBe('key')
    expect(waiting).toEqual([])
  })
})

describe('a key id that was found to be unknown', () => {
  it('asks no more for half a minute', async () => {
    await answer('nonsense')
    stopwatch.advance(29)
    expect(await answer('nonsense')).toBe('key_unknown')
    expect(fetches()).toBe(1)
    expect(events.at(-1)).toEqual({ issuer: idp.issuer, outcome: 'refused', keys: 1, reason: expect.any(String) })
    stopwatch.advance(1)
    expect(await answer('nonsense')).toBe('key_unknown')
    expect(fetches()).toBe(2)
  })

  it('is known at once when the set has changed', async () => {
    const { kid } = await idp.rotate()
    idp.dropKey(kid)
    await answer(kid)
    idp.garble(JSON.stringify({ keys: [...idp.jwks.keys, { ...idp.key.publicJwk, kid }] }))
    clock.advance(300)
    expect(await answer(kid)).toBe('key')
  })
})

describe('the next unknown key ids', () => {
  it('share a fetch a tenth of a second later, then four tenths', async () => {
    await answer('random-1')
    for (const seconds of [0.1, 0.4]) {
      const before = fetches()
      const refused = Promise.all(Array.from({ length: 10 }, (_, i) => answer(`random-${seconds}-${i}`)))
      expect(await waits()).toEqual(Array(10).fill(expect.closeTo(seconds, 3)))
      await passWaits()
      expect(new Set(await refused)).toEqual(new Set(['key_unknown']))
      expect(fetches()).toBe(before + 1)
    }
  })

  it('let a rotation through after that wait', async () => {
    await answer('random-1')
    const { kid } = await idp.rotate()
    const found = answer(kid)
    await passWaits()
    expect(await found).toBe('key')
  })

  it('are refused without a fetch when the budget is spent, and loudly', async () => {
    await spendBudget()
    const before = fetches()
    expect(await answer('random-4')).toBe('key_unknown')
    expect([fetches(), waiting]).toEqual([before, []])
    expect(events.map(({ outcome }) => outcome)).toEqual(['refused'])
    expect(events[0]?.reason).toBe('an unknown key id asked for a fetch, and the budget for those is spent')
    expect(JSON.stringify(events)).not.toContain('random-4')
  })

  it('are said to be unexamined then, and not where a set was looked at', async () => {
    await spendBudget()
    stopwatch.advance(moment)
    const refusal = (kid: string) => set.keyFor({ alg: 'ES256', kid }) as Promise<unknown>
    await expect(refusal('random-4')).rejects.toMatchObject({ code: 'key_unknown', isUnexamined: true })
    await expect(refusal('random-3')).rejects.toMatchObject({ code: 'key_unknown', isUnexamined: false })
    stopwatch.advance(20)
    await expect(refusal('random-4')).rejects.toMatchObject({ code: 'key_unknown', isUnexamined: false })
  })

  it('wait for the budget when it is half a second away, and no longer', async () => {
    await spendBudget()
    stopwatch.advance(19.5 - 2 * moment)
    expect(await answer('random-4')).toBe('key_unknown')
    expect(waiting).toEqual([])
    const refused = answer('random-5')
    expect(await waits()).toEqual([0.5])
    await passWaits()
    expect(await refused).toBe('key_unknown')
  })

  it('cost nothing to a token of a known key', async () => {
    await spendBudget()
    expect(set.keyFor({ alg: 'ES256', kid: 'key-1' })).not.toBeInstanceOf(Promise)
  })

  it('get no budget from a set that is sent again as it was', async () => {
    idp.garble(JSON.stringify(idp.jwks)) // 200, not 304
    await spendBudget()
    expect(await answer('random-4')).toBe('key_unknown')
    expect([fetches(), waiting]).toEqual([3, []])
  })

  it('have their whole budget again when the set has changed', async () => {
    await spendBudget()
    await idp.rotate()
    clock.advance(300)
    expect(await answer('key-1')).toBe('key')
    const { kid } = await idp.rotate()
    stopwatch.advance(0.125)
    expect(await answer(kid)).toBe('key')
    expect(waiting).toEqual([])
  })

  it('wait a thousand at a time', async () => {
    await answer('random-0')
    for (let round = 0; round < 2; round++) {
      const answers = Array.from({ length: 1_001 }, (_, i) => answer(`${round}-${i}`))
      expect(await answers[1_000]).toBe('key_unknown')
      expect(waiting).toHaveLength(1_000)
      expect(events.at(-1)?.outcome).toBe('refused')
      await passWaits()
      await Promise.all(answers)
      expect(fetches()).toBe(2 + round)
    }
  })
})

describe('an unknown key id while the issuer is down', () => {
  it('is not called unknown', async () => {
    idp.fail()
    expect(await answer('random-1')).toBe('keys_unavailable')
    expect(await answer('random-2')).toBe('keys_unavailable') // one retry is free
    expect(await answer('random-3')).toBe('keys_unavailable')
    expect([fetches(), waiting]).toEqual([2, []])
  })

  it('is not called unknown by the last good set either', async () => {
    idp.fail()
    clock.advance(300)
    expect(await answer('key-1')).toBe('key')
    expect(await answer('random-1')).toBe('keys_unavailable')
  })

  it('asks no more often than the retries are paced', async () => {
    idp.fail()
    expect(await answer('random-1')).toBe('keys_unavailable')
    stopwatch.advance(0.125)
    expect(await answer('random-2')).toBe('keys_unavailable')
    for (let i = 0; i < 50; i++) expect(await answer(`random-${i}`)).toBe('keys_unavailable')
    expect(fetches()).toBe(2)
  })

  // The budget for unknown ids says nothing about a key while nobody could look: 503, and the client comes again.
  it('is not called unknown when the budget is spent', async () => {
    idp.fail()
    for (let i = 0; i < 6; i++, stopwatch.advance(15)) expect(await answer(`random-${i}`)).toBe('keys_unavailable')
  })

  it('is not called unknown because it was so a moment ago', async () => {
    expect(await answer('random-1')).toBe('key_unknown')
    idp.fail()
    stopwatch.advance(1)
    expect(await answer('random-2')).toBe('keys_unavailable')
    stopwatch.advance(1)
    expect(await answer('random-1')).toBe('keys_unavailable')
  })
})
