import type { KeySetDocument, SharedFetchOptions } from '@sallyport/core'
import { expect, it } from 'vitest'
import { foreign, now, ours, type StateWorld } from '../state-target.js'

const source = { issuer: ours, location: '' }
const [one, two, three] = [1, 2, 3].map((kid) => `{"keys":[{"kid":"${kid}"}]}`) as [string, string, string]

/** Anything serves. */
const any: SharedFetchOptions = { serves: () => true, timeoutSeconds: 5, keepSeconds: 600 }
/** Only what was fetched after this. */
const newerThan = ({ fetchedAt }: KeySetDocument): SharedFetchOptions => ({
  ...any,
  serves: (document) => document.fetchedAt > fetchedAt,
})
const afresh: SharedFetchOptions = { ...any, serves: ({ fetchedAt }) => fetchedAt > now + 1_000_000 }

function document(text: string, fetchedAt: number = now): KeySetDocument {
  return { url: `${ours}/jwks`, text, etag: '"1"', fetchedAt, lifetimeSeconds: 600 }
}

const unasked = (): Promise<never> => Promise.reject(new Error('the issuer was asked'))

/** Key sets that one has fetched, and the others need not. */
export function keySetCases(world: StateWorld): void {
  it('are unknown until one was fetched, and then the same everywhere', async () => {
    const { state, another } = await world.nodes()
    expect(await state.keySets.latest(source)).toBeUndefined()
    const fetched = await state.keySets.fetchOnce(source, any, async () => document(one))
    expect(fetched).toMatchObject({ document: document(one), isOwn: true, isLater: true })
    for (const node of [state, another]) {
      expect(await node.keySets.latest(source)).toEqual(fetched.document)
      const served = await node.keySets.fetchOnce(source, any, unasked)
      expect(served).toEqual({ document: fetched.document, isOwn: false, isLater: false })
    }
  })

  it('are those of their issuer and their location', async () => {
    const { state, another } = await world.nodes()
    await state.keySets.fetchOnce(source, any, async () => document(one))
    for (const other of [
      { ...source, issuer: foreign },
      { ...source, location: `${ours}/jwks` },
      { issuer: '', location: ours },
    ])
      expect(await another.keySets.latest(other)).toBeUndefined()
  })

  it('are fetched once when two nodes want them at once, many times each', async () => {
    const { state, another } = await world.nodes()
    let fetches = 0
    const fetch = async (): Promise<KeySetDocument> => {
      fetches += 1
      await new Promise(setImmediate)
      return document(one)
    }
    const all = Array.from({ length: 40 }, (_, i) => (i % 2 ? state : another).keySets.fetchOnce(source, any, fetch))
    const brought = await Promise.all(all)
    expect(brought.map((each) => each.document?.text)).toEqual(brought.map(() => one))
    expect(fetches).toBe(1)
  })

  it('serve only where they do, and are fetched otherwise', async () => {
    const { state, another, clock } = await world.nodes()
    const held = document(one)
    await state.keySets.fetchOnce(source, any, async () => held)
    clock.advance(60)
    const next = document(two, clock())
    const own = await another.keySets.fetchOnce(source, newerThan(held), async () => next)
    expect(own).toMatchObject({ document: next, isOwn: true, isLater: true })
    expect(await state.keySets.fetchOnce(source, newerThan(held), unasked)).toMatchObject({
      document: next,
      isOwn: false,
    })
    expect(await state.keySets.latest(source)).toMatchObject(next)
  })

  it('have a greater serial the later they were asked for, whatever the clocks say', async () => {
    const { state, another, clock } = await world.nodes()
    const serials: unknown[] = []
    for (const [i, node] of [state, another, another, state].entries()) {
      clock.advance(-60)
      const fetched = await node.keySets.fetchOnce(source, afresh, async () => document(i % 2 ? one : two, clock()))
      serials.push(fetched.document?.serial)
    }
    expect(serials).toEqual([...serials].sort((a, b) => Number(a) - Number(b)))
    expect(new Set(serials).size).toBe(4)
  })

  it('whose fetch fails leave what is there, and the next one tries again', async () => {
    const { state, another, clock } = await world.nodes()
    const failure = new Error('the issuer is away')
    const failing = () => Promise.reject(failure)
    await expect(state.keySets.fetchOnce(source, any, failing)).rejects.toBe(failure)
    expect(await another.keySets.latest(source)).toBeUndefined()
    const held = document(one)
    expect(await another.keySets.fetchOnce(source, any, async () => held)).toMatchObject({ isOwn: true })
    clock.advance(60)
    await expect(state.keySets.fetchOnce(source, newerThan(held), failing)).rejects.toBe(failure)
    expect(await another.keySets.latest(source)).toMatchObject(held)
  })

  it('may be asked for again after a fetch that throws at once', async () => {
    const { state } = await world.nodes()
    const throwing = (): never => {
      throw new RangeError('at once')
    }
    for (let i = 0; i < 2; i++) await expect(state.keySets.fetchOnce(source, any, throwing)).rejects.toThrow(RangeError)
    expect(await state.keySets.fetchOnce(source, any, async () => document(one))).toMatchObject({ isOwn: true })
  })

  it('are told of where they are new, until somebody ends it', async () => {
    const { state, another } = await world.nodes()
    const heard: string[] = []
    const fetched = (text: string) => state.keySets.fetchOnce(source, afresh, async () => document(text))
    const keep = another.keySets.onChanged(source, () => void heard.push('kept'))
    const forget = another.keySets.onChanged(source, () => void heard.push('forgotten'))
    // They may be told once more than there are changes, at first: something may have been missed before they listened.
    for (const text of [one, two, three]) {
      heard.length = 0
      await fetched(text)
      await expect.poll(() => heard).toEqual(expect.arrayContaining(['kept', 'forgotten']))
    }
    forget()
    heard.length = 0
    await fetched(one)
    await expect.poll(() => heard).toContain('kept')
    keep()
    await fetched(two)
    await expect.poll(async () => (await another.keySets.latest(source))?.text).toBe(two)
    expect(heard).not.toContain('forgotten')
  })

  it('are fetched for an unknown key id by one of them, and by none soon after: the budget is one for all', async () => {
    const { state, another } = await world.nodes()
    const forUnknownKey = { ...afresh, isForUnknownKey: true }
    await state.keySets.fetchOnce(source, any, async () => document(one))
    const first = await state.keySets.fetchOnce(source, forUnknownKey, async () => document(one))
    expect(first).toMatchObject({ isOwn: true })
    const second = await another.keySets.fetchOnce(source, forUnknownKey, async () => document(one))
    // In one process each verifier has a budget of its own.
    if (!world.target().isShared) expect(second).toMatchObject({ isOwn: true })
    else {
      expect(second).toEqual({ document: undefined, waitSeconds: expect.any(Number) })
      expect((second as { waitSeconds: number }).waitSeconds).toBeGreaterThan(0)
    }
    const other = await another.keySets.fetchOnce({ ...source, issuer: foreign }, forUnknownKey, async () =>
      document(one),
    )
    expect(other).toMatchObject({ isOwn: true })
  })
}
