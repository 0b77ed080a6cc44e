import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { KeysEvent } from '../events.js'
import { MemoryKeySetDocuments } from '../state/memory-key-set-documents.js'
import { createTestClock, createTestIssuer, type TestIssuer } from '../testing.js'
import { parseJwkSet } from './jwk-set.js'
import { defaultKeyLifetimes } from './key-lifetimes.js'
import { RemoteJwkSet, type RemoteJwkSetOptions } from './remote-jwk-set.js'

const clock = createTestClock()
const stopwatch = createTestClock(0)
let idp: TestIssuer
let set: RemoteJwkSet
let events: KeysEvent[] = []
const listen = (event: unknown): void => void events.push(event as KeysEvent)

function remote(changed: Partial<RemoteJwkSetOptions> = {}): RemoteJwkSet {
  const locate = async () => new URL(idp.jwksUri)
  const pause = async () => {}
  const lifetimes = defaultKeyLifetimes
  const documents = new MemoryKeySetDocuments()
  return new RemoteJwkSet({
    parse: parseJwkSet,
    source: { issuer: idp.issuer, location: '' },
    isSource: () => true,
    documents: () => documents,
    locate,
    fetch,
    lifetimes,
    clock,
    stopwatch,
    pause,
    ...changed,
  })
}

/** Lets the lifetime end, and a token come. */
async function refresh(): Promise<void> {
  clock.advance(300)
  await set.keyFor({ alg: 'ES256', kid: 'key-1' })
}

beforeEach(async () => {
  idp = await createTestIssuer({ clock })
  events = []
  set = remote()
  subscribe('sallyport:keys', listen)
})
afterEach(async () => {
  unsubscribe('sallyport:keys', listen)
  set.close()
  await idp.close()
})

const facts = () => events.map(({ outcome, keys }) => [outcome, keys])

it('tells of every fetch, and how many keys are in force', async () => {
  await set.warmUp()
  await refresh()
  await idp.rotate()
  await refresh()
  idp.fail(502)
  await refresh()
  expect(facts()).toEqual([
    ['refreshed', 1],
    ['unchanged', 1],
    ['refreshed', 2],
    ['failed', 2],
  ])
  const why = `${idp.jwksUri}: answered 502`
  expect(events.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined, why])
  expect(events.every(({ issuer }) => issuer === idp.issuer)).toBe(true)
  expect(events[0]).not.toHaveProperty('reason')
})

it('tells of a key that was skipped', async () => {
  idp.garble(JSON.stringify({ keys: [...idp.jwks.keys, { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }] }))
  await set.warmUp()
  expect(facts()).toEqual([
    ['skipped', 1],
    ['refreshed', 1],
  ])
  expect(events[0]?.reason).toMatch(/^a key was skipped: it is a secret/)
  expect(JSON.stringify(events)).not.toContain('c2VjcmV0')
})

it('tells of a failure before there is a key', async () => {
  idp.fail()
  await set.warmUp()
  expect(facts()).toEqual([['failed', 0]])
})

it('tells in one sentence of a failure that is no error', async () => {
  await remote({ locate: () => Promise.reject('secret') }).warmUp()
  expect(events).toEqual([{ issuer: idp.issuer, outcome: 'failed', keys: 0, reason: 'the keys could not be fetched' }])
})

it('tells nobody where nobody listens', async () => {
  unsubscribe('sallyport:keys', listen)
  await set.warmUp()
  expect(events).toEqual([])
})
