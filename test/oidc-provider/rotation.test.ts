// A real authorization server changes its keys while requests flow: no valid token is refused at any moment, and tokens
// of a removed key are refused within the refresh interval, though they were verified and remembered before.
import { createTestClock } from '@sallyport/core/testing'
import { auth } from '@sallyport/express'
import express from 'express'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'
import {
  type AuthorizationServer,
  createSigningKey,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'
import { machineToken } from './client.js'

const lifetimeSeconds = 120
const clients = 8
const clock = createTestClock(Date.now() / 1000)
const [oldKey, newKey] = [await createSigningKey('old'), await createSigningKey('new')]
let idp: AuthorizationServer
let app: ServedApp
let guard: ReturnType<typeof protect>

const protect = (issuer: string) =>
  auth({ issuer, audience: resource, clock, keyLifetimes: { greatestLifetimeSeconds: lifetimeSeconds } })

beforeAll(async () => {
  idp = await startAuthorizationServer(oldKey)
  guard = protect(idp.issuer)
  app = await serve(express().use(guard, (_, response) => void response.json({})))
})
afterAll(async () => {
  await guard.verifier.close()
  await Promise.all([app.close(), idp.close()])
})

async function tokensOf(kid: string, count = 4): Promise<readonly string[]> {
  const tokens = await Promise.all(Array.from({ length: count }, () => machineToken(idp.issuer)))
  for (const token of tokens) expect(decodeProtectedHeader(token).kid).toBe(kid)
  return tokens
}

async function statusOf(token: string): Promise<number> {
  const response = await fetch(app.url, { headers: { authorization: `Bearer ${token}` } })
  await response.arrayBuffer()
  return response.status
}

/** Clients that send requests one after the other, all at once, until they are told to stop. */
class Load {
  /** What they send, in turn. May be changed while they run. */
  tokens: readonly string[]
  readonly #statuses: number[] = []
  readonly #ends: Promise<void>[]
  #running = true
  #enough = Number.POSITIVE_INFINITY
  #reached = (): void => {}

  constructor(tokens: readonly string[]) {
    this.tokens = tokens
    this.#ends = Array.from({ length: clients }, (_, i) => this.#run(i))
  }

  async #run(first: number): Promise<void> {
    for (let i = first; this.#running; i++) {
      this.#statuses.push(await statusOf(this.tokens[i % this.tokens.length] as string))
      if (this.#statuses.length >= this.#enough) this.#reached()
    }
  }

  /** Waits until so many more requests have been answered. */
  flow(requests: number): Promise<void> {
    this.#enough = this.#statuses.length + requests
    return new Promise((resolve) => {
      this.#reached = resolve
    })
  }

  /** How often each status was answered. */
  async stop(): Promise<{ readonly passed: number; readonly refused: readonly number[] }> {
    this.#running = false
    await Promise.all(this.#ends)
    const refused = this.#statuses.filter((status) => status !== 200)
    return { passed: this.#statuses.length - refused.length, refused }
  }
}

/** The requests of one rotation, in order. */
describe('a rotation under load', { timeout: 60_000 }, () => {
  let oldTokens: readonly string[]
  let newTokens: readonly string[]

  it('begins with tokens that pass and are remembered', async () => {
    oldTokens = await tokensOf('old')
    for (let sight = 0; sight < 3; sight++) {
      expect(await Promise.all(oldTokens.map(statusOf))).toEqual([200, 200, 200, 200])
    }
  })

  it('refuses no valid token while a key is added, neither old nor new', async () => {
    const load = new Load(oldTokens)
    await load.flow(100)
    idp.publish(newKey, oldKey)
    newTokens = await tokensOf('new')
    load.tokens = newTokens.flatMap((token, i) => [token, oldTokens[i] as string]) // the new ones all at once
    await load.flow(100)
    clock.advance(lifetimeSeconds * 0.8) // a refresh ahead, in the background
    await load.flow(100)
    clock.advance(lifetimeSeconds) // and one that is waited for
    await load.flow(100)
    const { passed, refused } = await load.stop()
    expect(refused).toEqual([])
    expect(passed).toBeGreaterThanOrEqual(400)
  })

  it('refuses no token of the new key while the old one is removed', async () => {
    const load = new Load(newTokens)
    await load.flow(50)
    idp.publish(newKey)
    await load.flow(50)
    clock.advance(lifetimeSeconds)
    await load.flow(50)
    const { passed, refused } = await load.stop()
    expect(refused).toEqual([])
    expect(passed).toBeGreaterThanOrEqual(150)
  })

  it('has ended for the old tokens by then, remembered or not', async () => {
    expect(await Promise.all(oldTokens.map(statusOf))).toEqual([401, 401, 401, 401])
    const { code } = await guard.verifier.explain({ headers: { authorization: `Bearer ${oldTokens[0]}` } })
    expect(code).toBe('key_unknown')
  })
})

describe('a key that is removed', () => {
  it('is refused by the passing of time alone, at the end of the lifetime and not before', async () => {
    idp.publish(oldKey, newKey)
    const fresh = protect(idp.issuer)
    const [token = ''] = await tokensOf('old', 1)
    const judge = async () => {
      const decision = await fresh.verifier.verify({ headers: { authorization: `Bearer ${token}` } })
      return decision.allowed ? 'allowed' : decision.code
    }
    for (let sight = 0; sight < 3; sight++) expect(await judge()).toBe('allowed')
    idp.publish(newKey)
    clock.advance(lifetimeSeconds * 0.8 - 1)
    expect(await judge()).toBe('allowed')
    clock.advance(lifetimeSeconds * 0.2 + 1)
    expect(await judge()).toBe('key_unknown')
    await fresh.verifier.close()
  })
})
