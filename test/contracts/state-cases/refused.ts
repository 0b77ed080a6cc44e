import { ConfigurationError, type Revocation, type RevocationOptions } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { now, ours, type StateWorld, token } from '../state-target.js'

const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

/** What is no revocation is none for any state, in the same words. */
export function refusedCases(world: StateWorld): void {
  describe('what is no revocation', () => {
    const nodes = world.sharedNodes()
    const huge = 'x'.repeat(1_025)

    it.each<[unknown, RegExp]>([
      [undefined, /object/],
      [null, /object/],
      ['token-1', /object/],
      [{}, /`issuer`/],
      [[], /`issuer`/],
      [{ before: now }, /`issuer`/],
      [{ jti: '' }, /`jti`/],
      [{ jti: 7 }, /`jti`/],
      [{ jti: null }, /`jti`/],
      [{ jti: huge }, /`jti`.+1024/],
      [{ session: ['s'] }, /`session`/],
      [{ keyId: '' }, /`keyId`/],
      [{ subject: {} }, /`subject`/],
      [{ subject: huge }, /`subject`/],
      [{ client: true }, /`client`/],
      [{ issuer: '' }, /`issuer`/],
      [{ issuer: huge }, /`issuer`/],
      [{ jti: 'a', issuer: null }, /`issuer`/],
      [{ jti: 'a', issuer: '' }, /`issuer`/],
      [{ jti: 'a', subject: 'b' }, /one of `jti`, `session`, `keyId`, `subject`, `client`/],
      [{ session: 'a', client: 'b', issuer: ours }, /one of/],
      [{ jti: 'a', keyId: 'b' }, /one of/],
      [{ jti: 'a', before: now }, /`before`/],
      [{ session: 'a', before: now }, /`before`/],
      [{ keyId: 'a', before: now }, /`before`/],
      [{ subject: 'a', before: Number.NaN }, /`before`/],
      [{ subject: 'a', before: Number.POSITIVE_INFINITY }, /`before`/],
      [{ subject: 'a', before: '1767225600' }, /`before`/],
      [{ subject: 'a', before: new Date() }, /`before`/],
      [{ subject: 'a', before: null }, /`before`/],
      [{ subject: 'a', before: now * 1_000 }, /`before`.+seconds/], // milliseconds would lock out for good
      [{ issuer: ours, before: Number.NaN }, /`before`/],
      [{ sub: 'ann' }, /`sub`/],
      [{ sesion: 's' }, /`sesion`; did you mean `session`/],
      [{ subject: 'ann', befor: now }, /`befor`; did you mean `before`/],
      // As a program writes it that has found no `jti` in a token: everything of the issuer would go.
      [{ jti: undefined, issuer: ours }, /of a revocation/],
      [{ session: undefined, issuer: ours }, /of a revocation/],
      [{ keyId: undefined, issuer: ours }, /of a revocation/],
      [{ subject: undefined, issuer: ours }, /of a revocation/],
      [{ client: undefined, issuer: ours }, /of a revocation/],
    ])('is refused, and nothing is revoked: %j', async (revocation, message) => {
      const { state, another } = nodes()
      await expect(state.revoke(revocation as Revocation)).rejects.toThrow(refused(message))
      expect([state, another].map((node) => node.isRevoked(token()))).toEqual([false, false])
    })

    it.each<[unknown, RegExp]>([
      [null, /named/],
      [now, /named/],
      [{ until: Number.NaN }, /`until`/],
      [{ until: Number.POSITIVE_INFINITY }, /`until`/],
      [{ until: null }, /`until`/],
      [{ until: now * 1_000 }, /`until`.+seconds/],
      [{ untill: now }, /`untill`; did you mean `until`/],
    ])('is refused with options %j', async (options, message) => {
      const { state } = nodes()
      await expect(state.revoke({ jti: 'token-1' }, options as RevocationOptions)).rejects.toThrow(refused(message))
      expect(state.isRevoked(token())).toBe(false)
    })
  })
}
