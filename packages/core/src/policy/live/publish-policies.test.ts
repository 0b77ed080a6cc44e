import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import { importDocumentKey } from '../../jose/sign-compact-jws.js'
import { createMemoryState } from '../../state/memory-state.js'
import type { State } from '../../state/state.js'
import { type PublishPoliciesOptions, publishPolicies } from './publish-policies.js'
import { verifyHead } from './signed-policies.js'

const name = 'orders'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const read = 'version: 1\npolicies:\n  orders.read:\n    allow: { scope: read }\n'
const write = read.replace('scope: read', 'scope: write')

let state: State
beforeEach(() => {
  state = createMemoryState()
})

const publish = (text: string, revision: number, options: Partial<PublishPoliciesOptions> = {}) =>
  publishPolicies(state, text, { name, revision, privateKey, ...options })
const latest = () => state.policies.latest(name)

describe('publishing', () => {
  it('signs name, revision, digest and time', async () => {
    await publish(read, 3, { notBefore: 1_700_000_000 })
    const { head, text } = (await latest()) ?? { head: '', text: '' }
    expect(text).toBe(read)
    expect(verifyHead(head, name, [importDocumentKey(publicKey)])).toEqual({
      name,
      revision: 3,
      sha256: '4e0b2d4afb720862ed97601823445088008ed4f609b8481d7b5a51b3734d95c6',
      notBefore: 1_700_000_000,
    })
  })

  it.each([
    ['broken', read.replace('scope', 'scpoe')],
    [
      'against its own tests',
      `${read}tests:\n  policy: orders.read\n  cases:\n    - { name: nobody, expect: allow }\n`,
    ],
    ['no text', 5 as never],
    ['with half a character', `${read}# \ud800`],
    ['far too large', `${read}${'#'.repeat(262_144)}`],
  ])('stores nothing that is %s', async (_, text) => {
    await expect(publish(text, 1)).rejects.toThrow(ConfigurationError)
    expect(await latest()).toBeUndefined()
  })

  it.each<[string, object]>([
    ['no name', { name: '' }],
    ['no revision', { revision: undefined }],
    ['revision 0', { revision: 0 }],
    ['half a revision', { revision: 1.5 }],
    ['a public key', { privateKey: publicKey }],
    ['milliseconds', { notBefore: 1_700_000_000_000 }],
    ['an option that does not exist', { revison: 1 }],
  ])('takes no options with %s', async (_, options) => {
    await expect(publish(read, 1, options)).rejects.toThrow(ConfigurationError)
    expect(await latest()).toBeUndefined()
  })

  it('gives a revision once', async () => {
    await publish(read, 2)
    await expect(publish(write, 1)).rejects.toThrow(ConfigurationError)
    await expect(publish(write, 2)).rejects.toThrow(ConfigurationError)
    await expect(publish(read, 2, { notBefore: 5 })).rejects.toThrow(ConfigurationError)
    expect((await latest())?.text).toBe(read)
    await publish(write, 3)
    expect((await latest())?.text).toBe(write)
  })

  it('publishes the same again, be it where it was lost', async () => {
    await publish(read, 2)
    const before = await latest()
    await publish(read, 2)
    expect(await latest()).toEqual(before)
    state = createMemoryState()
    await publish(read, 2)
    expect(await latest()).toEqual(before)
  })

  it('takes the place of what somebody without its key has put there', async () => {
    const stranger = generateKeyPairSync('ed25519').privateKey
    await publish(write, 99, { privateKey: stranger })
    await publish(read, 1)
    expect((await latest())?.text).toBe(read)
  })

  it('at the same moment comes to the greatest revision, and the others are told', async () => {
    const outcomes = await Promise.allSettled([1, 2, 3].map((revision) => publish(read, revision)))
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled')
    const { head } = (await latest()) ?? { head: '' }
    expect(verifyHead(head, name, [importDocumentKey(publicKey)]).revision).toBe(3)
  })

  it('of two documents under one revision stores one', async () => {
    const outcomes = await Promise.allSettled([publish(read, 1), publish(write, 1)])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('gives up where somebody is always first', async () => {
    const { policies } = state
    const busy = { latest: policies.latest.bind(policies), publish: async () => false, onPublished: () => () => {} }
    await expect(publishPolicies({ policies: busy }, read, { name, revision: 1, privateKey })).rejects.toMatchObject({
      code: 'state_unavailable',
    })
  })
})
