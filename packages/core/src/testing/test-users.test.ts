import { decodeJwt, decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokenProfiles } from '../claims/token-profile.js'
import { policySet } from '../policy/policy-set.js'
import { policy, role, scope } from '../policy/words.js'
import { createVerifier } from '../verifier.js'
import type { VerifierOptions } from '../verifier-options.js'
import { createTestClock } from './test-clock.js'
import { createTestKey } from './test-keys.js'
import type { TestClaims, TestTokenOptions } from './test-token.js'
import { createTestUsers, type TestUsers } from './test-users.js'

const clock = createTestClock()
let users: TestUsers
beforeAll(async () => {
  users = await createTestUsers({ clock })
})

/** Nobody asks the issuers of an application under test. */
const fetch = () => Promise.reject(new Error('an issuer was asked'))
const base = { clock, fetch }

/** Who passes an application with these options, once it trusts the users; or the code of the refusal. */
async function outcome(
  options: object | undefined,
  claims: TestClaims = {},
  token: TestTokenOptions = {},
  asked = undefined as Parameters<ReturnType<typeof createVerifier>['verify']>[1],
) {
  const given = (options === undefined ? undefined : { ...base, ...options }) as VerifierOptions | undefined
  const verifier = createVerifier({ ...users.trust(given), clock } as VerifierOptions)
  const decision = await verifier.verify({ headers: await users.asUser(claims, token) }, asked)
  await verifier.close()
  return decision.allowed ? (decision.auth as { subject?: string } | undefined)?.subject : decision.code
}

const simple = { issuer: 'https://idp.example.com', audience: 'https://api.example.com' }

describe('a token of a test user', () => {
  it('is a good access token of an issuer that is nowhere', async () => {
    const { authorization } = await users.asUser({ sub: 'ann', tenant: 'acme' })
    const token = authorization.replace(/^Bearer /, '')
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({
      iss: 'urn:sallyport:test-users',
      aud: 'urn:sallyport:test-audience',
      sub: 'ann',
      tenant: 'acme',
      iat: clock(),
      exp: clock() + 300,
    })
  })

  it('is another one each time', async () => {
    const [one, other] = [await users.asUser(), await users.asUser()]
    expect(one.authorization).not.toBe(other.authorization)
  })
})

describe('an application that trusts test users', () => {
  it.each<[string, object | undefined]>([
    ['of one issuer', simple],
    ['of one with a key set elsewhere', { ...simple, jwksUri: 'https://idp.example.com/keys', algorithms: ['RS256'] }],
    ['of one found by its metadata', { ...simple, discoveryUrl: 'https://idp.example.com/metadata' }],
    ['of one with times for its keys', { ...simple, keyLifetimes: {} }],
    ['of a shared secret', { issuer: 'self', audience: 'api', secret: 'x'.repeat(64), algorithms: ['HS256'] }],
    ['of several', { issuers: [simple, { ...simple, issuer: 'https://other.example' }] }],
    ['of many tenants', { issuers: [{ ...simple, issuer: 'https://idp.example.com/{tenant}', tenants: ['a', 'b'] }] }],
    ['of the environment', undefined],
  ])('lets them in, and nobody else: %s', async (_, options) => {
    expect(await outcome(options, { sub: 'ann' })).toBe('ann')
    expect(await outcome(options, { sub: 'ann' }, { key: await createTestKey('ES256', 'test-users') })).toBe(
      'signature_invalid',
    )
    expect(await outcome(options, { iss: 'https://evil.example' })).toBe('issuer_untrusted')
    expect(await outcome(options, { aud: 'https://other-api.example' })).toBe('audience_mismatch')
    expect(await outcome(options, {}, { expiresInSeconds: -31 })).toBe('token_expired')
  })

  it.each<[string, object, string]>([
    ['its issuer', simple, simple.issuer],
    ['one of several', { issuers: [{ ...simple, issuer: 'https://a.example' }, simple] }, simple.issuer],
    [
      'a tenant',
      { issuers: [{ ...simple, issuer: 'https://idp.example.com/{tenant}', tenants: ['a', 'b'] }] },
      'https://idp.example.com/b',
    ],
  ])('lets them in as users of %s, when they say so', async (_, options, iss) => {
    expect(await outcome(options, { sub: 'ann', iss, aud: simple.audience })).toBe('ann')
    expect(await outcome(options, { sub: 'ann', iss })).toBe('audience_mismatch')
  })

  it('asks them for everything else that it asks for', async () => {
    const options = { ...simple, requiredClaims: ['tenant'], policy: scope('read') }
    expect(await outcome(options, { scope: 'read' })).toBe('claim_missing')
    expect(await outcome(options, { tenant: 'acme', scope: 'write' })).toBe('scope_insufficient')
    expect(await outcome(options, { sub: 'ann', tenant: 'acme', scope: 'read' })).toBe('ann')
    const named = { ...simple, policies: policySet(policy('admin', { allow: role('admin') })) }
    expect(await outcome(named, { roles: ['user'] }, {}, role('admin'))).toBe('policy_denied')
    expect(await outcome(named, { sub: 'ann', roles: ['admin'] }, {}, role('admin'))).toBe('ann')
  })

  it.each([...tokenProfiles.keys()])('asks them for no marks of %s', async (profile) => {
    expect(await outcome({ ...simple, profile }, { sub: 'ann', client_id: undefined })).toBe('ann')
  })

  it('finds scopes and roles where the tokens of its issuer have them', async () => {
    const keycloak = { ...simple, profile: 'keycloak' }
    const grown = { realm_access: { roles: ['admin'] } }
    expect(await outcome(keycloak, { sub: 'ann', ...grown }, {}, role('admin'))).toBe('ann')
    expect(await outcome(simple, { sub: 'ann', ...grown }, {}, role('admin'))).toBe('policy_denied')
  })

  it('keeps its own words on where roles are', async () => {
    const own = { ...simple, profile: 'keycloak', roleClaims: [['groups']] }
    expect(await outcome(own, { sub: 'ann', groups: ['admin'] }, {}, role('admin'))).toBe('ann')
    expect(await outcome(own, { realm_access: { roles: ['admin'] } }, {}, role('admin'))).toBe('policy_denied')
  })

  it('asks users of its own issuer for the marks of its tokens', async () => {
    const keycloak = { ...simple, profile: 'keycloak' }
    const own = { iss: simple.issuer, aud: simple.audience, sub: 'ann' }
    expect(await outcome(keycloak, { ...own, typ: 'Bearer', azp: 'web' }, { header: { typ: 'JWT' } })).toBe('ann')
    expect(await outcome(keycloak, { ...own, typ: 'ID' }, { header: { typ: 'JWT' } })).toBe('token_type_rejected')
  })

  it('has given its options to nobody who changes them', () => {
    const options = Object.freeze({ issuers: Object.freeze([Object.freeze({ ...simple })]) }) as VerifierOptions
    const before = JSON.stringify(options)
    users.trust(options)
    expect(JSON.stringify(options)).toBe(before)
  })
})

describe('test users of another process', () => {
  it('have another key', async () => {
    const others = await createTestUsers({ clock })
    const verifier = createVerifier({ ...users.trust({ ...base, ...simple } as VerifierOptions) })
    const decision = await verifier.verify({ headers: await others.asUser() })
    expect(decision).toMatchObject({ allowed: false, code: 'signature_invalid' })
    await verifier.close()
  })
})
