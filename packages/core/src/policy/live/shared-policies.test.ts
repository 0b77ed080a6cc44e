import { generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import type { PoliciesEvent } from '../../events.js'
import { sha256 } from '../../jose/sha256.js'
import { importSigningKey, signCompactJws } from '../../jose/sign-compact-jws.js'
import { createMemoryState } from '../../state/memory-state.js'
import type { PolicyDocument } from '../../state/policy-documents.js'
import type { State } from '../../state/state.js'
import { isSatisfied, policyFacts } from '../evaluate.js'
import type { PolicySource } from '../policy-set.js'
import { use } from '../words.js'
import { type SharedPoliciesOptions, sharedPolicies } from './begin-shared-policies.js'
import { type PublishPoliciesOptions, publishPolicies } from './publish-policies.js'
import type { SharedPolicies } from './shared-policies.js'
import { signPolicies } from './signed-policies.js'

const name = 'orders'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const allowing = (scope: string) => `version: 1\npolicies:\n  orders.read:\n    allow: { scope: ${scope} }\n`
const broken = 'version: 1\npolicies:\n  orders.read:\n    allow: { scpoe: read }\n'
const fallback = allowing('fallback')

let events: PoliciesEvent[] = []
let opened: SharedPolicies[] = []
let now = 1_000
let state: State
const listener = (event: unknown) => void events.push(event as PoliciesEvent)
beforeEach(() => {
  events = []
  now = 1_000
  state = createMemoryState()
  subscribe('sallyport:policies', listener)
})
afterEach(async () => {
  unsubscribe('sallyport:policies', listener)
  await Promise.all(opened.map((each) => each.close()))
  opened = []
})

/** Shared policies that have looked once. */
async function share(options: Partial<SharedPoliciesOptions> = {}): Promise<SharedPolicies> {
  const policies = sharedPolicies(state, {
    name,
    publicKey,
    fallback,
    pollSeconds: 0,
    clock: () => now,
    ...options,
  })
  opened.push(policies)
  await policies.reload()
  await policies.reload() // the look of the start is over by now
  return policies
}

const publish = (text: string, revision: number, options: Partial<PublishPoliciesOptions> = {}) =>
  publishPolicies(state, text, { name, revision, privateKey, ...options })

/** Puts something there as somebody could who can write to the state and has no key. */
async function put(document: PolicyDocument | undefined): Promise<void> {
  if (document === undefined) state = Object.assign(state, { policies: createMemoryState().policies })
  else await state.policies.publish(name, document, await state.policies.latest(name))
}

const signed = (text: string, revision: number, key = privateKey, as = name) =>
  signPolicies(text, { name: as, revision, notBefore: 0 }, importSigningKey(key))

const passes = (scope: string, source: PolicySource) =>
  isSatisfied(use('orders.read'), policyFacts({ claims: { scope }, now: 0, policies: source.current }))

describe('policies that a fleet shares', () => {
  it('begin with those that the process has brought along', async () => {
    const policies = await share()
    expect(passes('fallback', policies)).toBe(true)
    expect(policies.revision).toBe(0)
    expect(policies.checkedAt).toBe(1_000)
    expect(events).toEqual([])
  })

  it('are taken over by every node as soon as they are published', async () => {
    const nodes = [await share(), await share()]
    await publish(allowing('read'), 1)
    for (const node of nodes) {
      await expect.poll(() => node.revision).toBe(1)
      expect([passes('read', node), passes('fallback', node)]).toEqual([true, false])
    }
    expect(events).toEqual([
      { source: name, outcome: 'loaded' },
      { source: name, outcome: 'loaded' },
    ])
  })

  it('are there for a node that starts later', async () => {
    await publish(allowing('read'), 7)
    const policies = await share()
    expect([policies.revision, passes('read', policies)]).toEqual([7, true])
  })

  it('are looked for again where nobody tells of them', async () => {
    const { policies: documents } = state
    const silent = {
      ready: () => state.ready(),
      policies: {
        latest: (of: string) => documents.latest(of),
        publish: documents.publish.bind(documents),
        onPublished: () => () => {},
      },
    }
    const policies = sharedPolicies(silent, { name, publicKey, fallback, pollSeconds: 0.02 })
    opened.push(policies)
    await policies.reload()
    await publish(allowing('read'), 1)
    await expect.poll(() => policies.revision).toBe(1)
  })

  it('go back by a new revision of the old text', async () => {
    const policies = await share()
    await publish(allowing('read'), 1)
    await publish(allowing('write'), 2)
    await publish(allowing('read'), 3)
    await policies.reload()
    expect([policies.revision, passes('read', policies)]).toEqual([3, true])
  })

  it('of the same text under a new revision are that revision', async () => {
    const policies = await share({ fallback: allowing('read') })
    await publish(allowing('read'), 4)
    await policies.reload()
    expect(policies.revision).toBe(4)
    await publish(allowing('write'), 3).catch(() => {})
    await put(signed(allowing('write'), 3))
    await policies.reload()
    expect(passes('read', policies)).toBe(true)
  })

  it('are looked for once more where somebody asks while a look has read already', async () => {
    const { policies: documents } = state
    let answer: (document: undefined) => void = () => {}
    const first = new Promise<undefined>((resolve) => {
      answer = resolve
    })
    const reads = [first]
    const slow = {
      ready: () => new Promise<void>(() => {}),
      policies: {
        latest: (of: string) => reads.shift() ?? documents.latest(of),
        publish: documents.publish.bind(documents),
        onPublished: () => () => {},
      },
    }
    const policies = sharedPolicies(slow, { name, publicKey, fallback, pollSeconds: 0 })
    opened.push(policies)
    const [begun, asked] = [policies.reload(), policies.reload()]
    await publish(allowing('read'), 1)
    answer(undefined)
    expect([await begun, await asked]).toEqual(['unchanged', 'loaded'])
    expect(policies.revision).toBe(1)
  })

  it('wait for their time, and the node knows meanwhile that it has seen them', async () => {
    const policies = await share()
    await publish(allowing('read'), 1, { notBefore: 2_000 })
    now = 1_999
    expect(await policies.reload()).toBe('refused')
    expect(await policies.reload()).toBe('refused')
    expect([policies.revision, policies.checkedAt]).toEqual([0, 1_999])
    now = 2_000
    expect(await policies.reload()).toBe('loaded')
    expect(policies.revision).toBe(1)
    expect(events.map(({ outcome }) => outcome)).toEqual(['refused', 'loaded'])
  })

  it('are looked for again the moment that their time has come', async () => {
    const began = Date.now() / 1000
    const clock = () => Date.now() / 1000
    const policies = await share({ pollSeconds: 3_600, clock })
    await publish(allowing('read'), 1, { notBefore: began + 0.3 })
    await expect.poll(() => policies.revision).toBe(1)
    expect(clock()).toBeGreaterThanOrEqual(began + 0.3)
  })

  it('are looked for no more after the end, and stay in force', async () => {
    const policies = await share()
    await publish(allowing('read'), 1)
    await policies.reload()
    await policies.close()
    await publish(allowing('write'), 2)
    expect(await policies.reload()).toBe('unchanged')
    expect(passes('read', policies)).toBe(true)
  })

  it('are not heard of after the end', async () => {
    let isHeard = false
    const { policies: documents } = state
    const onPublished = () => {
      isHeard = true
      return () => {
        isHeard = false
      }
    }
    const counted = sharedPolicies(
      { ready: () => state.ready(), policies: { ...documents, latest: async () => undefined, onPublished } as never },
      { name, publicKey, fallback },
    )
    expect(isHeard).toBe(true)
    await counted.close()
    expect(isHeard).toBe(false)
  })

  it('are judged in the shadow of those in force, where that is wanted', async () => {
    const policies = await share({ shadow: { decisions: 1 } })
    await publish(allowing('read'), 1)
    await policies.reload()
    expect(policies.revision).toBe(0)
    await put({ head: 'nonsense', text: '' })
    await policies.reload()
    expect(policies.shadow).toEqual({ decisions: 0, opened: 0, closed: 0 }) // what others write ends no trial
    policies.observe(use('orders.read'), policyFacts({ claims: {}, now: 0, policies: policies.current }))
    expect([policies.revision, passes('read', policies)]).toEqual([1, true])
  })
})

describe('what is not taken over leaves the policies in force, and is told once', () => {
  const good = allowing('write')
  const [header, payload, signature] = signed(good, 3).head.split('.')
  const another = importSigningKey(other.privateKey)
  const said = (more: object) => {
    const head = { name, revision: 3, sha256: sha256(good), ...more }
    return { head: signCompactJws('sallyport-policies+jws', head, importSigningKey(privateKey)), text: good }
  }
  it.each<[string, PolicyDocument | undefined, string]>([
    ['signed with another key', signed(good, 3, other.privateKey), 'its signature is of none of the trusted keys'],
    ['published under another name', signed(good, 3, privateKey, 'bills'), 'it was published under another name'],
    ['with another text', { ...signed(good, 3), text: allowing('evil') }, 'its text is not the one that was signed'],
    [
      'with half of its text',
      { ...signed(good, 3), text: good.slice(0, -1) },
      'its text is not the one that was signed',
    ],
    ['with no text', { ...signed(good, 3), text: '' }, 'its text is not the one that was signed'],
    [
      'with a text far too large',
      { ...signed(good, 3), text: `${good}${'#'.repeat(262_144)}` },
      'its text is too large',
    ],
    ['with half of its head', { ...signed(good, 3), head: `${header}.${payload}` }, 'its head is no signed head'],
    ['with a head far too large', { ...signed(good, 3), head: 'a'.repeat(5_000) }, 'its head is no signed head'],
    [
      'with the signature of another head',
      { head: `${header}.${signed(good, 4).head.split('.')[1]}.${signature}`, text: good },
      'its signature is of none of the trusted keys',
    ],
    [
      'with a head of another type',
      { head: signCompactJws('at+jwt', { name, revision: 3, sha256: '' }, importSigningKey(privateKey)), text: good },
      'its head is of another type',
    ],
    ['with a head that says more than a head says', said({ only: 1 }), 'its head does not say what a head says'],
    ['with half a revision', said({ revision: 3.5 }), 'its head does not say what a head says'],
    ['with a revision in words', said({ revision: '3' }), 'its head does not say what a head says'],
    ['with no digest', said({ sha256: null }), 'its head does not say what a head says'],
    ['with a time in words', said({ notBefore: '0' }), 'its head does not say what a head says'],
    ['with a head that says far too much', said({ only: 'x'.repeat(4_096) }), 'its head is no signed head'],
    [
      'with a head that its key signed for itself alone',
      { head: signCompactJws('sallyport-policies+jws', { name, revision: 3 }, another), text: good },
      'its signature is of none of the trusted keys',
    ],
    ['of a lower revision', signed(good, 1), 'revision 1 is published again, and 2 was seen'],
    ['of the same revision with another text', signed(good, 2), 'revision 2 is published with another text'],
    ['that does not compile', signed(broken, 3), 'orders:4:14: unknown operator `scpoe`; did you mean scope?'],
    ['that was lost', undefined, 'nothing is published under this name any more'],
  ])('%s', async (_, document, reason) => {
    const policies = await share()
    await publish(allowing('read'), 2)
    await policies.reload()
    now = 5_000
    events = []
    await put(document)
    await policies.reload()
    await policies.reload()
    expect([policies.revision, passes('read', policies), passes('write', policies)]).toEqual([2, true, false])
    expect(events).toEqual([{ source: name, outcome: 'refused', reason: expect.stringContaining(reason) }])
    expect(policies.checkedAt).toBe(document !== undefined && document.text === broken ? 5_000 : 1_000)
    if (document === undefined) return
    await put(signed(good, 9))
    await policies.reload()
    expect([policies.revision, passes('write', policies)]).toEqual([9, true])
  })

  it('a policy lacks that routes use', async () => {
    const policies = await share()
    policies.observe(use('orders.read'), policyFacts({ claims: {}, now: 0, policies: policies.current }))
    await publish(allowing('read').replace('orders.read', 'orders.list'), 1)
    await policies.reload()
    expect(policies.revision).toBe(0)
    expect(events).toEqual([
      { source: name, outcome: 'refused', reason: expect.stringContaining('it lacks orders.read') },
    ])
  })

  it('a text that was no good before, under a new revision', async () => {
    const policies = await share()
    for (const revision of [5, 6]) {
      await put(signed(broken, revision))
      await policies.reload()
    }
    expect([policies.revision, passes('fallback', policies), events.length]).toEqual([0, true, 1])
  })

  it('an older one after one that was no good', async () => {
    const policies = await share()
    await put(signed(broken, 5))
    await policies.reload()
    await put(signed(allowing('evil'), 4))
    await policies.reload()
    expect([policies.revision, passes('fallback', policies)]).toEqual([0, true])
  })

  it('the state is away: once for each time that it is', async () => {
    const policies = await share()
    const { policies: documents } = state
    const away = { ...documents, latest: () => Promise.reject(new Error('offline')) }
    for (let times = 0; times < 2; times++) {
      Object.assign(state, { policies: away })
      now += 100
      expect(await policies.reload()).toBe('refused')
      expect(await policies.reload()).toBe('refused')
      Object.assign(state, { policies: documents })
      expect(policies.checkedAt).toBe(now - 100)
      expect(await policies.reload()).toBe('unchanged')
      expect(policies.checkedAt).toBe(now)
    }
    const reason = 'orders: it cannot be told what is published (offline)'
    expect(events).toEqual([
      { source: name, outcome: 'refused', reason },
      { source: name, outcome: 'refused', reason },
    ])
  })
})

describe('keys that change', () => {
  it('one is trusted beside the other', async () => {
    const policies = await share({ publicKey: undefined as never, publicKeys: [publicKey, other.publicKey] })
    await publish(allowing('read'), 1)
    await policies.reload()
    await publish(allowing('write'), 2, { privateKey: other.privateKey })
    await policies.reload()
    expect([policies.revision, passes('write', policies)]).toEqual([2, true])
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['no name', { name: undefined }],
    ['an empty name', { name: '' }],
    ['no key', { publicKey: undefined }],
    ['a private key', { publicKey: privateKey }],
    ['two options for keys', { publicKeys: [publicKey] }],
    ['no keys', { publicKey: undefined, publicKeys: [] }],
    ['a poll of nonsense', { pollSeconds: -1 }],
    ['no clock', { clock: 5 }],
    ['a fallback that is no text', { fallback: {} }],
    ['a fallback that is not good', { fallback: broken }],
    ['nothing to begin with', { fallback: undefined }],
    ['an option that does not exist', { pollSecond: 3 }],
    ['a shadow of nonsense', { shadow: { decisions: 0 } }],
  ])('%s', (_, spoiled) => {
    const options = { name, publicKey, fallback, pollSeconds: 0, ...spoiled } as SharedPoliciesOptions
    expect(() => sharedPolicies(state, options)).toThrow(ConfigurationError)
  })
})
