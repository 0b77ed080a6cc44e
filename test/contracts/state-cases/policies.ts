import { expect, it } from 'vitest'
import type { StateWorld } from '../state-target.js'

const first = { head: 'eyJhIjoxfQ.e30.c2ln', text: 'policies: {}' }
const second = { head: 'eyJhIjoyfQ.e30.c2ln', text: 'policies: { a: {} }' }

/** Documents of policies, as they were published: nothing of them is believed here. */
export function policyCases(world: StateWorld): void {
  it('are there for everybody once they were published', async () => {
    const { state, another, open } = await world.nodes()
    expect(await state.policies.latest('api')).toBeUndefined()
    expect(await state.policies.publish('api', first, undefined)).toBe(true)
    for (const node of [state, another, await open()]) expect(await node.policies.latest('api')).toMatchObject(first)
    expect(await another.policies.latest('Api')).toBeUndefined()
  })

  it('take the place of what their publisher has seen, and of nothing else', async () => {
    const { state, another } = await world.nodes()
    await state.policies.publish('api', first, undefined)
    expect(await another.policies.publish('api', second, undefined)).toBe(false)
    expect(await another.policies.latest('api')).toMatchObject(first)
    const seen = await another.policies.latest('api')
    expect(await another.policies.publish('api', second, seen)).toBe(true)
    expect(await state.policies.publish('api', { ...second, text: 'x' }, seen)).toBe(false)
    expect(await state.policies.latest('api')).toMatchObject(second)
  })

  it('are published by one of many that do it at once', async () => {
    const { state, another } = await world.nodes()
    const heads = Array.from({ length: 20 }, (_, i) => ({ head: `eyJhIjoxfQ.e30.${i}`, text: String(i) }))
    const results = await Promise.all(
      heads.map((each, i) => (i % 2 ? state : another).policies.publish('api', each, undefined)),
    )
    expect(results.filter((isPublished) => isPublished)).toHaveLength(1)
    expect(await state.policies.latest('api')).toMatchObject(heads[results.indexOf(true)] ?? {})
  })

  it('may be large, and any text', async () => {
    const { state, another } = await world.nodes()
    const large = { head: first.head, text: `# ü\u{1f511}\r\n\t"'\0\n${'x'.repeat(200_000)}` }
    await state.policies.publish('api', large, undefined)
    expect(await another.policies.latest('api')).toMatchObject(large)
  })

  it('are told of to everybody who listens to their name, until they end it', async () => {
    const { state, another } = await world.nodes()
    const heard: string[] = []
    const forget = another.policies.onPublished('api', () => void heard.push('api'))
    another.policies.onPublished('other', () => void heard.push('other'))
    const before = heard.length // once at first, where something may have been missed
    await state.policies.publish('api', first, undefined)
    await expect.poll(() => heard.slice(before)).toContain('api')
    forget()
    await state.policies.publish('other', first, undefined)
    await expect.poll(() => heard.at(-1)).toBe('other')
    const calls = heard.length
    await state.policies.publish('api', second, await state.policies.latest('api'))
    await state.policies.publish('other', second, await state.policies.latest('other'))
    await expect.poll(() => heard.length).toBeGreaterThan(calls)
    expect(heard.slice(calls)).not.toContain('api')
  })
}
