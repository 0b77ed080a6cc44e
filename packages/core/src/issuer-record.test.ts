import { describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import { createIssuerRecords, type TrustedIssuerOptions } from './issuer-record.js'
import { supportedAlgorithms } from './jose/algorithms.js'
import { MemoryKeySetDocuments } from './state/memory-key-set-documents.js'
import { createTestKey } from './testing.js'

const { publicJwk } = await createTestKey('ES256', 'k')
const good = { issuer: 'https://idp.example.com', audience: 'api', jwks: { keys: [publicJwk] } }
const documents = new MemoryKeySetDocuments()
const context = { clock: () => 0, stopwatch: () => 0, pause: async () => {}, fetch, keySets: () => documents }
const secret = 'a secret of forty bytes, as random as 8Kq'

const recordsOf = (options: object) => createIssuerRecords(options as TrustedIssuerOptions, context)
const recordOf = (options: object) => recordsOf({ ...good, ...options })[0]
const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('a record', () => {
  it('is strict where nothing is said', () => {
    const record = recordOf({})
    expect(record).toMatchObject({
      issuer: good.issuer,
      dangerouslyAllowKeyHeaders: false,
      rules: { clockToleranceSeconds: 30, requiredClaims: [], scopes: [['scope'], ['scp']], roles: [['roles']] },
    })
    expect(record?.rules).toMatchObject({ maxTokenAgeSeconds: undefined, maxTokenLifetimeSeconds: undefined })
    expect([...(record?.tokenTypes ?? [])]).toEqual(['at+jwt'])
    expect([...(record?.algorithms ?? [])]).toEqual(supportedAlgorithms())
  })

  it('holds what was said', () => {
    const said = {
      clockToleranceSeconds: 5,
      maxTokenAgeSeconds: 60,
      maxTokenLifetimeSeconds: 90,
      requiredClaims: ['tenant'],
    }
    expect(recordOf({ ...said, scopeClaims: [['p']], roleClaims: [['a', 'b']] })?.rules).toMatchObject({
      ...said,
      scopes: [['p']],
      roles: [['a', 'b']],
    })
    expect([...(recordOf({ algorithms: ['ES256'] })?.algorithms ?? [])]).toEqual(['ES256'])
    expect(recordOf({ dangerouslyAllowKeyHeaders: true })?.dangerouslyAllowKeyHeaders).toBe(true)
    expect(recordOf({ profile: 'jwt' })?.tokenTypes.has('jwt')).toBe(true)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(recordOf({}))).toBe(true)
    expect(Object.isFrozen(recordOf({})?.rules)).toBe(true)
  })

  it.each<[object, RegExp]>([
    [{ audiences: 'api' }, /`audiences`; did you mean `audience`/],
    [{ audience: [7] }, /`audience`/],
    [{ profile: 'id-token' }, /`profile`/],
    [{ profile: 'constructor' }, /`profile`/],
    [{ clockToleranceSeconds: 301 }, /`clockToleranceSeconds`/],
    [{ clockToleranceSeconds: -1 }, /`clockToleranceSeconds`/],
    [{ clockToleranceSeconds: '30' }, /`clockToleranceSeconds`/],
    [{ maxTokenAgeSeconds: 0 }, /`maxTokenAgeSeconds`/],
    [{ maxTokenAgeSeconds: Number.NaN }, /`maxTokenAgeSeconds`/],
    [{ maxTokenLifetimeSeconds: 0.5 }, /`maxTokenLifetimeSeconds`/],
    [{ requiredClaims: [''] }, /`requiredClaims`/],
    [{ scopeClaims: 'scope' }, /`scopeClaims`/],
    [{ scopeClaims: ['realm_access.roles'] }, /`scopeClaims`/],
    [{ roleClaims: [[]] }, /`roleClaims`/],
    [{ roleClaims: [['a', 7]] }, /`roleClaims`/],
  ])('does not build of %j', (options, message) => {
    expect(() => recordOf(options)).toThrow(refused(message))
  })

  it('takes a tolerance of none and of five minutes', () => {
    for (const clockToleranceSeconds of [0, 300]) {
      expect(recordOf({ clockToleranceSeconds })?.rules).toMatchObject({ clockToleranceSeconds })
    }
  })

  // Only `true` turns the danger on; the text 'false', as from a file, must not pass for it, nor be overlooked.
  it('takes nothing but true for a danger allowed', () => {
    for (const value of ['true', 'false', 1]) {
      expect(recordOf({ dangerouslyAllowKeyHeaders: value })?.dangerouslyAllowKeyHeaders).toBe(false)
    }
  })
})

describe('algorithms', () => {
  it.each([[['none']], [['HS256']], [['es256']], [['ES256', 'ES257']], [[]], [''], [['EdDSA', 'none']]])(
    'of keys cannot be %j',
    (algorithms) => {
      expect(() => recordOf({ algorithms })).toThrow(refused(/`algorithms`/))
    },
  )

  it.each([[undefined], [['ES256']], [['none']], [['HS256', 'RS256']], [[]]])(
    'of a secret cannot be %j',
    (algorithms) => {
      expect(() => recordOf({ jwks: undefined, secret, algorithms })).toThrow(refused(/`algorithms`/))
    },
  )

  it('of a secret are those with a shared secret', () => {
    expect([...(recordOf({ jwks: undefined, secret, algorithms: ['HS256'] })?.algorithms ?? [])]).toEqual(['HS256'])
  })
})

describe('tenants', () => {
  const template = 'https://login.example.com/{tenant}/v2.0'

  it('are issuers of their own', () => {
    const records = recordsOf({ ...good, issuer: template, tenants: ['a', 'b'] })
    expect(records.map(({ issuer, rules }) => [issuer, rules.issuer])).toEqual([
      ['https://login.example.com/a/v2.0', 'https://login.example.com/a/v2.0'],
      ['https://login.example.com/b/v2.0', 'https://login.example.com/b/v2.0'],
    ])
  })

  it.each<[object, RegExp]>([
    [{ issuer: template }, /`tenants`/],
    [{ tenants: ['a'] }, /`tenants`/],
    [{ issuer: template, tenants: [] }, /`tenants`/],
    [{ issuer: template, tenants: [''] }, /`tenants`/],
    [{ issuer: template, tenants: ['../evil'] }, /tenant/],
    [{ issuer: template, tenants: ['a?b'] }, /tenant/],
    [{ issuer: template, tenants: ['a', 'b#'] }, /tenant/],
  ])('do not build of %j', (options, message) => {
    expect(() => recordOf(options)).toThrow(refused(message))
  })

  it.each(['contoso.onmicrosoft.com', '8eaef023-2b34-4da1', 'a_b', '.a', 'a.'])('may be %j', (tenant) => {
    expect(recordOf({ issuer: template, tenants: [tenant] })?.issuer).toBe(`https://login.example.com/${tenant}/v2.0`)
  })

  // A URL takes such a segment away: the keys would be looked for at another place than the issuer's.
  it.each(['.', '..'])('are no %j', (tenant) => {
    expect(() => recordOf({ issuer: template, tenants: [tenant] })).toThrow(refused(/tenant/))
  })
})
