// What may be said of trust domains, and what is refused while building, each with its sentence.
import { describe, expect, it } from 'vitest'
import { createTestAuthority } from '../../../test/fixtures/der-certificates.js'
import { authorityEntry, bundleOf } from '../../../test/fixtures/svids.js'
import { ConfigurationError } from './errors.js'
import { createTestKey } from './testing.js'
import type { SpiffeOptions, TrustDomainOptions } from './trust-domains.js'
import { createVerifier } from './verifier.js'

const { publicJwk } = await createTestKey('ES256', 'key-1')
const authority = createTestAuthority({ subject: 'prod' })
const bundle = bundleOf([authority], [publicJwk])
const good: TrustDomainOptions = { trustDomain: 'prod.example', bundle }
const xfcc = { clientCertificate: 'x-forwarded-client-cert', trustedProxies: ['127.0.0.1'] }
const fetch = async (): Promise<Response> => new Response(null, { status: 404 })

function build(spiffe: unknown, more: object = { clientCertificate: 'tls' }): void {
  const trust = { issuer: 'https://idp.example.com', audience: 'https://api.example.com', jwks: { keys: [publicJwk] } }
  void createVerifier({ ...trust, fetch, spiffe, ...more } as Parameters<typeof createVerifier>[0]).close()
}
const refused = (sentence: string) => expect.objectContaining({ name: 'ConfigurationError', message: sentence })
const buildWith = (domain: object, more?: object) => build({ trustDomains: [domain] }, more)

describe('`spiffe`', () => {
  it.each<[string, unknown, object?]>([
    ['a bundle', { trustDomains: [good] }],
    ['several trust domains', { trustDomains: [good, { ...good, trustDomain: 'test.example' }] }],
    ['no token', { trustDomains: [good], withoutToken: true }],
    ['JWT-SVIDs alone', { trustDomains: [good], audience: 'api' }, {}],
    ['JWT-SVIDs for several audiences', { trustDomains: [good], audience: ['api', 'orders'] }, {}],
    ['what Envoy says', { trustDomains: [{ trustDomain: 'prod.example' }] }, xfcc],
  ])('takes %s', (_, spiffe, more) => {
    expect(() => build(spiffe, more)).not.toThrow()
  })

  const needsPlace =
    '`spiffe` needs `clientCertificate`, where certificates of workloads are read, or an `audience` for JWT-SVIDs'
  const needsDomains = '`spiffe.trustDomains` must be an array of at least one trust domain'
  const needsStrings = '`spiffe.audience` must be a string or an array of strings, and not empty'

  it.each<[string, unknown, string, object?]>([
    ['null', null, '`spiffe` must be an object'],
    ['true', true, '`spiffe` must be an object'],
    [
      'a word that is misspelled',
      { trustDomains: [good], withoutTokens: true },
      '`spiffe` has no option `withoutTokens`; did you mean `withoutToken`?',
    ],
    ['a list', [good], '`spiffe` has no option `0`'],
    ['no trust domain', {}, needsDomains],
    ['an empty list of them', { trustDomains: [] }, needsDomains],
    ['one that is in no list', { trustDomains: good }, needsDomains],
    ['a name in place of one', { trustDomains: ['prod.example'] }, 'each of `spiffe.trustDomains` must be an object'],
    ['null in place of one', { trustDomains: [null] }, 'each of `spiffe.trustDomains` must be an object'],
    ['one twice', { trustDomains: [good, good] }, 'prod.example: two records with one `trustDomain`'],
    [
      'a flag that is none',
      { trustDomains: [good], withoutToken: 'yes' },
      '`spiffe.withoutToken` must be true or false',
    ],
    ['an empty audience', { trustDomains: [good], audience: '' }, needsStrings],
    ['an empty list of audiences', { trustDomains: [good], audience: [] }, needsStrings],
    ['an audience that is null', { trustDomains: [good], audience: null }, needsStrings],
    ['nothing to read', { trustDomains: [good] }, needsPlace, {}],
    [
      'no token, and no certificate',
      { trustDomains: [good], withoutToken: true, audience: 'api' },
      '`spiffe.withoutToken` needs `clientCertificate`, where certificates of workloads are read',
      {},
    ],
  ])('does not take %s', (_, spiffe, sentence, more) => {
    expect(() => build(spiffe, more)).toThrow(refused(sentence))
  })
})

describe('`trustDomain`', () => {
  const sentence = "`trustDomain` must be a name such as 'prod.example'"

  it.each(['a', 'prod.example', 'prod_example-1', '10.0.0.1', 'a'.repeat(255)])(
    'R-SPID-1: may be %s',
    (trustDomain) => {
      expect(() => buildWith({ ...good, trustDomain })).not.toThrow()
    },
  )

  it.each([
    undefined,
    7,
    '',
    'Prod.example',
    'prod.example:443',
    'ann@prod.example',
    'prod.example?',
    'prod.example/ns',
    'prod.example/',
    'prod%2eexample',
    'prod example',
    'prod.example\n',
    'bücher.example',
    '*',
    '*.example',
    'a'.repeat(256),
  ])('R-SPID-1: may not be %j', (trustDomain) => {
    expect(() => buildWith({ ...good, trustDomain })).toThrow(refused(sentence))
  })

  it.each([
    ['spiffe://prod.example', "; did you mean 'prod.example'?"],
    ['spiffe://prod.example/ns/shop', "; did you mean 'prod.example'?"],
    ['spiffe://', ''],
    ['spiffe:///ns', ''],
    ['spiffe://Prod.example', ''],
    ['https://prod.example', ''],
  ])('is a name and no ID: %s', (trustDomain, hint) => {
    expect(() => buildWith({ ...good, trustDomain })).toThrow(refused(`${sentence}${hint}`))
  })
})

describe('a trust domain', () => {
  const url = 'https://spire.example.com/bundle'
  const oneOf = 'give one of `bundleUrl`, `bundleFile` and `bundle`'
  const urlSentence =
    'prod.example: `bundleUrl` must be an https URL (plain http only to a loopback host), without credentials'

  it.each<[string, object]>([
    ['a URL', { bundleUrl: url }],
    ['a URL of this machine', { bundleUrl: 'http://127.0.0.1:8080/bundle' }],
    ['a URL and lifetimes', { bundleUrl: url, keyLifetimes: { staleSeconds: 0 } }],
    ['a file', { bundleFile: '/nowhere/bundle.pem' }],
    ['a file and lifetimes', { bundleFile: '/nowhere/bundle.pem', keyLifetimes: { staleSeconds: 60 } }],
    ['authorities alone', { bundle: bundleOf([authority]) }],
    ['keys alone', { bundle: bundleOf([], [publicJwk]) }],
  ])('may have its bundle at %s', (_, source) => {
    expect(() => buildWith({ trustDomain: 'prod.example', ...source })).not.toThrow()
  })

  const lifetimesSentence = 'prod.example: `keyLifetimes` goes with a bundle that is fetched, or in a file'

  it.each<[string, object, string]>([
    ['a misspelled option', { bundleURL: url }, 'a trust domain has no option `bundleURL`; did you mean `bundleUrl`?'],
    ['two sources', { bundleUrl: url, bundleFile: '/bundle' }, `prod.example: ${oneOf}`],
    ['two others', { bundleFile: '/bundle', bundle }, `prod.example: ${oneOf}`],
    ['three', { bundleUrl: url, bundleFile: '/bundle', bundle }, `prod.example: ${oneOf}`],
    ['none', {}, `prod.example: ${oneOf}, which say who vouches for its workloads`],
    ['plain http', { bundleUrl: 'http://spire.example.com/bundle' }, urlSentence],
    ['a password', { bundleUrl: 'https://ann:secret@spire.example.com/' }, urlSentence],
    ['no URL', { bundleUrl: 'bundle' }, urlSentence],
    ['a URL that is null', { bundleUrl: null }, urlSentence],
    ['an empty path', { bundleFile: '' }, 'prod.example: `bundleFile` must be a path'],
    [
      'a path that is a URL object',
      { bundleFile: new URL('file:///bundle') },
      'prod.example: `bundleFile` must be a path',
    ],
    ['null for a bundle', { bundle: null }, 'prod.example: `bundle` must be an object'],
    ['text for a bundle', { bundle: authority.pem }, 'prod.example: `bundle` must be an object'],
    ['no keys', { bundle: {} }, "prod.example: `bundle` can't be used: it has no array `keys`"],
    [
      'an empty bundle',
      { bundle: { keys: [] } },
      "prod.example: `bundle` can't be used: it holds no key with `use` x509-svid or jwt-svid",
    ],
    [
      'the keys of an issuer',
      { bundle: { keys: [publicJwk] } },
      "prod.example: `bundle` can't be used: it holds no key with `use` x509-svid or jwt-svid",
    ],
    [
      'a bundle of which a part cannot be used',
      { bundle: { keys: [authorityEntry(authority), { use: 'x509-svid' }] } },
      "prod.example: `bundle` can't be used: a key was skipped: its `x5c` is not one certificate",
    ],
    ['lifetimes with an inline bundle', { bundle, keyLifetimes: {} }, lifetimesSentence],
    ['lifetimes without a bundle', { keyLifetimes: {} }, lifetimesSentence],
    [
      'lifetimes of what is fetched with a file',
      { bundleFile: '/bundle', keyLifetimes: { staleSeconds: 60, leastLifetimeSeconds: 60 } },
      'prod.example: of `keyLifetimes`, `staleSeconds` alone goes with a bundle in a file',
    ],
    [
      'a lifetime that is misspelled',
      { bundleUrl: url, keyLifetimes: { staleSecond: 1 } },
      'prod.example: `keyLifetimes` has no option `staleSecond`; did you mean `staleSeconds`?',
    ],
    [
      'a lifetime that is none',
      { bundleFile: '/bundle', keyLifetimes: { staleSeconds: -1 } },
      'prod.example: `keyLifetimes.staleSeconds` must be a number of seconds from 0 to 86400',
    ],
  ])('may not have %s', (_, source, sentence) => {
    expect(() => buildWith({ trustDomain: 'prod.example', ...source })).toThrow(refused(sentence))
  })

  const missing = `prod.example: ${oneOf}, which say who vouches for its workloads`

  it.each<[string, Partial<SpiffeOptions>, object]>([
    ['its own TLS server', {}, { clientCertificate: 'tls' }],
    ['Client-Cert', {}, { ...xfcc, clientCertificate: 'client-cert' }],
    ['ssl-client-cert', {}, { ...xfcc, clientCertificate: 'ssl-client-cert' }],
    ['Envoy, where it takes JWT-SVIDs', { audience: 'api' }, xfcc],
  ])('needs a bundle with %s', (_, spiffe, more) => {
    expect(() => build({ trustDomains: [{ trustDomain: 'prod.example' }], ...spiffe }, more)).toThrow(refused(missing))
  })
})

describe('a verifier without trust domains', () => {
  it('is built as ever, and `undefined` says nothing', () => {
    expect(() => build(undefined)).not.toThrow(ConfigurationError)
    expect(() => build(undefined, {})).not.toThrow(ConfigurationError)
  })
})
