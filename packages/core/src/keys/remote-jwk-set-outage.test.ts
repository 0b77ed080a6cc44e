import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeysEvent } from '../events.js'
import type { VerificationKey } from '../jose/jwk.js'
import { MemoryKeySetDocuments } from '../state/memory-key-set-documents.js'
import { createTestClock, createTestIssuer, type TestIssuer } from '../testing.js'
import { DocumentError } from './fetch-document.js'
import { parseJwkSet } from './jwk-set.js'
import { defaultKeyLifetimes, type KeyLifetimes } from './key-lifetimes.js'
import { RemoteJwkSet } from './remote-jwk-set.js'

const clock = createTestClock()
const stopwatch = createTestClock(0)
const built: RemoteJwkSet[] = []
let idp: TestIssuer
let events: KeysEvent[] = []
let heard = (): void => {}
const listen = (event: unknown): void => {
  events.push(event as KeysEvent)
  heard()
}

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  events = []
  subscribe('sallyport:keys', listen)
})
afterEach(async () => {
  unsubscribe('sallyport:keys', listen)
  for (const set of built.splice(0)) set.close()
  await idp.close()
})

function remote(lifetimes: Partial<KeyLifetimes> = {}): RemoteJwkSet {
  const documents = new MemoryKeySetDocuments()
  const set = new RemoteJwkSet({
    parse: parseJwkSet,
    source: { issuer: idp.issuer, location: '' },
    isSource: () => true,
    documents: () => documents,
    locate: async () => new URL(idp.jwksUri),
    fetch,
    lifetimes: { ...defaultKeyLifetimes, ...lifetimes },
    clock,
    stopwatch,
    pause: async (seconds) => stopwatch.advance(seconds),
  })
  built.push(set)
  return set
}

async function fetched(lifetimes: Partial<KeyLifetimes> = {}) {
  const set = remote(lifetimes)
  return { set, key: await set.keyFor(named('key-1')) }
}

const named = (kid: string) => ({ alg: 'ES256', kid })

/** What the set answers: the key, or the code of the refusal. */
async function answer(set: RemoteJwkSet, kid = 'key-1'): Promise<VerificationKey | string> {
  try {
    return await set.keyFor(named(kid))
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Waits for the fetch that is under way in the background. */
async function background(): Promise<void> {
  await new Promise<void>((resolve) => {
    heard = resolve
  })
  await setImmediate()
}

const unavailable = (retryAfterSeconds: number, cause: unknown = expect.any(DocumentError)) =>
  expect.objectContaining({
    code: 'keys_unavailable',
    message: 'the keys of the issuer cannot be fetched',
    retryAfterSeconds,
    cause,
  })

describe('an issuer that is down from the start', () => {
  it('makes its keys unavailable, not unknown', async () => {
    idp.fail()
    await expect(remote().keyFor(named('key-1'))).rejects.toEqual(unavailable(1))
    await expect(remote().keyFor(named('nonsense'))).rejects.toEqual(unavailable(1))
  })

  it('does no harm to a warm-up', async () => {
    idp.fail()
    const set = remote()
    await expect(set.warmUp()).resolves.toBeUndefined()
    idp.recover()
    expect(await answer(set)).toBeTypeOf('object')
  })

  it('is asked once by all who come at once', async () => {
    idp.fail()
    const set = remote()
    const answers = await Promise.all(Array.from({ length: 100 }, () => answer(set)))
    expect(new Set(answers)).toEqual(new Set(['keys_unavailable']))
    expect(idp.requests.jwks).toBe(1)
  })

  it('is waited for no longer than the time-out', async () => {
    idp.hang()
    const cause = expect.objectContaining({ message: expect.stringMatching(/no answer within 0\.05 s$/) })
    await expect(remote({ timeoutSeconds: 0.05 }).keyFor(named('key-1'))).rejects.toEqual(unavailable(1, cause))
  })

  it('is looked for again where it was not found', async () => {
    let located = 0
    const locate = async () => {
      located += 1
      if (located === 1) throw new DocumentError('not yet')
      return new URL(idp.jwksUri)
    }
    const lifetimes = defaultKeyLifetimes
    const documents = new MemoryKeySetDocuments()
    const set = new RemoteJwkSet({
      parse: parseJwkSet,
      source: { issuer: idp.issuer, location: '' },
      isSource: () => true,
      documents: () => documents,
      locate,
      fetch,
      lifetimes,
      clock,
      stopwatch,
      pause: async () => {},
    })
    built.push(set)
    expect(await answer(set)).toBe('keys_unavailable')
    idp.fail()
    expect(await answer(set)).toBe('keys_unavailable')
    idp.recover()
    stopwatch.advance(1)
    expect(await answer(set)).toBeTypeOf('object')
    expect(located).toBe(3) // what was found before the failure may have moved
  })
})

describe('the pace of retries', () => {
  it('is free once, and slows down to half a minute', async () => {
    idp.fail()
    const set = remote()
    const backoffs: number[] = []
    for (const seconds of [0, 0.5, 1, 2, 4, 8, 16, 30, 30]) {
      const before = idp.requests.jwks
      await expect(set.keyFor(named('key-1'))).rejects.toEqual(unavailable(Math.max(1, Math.ceil(seconds))))
      expect(idp.requests.jwks - before).toBe(1)
      if (seconds > 0) {
        stopwatch.advance(seconds - 0.125)
        await expect(set.keyFor(named('key-1'))).rejects.toEqual(unavailable(1))
        await set.warmUp()
        expect(idp.requests.jwks - before).toBe(1)
        stopwatch.advance(0.125)
      }
      backoffs.push(seconds)
    }
    expect(idp.requests.jwks).toBe(backoffs.length)
  })

  it('tells the caller when to come again', async () => {
    idp.fail()
    const set = remote()
    for (let failure = 0; failure < 6; failure++, stopwatch.advance(30)) await answer(set)
    stopwatch.advance(-30) // the sixth failure is just now: eight seconds to go
    await expect(set.keyFor(named('key-1'))).rejects.toEqual(unavailable(8))
    stopwatch.advance(3.5)
    await expect(set.keyFor(named('key-1'))).rejects.toEqual(unavailable(5))
  })

  it('begins anew after a success', async () => {
    const { set } = await fetched({ staleSeconds: 0 })
    for (let round = 0; round < 2; round++) {
      idp.fail()
      clock.advance(300)
      for (const seconds of [1, 1, 1, 2]) {
        await expect(set.keyFor(named('key-1'))).rejects.toEqual(unavailable(seconds))
        stopwatch.advance(round === 0 || seconds === 2 ? 30 : 1)
      }
      idp.recover()
      expect(await answer(set)).toBeTypeOf('object')
    }
    expect(idp.requests.jwks).toBe(11)
  })
})

describe('the last good set', () => {
  it('serves for a bounded time while the issuer is down', async () => {
    const { set, key } = await fetched({ staleSeconds: 900 })
    idp.fail()
    clock.advance(300)
    expect(await answer(set)).toBe(key)
    clock.advance(899)
    expect(await answer(set)).toBe(key)
    clock.advance(1)
    expect(await answer(set)).toBe('keys_unavailable')
  })

  it('does not serve at all where the options say so', async () => {
    const { set } = await fetched({ staleSeconds: 0 })
    idp.fail()
    clock.advance(300)
    expect(await answer(set)).toBe('keys_unavailable')
  })

  it('vouches for no token that was seen before', async () => {
    const { set, key } = await fetched()
    idp.fail()
    clock.advance(300)
    expect(await answer(set)).toBe(key)
    expect(set.holds(key, clock())).toBe(false)
  })

  it('makes one caller wait for the issuer, and nobody once it is known to be down', async () => {
    const { set, key } = await fetched({ timeoutSeconds: 0.05 })
    idp.hang()
    clock.advance(300)
    expect(await answer(set)).toBe(key)
    expect(events.at(-1)).toMatchObject({ outcome: 'failed' })
    stopwatch.advance(30)
    const before = events.length
    expect(await answer(set)).toBe(key) // while the next fetch hangs
    expect(events).toHaveLength(before)
    await background()
    expect(events).toHaveLength(before + 1)
  })

  it('gives way to the new one as soon as the issuer is back', async () => {
    const { set } = await fetched()
    idp.fail()
    clock.advance(300)
    await answer(set)
    await idp.rotate()
    idp.dropKey('key-1')
    idp.recover()
    await Promise.all([answer(set), background()])
    expect(await answer(set)).toBe('key_unknown')
    expect(await answer(set, idp.key.kid)).toBeTypeOf('object')
  })

  it.each(['', '<html>', '{}', '{"keys":{}}', '[]', '{"keys":[],"keys":[]}'])(
    'is not replaced by a document such as %j',
    async (document) => {
      const { set, key } = await fetched()
      idp.garble(document)
      clock.advance(300)
      expect(await answer(set)).toBe(key)
      expect(set.describe()).toEqual({ kids: ['key-1'], fetchedAt: clock() - 300 })
    },
  )

  it('is still fresh when a refresh ahead of its end fails', async () => {
    const { set, key } = await fetched()
    idp.fail()
    clock.advance(240)
    await Promise.all([background(), set.keyFor(named('key-1'))])
    expect(set.keyFor(named('key-1'))).toBe(key) // the free retry
    await background()
    expect(set.keyFor(named('key-1'))).toBe(key)
    await setImmediate()
    expect(idp.requests.jwks).toBe(3)
    expect(set.holds(key, clock())).toBe(true)
  })
})
