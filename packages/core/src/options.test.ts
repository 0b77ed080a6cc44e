import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from './errors.js'
import { configure } from './options.js'
import { scope } from './policy/words.js'
import { createMemoryState } from './state/memory-state.js'
import { createTestKey } from './testing.js'
import { createVerifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const { publicJwk } = await createTestKey('ES256', 'k')
const issuer = { issuer: 'https://idp.example.com', audience: 'api', jwks: { keys: [publicJwk] } } as const

/** `never` lets a test say what TypeScript would not. */
const configured = (options: object) => configure({ ...issuer, ...options } as unknown as VerifierOptions)
const refused = (message: RegExp) =>
  expect.objectContaining({ name: ConfigurationError.name, message: expect.stringMatching(message) })

describe('whom to trust and who we are', () => {
  it('is all that must be said', () => {
    expect([...configure(issuer).issuers.keys()]).toEqual(['https://idp.example.com'])
  })

  it('need not be said of issuers where every caller is a workload', () => {
    const trustDomains = [{ trustDomain: 'prod.example', bundleFile: 'bundle.pem' }]
    const [clientCertificate, audience] = ['tls', 'api'] as const
    expect(configure({ clientCertificate, spiffe: { trustDomains, withoutToken: true } }).issuers.size).toBe(0)
    expect(configure({ spiffe: { trustDomains, audience } }).issuers.size).toBe(0)
    expect(() => configure({ clientCertificate, spiffe: { trustDomains } })).toThrow(refused(/`issuer`/))
    const misspelt = { clientCertificate, spiffe: { trustDomains, withoutToken: true }, audience }
    expect(() => configure(misspelt as unknown as VerifierOptions)).toThrow(refused(/`issuer`/))
  })

  it('are told apart from trust domains by their names', () => {
    const spiffe = { trustDomains: [{ trustDomain: 'prod.example', bundleFile: 'bundle.pem' }], audience: 'api' }
    const named = (name: string) => ({ ...issuer, issuer: name, spiffe })
    expect(() => configure(named('spiffe://prod.example'))).toThrow(refused(/has the name of a trust domain/))
    expect(configure(named('spiffe://test.example')).issuers.size).toBe(1)
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', {}, /`issuer`/],
    ['no issuer', { audience: 'api' }, /`issuer`/],
    ['no audience', { issuer: 'https://idp.example.com' }, /`audience`/],
    ['an empty audience', { ...issuer, audience: '' }, /`audience`/],
    ['an empty list of audiences', { ...issuer, audience: [] }, /`audience`/],
    ['an empty issuer', { ...issuer, issuer: '' }, /`issuer`/],
    ['no options at all', null, /options/],
    ['text', 'https://idp.example.com', /options/],
    ['no issuers', { issuers: [] }, /`issuers`/],
    ['issuers that are no array', { issuers: issuer }, /`issuers`/],
    ['an issuer that is no object', { issuers: ['https://idp.example.com'] }, /`issuers`/],
    ['an issuer without its audience', { issuers: [{ issuer: 'https://idp.example.com' }] }, /`audience`/],
    ['an issuer both at the top and in a record', { ...issuer, issuers: [issuer] }, /`issuers`/],
    ['an audience beside the records', { audience: 'api', issuers: [issuer] }, /`audience`/],
    ['two records with one issuer', { issuers: [issuer, { ...issuer, audience: 'b' }] }, /two records/],
  ])('does not build of %s', (_, options, message) => {
    expect(() => configure(options as VerifierOptions)).toThrow(refused(message))
  })

  it('may leave `issuers` undefined beside the one', () => {
    expect([...configure({ ...issuer, issuers: undefined } as never).issuers.keys()]).toEqual([
      'https://idp.example.com',
    ])
    expect(() => configure({ issuers: undefined } as never)).toThrow('`issuer`')
  })

  it('may be several issuers, each with a record of its own', () => {
    const { issuers } = configure({
      issuers: [issuer, { ...issuer, issuer: 'https://b.example.com', audience: ['b', 'c'] }],
    })
    expect([...issuers.values()].map(({ rules }) => [...rules.audiences])).toEqual([['api'], ['b', 'c']])
  })
})

describe('defaults', () => {
  it('are strict', () => {
    const { optional, policy, schema, decrypt, places, maxTokenBytes, tokenCacheBytes, challenge } = configure(issuer)
    expect({ optional, policy, schema, decrypt }).toEqual({ optional: false })
    expect({ places, maxTokenBytes, tokenCacheBytes, challenge }).toEqual({
      places: { sources: ['authorization'], speaksDpop: false },
      maxTokenBytes: 16_384,
      tokenCacheBytes: 33_554_432,
      challenge: { realm: 'api', schemes: ['bearer'], proofAlgorithms: [] },
    })
  })

  it('are of the machine for the clock', () => {
    expect(Math.abs(configure(issuer).clock() - Date.now() / 1000)).toBeLessThan(60)
  })
})

describe('settings', () => {
  it('are kept as they were given', () => {
    const given = { maxTokenBytes: 1, tokenCacheBytes: 0, clock: () => 7, policy: scope('a') }
    expect(configured({ ...given, realm: 'my api' })).toMatchObject({ ...given, challenge: { realm: 'my api' } })
    expect(configured({ optional: true }).optional).toBe(true)
    const state = createMemoryState()
    expect(configured({ state }).state).toBe(state)
    expect(configured({ credentials: [{ cookie: 'a' }, { header: 'b' }] }).places.sources).toEqual([
      { cookie: 'a' },
      { header: 'b' },
    ])
  })

  it('cannot be changed afterwards, and the caller’s are not', () => {
    const credentials = [{ cookie: 'a' }]
    const configuration = configured({ credentials })
    expect(Object.isFrozen(configuration)).toBe(true)
    expect(Object.isFrozen(configuration.places.sources)).toBe(true)
    expect(Object.isFrozen(credentials)).toBe(false)
  })

  it.each<[object, RegExp]>([
    [{ optionl: true }, /`optionl`; did you mean `optional`/],
    [{ optional: 'yes' }, /`optional`/],
    [{ optional: 1 }, /`optional`/],
    [{ optional: true, policy: scope('a') }, /`optional` and `policy`/],
    [{ policy: 'read' }, /policy/],
    [{ claims: {} }, /`claims`/],
    [{ claims: null }, /`claims`/],
    [{ maxTokenBytes: 0 }, /`maxTokenBytes`/],
    [{ maxTokenBytes: 1.5 }, /`maxTokenBytes`/],
    [{ maxTokenBytes: '16384' }, /`maxTokenBytes`/],
    [{ maxTokenBytes: Number.POSITIVE_INFINITY }, /`maxTokenBytes`/],
    [{ tokenCacheBytes: -1 }, /`tokenCacheBytes`/],
    [{ tokenCacheBytes: Number.NaN }, /`tokenCacheBytes`/],
    [{ state: null }, /`state`/],
    [{ state: {} }, /`state`/],
    [{ state: createMemoryState }, /`state`/],
    [{ state: { revoke: () => {}, isRevoked: () => false } }, /`state`/],
    [{ state: { revoke: () => {}, isRevoked: false, onRevoked: () => {} } }, /`state`/],
    [{ state: new Map() }, /`state`/],
    [{ realm: 'my "api"' }, /`realm`/],
    [{ realm: 'api\r\nSet-Cookie: a=b' }, /`realm`/],
    [{ realm: 7 }, /`realm`/],
    [{ clock: 7 }, /`clock`/],
    [{ clock: new Date() }, /`clock`/],
    [{ fetch: 'undici' }, /`fetch`/],
  ])('are refused as %j', (options, message) => {
    expect(() => configured(options)).toThrow(refused(message))
  })

  it.each([
    [[]],
    ['bearer'],
    [{}],
    [{ cookie: '' }],
    [{ cookie: 7 }],
    [{ query: 'access_token' }],
    [{ cookie: 'a', header: 'b' }],
    [['authorization', null]],
    [true],
  ])('are refused as credentials %j', (credentials) => {
    expect(() => configured({ credentials })).toThrow(refused(/`credentials`/))
  })

  it.each([
    ['authorization'],
    [{ cookie: 'a' }],
    [{ header: 'a' }],
    [{ webSocketProtocol: 'a' }],
    [{ dangerouslyAllowQuery: 'a' }],
    [() => undefined],
  ])('take %j as one source of credentials', (credentials) => {
    expect(configured({ credentials }).places.sources).toEqual([credentials])
  })
})

describe('the environment', () => {
  afterEach(() => void vi.unstubAllEnvs())

  function stub(variables: Readonly<Record<string, string | undefined>>): void {
    const none = { SALLYPORT_ISSUER: undefined, SALLYPORT_AUDIENCE: undefined, SALLYPORT_REDIS_URL: undefined }
    for (const [name, value] of Object.entries({ ...none, ...variables })) vi.stubEnv(name, value)
  }

  it('says whom to trust and who we are when nothing else does', async () => {
    stub({ SALLYPORT_ISSUER: 'http://127.0.0.1:9', SALLYPORT_AUDIENCE: 'api' })
    const verifier = createVerifier()
    expect(await verifier.verify({ headers: {} })).toMatchObject({ code: 'credential_missing' })
    await verifier.close()
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /SALLYPORT_ISSUER and SALLYPORT_AUDIENCE/],
    ['no audience', { SALLYPORT_ISSUER: 'https://idp.example.com' }, /SALLYPORT_AUDIENCE/],
    ['no issuer', { SALLYPORT_AUDIENCE: 'api' }, /SALLYPORT_ISSUER/],
    [
      'an empty audience',
      { SALLYPORT_ISSUER: 'https://idp.example.com', SALLYPORT_AUDIENCE: '' },
      /SALLYPORT_AUDIENCE/,
    ],
  ])('does not build of %s', (_, variables, message) => {
    stub(variables)
    expect(() => createVerifier()).toThrow(refused(message))
  })

  it.each([
    ['and options that do not say where the state is', { issuer: 'https://idp.example.com', audience: 'api' }],
    ['and no options', undefined],
  ])('names a Redis, %s: what it cannot be is no Redis', (_, options) => {
    stub({ SALLYPORT_ISSUER: 'https://idp.example.com', SALLYPORT_AUDIENCE: 'api', SALLYPORT_REDIS_URL: 'redis:' })
    expect(() => createVerifier(options)).toThrow()
  })

  it('does not say where the state is of options that say it', async () => {
    stub({ SALLYPORT_REDIS_URL: 'redis:' })
    const options = { issuer: 'http://127.0.0.1:9', audience: 'api', state: createMemoryState() }
    await createVerifier(options).close()
  })

  it('fills no gap in options that were given', () => {
    stub({ SALLYPORT_ISSUER: 'https://idp.example.com', SALLYPORT_AUDIENCE: 'api' })
    expect(() => createVerifier({ issuer: 'https://idp.example.com' } as never)).toThrow(refused(/`audience`/))
  })
})
