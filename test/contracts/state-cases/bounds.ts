import { ConfigurationError } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { now, type StateWorld, token } from '../state-target.js'
import { revokedBy } from './revocations.js'

/** What is remembered is bounded, and what would be forgotten is refused. */
export function boundCases(world: StateWorld): void {
  describe('the bound', () => {
    it('refuses what does not fit, and revokes nothing away', async () => {
      const { state, another } = await world.nodes({ maxRevocations: 3 })
      await state.revoke({ jti: 'a' })
      await state.revoke({ subject: 'b' })
      await state.revoke({ session: 'c' }, { until: now + 60 })
      await expect(state.revoke({ jti: 'd' })).rejects.toThrow(ConfigurationError)
      await expect.poll(() => another.health().revocations).toBe(3)
      await expect(another.revoke({ jti: 'd' })).rejects.toThrow(ConfigurationError)
      for (const node of [state, another]) {
        await revokedBy(node, token({ jti: 'a' }))
        await revokedBy(node, token({ sub: 'b' }))
        await revokedBy(node, token({ sid: 'c' }))
        expect(node.isRevoked(token({ jti: 'd' }))).toBe(false)
        expect(node.health().revocations).toBe(3)
      }
    })
  })
}
