import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { VerificationKey } from '../jose/jwk.js'
import { MemoryKeySetDocuments } from '../state/memory-key-set-documents.js'
import { createTestClock, createTestIssuer, type TestIssuer } from '../testing.js'
import type { Fetch } from './fetch-document.js'
import { parseJwkSet } from './jwk-set.js'
import { defaultKeyLifetimes, type KeyLifetimes } from './key-lifetimes.js'
import { RemoteJwkSet } from './remote-jwk-set.js'

const clock = createTestClock()
const stopwatch = createTestClock(0)
let idp: TestIssuer
const built: RemoteJwkSet[] = []
/** What each fetch asked for, and under which entity tag. */
let asked: { url: string; etag: string | undefined }[] = []
/** Happens while a fetch is under way. */
let meanwhile: () => void | Promise<void> = () => {}

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  asked = []
  meanwhile = () => {}
})
afterEach(async () => {
  for (const set of built.splice(0)) set.close()
  await idp.close()
})

const watchedFetch: Fetch = async (url, init) => {
  asked.push({ url, etag: init.headers['if-none-match'] })
  await meanwhile()
  return fetch(url, init)
}

function remote(lifetimes: Partial<KeyLifetimes> = {}, changed: object = {}): RemoteJwkSet {
  const documents = new MemoryKeySetDocuments()
  const set = new RemoteJwkSet({
    parse: parseJwkSet,
    source: { issuer: idp.issuer, location: '' },
    isSource: () => true,
    documents: () => documents,
    locate: async () => new URL(idp.jwksUri),
    fetch: watchedFetch,
    lifetimes: { ...defaultKeyLifetimes, ...lifetimes },
    clock,
    stopwatch,
    pause: async (seconds) => stopwatch.advance(seconds),
    ...changed,
  })
  built.push(set)
  return set
}

const named = (kid: string) => ({ alg: 'ES256', kid })
const saying = (cacheControl: string | undefined): { fetch: Fetch } => ({
  fetch: async () =>
    Response.json(idp.jwks, cacheControl === undefined ? {} : { headers: { 'cache-control': cacheControl } }),
})

/** A set that was just fetched, and the key in it. */
async function fetched(lifetimes: Partial<KeyLifetimes> = {}, changed: object = {}) {
  const set = remote(lifetimes, changed)
  const key = await set.keyFor(named(idp.key.kid))
  return { set, key }
}

/** Does something, and waits for the end of the fetch that it starts in the background. */
async function inBackground(start: () => void): Promise<void> {
  const ended = new Promise((resolve) => {
    const listener = (event: unknown): void => {
      unsubscribe('sallyport:keys', listener)
      resolve(event)
    }
    subscribe('sallyport:keys', listener)
  })
  start()
  await ended
  await setImmediate()
}

describe('the lifetime of a key set', () => {
  it('is not made longer by a clock that is set back', async () => {
    const { set, key } = await fetched()
    expect(set.holds(key, clock())).toBe(true)
    expect(set.holds(key, clock() - 1)).toBe(false)
    expect(set.holds(key, Number.NaN)).toBe(false)
    clock.advance(-3_600)
    await set.keyFor(named(idp.key.kid))
    expect(asked).toHaveLength(2)
    clock.advance(3_600)
  })

  it.each<[string | undefined, Partial<KeyLifetimes>, number]>([
    ['max-age=120', {}, 120],
    ['max-age=59', {}, 60],
    ['max-age=601', {}, 600],
    ['no-store', {}, 60],
    [undefined, {}, 300],
    [undefined, { defaultLifetimeSeconds: 900 }, 600],
    [undefined, { defaultLifetimeSeconds: 90 }, 90],
    ['max-age=5', { leastLifetimeSeconds: 2 }, 5],
    ['max-age=4000', { greatestLifetimeSeconds: 3_600 }, 3_600],
  ])('of an issuer that says %s, where the options say %j, is %d s', async (cacheControl, lifetimes, seconds) => {
    const { set, key } = await fetched(lifetimes, saying(cacheControl))
    const at = (second: number) => set.holds(key, clock() + second)
    expect([at(0), at(seconds), at(seconds + 1), at(seconds - 0.5)]).toEqual([true, false, false, true])
  })

  it('counts from when the document was asked for', async () => {
    meanwhile = () => clock.advance(100)
    const { set, key } = await fetched()
    expect(set.describe().fetchedAt).toBe(clock() - 100)
    expect(set.holds(key, clock() + 200)).toBe(false)
  })

  it('has defaults', () => {
    expect(defaultKeyLifetimes).toEqual({
      leastLifetimeSeconds: 60,
      greatestLifetimeSeconds: 600,
      defaultLifetimeSeconds: 300,
      staleSeconds: 3_600,
      timeoutSeconds: 5,
    })
    expect(Object.isFrozen(defaultKeyLifetimes)).toBe(true)
  })
})

describe('the first fetch', () => {
  it('is shared by a hundred who come at once', async () => {
    let located = 0
    const set = remote({}, { locate: async () => new URL(`${idp.jwksUri}#${++located}`) })
    const keys = await Promise.all(Array.from({ length: 100 }, () => set.keyFor(named('key-1'))))
    expect(new Set(keys).size).toBe(1)
    expect([idp.requests.jwks, located]).toEqual([1, 1])
  })

  it('may be made ahead, and is not made again', async () => {
    const set = remote()
    await Promise.all([set.warmUp(), set.warmUp(), set.keyFor(named('key-1'))])
    await set.warmUp()
    expect(idp.requests.jwks).toBe(1)
    expect(set.keyFor(named('key-1'))).not.toBeInstanceOf(Promise)
  })

  it('is what a description tells of', async () => {
    const set = remote()
    expect(set.describe()).toEqual({ kids: [] })
    expect(set.holds({} as VerificationKey, clock())).toBe(false)
    await set.warmUp()
    expect(set.describe()).toEqual({ kids: ['key-1'], fetchedAt: clock() })
  })
})

describe('the refresh ahead', () => {
  it('comes at four fifths of the lifetime, and nobody waits for it', async () => {
    const { set, key } = await fetched()
    clock.advance(239)
    expect(set.keyFor(named('key-1'))).toBe(key)
    expect(asked).toHaveLength(1)
    clock.advance(1)
    await inBackground(() => {
      for (let i = 0; i < 100; i++) expect(set.keyFor(named('key-1'))).toBe(key)
    })
    expect(set.describe().fetchedAt).toBe(clock())
    expect(asked).toHaveLength(2)
  })

  it('comes of a token that was seen before, too', async () => {
    const { set, key } = await fetched()
    clock.advance(240)
    await inBackground(() => expect(set.holds(key, clock())).toBe(true))
    expect(asked).toHaveLength(2)
  })

  it('leaves the old set in force as a whole until the new one is there', async () => {
    const { set, key } = await fetched()
    await idp.rotate()
    idp.dropKey('key-1')
    clock.advance(240)
    meanwhile = () => expect(set.holds(key, clock())).toBe(true)
    await inBackground(() => expect(set.keyFor(named('key-1'))).toBe(key))
    expect(set.holds(key, clock())).toBe(false)
    expect(set.keyFor(named(idp.key.kid))).not.toBeInstanceOf(Promise)
  })

  it('is followed by another only when its time has come', async () => {
    const { set, key } = await fetched()
    clock.advance(240)
    await inBackground(() => void set.keyFor(named('key-1')))
    clock.advance(239)
    expect(set.keyFor(named('key-1'))).toBe(key)
    expect(asked).toHaveLength(2)
  })
})

describe('a refresh', () => {
  /** Fetches again because the lifetime is over. */
  async function refresh(set: RemoteJwkSet): Promise<VerificationKey> {
    clock.advance(300)
    return set.keyFor(named(idp.key.kid))
  }

  it('replaces the set: a key that is gone is gone at once', async () => {
    const { set, key } = await fetched()
    await idp.rotate()
    idp.dropKey('key-1')
    await refresh(set)
    expect(set.holds(key, clock())).toBe(false)
    expect(set.describe().kids).toEqual([idp.key.kid])
    await expect(set.keyFor(named('key-1'))).rejects.toMatchObject({ code: 'key_unknown' })
  })

  it('leaves a key what it is where its text is the same', async () => {
    const { set, key } = await fetched()
    const added = await idp.rotate()
    expect(await refresh(set)).not.toBe(key)
    expect(set.keyFor(named('key-1'))).toBe(key)
    expect(set.holds(key, clock())).toBe(true)
    idp.dropKey(added.kid)
    expect(await refresh(set)).toBe(key)
  })

  it('may end with the word that nothing has changed', async () => {
    const { set, key } = await fetched()
    expect(await refresh(set)).toBe(key)
    expect(asked.map(({ etag }) => typeof etag)).toEqual(['undefined', 'string'])
    expect(set.describe()).toEqual({ kids: ['key-1'], fetchedAt: clock() })
    expect(set.holds(key, clock() + 300)).toBe(false)
    expect(set.holds(key, clock() + 200)).toBe(true)
    await refresh(set)
    expect(asked[2]).toEqual(asked[1])
  })

  it('may bring a set without a key: then nobody passes', async () => {
    const { set, key } = await fetched()
    idp.garble('{"keys":[]}')
    clock.advance(300)
    await expect(set.keyFor(named('key-1'))).rejects.toMatchObject({ code: 'key_unknown' })
    expect(set.holds(key, clock())).toBe(false)
  })
})

describe('the place of a key set', () => {
  it('is looked for once an hour', async () => {
    const places: number[] = []
    const start = clock()
    const locate = async () => {
      places.push(clock() - start)
      return new URL(idp.jwksUri)
    }
    const { set } = await fetched({ leastLifetimeSeconds: 1, greatestLifetimeSeconds: 1 }, { locate })
    for (const second of [1_800, 3_599, 3_600, 5_400, 7_199, 7_200]) {
      clock.set(start + second)
      await set.keyFor(named('key-1'))
    }
    expect(asked).toHaveLength(7)
    expect(places).toEqual([0, 3_600, 7_200])
  })

  it('may change, and the keys are then of the new one', async () => {
    let place = idp.jwksUri
    const { set } = await fetched({}, { locate: async () => new URL(place) })
    place = `${idp.jwksUri}-moved`
    idp.garble(JSON.stringify(idp.jwks))
    clock.advance(3_600)
    await set.keyFor(named('key-1'))
    expect(asked.map(({ url }) => url)).toEqual([idp.jwksUri, place])
  })

  // An entity tag belongs to its URL (RFC 9110 §8.8.3): "1" here is not "1" there, and a 304 would keep the old keys.
  it('does not lend its entity tag to another', async () => {
    let place = idp.jwksUri
    const { set } = await fetched({}, { locate: async () => new URL(place) })
    place = `${idp.jwksUri}-moved`
    idp.garble(JSON.stringify(idp.jwks))
    clock.advance(3_600)
    await set.keyFor(named('key-1'))
    expect(asked[1]).toEqual({ url: place, etag: undefined })
  })
})

describe('closing', () => {
  it('ends what is under way', async () => {
    const set = remote()
    idp.hang()
    const waiting = set.keyFor(named('key-1'))
    set.close()
    const cause = expect.objectContaining({ message: expect.stringMatching(/: the verifier was closed$/) })
    await expect(waiting).rejects.toMatchObject({ code: 'keys_unavailable', cause })
  })
})
