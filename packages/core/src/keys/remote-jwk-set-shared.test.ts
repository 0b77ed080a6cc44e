// What another process has fetched. Two sets that share documents are two processes here.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeysEvent } from '../events.js'
import type { KeySetDocument, KeySetDocuments, SharedDocument, SharedFetch } from '../state/key-set-documents.js'
import { MemoryKeySetDocuments } from '../state/memory-key-set-documents.js'
import { createTestClock, createTestIssuer, type TestIssuer } from '../testing.js'
import type { Fetch } from './fetch-document.js'
import { parseJwkSet } from './jwk-set.js'
import { defaultKeyLifetimes } from './key-lifetimes.js'
import { RemoteJwkSet, type RemoteJwkSetOptions } from './remote-jwk-set.js'

const clock = createTestClock()
const stopwatch = createTestClock(0)
const built: RemoteJwkSet[] = []

/** Documents in memory, and what a fleet can be besides. */
class Fleet extends MemoryKeySetDocuments {
  /** What it answers next, in place of the truth. */
  answers: SharedFetch[] = []
  /** For each fetch, whether it was for the sake of an unknown key id. */
  asked: boolean[] = []
  /** What `latest` shows in place of the truth. */
  shown: KeySetDocument | undefined
  isMute = false
  isAway = false
  listeners = 0
  /** How long a look takes. */
  looks: Promise<void> = Promise.resolve()

  override async latest(): Promise<KeySetDocument | undefined> {
    await this.looks
    return this.shown ?? super.latest(source())
  }

  override async fetchOnce(...[_, options, own]: Parameters<KeySetDocuments['fetchOnce']>): Promise<SharedDocument> {
    this.asked.push(options.isForUnknownKey ?? false)
    if (this.isAway) return { document: await own(), isOwn: true, isLater: true }
    const next = this.answers.shift()
    if (next?.document !== undefined) options.serves(next.document)
    return (next as SharedDocument | undefined) ?? super.fetchOnce(source(), options, own)
  }

  override onChanged(...[_, listener]: Parameters<KeySetDocuments['onChanged']>): () => void {
    this.listeners += 1
    const forget = super.onChanged(source(), () => this.isMute || listener())
    return () => {
      this.listeners -= 1
      forget()
    }
  }

  /** What another process does. */
  async store(document: KeySetDocument): Promise<void> {
    await super.fetchOnce(source(), { serves: () => false }, async () => document)
  }
}

const source = () => ({ issuer: idp.issuer, location: '' })
let idp: TestIssuer
let fleet: Fleet
let events: KeysEvent[] = []
const listen = (event: unknown): void => void events.push(event as KeysEvent)

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  fleet = new Fleet()
  events = []
  subscribe('sallyport:keys', listen)
})
afterEach(async () => {
  unsubscribe('sallyport:keys', listen)
  for (const set of built.splice(0)) set.close()
  await idp.close()
})

function remote(changed: Partial<RemoteJwkSetOptions> = {}): RemoteJwkSet {
  const set = new RemoteJwkSet({
    parse: parseJwkSet,
    source: source(),
    isSource: (url) => url.href === idp.jwksUri,
    documents: () => fleet,
    locate: async () => new URL(idp.jwksUri),
    fetch,
    lifetimes: defaultKeyLifetimes,
    clock,
    stopwatch,
    pause: async (seconds) => stopwatch.advance(seconds),
    ...changed,
  })
  built.push(set)
  return set
}

async function warm(changed: Partial<RemoteJwkSetOptions> = {}): Promise<RemoteJwkSet> {
  const set = remote(changed)
  await set.warmUp()
  return set
}

/** `key`, or the code of the refusal. */
async function answer(set: RemoteJwkSet, kid: string): Promise<string> {
  stopwatch.advance(2 ** -20)
  try {
    await set.keyFor({ alg: 'ES256', kid })
    return 'key'
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Another process stores a document: what the issuer has now, and what is changed of it. */
async function store(changed: Partial<KeySetDocument> = {}): Promise<void> {
  const url = idp.jwksUri
  const document = { url, text: JSON.stringify(idp.jwks), fetchedAt: clock(), lifetimeSeconds: 300, ...changed }
  await fleet.store(document)
  await setImmediate()
}

const outcomes = () => events.map(({ outcome }) => outcome)

describe('a set that another process has fetched', () => {
  it('serves a new one, and the issuer is not asked', async () => {
    await warm()
    const set = await warm()
    expect(set.keyFor({ alg: 'ES256', kid: 'key-1' })).not.toBeInstanceOf(Promise)
    expect(idp.requests.jwks).toBe(1)
    expect(outcomes()).toEqual(['refreshed', 'shared'])
  })

  it('serves with the issuer down: while it is fresh, and while it is stale', async () => {
    await warm()
    idp.fail()
    expect(await answer(remote(), 'key-1')).toBe('key')
    clock.advance(300 + 3_599)
    expect(await answer(remote(), 'key-1')).toBe('key')
    clock.advance(1)
    expect(await answer(remote(), 'key-1')).toBe('keys_unavailable')
  })

  it('is not good for longer than it would have been there', async () => {
    await warm()
    clock.advance(200)
    const set = remote()
    const key = await set.keyFor({ alg: 'ES256', kid: 'key-1' })
    expect([set.holds(key, clock() + 99), set.holds(key, clock() + 100)]).toEqual([true, false])
    expect(set.describe().fetchedAt).toBe(clock() - 200)
  })

  it('does not serve from the moment at which it would be fetched again', async () => {
    await warm()
    clock.advance(239)
    await warm()
    expect(idp.requests.jwks).toBe(1)
    clock.advance(1)
    await warm()
    expect(idp.requests.jwks).toBe(2)
  })

  it('has the lifetime that the options here allow', async () => {
    await warm()
    const set = await warm({ lifetimes: { ...defaultKeyLifetimes, greatestLifetimeSeconds: 100 } })
    const key = await set.keyFor({ alg: 'ES256', kid: 'key-1' })
    expect([set.holds(key, clock() + 99), set.holds(key, clock() + 100)]).toEqual([true, false])
  })

  it('is waited for while it is fetched', async () => {
    const [one, other] = [remote(), remote()]
    await Promise.all([one.warmUp(), other.warmUp()])
    expect([await answer(one, 'key-1'), await answer(other, 'key-1')]).toEqual(['key', 'key'])
    expect(idp.requests.jwks).toBe(1)
  })

  it('may have been the answer that nothing has changed', async () => {
    const [one, other] = [await warm(), await warm()]
    clock.advance(300)
    expect([await answer(one, 'key-1'), await answer(other, 'key-1')]).toEqual(['key', 'key'])
    expect(outcomes().slice(2)).toEqual(['unchanged', 'shared'])
    expect(idp.requests.jwks).toBe(2)
  })

  it('lends its entity tag to the next fetch, whoever makes it', async () => {
    const asked: (string | undefined)[] = []
    const watched: Fetch = (url, init) => {
      asked.push(init.headers['if-none-match'])
      return fetch(url, init)
    }
    await warm()
    const set = await warm({ fetch: watched })
    clock.advance(300)
    expect(await answer(set, 'key-1')).toBe('key')
    expect(asked).toEqual([expect.any(String)])
  })
})

describe('a set that another process has fetched just now', () => {
  it('is in force at once: a key that is gone is refused, a key that is new is known', async () => {
    const set = await warm()
    const key = await set.keyFor({ alg: 'ES256', kid: 'key-1' })
    const { kid } = await idp.rotate()
    idp.dropKey('key-1')
    await store()
    expect(set.holds(key, clock())).toBe(false)
    expect(set.keyFor({ alg: 'ES256', kid })).not.toBeInstanceOf(Promise)
    expect(idp.requests.jwks).toBe(1)
  })

  it('is taken after an own fetch that is under way, if it is newer', async () => {
    const ended: (() => void)[] = []
    const slow: Fetch = async (url, init) => {
      const response = await fetch(url, init)
      await new Promise<void>((resolve) => ended.push(resolve))
      return response
    }
    fleet.isAway = true
    const set = remote({ fetch: slow })
    const old = answer(set, 'key-1')
    await expect.poll(() => ended.length).toBe(1)
    const { kid } = await idp.rotate()
    clock.advance(1)
    await store()
    ended[0]?.()
    expect(await old).toBe('key')
    await setImmediate()
    expect(set.keyFor({ alg: 'ES256', kid })).not.toBeInstanceOf(Promise)
    expect(outcomes()).toEqual(['refreshed', 'shared'])
  })

  it('does not give way to an older one', async () => {
    const set = await warm()
    const old = await fleet.latest()
    const { kid } = await idp.rotate()
    await store()
    fleet.shown = old
    await idp.rotate()
    await store()
    expect(set.keyFor({ alg: 'ES256', kid })).not.toBeInstanceOf(Promise)
    expect(outcomes()).toEqual(['refreshed', 'shared'])
  })

  it('does not give way to an older one from while the fleet was out of reach, either', async () => {
    await store()
    const old = await fleet.latest()
    clock.advance(300)
    fleet.isAway = true
    const { kid } = await idp.rotate()
    const set = await warm()
    fleet.shown = old
    await store()
    expect(set.keyFor({ alg: 'ES256', kid })).not.toBeInstanceOf(Promise)
    expect(outcomes()).toEqual(['refreshed'])
  })

  it('is of no concern to a set that was closed', async () => {
    const set = await warm()
    expect(fleet.listeners).toBe(1)
    set.close()
    expect(fleet.listeners).toBe(0)
    await idp.rotate()
    await store()
    expect(set.describe().kids).toEqual(['key-1'])
    expect(outcomes()).toEqual(['refreshed'])
  })

  it('is of no concern to a set that is closed while it looks', async () => {
    const set = await warm()
    let end = (): void => {}
    fleet.looks = new Promise((resolve) => {
      end = resolve
    })
    await idp.rotate()
    await store()
    set.close()
    end()
    await setImmediate()
    expect(outcomes()).toEqual(['refreshed'])
  })
})

describe('a document that we would not have fetched', () => {
  const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'planted' }
  it.each<[string, (now: number) => Partial<KeySetDocument>, RegExp]>([
    ['comes from elsewhere', () => ({ url: 'https://evil.example/jwks' }), /comes from elsewhere$/],
    ['comes from no URL', () => ({ url: 'jwks' }), /comes from elsewhere$/],
    ['comes from far in the future', (now) => ({ fetchedAt: now + 301 }), /in the future$/],
    ['comes from no time', () => ({ fetchedAt: Number.NaN }), /in the future$/],
    ['lives for no number of seconds', () => ({ lifetimeSeconds: Number.NaN }), /lifetime is no number/],
    ['lives for less than no time', () => ({ lifetimeSeconds: -1 }), /lifetime is no number/],
    ['is no JSON', () => ({ text: '<html>' }), /not JSON$/],
    ['says two things', () => ({ text: '{"keys":[],"keys":[]}' }), /occurs twice$/],
    ['is no key set', () => ({ text: '{}' }), /no array `keys`$/],
    ['holds too many keys', () => ({ text: JSON.stringify({ keys: Array(257).fill({}) }) }), /more than 256 keys$/],
    ['is too large', () => ({ text: `{"keys":[]}${' '.repeat(262_134)}` }), /larger than 262144 bytes$/],
  ])('is not taken where it %s, and the issuer is asked', async (_, changed, reason) => {
    await store(changed(clock()))
    expect(await answer(remote(), 'key-1')).toBe('key')
    expect(outcomes()).toEqual(['rejected', 'refreshed'])
    expect(events[0]?.reason).toMatch(reason)
    expect(idp.requests.jwks).toBe(1)
  })

  it.each<[string, (now: number) => Partial<KeySetDocument>]>([
    ['a little in the future', (now) => ({ fetchedAt: now + 300 })],
    ['of the greatest size', () => ({ text: JSON.stringify(idp.jwks).padEnd(262_144) })],
    ['that lives for ever', () => ({ lifetimeSeconds: Number.POSITIVE_INFINITY })],
    ['that does not say how long it lives', () => ({ lifetimeSeconds: undefined })],
  ])('is none %s', async (_, changed) => {
    await store(changed(clock()))
    const set = remote()
    expect(await answer(set, 'key-1')).toBe('key')
    expect(outcomes()).toEqual(['shared'])
    expect(set.describe().fetchedAt).toBe(clock())
  })

  it('plants no secret', async () => {
    await store({ text: JSON.stringify({ keys: [...idp.jwks.keys, secret] }) })
    const set = remote()
    expect(await answer(set, 'key-1')).toBe('key')
    expect(set.describe().kids).toEqual(['key-1'])
  })

  it('does not replace the set in force', async () => {
    const set = await warm()
    await store({ url: 'https://evil.example/jwks', text: '{"keys":[]}' })
    expect(set.keyFor({ alg: 'ES256', kid: 'key-1' })).not.toBeInstanceOf(Promise)
    expect(outcomes()).toEqual(['refreshed', 'rejected'])
  })
})

describe('an unknown key id in a fleet', () => {
  it('is found in what another process has fetched, without a fetch', async () => {
    const set = await warm()
    const { kid } = await idp.rotate()
    fleet.isMute = true
    await store()
    expect(await answer(set, kid)).toBe('key')
    expect(idp.requests.jwks).toBe(1)
  })

  it('is not called unknown by a set that may have been asked for before the token came', async () => {
    const set = await warm()
    await store({ fetchedAt: clock() + 1 })
    const { kid } = await idp.rotate()
    stopwatch.advance(1)
    expect(await answer(set, kid)).toBe('key')
    expect(idp.requests.jwks).toBe(2)
  })

  it('waits where the budget of the fleet says so, and does not ask the fleet meanwhile', async () => {
    const pauses: number[] = []
    const pause = async (seconds: number): Promise<void> => {
      pauses.push(seconds)
      stopwatch.advance(seconds)
    }
    const set = await warm({ pause })
    const { kid } = await idp.rotate()
    fleet.answers = [{ document: undefined, waitSeconds: 0.25 }]
    expect(await answer(set, kid)).toBe('key')
    expect(pauses).toEqual([0.25])
    expect(fleet.asked).toEqual([false, true, true])
  })

  it('is refused where the budget of the fleet is spent, and the fleet has its rest', async () => {
    const set = await warm()
    fleet.answers = [{ document: undefined, waitSeconds: 20 }]
    expect(await answer(set, 'random-1')).toBe('key_unknown')
    stopwatch.advance(19)
    expect(await answer(set, 'random-2')).toBe('key_unknown')
    expect(outcomes().slice(1)).toEqual(['refused', 'refused'])
    expect([fleet.asked.length, idp.requests.jwks]).toEqual([2, 1])
    stopwatch.advance(1)
    const { kid } = await idp.rotate()
    expect(await answer(set, kid)).toBe('key')
  })

  it('is found at once in new keys, spent budget or not', async () => {
    const set = await warm()
    fleet.answers = [{ document: undefined, waitSeconds: 20 }]
    expect(await answer(set, 'random-1')).toBe('key_unknown')
    await idp.rotate()
    await store()
    const { kid } = await idp.rotate()
    expect(await answer(set, kid)).toBe('key')
  })

  it('is called unknown by what another process has asked for later', async () => {
    const set = await warm()
    const text = JSON.stringify(idp.jwks)
    const document = { url: idp.jwksUri, text, fetchedAt: clock(), lifetimeSeconds: 300, serial: 7 }
    fleet.answers = [{ document, isOwn: false, isLater: true }]
    expect(await answer(set, 'nonsense')).toBe('key_unknown')
    expect(idp.requests.jwks).toBe(1)
    fleet.answers = [{ document: { ...document, serial: 8 }, isOwn: false, isLater: false }]
    expect(await answer(set, 'other-nonsense')).toBe('key_unknown')
    expect(idp.requests.jwks).toBe(2)
  })
})

describe('a fetch that another process makes', () => {
  it('fails for all who wait', async () => {
    idp.fail()
    const [one, other] = [remote(), remote()]
    expect(await Promise.all([answer(one, 'key-1'), answer(other, 'key-1')])).toEqual([
      'keys_unavailable',
      'keys_unavailable',
    ])
    expect(idp.requests.jwks).toBe(1)
    idp.recover()
    expect(await answer(other, 'key-1')).toBe('key')
  })
})
