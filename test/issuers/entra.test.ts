// Microsoft Entra: one template, and the tenants that are trusted, each an issuer of its own with the same keys.
import { createVerifier, type VerifierOptions } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { type AnyVerifier, createSigner, encode, now, verdict } from '../fixtures/signer.js'
import { createWeb, type Web } from '../fixtures/web.js'
import { client, entra, type TokenShape } from './token-shapes.js'

const signer = createSigner('RS256')
const [ours, partner, stranger] = ['aaaabbbb-0000', 'bbbbcccc-1111', 'ccccdddd-2222'] as const

const tokenOf = ({ header, claims }: TokenShape): string =>
  signer.signSegments(encode({ alg: 'RS256', kid: 'key-1', ...header }), encode(claims))

const key = { ...signer.publicJwk, use: 'sig', x5t: 'thumb', x5c: ['MIIC'], issuer: entra.issuer }

function microsoft(): Web {
  const documents = [ours, partner, stranger].flatMap((tenant) => [
    [
      `${entra.issuerOf(tenant)}/.well-known/openid-configuration`,
      { issuer: entra.issuerOf(tenant), jwks_uri: entra.jwksUriOf(tenant), tenant_region_scope: 'EU' },
    ],
    [entra.jwksUriOf(tenant), { keys: [key] }],
  ])
  return createWeb(Object.fromEntries(documents))
}

function protect(changed: object = {}): AnyVerifier {
  const { issuer, audience } = entra
  const { fetch } = microsoft()
  const options = { issuer, tenants: [ours, partner], audience, profile: 'entra', fetch, clock: () => now, ...changed }
  return createVerifier(options as VerifierOptions) as AnyVerifier
}

describe('entra', () => {
  it.each(Object.entries(entra.accessTokens(ours)))('accepts an access token %s', async (_, shape) => {
    expect(await verdict(protect(), tokenOf(shape))).toBe('accepted')
  })

  it('reads who it is for, and what was granted', async () => {
    const { 'of a user': user, 'of a machine': machine } = entra.accessTokens(partner)
    const verifier = protect()
    expect(await verifier.verifyToken(tokenOf(user as TokenShape))).toMatchObject({
      issuer: entra.issuerOf(partner),
      clientId: client,
      scopes: ['orders.read', 'user.read'],
      roles: [],
    })
    expect(await verifier.verifyToken(tokenOf(machine as TokenShape))).toMatchObject({
      clientId: client,
      scopes: [],
      roles: ['Orders.Read.All'],
    })
  })

  it.each(Object.entries(entra.idTokens(ours)))(
    'refuses an ID token %s, even where its client is an audience of ours',
    async (_, shape) => {
      expect(await verdict(protect({ audience: [entra.audience, client] }), tokenOf(shape))).toBe('token_type_rejected')
    },
  )

  it('does not trust a tenant that is not listed, and asks nobody about it', async () => {
    const web = microsoft()
    const token = tokenOf(entra.accessTokens(stranger)['of a user'] as TokenShape)
    expect(await verdict(protect({ fetch: web.fetch }), token)).toBe('issuer_untrusted')
    expect(web.asked.filter((url) => url.includes(stranger))).toEqual([])
  })

  it.each(['{tenant}', '{tenantid}', 'common', 'organizations', ''])('does not trust the tenant %j', async (tenant) => {
    const { header, claims } = entra.accessTokens(ours)['of a user'] as TokenShape
    const token = tokenOf({ header, claims: { ...claims, iss: entra.issuerOf(tenant) } })
    expect(await verdict(protect(), token)).toBe('issuer_untrusted')
  })

  it('trusts each tenant by its own metadata: that of `common` names no tenant and is not used', async () => {
    const token = tokenOf(entra.accessTokens(ours)['of a user'] as TokenShape)
    const discoveryUrl = 'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration'
    const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0'
    const { fetch } = createWeb({ [discoveryUrl]: { issuer, jwks_uri: entra.jwksUriOf('common') } })
    expect(await verdict(protect({ discoveryUrl, fetch }), token)).toBe('keys_unavailable')
  })

  it('takes its keys from a `jwksUri` with a place for the tenant, too', async () => {
    const token = tokenOf(entra.accessTokens(partner)['of a user'] as TokenShape)
    const web = microsoft()
    const jwksUri = 'https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys'
    expect(await verdict(protect({ jwksUri, fetch: web.fetch }), token)).toBe('accepted')
    expect(new Set(web.asked)).toEqual(new Set([entra.jwksUriOf(ours), entra.jwksUriOf(partner)]))
  })
})
