import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type AccessToken, type AccessTokenClaims, Principal } from './decision.js'

const claims = { iss: 'https://idp.example.com', exp: 1_767_225_900, sub: 'ann' }
const known = {
  claims,
  issuer: 'https://idp.example.com',
  subject: 'ann',
  clientId: 'app',
  scopes: ['read'],
  roles: ['admin'],
  expiresAt: 1_767_225_900,
  confirmation: undefined,
}
const accessToken: AccessToken<AccessTokenClaims> = {
  ...known,
  issuedClaims: claims,
  scopesAreKnown: true,
  rolesAreKnown: true,
}
const token = 'eyJhbGciOiJFUzI1NiJ9.the-payload.the-signature'
const principal = new Principal(accessToken, token)

describe('Principal', () => {
  it('is what the token came to, and the token', () => {
    expect(principal).toMatchObject(known)
    expect(principal.token).toBe(token)
  })

  it.each<[string, string]>([
    ['JSON.stringify', JSON.stringify(principal)],
    ['util.inspect', inspect(principal)],
    ['util.inspect of what is hidden', inspect(principal, { depth: null, showHidden: true })],
    ['util.inspect of getters', inspect(principal, { depth: null, getters: true })],
    ['String', String(principal)],
    ['a copy of its members', inspect({ ...principal })],
    ['its property names', JSON.stringify(Object.entries(principal))],
    ['structuredClone', inspect(structuredClone({ ...principal }))],
  ])('does not show its token to %s', (_, shown) => {
    expect(shown).not.toContain('the-')
  })
})
