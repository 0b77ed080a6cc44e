// The well-known issuers that do not set `at+jwt`: their access tokens pass, their ID tokens do not, whoever they are for.
import { createVerifier, type VerifierOptions } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { type AnyVerifier, createSigner, encode, now, verdict } from '../fixtures/signer.js'
import { createWeb } from '../fixtures/web.js'
import { client, type TokenShape, type WellKnownIssuer, wellKnownIssuers } from './token-shapes.js'

const signer = createSigner('RS256')

const tokenOf = ({ header, claims }: TokenShape): string =>
  signer.signSegments(encode({ alg: 'RS256', kid: 'key-1', ...header }), encode(claims))

/** A verifier that trusts an issuer by its name and its profile alone, and finds its keys by discovery. */
function protect({ issuer, audience, jwksUri, profile }: WellKnownIssuer, changed: object = {}): AnyVerifier {
  const { fetch } = createWeb({
    [`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`]: { issuer, jwks_uri: jwksUri },
    [jwksUri]: { keys: [{ ...signer.publicJwk, alg: 'RS256', use: 'sig', x5c: ['MIIC'], x5t: 'thumb' }] },
  })
  const options = { issuer, audience, profile, fetch, clock: () => now, ...changed }
  return createVerifier(options as VerifierOptions) as AnyVerifier
}

describe.each(wellKnownIssuers.map((issuer) => [issuer.profile, issuer] as const))('%s', (_, wellKnown) => {
  const accessTokens = Object.entries(wellKnown.accessTokens)
  const idTokens = Object.entries(wellKnown.idTokens)

  it.each(accessTokens)('accepts an access token %s', async (_, shape) => {
    expect(await verdict(protect(wellKnown), tokenOf(shape))).toBe('accepted')
  })

  it('reads who it is for, and what was granted', async () => {
    const [[, shape] = []] = accessTokens
    expect(await protect(wellKnown).verifyToken(tokenOf(shape as TokenShape))).toMatchObject(wellKnown.principal)
  })

  it.each(idTokens)('refuses an ID token %s, even where its client is an audience of ours', async (_, shape) => {
    const audience = [wellKnown.audience, client]
    expect(await verdict(protect(wellKnown, { audience }), tokenOf(shape))).toBe('token_type_rejected')
  })

  it('refuses its ID tokens as plain JWTs, too', async () => {
    for (const [, shape] of idTokens) {
      const plain = protect(wellKnown, { audience: client, profile: 'jwt' })
      expect(await verdict(plain, tokenOf(shape))).toBe('token_type_rejected')
    }
  })

  it('is for those that need it: by default only at+jwt passes', async () => {
    for (const [, shape] of [...accessTokens, ...idTokens]) {
      const isTyped = shape.header['typ'] === 'at+jwt'
      const code = await verdict(protect(wellKnown, { profile: undefined }), tokenOf(shape))
      expect(code).toBe(isTyped ? 'accepted' : 'token_type_rejected')
    }
  })

  it('asks for our audience all the same', async () => {
    for (const [, shape] of accessTokens) {
      const other = protect(wellKnown, { audience: 'https://other.example.com' })
      expect(await verdict(other, tokenOf(shape))).toBe('audience_mismatch')
    }
  })
})
