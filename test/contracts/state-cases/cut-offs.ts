import type { Revocation } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { now, ours, type StateWorld, token } from '../state-target.js'
import { revokedBy } from './revocations.js'

/** Up to when a token may have been issued to be revoked. */
export function cutOffCases(world: StateWorld): void {
  describe('a cut-off in time', () => {
    const rows: readonly [name: string, revocation: Revocation][] = [
      ['a subject', { subject: 'ann' }],
      ['a client', { client: 'app' }],
      ['an issuer', { issuer: ours }],
      ['a subject of one issuer', { subject: 'ann', issuer: ours }],
    ]

    it.each(rows)('%s is revoked up to `before`, and not a second later', async (_, revocation) => {
      const { state, another } = await world.nodes()
      await state.revoke({ ...revocation, before: now - 100 } as Revocation)
      await revokedBy(another, token({ iat: now - 100 }))
      for (const node of [state, another]) {
        expect(node.isRevoked(token({ iat: now - 101 }))).toBe(true)
        expect(node.isRevoked(token({ iat: now - 100 }))).toBe(true)
        expect(node.isRevoked(token({ iat: now - 99 }))).toBe(false)
      }
    })

    it.each(rows)('%s is revoked up to now where nothing is said', async (_, revocation) => {
      const { state, another } = await world.nodes()
      await state.revoke({ ...revocation, before: undefined } as never)
      await revokedBy(another, token({ iat: now }))
      expect([state, another].map((node) => node.isRevoked(token({ iat: now + 1 })))).toEqual([false, false])
    })

    it.each(rows)('%s: a token that does not say when it was issued is as old as can be', async (_, revocation) => {
      const { state, another } = await world.nodes()
      await state.revoke({ ...revocation, before: -1 } as Revocation)
      await revokedBy(another, token({ iat: undefined }))
      for (const node of [state, another]) {
        expect(node.isRevoked(token({ iat: 0 }))).toBe(false)
        expect(node.isRevoked(token({ iat: undefined }))).toBe(true)
        expect(node.isRevoked(token({ iat: String(now + 100) }))).toBe(true)
      }
    })

    it('is never too early, and at most a second late, where it or `iat` has a fraction', async () => {
      const { state, another } = await world.nodes()
      await state.revoke({ subject: 'ann', before: now - 0.5 })
      await revokedBy(another, token({ iat: now - 0.5 }))
      for (const node of [state, another]) {
        expect(node.isRevoked(token({ iat: now - 0.7 }))).toBe(true)
        expect(node.isRevoked(token({ iat: now + 0.6 }))).toBe(false)
      }
    })

    it('has no say in a token, a session or a key: these do not come back', async () => {
      const { state, another } = await world.nodes()
      const later = { iat: now + 86_400 }
      for (const revocation of [{ jti: 'token-1' }, { session: 'session-1' }, { keyId: 'key-1' }])
        await state.revoke(revocation)
      await revokedBy(another, token({ ...later, sid: 's', keyId: 'k' }))
      await revokedBy(another, token({ ...later, jti: 't', keyId: 'k' }))
      await revokedBy(another, token({ ...later, jti: 't', sid: 's' }))
      expect(another.isRevoked(token({ ...later, jti: 't', sid: 's', keyId: 'k' }))).toBe(false)
    })
  })
}
