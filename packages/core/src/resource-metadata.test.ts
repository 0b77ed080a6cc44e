// RFC 9728 through a verifier, without a framework.
import { describe, expect, it } from 'vitest'
import type { ResourceOptions } from './resource-metadata.js'
import { createVerifier } from './verifier.js'
import type { VerifierOptions } from './verifier-options.js'

const trust = {
  issuer: 'https://idp.example.com',
  audience: 'https://api.example.com/v1',
  jwks: { keys: [] as object[] },
}
const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } // RFC 8037 A.2
const verifierWith = (options: object, resource: ResourceOptions | undefined = {}) =>
  createVerifier({ ...trust, jwks: { keys: [key] }, resource, ...options } as VerifierOptions)
const metadataOf = (options: object = {}, resource: ResourceOptions = {}) => {
  const metadata = verifierWith(options, resource).resourceMetadata
  if (metadata === undefined) throw new Error('there are none')
  return metadata
}

describe('R-9728-1: where the metadata are', () => {
  it.each([
    ['https://api.example.com', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com/', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com/v1', '/.well-known/oauth-protected-resource/v1'],
    ['https://api.example.com:8443/a/b/', '/.well-known/oauth-protected-resource/a/b/'],
  ])('for %s is %s', (url, path) => {
    const metadata = metadataOf({}, { url })
    expect(metadata.path).toBe(path)
    expect(metadata.url).toBe(new URL(url).origin + path)
  })

  it('is said to whoever asks, and to nobody else', () => {
    const metadata = metadataOf()
    const { path } = metadata
    for (const target of [path, `${path}?a=b`, `http://internal:3000${path}`]) {
      const answer = metadata.answer('GET', target)
      expect(answer?.headers).toEqual({ 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/json' })
      expect(JSON.parse(answer?.body ?? '')).toEqual(metadata.document)
    }
    expect(metadata.answer('HEAD', path)).toMatchObject({ status: 200 })
    expect(metadata.answer('OPTIONS', path)).toMatchObject({ status: 204, body: '' })
    for (const target of ['/', `${path}/`, `${path}x`, '/.well-known/oauth-protected-resource', undefined])
      expect(metadata.answer('GET', target)).toBeUndefined()
    expect(metadata.answer('POST', path)).toBeUndefined()
    expect(metadata.answer(undefined, path)).toBeUndefined()
  })
})

describe('R-9728-2, R-9728-3: the document', () => {
  it('is made of the options of the verifier, and leaves out what there is nothing to say of', () => {
    expect(metadataOf().document).toEqual({
      resource: 'https://api.example.com/v1',
      authorization_servers: ['https://idp.example.com'],
      bearer_methods_supported: ['header'],
    })
  })

  it('says what else is known', () => {
    const options = {
      publicUrl: 'https://api.example.com',
      dpop: 'required',
      dpopProofs: { algorithms: ['ES256', 'Ed25519'] },
      clientCertificate: 'tls',
      credentials: ['authorization', { dangerouslyAllowQuery: 'access_token' }],
    }
    const resource = { name: 'Orders', documentation: 'https://example.com/docs', scopesSupported: ['read:orders'] }
    expect(metadataOf(options, resource).document).toEqual({
      resource: 'https://api.example.com/v1',
      authorization_servers: ['https://idp.example.com'],
      scopes_supported: ['read:orders'],
      bearer_methods_supported: ['header', 'query'],
      resource_name: 'Orders',
      resource_documentation: 'https://example.com/docs',
      tls_client_certificate_bound_access_tokens: true,
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
      dpop_bound_access_tokens_required: true,
    })
  })

  it('does not say that proofs are required where they are not', () => {
    const { document } = metadataOf({ publicUrl: 'https://api.example.com' })
    expect(document).toHaveProperty('dpop_signing_alg_values_supported')
    expect(document).not.toHaveProperty('dpop_bound_access_tokens_required')
  })

  it('says nothing of headers where tokens come in cookies', () => {
    expect(metadataOf({ credentials: { cookie: 'at' } }).document).not.toHaveProperty('bearer_methods_supported')
  })

  it('has the URL to the letter', () => {
    expect(metadataOf({}, { url: 'https://API.example.com:443/v1' }).document['resource']).toBe(
      'https://API.example.com:443/v1',
    )
  })
})

describe('R-9728-4: challenges', () => {
  const directions = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/v1"'

  it('name where the metadata are, in each scheme', async () => {
    const decision = await verifierWith({ publicUrl: 'https://api.example.com' }).verify({ headers: {} })
    const challenges = decision.allowed ? [] : (decision.headers['WWW-Authenticate'] ?? '').split(/, (?=DPoP)/)
    expect(challenges).toEqual([
      `Bearer realm="api", ${directions}`,
      expect.stringMatching(new RegExp(`^DPoP realm="api", algs="[^"]+", ${directions}$`)),
    ])
  })

  it('name nothing where there are none', async () => {
    const decision = await verifierWith({ resource: undefined }).verify({ headers: {} })
    expect(decision).toMatchObject({ headers: { 'WWW-Authenticate': 'Bearer realm="api"' } })
  })
})

describe('`resource`', () => {
  it.each<[object, unknown, RegExp]>([
    [{}, true, /`resource`/],
    [{}, [], /`resource`/],
    [{}, { uri: 'https://api.example.com' }, /did you mean `url`/],
    [{}, { url: 'http://api.example.com' }, /https/],
    [{}, { url: 'api.example.com' }, /https/],
    [{}, { url: 'https://ann@api.example.com' }, /https/],
    [{}, { url: 'https://api.example.com?a' }, /query/],
    [{}, { url: 'https://api.example.com#a' }, /query/],
    [{ audience: 'api' }, {}, /`resource.url`/],
    [{ audience: ['https://a.example', 'https://b.example'] }, {}, /`resource.url`/],
    [{ issuer: 'internal' }, {}, /`resource.authorizationServers`/],
    [{}, { authorizationServers: [] }, /`resource.authorizationServers`/],
    [{}, { authorizationServers: ['internal'] }, /`resource.authorizationServers`/],
    [{}, { scopesSupported: 'read' }, /`resource.scopesSupported`/],
    [{}, { scopesSupported: [''] }, /`resource.scopesSupported`/],
    [{}, { name: '' }, /`resource.name`/],
    [{}, { documentation: 7 }, /`resource.documentation`/],
  ])('with %j and %j does not build', (options, resource, message) => {
    const refused = expect.objectContaining({ name: 'ConfigurationError', message: expect.stringMatching(message) })
    expect(() => verifierWith(options, resource as ResourceOptions)).toThrow(refused)
  })

  it('may be on the loopback host without https', () => {
    expect(metadataOf({}, { url: 'http://127.0.0.1:3000' }).url).toBe(
      'http://127.0.0.1:3000/.well-known/oauth-protected-resource',
    )
  })
})
