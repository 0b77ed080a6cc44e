import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../../errors.js'
import type { PoliciesEvent } from '../../events.js'
import { isSatisfied, policyFacts } from '../evaluate.js'
import type { PolicySource } from '../policy-set.js'
import { scope, use } from '../words.js'
import { LivePolicies } from './live-policies.js'
import { loadPolicies } from './policy-file.js'

const allowing = (name: string) => `version: 1\npolicies:\n  orders.read:\n    allow: { scope: ${name} }\n`
const read = allowing('read')
const write = allowing('write')
const broken = 'version: 1\npolicies:\n  orders.read:\n    allow: { scpoe: read }\n'

let events: PoliciesEvent[] = []
const listener = (event: unknown) => void events.push(event as PoliciesEvent)
beforeEach(() => {
  events = []
  subscribe('sallyport:policies', listener)
})
afterEach(() => void unsubscribe('sallyport:policies', listener))

const factsWith = (granted: string, { current }: PolicySource) =>
  policyFacts({ claims: { scope: granted }, now: 0, policies: current })
const passes = (granted: string, source: PolicySource) => isSatisfied(use('orders.read'), factsWith(granted, source))

/** One decision by a named policy, as a verifier makes it. */
const decide = (granted: string, live: LivePolicies) => live.observe(use('orders.read'), factsWith(granted, live))

describe('a new document', () => {
  it('takes over at once, as a whole', () => {
    const live = new LivePolicies('p.yaml', read)
    const before = live.current
    expect(live.offer(write)).toBe('loaded')
    expect([passes('write', live), passes('read', live)]).toEqual([true, false])
    expect([passes('write', before), passes('read', before)]).toEqual([false, true])
    expect(events).toEqual([{ source: 'p.yaml', outcome: 'loaded' }])
  })

  it('that is the same is nothing new', () => {
    const live = new LivePolicies('p.yaml', read)
    const before = live.current
    expect(live.offer(read)).toBe('unchanged')
    expect(live.current).toBe(before)
    expect(events).toEqual([])
  })

  it.each([
    ['an unknown operator', broken, 'p.yaml:4:14: unknown operator `scpoe`; did you mean scope?'],
    ['half a file', write.slice(0, -9), 'p.yaml:4:'],
    ['an empty file', '', 'p.yaml:1:1: '],
    ['a use that is not there', write.replace('{ scope: write }', '{ use: orders }'), 'no policy is named orders'],
    [
      'a policy that denies everybody',
      write.replace('{ scope: write }', '{ allOf: [{ claim: a, equals: x }, { claim: a, equals: y }] }'),
      'nobody can pass',
    ],
    ['a forbid that locks out', `${write}    forbid: [{ claim: suspended, equals: true }]\n`, 'orElse'],
    [
      'a test of its own that fails',
      `${write}tests:\n  policy: orders.read\n  cases:\n    - { name: reader, claims: { scope: read }, expect: allow }\n`,
      'reader: expected allow, got deny',
    ],
    ['a test table that is none', `${write}tests:\n  policy: orders.read\n  cases: []\n`, '`cases`'],
    ['a word outside its own vocabulary', `scopes: [read]\n${write}`, 'write'],
  ])('that is not good leaves the policies in force: %s', (_, text, reason) => {
    const live = new LivePolicies('p.yaml', read)
    const before = live.current
    expect(live.offer(text)).toBe('refused')
    expect(live.current).toBe(before)
    expect(events).toEqual([{ source: 'p.yaml', outcome: 'refused', reason: expect.stringContaining(reason) }])
    expect(() => new LivePolicies('p.yaml', text)).toThrow(ConfigurationError)
  })

  it('that passes its own tests takes over', () => {
    const tests =
      'tests:\n  policy: orders.read\n  cases:\n    - { name: writer, claims: { scope: write }, expect: allow }\n'
    expect(new LivePolicies('p.yaml', read).offer(write + tests)).toBe('loaded')
  })

  it('is told of once while it stays bad, and takes over once it is mended', () => {
    const live = new LivePolicies('p.yaml', read)
    expect([live.offer(broken), live.offer(broken), live.offer(write)]).toEqual(['refused', 'unchanged', 'loaded'])
    expect(events.map(({ outcome }) => outcome)).toEqual(['refused', 'loaded'])
  })

  it('on which the loader itself breaks leaves the policies in force', () => {
    const live = new LivePolicies('p.yaml', read)
    vi.spyOn(Buffer, 'byteLength').mockImplementationOnce(() => {
      throw new RangeError('out of memory')
    })
    expect(live.offer(write)).toBe('refused')
    expect(passes('read', live)).toBe(true)
    expect(events).toEqual([{ source: 'p.yaml', outcome: 'refused', reason: 'p.yaml: RangeError: out of memory' }])
  })

  it('that lacks a policy which routes have asked for is refused', () => {
    const renamed = read.replace('orders.read', 'orders.list')
    const live = new LivePolicies('p.yaml', read)
    decide('read', live)
    expect(live.offer(renamed)).toBe('refused')
    expect(events[0]?.reason).toContain('orders.read')
    expect(new LivePolicies('p.yaml', read).offer(renamed)).toBe('loaded')
  })
})

describe('in the shadow', () => {
  const shadowed = (shadow: { decisions: number; maxDisagreements?: number }) => {
    const live = new LivePolicies('p.yaml', read, shadow)
    expect(live.offer(write)).toBe('shadowed')
    return live
  }

  it('a new document decides nothing, and what it would change is counted', () => {
    const live = shadowed({ decisions: 4 })
    for (const granted of ['read', 'write', 'read write']) decide(granted, live)
    expect(live.shadow).toEqual({ decisions: 3, opened: 1, closed: 1 })
    expect([passes('write', live), passes('read', live)]).toEqual([false, true])
    expect(events.map(({ outcome }) => outcome)).toEqual(['shadowed', 'disagreed', 'disagreed'])
    expect(events[1]?.reason).toBe('use orders.read: allowed now, denied by the new policies')
  })

  it('it takes over after so many decisions, not one before', () => {
    const live = shadowed({ decisions: 2 })
    decide('read write', live)
    expect(passes('write', live)).toBe(false)
    decide('read write', live)
    expect([passes('write', live), live.shadow]).toEqual([true, undefined])
    expect(events.at(-1)).toEqual({ source: 'p.yaml', outcome: 'loaded' })
  })

  it('it is refused with one disagreement too many', () => {
    const live = shadowed({ decisions: 3, maxDisagreements: 1 })
    decide('read', live)
    expect(live.shadow).toEqual({ decisions: 1, opened: 0, closed: 1 })
    decide('write', live)
    expect(live.shadow).toBeUndefined()
    decide('read write', live)
    expect(passes('read', live)).toBe(true)
    expect(events.at(-1)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('1 opened, 1 closed') })
  })

  it('a decision that asks no named policy says nothing about it', () => {
    const live = shadowed({ decisions: 1 })
    live.observe(scope('read'), factsWith('read', live))
    expect(live.shadow).toEqual({ decisions: 0, opened: 0, closed: 0 })
  })

  it('a bad document ends the trial of the one before', () => {
    const live = shadowed({ decisions: 1 })
    expect(live.offer(broken)).toBe('refused')
    decide('write', live)
    expect(passes('write', live)).toBe(false)
  })

  it.each([{ decisions: 0 }, { decisions: 1.5 }, { decisions: 1, maxDisagreements: -1 }, {}])(
    '%j is no trial',
    (shadow) => {
      expect(() => new LivePolicies('p.yaml', read, shadow as never)).toThrow('`shadow`')
    },
  )
})

describe('loadPolicies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-policies-'))
  const path = join(folder, 'policies.yaml')
  afterAll(() => rmSync(folder, { recursive: true }))
  beforeEach(() => writeFileSync(path, read))

  it('follows the file, also when it is replaced by renaming', async () => {
    const policies = loadPolicies(path, { reloadSeconds: 0 })
    expect(await policies.reload()).toBe('unchanged')
    writeFileSync(`${path}.new`, write)
    renameSync(`${path}.new`, path)
    expect(await policies.reload()).toBe('loaded')
    expect(passes('write', policies)).toBe(true)
  })

  it('keeps what is in force while the file is gone, broken or far too large', async () => {
    const policies = loadPolicies(path, { reloadSeconds: 0 })
    for (const spoil of [
      () => unlinkSync(path),
      () => writeFileSync(path, broken),
      () => writeFileSync(path, '#'.repeat(300_000)),
      () => writeFileSync(path, '#'.repeat(2_000_000)),
    ]) {
      spoil()
      expect(await policies.reload()).toBe('refused')
      expect(passes('read', policies)).toBe(true)
    }
    expect(events.map(({ reason }) => reason?.replaceAll(path, 'p'))).toEqual([
      'p: it cannot be read (ENOENT)',
      'p:4:14: unknown operator `scpoe`; did you mean scope?',
      expect.stringContaining('256 KiB'),
      expect.stringContaining('far too large'),
    ])
    writeFileSync(path, write)
    expect(await policies.reload()).toBe('loaded')
  })

  it('says once that the file is gone', async () => {
    const policies = loadPolicies(path, { reloadSeconds: 0 })
    unlinkSync(path)
    await policies.reload()
    await policies.reload()
    expect(events).toHaveLength(1)
  })

  it('reads once for many who ask at the same moment', async () => {
    const policies = loadPolicies(path, { reloadSeconds: 0 })
    writeFileSync(path, write)
    expect(await Promise.all([policies.reload(), policies.reload(), policies.reload()])).toEqual([
      'loaded',
      'loaded',
      'loaded',
    ])
    expect(events).toHaveLength(1)
  })

  it('looks at the file by itself, until it is closed', async () => {
    const policies = loadPolicies(path, { reloadSeconds: 0.01 })
    writeFileSync(path, write)
    await expect.poll(() => passes('write', policies)).toBe(true)
    policies.close()
  })

  it('does not start with a file that is not there or not good', () => {
    expect(() => loadPolicies(join(folder, 'nowhere.yaml'))).toThrow(/nowhere\.yaml: it cannot be read \(ENOENT\)/)
    writeFileSync(path, broken)
    expect(() => loadPolicies(path)).toThrow(/:4:14: unknown operator `scpoe`; did you mean scope\?/)
    expect(() => loadPolicies(folder)).toThrow('EISDIR')
  })

  it.each([{ reloadSecond: 1 }, { reloadSeconds: -1 }, { reloadSeconds: '5' }])('does not build with %j', (options) => {
    expect(() => loadPolicies(path, options as never)).toThrow(ConfigurationError)
  })
})
