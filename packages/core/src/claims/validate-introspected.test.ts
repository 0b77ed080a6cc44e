// What an issuer has answered about an active token: a good answer, spoiled in one place.
import { describe, expect, it } from 'vitest'
import type { ActiveClaims } from '../decision.js'
import type { JsonObject } from '../jose/strict-json.js'
import { type TokenProfileName, tokenProfiles } from './token-profile.js'
import { validateIntrospected } from './validate-introspected.js'

const now = 1_800_000_000
const issuer = 'https://idp.example.com'
const audience = 'https://api.example.com'
const good = {
  active: true,
  iss: issuer,
  aud: audience,
  exp: now + 600,
  iat: now - 60,
  sub: 'ann',
  client_id: 'app',
  scope: 'read:orders',
  token_type: 'Bearer',
}

interface Rules {
  readonly profile?: TokenProfileName
  readonly allowsMissingAudience?: boolean
  readonly requiredClaims?: readonly string[]
}

function judge(members: object = {}, { profile: name = 'rfc9068', ...given }: Rules = {}) {
  const profile = tokenProfiles.get(name)
  if (profile === undefined) throw new Error('no such profile')
  const rules = {
    issuer,
    audiences: new Set([audience]),
    profile,
    requiredClaims: [],
    clockToleranceSeconds: 30,
    maxTokenAgeSeconds: undefined,
    maxTokenLifetimeSeconds: undefined,
    scopes: profile.scopes,
    roles: profile.roles,
    allowsMissingAudience: false,
    ...given,
  }
  const claims = Object.entries({ ...good, ...members }).filter(([, value]) => value !== undefined)
  return validateIntrospected(Object.fromEntries(claims) as JsonObject as ActiveClaims, rules, now)
}

function codeOf(members: object, rules: Rules = {}): string {
  try {
    judge(members, rules)
    return 'passes'
  } catch (error) {
    const { code, claim } = error as { code: string; claim: string }
    return `${code} ${claim}`
  }
}

describe('a good answer', () => {
  it('comes to the facts of a token', () => {
    const { accessToken, validity } = judge()
    expect(accessToken).toMatchObject({
      issuer,
      subject: 'ann',
      clientId: 'app',
      scopes: ['read:orders'],
      expiresAt: now + 600,
      confirmation: undefined,
      claims: good,
    })
    expect(accessToken.keyId).toBeUndefined()
    expect(validity).toEqual({ notBefore: now - 90, notAfter: now + 630 })
  })

  it('is for the audiences of ours that it names, or for all of them where it may name none', () => {
    const audiencesOf = (aud: unknown, rules?: Rules) => judge({ aud }, rules).accessToken.audiences
    expect(audiencesOf([audience, 'other'])).toEqual([audience])
    expect(audiencesOf(undefined, { allowsMissingAudience: true })).toEqual([audience])
    expect(audiencesOf([], { allowsMissingAudience: true })).toEqual([audience])
  })

  it('that does not name its issuer is of whom was asked', () => {
    const { claims } = judge({ iss: undefined }).accessToken
    expect(claims).toMatchObject({ iss: issuer, sub: 'ann' })
    expect(Object.isFrozen(claims)).toBe(true)
  })

  it.each([['rfc9068'], ['rfc9068-strict'], ['jwt'], ['keycloak'], ['okta'], ['auth0']] as const)(
    'need not look like a JWT of %s',
    (profile) => expect(codeOf({}, { profile })).toBe('passes'),
  )
})

describe('R-7662-3: an answer is judged like the claims of a JWT', () => {
  it.each([
    [{ iss: `${issuer}/` }, 'issuer_untrusted iss'],
    [{ iss: [issuer] }, 'claim_invalid iss'],
    [{ iss: null }, 'claim_invalid iss'],
    [{ aud: 'https://other.example.com' }, 'audience_mismatch aud'],
    [{ aud: [] }, 'audience_mismatch aud'],
    [{ aud: undefined }, 'claim_missing aud'],
    [{ aud: 7 }, 'claim_invalid aud'],
    [{ exp: now - 30 }, 'token_expired exp'],
    [{ exp: undefined }, 'claim_missing exp'],
    [{ exp: String(now) }, 'claim_invalid exp'],
    [{ nbf: now + 31 }, 'token_not_active nbf'],
    [{ iat: now + 31 }, 'token_not_active iat'],
    [{ sub: 7 }, 'claim_invalid sub'],
    [{ jti: '' }, 'claim_invalid jti'],
  ])('%j is refused', (members, refusal) => expect(codeOf(members)).toBe(refusal))

  it.each([
    [{ aud: ['other', audience] }],
    [{ exp: now - 29 }],
    [{ nbf: now + 30 }],
    [{ iat: undefined }],
    [{ sub: undefined }],
  ])('%j passes', (members) => expect(codeOf(members)).toBe('passes'))

  it('the claims that the options require must be there', () => {
    expect(codeOf({}, { requiredClaims: ['tenant'] })).toBe('claim_missing tenant')
    expect(codeOf({ act: 'app' })).toBe('claim_invalid act')
    expect(codeOf({ authorization_details: [{}] })).toBe('claim_invalid authorization_details')
    expect(codeOf({ tenant: 't' }, { requiredClaims: ['tenant'] })).toBe('passes')
  })
})

describe('RFC 7662 §2.2: another kind of token', () => {
  it.each([
    [{ token_type: 'Refresh' }, 'token_type_rejected token_type'],
    [{ token_type: 'N_A' }, 'token_type_rejected token_type'],
    [{ token_type: 7 }, 'token_type_rejected token_type'],
    [{ token_use: 'refresh_token' }, 'token_type_rejected token_use'],
    [{ token_use: 'id' }, 'token_type_rejected token_use'],
    [{ at_hash: 'x' }, 'token_type_rejected at_hash'],
    [{ c_hash: 'x' }, 'token_type_rejected c_hash'],
    [{ s_hash: 'x' }, 'token_type_rejected s_hash'],
    [{ events: {} }, 'token_type_rejected events'],
  ])('%j is refused', (members, refusal) => expect(codeOf(members)).toBe(refusal))

  it.each([[{ token_type: 'bearer' }], [{ token_type: undefined }], [{ token_use: 'access_token' }], [{ nonce: 'n' }]])(
    '%j passes',
    (members) => expect(codeOf(members)).toBe('passes'),
  )

  it('a nonce is refused where the profile says so', () =>
    expect(codeOf({ nonce: 'n' }, { profile: 'jwt' })).toBe('token_type_rejected nonce'))
})

describe('where a missing audience is allowed', () => {
  const rules = { allowsMissingAudience: true }

  it.each([[{ aud: undefined }], [{ aud: [] }]])('%j passes', (members) => {
    expect(codeOf(members, rules)).toBe('passes')
    expect(codeOf(members)).not.toBe('passes')
  })

  it('one that names others is refused', () => expect(codeOf({ aud: ['other'] }, rules)).toBe('audience_mismatch aud'))

  it('an answer that says neither audience nor type could be about a refresh token', () =>
    expect(codeOf({ aud: undefined, token_type: undefined }, rules)).toBe('claim_missing token_type'))
})

describe('R-9449-17: `token_type` and `cnf` say the same', () => {
  it.each([
    [{ cnf: { jkt: 'k' } }, 'claim_invalid token_type'],
    [{ token_type: 'DPoP' }, 'binding_missing cnf'],
    [{ token_type: 'DPoP', cnf: { 'x5t#S256': 'c' } }, 'binding_missing cnf'],
  ])('%j is refused', (members, refusal) => expect(codeOf(members)).toBe(refusal))

  it.each([
    [{ token_type: 'DPoP', cnf: { jkt: 'k' } }],
    [{ token_type: undefined, cnf: { jkt: 'k' } }],
    [{ cnf: { 'x5t#S256': 'c' } }],
  ])('%j goes on to whoever asks for the proof', (members) =>
    expect(judge(members).accessToken.confirmation).toEqual(members.cnf),
  )
})

describe('an answer of an issuer with ways of its own', () => {
  it.each([undefined, 'access', 'access_token'])('may call the use of an access token %j', (token_use) => {
    expect(codeOf({ token_use })).toBe('passes')
  })

  it('is addressed as soon as one of its audience claims is there', () => {
    const rules = { profile: 'cognito', allowsMissingAudience: true } as const
    expect(codeOf({ aud: undefined, client_id: undefined }, rules)).toBe('passes')
    expect(codeOf({ aud: undefined, client_id: 'other' }, rules)).toBe('audience_mismatch client_id')
    expect(codeOf({ aud: undefined, client_id: audience }, rules)).toBe('passes')
  })
})
