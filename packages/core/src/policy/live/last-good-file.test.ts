import { generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import type { PoliciesEvent } from '../../events.js'
import { importSigningKey } from '../../jose/sign-compact-jws.js'
import { createMemoryState } from '../../state/memory-state.js'
import type { State } from '../../state/state.js'
import { type SharedPoliciesOptions, sharedPolicies } from './begin-shared-policies.js'
import { publishPolicies } from './publish-policies.js'
import { signPolicies } from './signed-policies.js'

const name = 'orders'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const allowing = (scope: string) => `version: 1\npolicies:\n  orders.read:\n    allow: { scope: ${scope} }\n`

let folder: string
let lastGoodFile: string
let state: State
let events: PoliciesEvent[] = []
const listener = (event: unknown) => void events.push(event as PoliciesEvent)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'last-good-'))
  lastGoodFile = join(folder, 'policies.json')
  state = createMemoryState()
  events = []
  subscribe('sallyport:policies', listener)
})
afterEach(() => {
  unsubscribe('sallyport:policies', listener)
  rmSync(folder, { recursive: true, force: true })
})

const start = (options: Partial<SharedPoliciesOptions> = {}) =>
  sharedPolicies(state, { name, publicKey, lastGoodFile, pollSeconds: 0, ...options })

/** A node that lives until it has taken over what is published. */
async function live(options: Partial<SharedPoliciesOptions> = {}): Promise<number> {
  const policies = start(options)
  await policies.reload()
  await policies.close()
  return policies.revision
}

const publish = (text: string, revision: number) => publishPolicies(state, text, { name, revision, privateKey })
const store = (document: object) => writeFileSync(lastGoodFile, JSON.stringify(document))
const signed = (text: string, revision: number, key = privateKey, notBefore = 0) =>
  signPolicies(text, { name, revision, notBefore }, importSigningKey(key))

describe('the file of the last good policies', () => {
  it('is what the next start begins with, without the state', async () => {
    await publish(allowing('read'), 7)
    expect(await live({ fallback: allowing('fallback') })).toBe(7)
    state = createMemoryState()
    const policies = start()
    expect(policies.revision).toBe(7)
    expect(policies.current.names).toEqual(['orders.read'])
    await policies.close()
    expect(events).toEqual([{ source: name, outcome: 'loaded' }])
  })

  it('belongs to its owner, and nothing is left beside it', async () => {
    await publish(allowing('read'), 1)
    await live({ fallback: allowing('fallback') })
    await publish(allowing('write'), 2)
    await live()
    expect(readdirSync(folder)).toEqual(['policies.json'])
    expect(statSync(lastGoodFile).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(lastGoodFile, 'utf8'))).toEqual(signed(allowing('write'), 2))
  })

  it('keeps an older revision out after a start', async () => {
    await publish(allowing('read'), 7)
    await live({ fallback: allowing('fallback') })
    state = createMemoryState()
    await publish(allowing('write'), 6) // genuine, and played again
    expect(await live({ fallback: allowing('fallback') })).toBe(7)
  })

  it('lets a newer one in', async () => {
    await publish(allowing('read'), 7)
    await live({ fallback: allowing('fallback') })
    await publish(allowing('write'), 8)
    expect(await live()).toBe(8)
  })

  it('is not there at the first start', async () => {
    expect(() => start()).toThrow(ConfigurationError)
    expect(await live({ fallback: allowing('fallback') })).toBe(0)
    expect(events).toEqual([])
  })

  it.each<[string, () => void]>([
    ['signed with another key', () => store(signed(allowing('evil'), 9, other.privateKey))],
    ['of another text', () => store({ ...signed(allowing('read'), 9), text: allowing('evil') })],
    [
      'of another name',
      () => store(signPolicies(allowing('a'), { name: 'a', revision: 9, notBefore: 0 }, importSigningKey(privateKey))),
    ],
    ['that does not compile any more', () => store(signed('version: 2', 9))],
    ['of the future', () => store(signed(allowing('read'), 9, privateKey, 4_000_000_000))],
    ['that holds something else', () => store({ head: 5 })],
    ['that was cut', () => writeFileSync(lastGoodFile, '{"head":"')],
    ['far too large', () => writeFileSync(lastGoodFile, JSON.stringify(signed(allowing('read'), 9)).padEnd(2_000_000))],
    ['that is a folder', () => mkdirSync(lastGoodFile)],
  ])('%s is no good, and is told', async (_, spoil) => {
    spoil()
    expect(() => start()).toThrow(ConfigurationError)
    const policies = start({ fallback: allowing('fallback') })
    expect(policies.revision).toBe(0)
    await policies.close()
    expect(events).toEqual([{ source: name, outcome: 'refused', reason: expect.not.stringContaining(folder) }])
  })

  it('that cannot be written keeps nothing from being taken over', async () => {
    lastGoodFile = join(folder, 'not-there', 'policies.json')
    await publish(allowing('read'), 1)
    expect(await live({ fallback: allowing('fallback') })).toBe(1)
    expect(events).toEqual([
      { source: name, outcome: 'loaded' },
      { source: name, outcome: 'unsaved', reason: 'orders: the file cannot be written (ENOENT)' },
    ])
  })

  it('is the old one or the new one, whenever the process ends', async () => {
    await publish(allowing('read'), 1)
    await live({ fallback: allowing('fallback') })
    mkdirSync(`${lastGoodFile}.${process.pid}-0`) // the new one cannot be written
    await publish(allowing('write'), 2)
    expect(await live()).toBe(2)
    expect(JSON.parse(readFileSync(lastGoodFile, 'utf8'))).toEqual(signed(allowing('read'), 1))
  })
})
