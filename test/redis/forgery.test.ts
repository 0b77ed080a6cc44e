// Somebody who may do anything in Redis, and lacks the secret of the fleet: whatever he writes, swaps, cuts off or takes away
// there, no token passes that would not have passed, and the operator hears of it.
import { generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  createVerifier,
  type PoliciesEvent,
  publishPolicies,
  type Question,
  type State,
  type StateEvent,
  sharedPolicies,
  use,
  type Verifier,
  type VerifierOptions,
} from '@sallyport/core'
import { createTestIssuer, createTestKey } from '@sallyport/core/testing'
import { createRedisState } from '@sallyport/redis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyNames } from '../../packages/redis/src/sealing/key-names.js'
import { KeyRing, type Purpose } from '../../packages/redis/src/sealing/key-ring.js'
import { startRedis } from '../fixtures/redis-servers.js'

const secret = Buffer.alloc(32, 'of the fleet')
const redis = await startRedis()
const attacker = createClient({ url: redis.url })
attacker.on('error', () => {})
await attacker.connect()
const idp = await createTestIssuer()
const other = await createTestIssuer()
const stranger = await createTestKey('ES256', 'key-of-nobody')
afterAll(async () => {
  attacker.destroy()
  await Promise.all([redis.stop(), idp.close(), other.close()])
})

const heard: StateEvent[] = []
const listen = (event: unknown) => void heard.push(event as StateEvent)
const heardOfPolicies: PoliciesEvent[] = []
const listenToPolicies = (event: unknown) => void heardOfPolicies.push(event as PoliciesEvent)
const rejected = () => heard.filter(({ outcome }) => outcome === 'rejected').length
let opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  await redis.cli('FLUSHALL')
  heard.length = 0
  heardOfPolicies.length = 0
  subscribe('sallyport:state', listen)
  subscribe('sallyport:policies', listenToPolicies)
})
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
  unsubscribe('sallyport:state', listen)
  unsubscribe('sallyport:policies', listenToPolicies)
})

/** A node of the fleet. */
async function openState(): Promise<State> {
  const state = createRedisState({ url: redis.url, secret, namespace: 'test' })
  opened.push(state)
  await state.ready()
  return state
}

async function openNode(options: Partial<VerifierOptions> = {}): Promise<{ state: State; verifier: Verifier }> {
  const state = await openState()
  const issuers = [idp, other].map(({ issuer, audience }) => ({ issuer, audience }))
  const verifier = createVerifier({ issuers, state, trustedProxies: [], ...options } as VerifierOptions) as Verifier
  opened.push(verifier)
  return { state, verifier }
}

async function ask(verifier: Verifier, token: string, policy?: Parameters<Verifier['verify']>[1]): Promise<string> {
  const request = { headers: { authorization: `Bearer ${token}` }, remoteAddress: '192.0.2.1' }
  const decision = await verifier.verify(request, policy)
  return decision.allowed ? 'allowed' : decision.code
}

async function keysOf(purpose: string, part = ''): Promise<readonly string[]> {
  const keys = (await redis.cli('KEYS', `sp1:test:{${purpose}:*}${part}`)).split('\n')
  return keys.filter((key) => key !== '').toSorted()
}

async function onlyKey(purpose: string, part?: string): Promise<string> {
  await expect.poll(() => keysOf(purpose, part)).toHaveLength(1)
  return (await keysOf(purpose, part))[0] as string
}

const get = async (key: string) => (await attacker.get(key)) ?? ''
const set = (key: string, value: string) => attacker.set(key, value)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The next letter in one place. */
function altered(text: string, place: number): string {
  const letter = alphabet[(alphabet.indexOf(text[place] as string) + 1) % 64]
  return text.slice(0, place) + letter + text.slice(place + 1)
}

/** A text sealed by whoever does not have the secret, or has one of another use. */
function strangeSeals(purpose: Purpose, key: string, text: string): readonly string[] {
  const another: Purpose = purpose === 'vc' ? 'jwks' : 'vc'
  return [
    text,
    Buffer.from(text).toString('base64url'),
    new KeyRing([Buffer.alloc(32, 'of a stranger')], 'test').seal(purpose, key, text),
    new KeyRing([Buffer.from('no secret')], 'test').seal(purpose, key, text),
    new KeyRing([secret], 'other').seal(purpose, key, text),
    new KeyRing([secret], 'test').seal(another, key, text),
    new KeyRing([secret], 'test').seal(purpose, `${key}:other`, text),
  ]
}

describe('rows 13 and 14: a key set', () => {
  const source = { issuer: idp.issuer, location: '' }
  const key = new KeyNames(new KeyRing([secret], 'test'), 'test').key('jwks', [idp.issuer, ''], 'doc')
  const planted = () =>
    JSON.stringify({
      url: idp.jwksUri,
      text: JSON.stringify({ keys: [stranger.publicJwk] }),
      fetchedAt: Date.now() / 1000,
    })

  it('of somebody else lets none of his tokens pass, however it is sealed', async () => {
    const { verifier } = await openNode()
    expect(await ask(verifier, await idp.issue())).toBe('allowed')
    await expect.poll(() => redis.cli('EXISTS', key)).toBe('1')
    const forged = await idp.issue({}, { key: stranger, header: { kid: 'key-of-nobody' } })
    for (const [index, sealed] of strangeSeals('jwks', key, planted()).entries()) {
      await set(key, `${Date.now()}000 ${sealed}`)
      const before = rejected()
      const { verifier: newcomer } = await openNode()
      expect(await ask(newcomer, forged), `seal ${index}`).toBe('key_unknown')
      expect(await ask(newcomer, await idp.issue())).toBe('allowed')
      expect(rejected(), `seal ${index}`).toBeGreaterThan(before)
      expect(await ask(verifier, forged)).toBe('key_unknown')
    }
  })

  it('is believed to the last letter, or not at all', async () => {
    const { state, verifier } = await openNode()
    await ask(verifier, await idp.issue())
    await expect.poll(() => redis.cli('EXISTS', key)).toBe('1')
    const genuine = await get(key)
    const document = await state.keySets.latest(source)
    expect(JSON.parse(document?.text ?? '')).toEqual(idp.jwks)
    const seal = genuine.indexOf(' ') + 1
    for (let place = seal; place < genuine.length; place++) {
      await set(key, altered(genuine, place))
      expect(await state.keySets.latest(source), `letter ${place}`).toBeUndefined()
    }
    for (const length of [0, 1, seal, seal + 1, seal + 30, genuine.length - 1]) {
      await set(key, genuine.slice(0, length))
      expect(await state.keySets.latest(source), `${length} letters`).toBeUndefined()
    }
    expect(rejected()).toBeGreaterThanOrEqual(genuine.length - seal)
    await set(key, genuine)
    expect(await state.keySets.latest(source)).toEqual(document)
  })

  it('of one issuer is none of another', async () => {
    const { verifier } = await openNode()
    for (const each of [idp, other]) expect(await ask(verifier, await each.issue())).toBe('allowed')
    await expect.poll(() => keysOf('jwks', ':doc')).toHaveLength(2)
    const [one, two] = (await keysOf('jwks', ':doc')) as [string, string]
    const [first, second] = [await get(one), await get(two)]
    await set(one, second)
    await set(two, first)
    const { verifier: newcomer } = await openNode()
    const forged = await idp.issue({}, { key: other.key })
    expect(await ask(newcomer, forged)).toMatch(/signature_invalid|key_unknown/)
    for (const each of [idp, other]) expect(await ask(newcomer, await each.issue())).toBe('allowed')
    expect(rejected()).toBeGreaterThanOrEqual(2)
  })
})

describe('row 13: a verdict', () => {
  const about = (name: string): Question => ({ kind: 'introspection', of: idp.issuer, about: name })
  const soon = () => Date.now() / 1000 + 60
  const [good, bad] = [{ active: true }, { active: false }]

  async function remember(state: State, name: string, answer: typeof good): Promise<void> {
    await expect
      .poll(async () => {
        await state.verdicts.remember(about(name), answer, soon())
        return state.verdicts.recall(about(name))
      })
      .toEqual({ answer })
  }

  it('is believed to the last letter, or not at all', async () => {
    const state = await openState()
    await remember(state, 'a', bad)
    const key = await onlyKey('vc')
    const genuine = await get(key)
    for (let place = 0; place < genuine.length; place++) {
      await set(key, altered(genuine, place))
      expect(await state.verdicts.recall(about('a')), `letter ${place}`).toBeUndefined()
      await set(key, genuine.slice(0, place))
      expect(await state.verdicts.recall(about('a')), `${place} letters`).toBeUndefined()
    }
    const forged = strangeSeals('vc', key, JSON.stringify({ answer: good, until: soon() }))
    for (const [index, sealed] of forged.entries()) {
      await set(key, sealed)
      expect(await state.verdicts.recall(about('a')), `seal ${index}`).toBeUndefined()
    }
    expect(rejected()).toBeGreaterThan(genuine.length)
    await set(key, genuine)
    await expect.poll(() => state.verdicts.recall(about('a'))).toEqual({ answer: bad })
  })

  it('on one token is none on another', async () => {
    const state = await openState()
    await remember(state, 'a', good)
    await remember(state, 'b', bad)
    const [one, two] = (await keysOf('vc')) as [string, string]
    const [first, second] = [await get(one), await get(two)]
    await set(one, second)
    await set(two, first)
    for (const name of ['a', 'b']) expect(await state.verdicts.recall(about(name))).toBeUndefined()
    await expect.poll(rejected).toBeGreaterThanOrEqual(1)
  })

  it('that somebody exists brings nobody else back', async () => {
    const subjects = { exists: async ({ subject }: { readonly subject: string }) => subject !== 'bob' }
    const { verifier } = await openNode({ subjects })
    const [ann, bob] = [await idp.issue({ sub: 'ann' }), await idp.issue({ sub: 'bob' })]
    expect([await ask(verifier, ann), await ask(verifier, bob)]).toEqual(['allowed', 'subject_unknown'])
    await expect.poll(() => keysOf('vc')).toHaveLength(2)
    const [one, two] = (await keysOf('vc')) as [string, string]
    const [first, second] = [await get(one), await get(two)]
    await set(one, second)
    await set(two, first)
    const { verifier: newcomer } = await openNode({ subjects })
    expect([await ask(newcomer, ann), await ask(newcomer, bob)]).toEqual(['allowed', 'subject_unknown'])
    expect(rejected()).toBeGreaterThanOrEqual(1)
  })
})

describe('row 14: the log of revocations', () => {
  const log = 'sp1:test:{rv}:log'

  it('takes back nothing that the fleet has not, and gives nothing back', async () => {
    const { state, verifier } = await openNode()
    const [gone, kept] = [await idp.issue({ jti: 'gone' }), await idp.issue({ jti: 'kept' })]
    await state.revoke({ jti: 'gone' })
    const [text = ''] = /1\.[\w.-]{60,}/.exec(await redis.cli('XRANGE', log, '-', '+')) ?? []
    expect(text).not.toBe('')
    const before = rejected()
    for (let place = 0; place < text.length; place++) {
      if (text[place] !== '.') await attacker.xAdd(log, '*', { e: altered(text, place) })
    }
    await redis.cli('XADD', log, '*', 'e', text.slice(0, -1))
    await redis.cli('XADD', log, '*', 'e', text) // the same again is the same
    await expect.poll(rejected, { timeout: 10_000 }).toBeGreaterThan(before)
    const { state: late, verifier: newcomer } = await openNode()
    for (const each of [state, late]) expect(each.health().revocations).toBe(1)
    for (const each of [verifier, newcomer])
      expect([await ask(each, gone), await ask(each, kept)]).toEqual(['token_revoked', 'allowed'])
    await redis.cli('DEL', log)
    expect(await ask(verifier, gone)).toBe('token_revoked')
    await redis.cli('FLUSHALL')
    expect(await ask(verifier, gone)).not.toBe('allowed')
  })
})

describe('a use', () => {
  const use = (id: string) => ({ kind: 'dpop', by: 'thumbprint', at: 'api', id })
  const soon = () => Date.now() / 1000 + 60

  it('is none the second time, whatever stands there', async () => {
    const [here, there] = [await openState(), await openState()]
    for (const id of ['1', '2']) expect(await here.replays.useOnce(use(id), soon())).toBe(true)
    const [one, two] = (await keysOf('rp')) as [string, string]
    const [first, second] = [await get(one), await get(two)]
    await set(one, second)
    await set(two, first)
    for (const id of ['1', '2']) expect(await there.replays.useOnce(use(id), soon())).toBe(false)
    for (const value of ['', '0', 'nil', first.slice(1), altered(first, 0)]) {
      await set(one, value)
      await set(two, value)
      const another = await openState()
      for (const id of ['1', '2']) expect(await another.replays.useOnce(use(id), soon()), value).toBe(false)
    }
    await redis.cli('FLUSHALL')
    for (const state of [here, there])
      for (const id of ['1', '2']) expect(await state.replays.useOnce(use(id), soon())).toBe(false)
  })
})

describe('counters of failed attempts', () => {
  it.each(['-1000000', '0', '9007199254740993', 'text', ''])('that say %j make no token pass', async (value) => {
    const { state, verifier } = await openNode({ failedAttempts: { limit: 2, windowSeconds: 86_400 } })
    const forged = await idp.issue({}, { key: stranger, header: { kid: idp.key.kid } })
    expect(await ask(verifier, forged)).toBe('signature_invalid')
    const key = await onlyKey('rl')
    await set(key, value)
    const codes = [await ask(verifier, forged), await ask(verifier, forged), await ask(verifier, await idp.issue())]
    expect(codes.slice(1)).toEqual(['attempts_exceeded', 'attempts_exceeded'])
    expect(codes[0]).not.toBe('allowed')
    expect(state.health().status).toBe('ready')
  })
})

describe('row 14: policies', () => {
  const signers = { fleet: generateKeyPairSync('ed25519'), stranger: generateKeyPairSync('ed25519') }
  const allowing = (scope: string) => `version: 1\npolicies:\n  orders.read:\n    allow: { scope: ${scope} }\n`

  it('of somebody else are in force nowhere', async () => {
    const state = await openState()
    const { publicKey, privateKey } = signers.fleet
    const of = { name: 'orders', publicKey, fallback: allowing('fallback'), pollSeconds: 0 }
    await publishPolicies(state, allowing('admin'), { name: 'orders', revision: 1, privateKey })
    const policies = sharedPolicies(state, of)
    opened.push({ close: async () => policies.close() })
    await policies.reload()
    const { verifier } = await openNode({ policies })
    const token = await idp.issue({ scope: 'read' })
    expect(await ask(verifier, token, use('orders.read'))).toBe('scope_insufficient')
    const head = await onlyKey('pol', ':head')
    const genuine = await get(head)
    const [text] = await keysOf('pol', ':d:*')
    const strange = { name: 'orders', revision: 2, privateKey: signers.stranger.privateKey }
    await publishPolicies(state, allowing('read'), strange).catch(() => {})
    await policies.reload()
    expect(heardOfPolicies.map(({ outcome }) => outcome)).toEqual(['loaded', 'refused'])
    expect(await ask(verifier, token, use('orders.read'))).toBe('scope_insufficient')
    await set(head, genuine)
    await set(text as string, allowing('read'))
    await policies.reload()
    const newcomer = sharedPolicies(state, of)
    expect(await get(head)).toBe(genuine)
    opened.push({ close: async () => newcomer.close() })
    await newcomer.reload()
    const { verifier: late } = await openNode({ policies: newcomer })
    for (const each of [verifier, late]) expect(await ask(each, token, use('orders.read'))).toBe('scope_insufficient')
  })
})
