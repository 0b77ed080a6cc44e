import { describe, expect, it } from 'vitest'
import { type StateWorld, token } from '../state-target.js'
import { revokedBy } from './revocations.js'

/** Who wants to know of revocations. */
export function listenerCases(world: StateWorld): void {
  describe('listeners', () => {
    it('are called after a revocation, which holds by then, here and elsewhere', async () => {
      const { state, another } = await world.nodes()
      const heard: boolean[][] = [[], []]
      for (const [i, node] of [state, another].entries())
        node.onRevoked(() => void heard[i]?.push(node.isRevoked(token())))
      await state.revoke({ jti: 'token-1' })
      expect(heard[0]).toEqual([true])
      await expect.poll(() => heard[1]).toEqual([true])
    })

    it('are not called for what was refused', async () => {
      const { state } = await world.nodes()
      let calls = 0
      state.onRevoked(() => void calls++)
      await expect(state.revoke({} as never)).rejects.toThrow()
      expect(calls).toBe(0)
    })

    it('are called until they end it, each by itself', async () => {
      const { state, another } = await world.nodes()
      let calls = 0
      const listener = (): void => void calls++
      const [first, second] = [another.onRevoked(listener), another.onRevoked(listener)]
      first()
      first()
      await state.revoke({ jti: 'token-1' })
      await expect.poll(() => calls).toBe(1)
      second()
      await state.revoke({ jti: 'token-2' })
      await revokedBy(another, token({ jti: 'token-2' }))
      expect(calls).toBe(1)
    })

    it('that listen anew while they are called are not called again for it', async () => {
      const { state } = await world.nodes()
      let calls = 0
      const listenAnew = (): void => {
        calls += 1
        state.onRevoked(listenAnew)
      }
      state.onRevoked(listenAnew)
      await state.revoke({ jti: 'a' })
      expect(calls).toBe(1)
    })
  })
}
