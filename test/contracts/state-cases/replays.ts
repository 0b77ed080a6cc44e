import { expect, it } from 'vitest'
import { foreign, now, ours, type StateWorld } from '../state-target.js'

const proof = { kind: 'dpop', by: 'a thumbprint', at: 'api.example.com', id: 'proof-1' }
const until = now + 300

/** What may be used once may be used once, wherever. */
export function replayCases(world: StateWorld): void {
  it('are first once, here and elsewhere', async () => {
    const { state, another, open } = await world.nodes()
    expect(await state.replays.useOnce(proof, until)).toBe(true)
    for (const node of [state, another, await open(), state])
      expect(await node.replays.useOnce(proof, until)).toBe(false)
  })

  it('are first once when fifty come at once, from two nodes', async () => {
    const { state, another } = await world.nodes()
    const uses = Array.from({ length: 50 }, (_, i) => (i % 2 ? state : another).replays.useOnce(proof, until))
    expect((await Promise.all(uses)).filter((isFirst) => isFirst)).toHaveLength(1)
  })

  it('are told apart by everything that names them', async () => {
    const { state, another } = await world.nodes()
    const others = [
      { ...proof, kind: 'assertion' },
      { ...proof, by: ours },
      { ...proof, at: 'other.example.com' },
      { ...proof, at: '' },
      { ...proof, id: 'proof-2' },
      { ...proof, id: 'Proof-1' },
      { ...proof, by: `${proof.by}${proof.at}`, at: '' },
      { kind: 'a', by: 'bc', at: 'd', id: 'e' },
      { kind: 'ab', by: 'c', at: 'd', id: 'e' },
      { kind: 'a', by: 'b', at: 'cd', id: 'e' },
    ]
    expect(await state.replays.useOnce(proof, until)).toBe(true)
    for (const other of others) expect(await another.replays.useOnce(other, until), JSON.stringify(other)).toBe(true)
    for (const other of others) expect(await state.replays.useOnce(other, until), JSON.stringify(other)).toBe(false)
  })

  it('for nobody in particular are the same as for an empty name', async () => {
    const { state, another } = await world.nodes()
    const { at: _, ...nowhere } = proof
    expect(await state.replays.useOnce(nowhere, until)).toBe(true)
    expect(await another.replays.useOnce({ ...nowhere, at: '' }, until)).toBe(false)
  })

  it('are remembered to their last second', async () => {
    const { state, another, clock } = await world.nodes()
    expect(await state.replays.useOnce(proof, until)).toBe(true)
    clock.set(until - 1)
    expect(await another.replays.useOnce(proof, until)).toBe(false)
    expect(await state.replays.useOnce(proof, until)).toBe(false)
  })

  it('may have names of any length and any characters', async () => {
    const { state, another } = await world.nodes()
    const huge = { kind: 'logout', by: foreign, id: 'x'.repeat(100_000) }
    for (const use of [huge, { ...huge, id: `${huge.id.slice(1)}y` }, { ...huge, id: '' }, { ...huge, id: '\0{}:ü' }]) {
      expect(await state.replays.useOnce(use, until)).toBe(true)
      expect(await another.replays.useOnce(use, until)).toBe(false)
    }
  })

  it('are not first once their time is over, or where it is none', async () => {
    const { state, another } = await world.nodes()
    for (const past of [now, now - 1, 0, Number.NaN]) {
      for (const node of [state, another]) {
        const isFirst = await node.replays.useOnce(proof, past).catch(() => false)
        expect(isFirst, String(past)).toBe(false)
      }
    }
    expect(await another.replays.useOnce(proof, now + 1)).toBe(true)
  })
}
