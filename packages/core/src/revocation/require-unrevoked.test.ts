import { describe, expect, it } from 'vitest'
import type { TokenFacts } from '../policy/facts.js'
import { createMemoryState } from '../state/memory-state.js'
import { requireUnrevoked } from './require-unrevoked.js'

const token: TokenFacts = {
  issuedClaims: { jti: 'token-1', sub: 'ann', iat: 1 },
  issuer: 'https://idp.example.com',
  scopes: [],
  scopesAreKnown: true,
  roles: [],
  rolesAreKnown: true,
}

describe('RFC 7009 §2.1', () => {
  it('lets a token pass that nobody took back', async () => {
    const state = createMemoryState()
    await state.revoke({ jti: 'token-2' })
    expect(() => requireUnrevoked(token, state)).not.toThrow()
  })

  it('refuses a token that was revoked, and says nothing of it', async () => {
    const state = createMemoryState()
    await state.revoke({ jti: 'token-1' })
    expect(() => requireUnrevoked(token, state)).toThrow(
      expect.objectContaining({ code: 'token_revoked', message: 'the token was revoked' }),
    )
  })

  it('lets nobody pass where the state cannot tell', () => {
    const broken = {
      ...createMemoryState(),
      isRevoked: () => {
        throw new RangeError('gone')
      },
    }
    expect(() => requireUnrevoked(token, broken as never)).toThrow(RangeError)
  })
})
