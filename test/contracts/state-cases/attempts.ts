import { expect, it } from 'vitest'
import type { StateWorld } from '../state-target.js'

/** Failures, counted here at once and for the others soon. */
export function attemptCases(world: StateWorld): void {
  it('are counted by name, at once', async () => {
    const { state } = await world.nodes()
    expect(state.attempts.count('address 192.0.2.1', 60)).toBe(0)
    for (let i = 0; i < 3; i++) state.attempts.add('address 192.0.2.1', 60)
    state.attempts.add('address 192.0.2.2', 60)
    expect(state.attempts.count('address 192.0.2.1', 60)).toBe(3)
    expect(state.attempts.count('address 192.0.2.2', 60)).toBe(1)
    expect(state.attempts.count('address 192.0.2.3', 60)).toBe(0)
  })

  it('are known to the others before long', async () => {
    const { state, another } = await world.nodes()
    for (let i = 0; i < 3; i++) state.attempts.add('client app', 60)
    another.attempts.add('client app', 60)
    await expect.poll(() => another.attempts.count('client app', 60), { timeout: 5_000 }).toBe(4)
    if (world.target().isShared) state.attempts.add('client app', 60)
    else another.attempts.add('client app', 60)
    await expect.poll(() => state.attempts.count('client app', 60), { timeout: 5_000 }).toBe(5)
  })

  it('are no failures of late once their window and the next are over', async () => {
    const { state, clock } = await world.nodes()
    for (let i = 0; i < 10; i++) state.attempts.add('client app', 60)
    clock.advance(60)
    expect(state.attempts.count('client app', 60)).toBeLessThanOrEqual(10)
    clock.advance(60)
    expect(state.attempts.count('client app', 60)).toBe(0)
    state.attempts.add('client app', 60)
    expect(state.attempts.count('client app', 60)).toBe(1)
  })

  it('may have any name', async () => {
    const { state } = await world.nodes()
    for (const name of ['__proto__', '', 'x'.repeat(10_000), '\0{}:']) {
      expect(state.attempts.count(name, 60), name).toBe(0)
      state.attempts.add(name, 60)
      expect(state.attempts.count(name, 60), name).toBe(1)
    }
  })
}
