// Nodes of a fleet, as far as key sets go: each with a connection of its own, on one real Redis, against a real issuer.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { KeysEvent, StateEvent } from '@sallyport/core'
import { createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterEach, beforeEach } from 'vitest'
import { systemClock, pause as wait } from '../../packages/core/src/clock.js'
import { parseJwkSet } from '../../packages/core/src/keys/jwk-set.js'
import { defaultKeyLifetimes, type KeyLifetimes } from '../../packages/core/src/keys/key-lifetimes.js'
import { RemoteJwkSet } from '../../packages/core/src/keys/remote-jwk-set.js'
import { createPort } from '../../packages/redis/src/port/connect.js'
import type { RedisPort } from '../../packages/redis/src/port/redis-port.js'
import { RedisKeySetDocuments, type RedisKeySetOptions } from '../../packages/redis/src/redis-key-set-documents.js'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing } from '../../packages/redis/src/sealing/key-ring.js'

export const secret: Uint8Array = Buffer.alloc(32, 'of the fleet')
export const ringOf = (...secrets: Uint8Array[]): KeyRing => new KeyRing(secrets, 'test')
export const names: KeyNames = new KeyNames(ringOf(secret), 'test')

export interface FleetNode {
  readonly port: RedisPort
  readonly documents: RedisKeySetDocuments
  /** The keys of an issuer on this node. */
  keysOf(issuer: TestIssuer, lifetimes?: Partial<KeyLifetimes>): RemoteJwkSet
}

/** What happens around the nodes of a test. */
export interface FleetWorld {
  readonly idp: TestIssuer
  readonly keyEvents: readonly KeysEvent[]
  readonly stateEvents: readonly StateEvent[]
  /** Changes the date, for every node. */
  advance(seconds: number): void
  node(url: string, options?: Partial<RedisKeySetOptions> & { readonly connects?: boolean }): Promise<FleetNode>
  /** Ends with the test. */
  atEnd(end: () => Promise<unknown> | unknown): void
}

/** A world that is made anew for each test. */
export function fleetWorld(): FleetWorld {
  let idp: TestIssuer
  const ends: (() => Promise<unknown> | unknown)[] = []
  let keyEvents: KeysEvent[] = []
  let stateEvents: StateEvent[] = []
  let ahead = 0
  const clock = (): number => systemClock() + ahead
  const hearKeys = (event: unknown): void => void keyEvents.push(event as KeysEvent)
  const hearState = (event: unknown): void => void stateEvents.push(event as StateEvent)

  beforeEach(async () => {
    ahead = 0
    keyEvents = []
    stateEvents = []
    subscribe('sallyport:keys', hearKeys)
    subscribe('sallyport:state', hearState)
    idp = await createTestIssuer({ clock })
  })
  afterEach(async () => {
    unsubscribe('sallyport:keys', hearKeys)
    unsubscribe('sallyport:state', hearState)
    await Promise.all(ends.splice(0).map((end) => end()))
    await idp.close()
  })

  return {
    get idp() {
      return idp
    },
    get keyEvents() {
      return keyEvents
    },
    get stateEvents() {
      return stateEvents
    },
    advance(seconds) {
      ahead += seconds
    },
    atEnd(end) {
      ends.push(end)
    },
    async node(url, { connects = true, ...options } = {}) {
      const port = createPort({ url }, { strict: false, regionName: undefined })
      const documents = new RedisKeySetDocuments({ port, names, ring: ringOf(secret), startSeconds: 5, ...options })
      ends.push(() => port.close(1))
      if (connects) await port.connect(5)
      const keysOf: FleetNode['keysOf'] = (issuer, lifetimes = {}) => {
        const keys = new RemoteJwkSet({
          parse: parseJwkSet,
          source: { issuer: issuer.issuer, location: '' },
          isSource: (at) => at.href === issuer.jwksUri,
          documents: () => documents,
          locate: async () => new URL(issuer.jwksUri),
          fetch,
          lifetimes: { ...defaultKeyLifetimes, ...lifetimes },
          clock,
          stopwatch: () => performance.now() / 1000,
          pause: wait,
        })
        ends.push(() => keys.close())
        return keys
      }
      return { port, documents, keysOf }
    },
  }
}

/** `key`, or the code of the refusal. */
export async function answer(keys: RemoteJwkSet, kid: string): Promise<string> {
  try {
    await keys.keyFor({ alg: 'ES256', kid })
    return 'key'
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** The name of a key in Redis. */
export function keyOf(issuer: TestIssuer, part: 'doc' | 'lock' | 'cool' | 'up'): string {
  return names.key('jwks', [issuer.issuer, ''], part)
}
