import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from './errors.js'
import { judgeIntrospection } from './introspection-options.js'
import { createVerifier } from './verifier.js'

const issuer = 'https://idp.example.com'
const good = { clientId: 'api', clientSecret: 'secret' }

const build = (introspection: unknown, more: object = {}) =>
  createVerifier({ issuer, audience: 'api', jwks, introspection, ...more } as Parameters<typeof createVerifier>[0])

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }
const privateJwk = await exportJWK(privateKey)

describe('`introspection`', () => {
  it.each([
    ['a secret', good],
    ['a private key', { clientId: 'api', privateKey: privateJwk, algorithm: 'ES256', keyId: 'k' }],
    ['a certificate', { clientId: 'api', mutualTls: true }],
    ['an endpoint', { ...good, endpoint: 'https://idp.example.com/introspect' }],
    ['an endpoint on this host', { ...good, endpoint: 'http://127.0.0.1:8080/introspect' }],
    ['bounds at their ends', { ...good, lifetimeSeconds: 600, inactiveSeconds: 0, timeoutSeconds: 30 }],
    ['signed answers', { ...good, signed: true, dangerouslyAllowMissingAudience: true }],
  ])('builds with %s', async (_, options) => {
    await build(options).close()
  })

  it('has the defaults that the documentation says', () => {
    expect(judgeIntrospection(issuer, issuer, good, {})).toMatchObject({
      ...{ lifetimeSeconds: 60, inactiveSeconds: 10, timeoutSeconds: 2 },
      ...{ isSigned: false, allowsMissingAudience: false, endpoint: undefined },
    })
  })

  it.each<[string, unknown, RegExp]>([
    ['no object', 'yes', /must be an object/],
    ['an unknown option', { ...good, lifetimeSecond: 1 }, /did you mean `lifetimeSeconds`/],
    ['no client', { clientSecret: 'secret' }, /clientId must be a string/],
    ['a client that is no text', { ...good, clientId: ['api'] }, /clientId must be a string/],
    ['no proof of who we are', { clientId: 'api' }, /needs one of/],
    ['two of them', { ...good, mutualTls: true }, /needs one of/],
    ['two others', { ...good, privateKey: privateJwk }, /needs one of/],
    ['an empty secret', { clientId: 'api', clientSecret: '' }, /clientSecret must be/],
    ['an algorithm without its key', { ...good, algorithm: 'ES256' }, /go with `privateKey`/],
    ['a key that is none', { clientId: 'api', privateKey: 'pem' }, /must be a private JWK/],
    ['a public key', { clientId: 'api', privateKey: jwks.keys[0] }, /can't be used/],
    ['an algorithm of other keys', { clientId: 'api', privateKey: privateJwk, algorithm: 'RS256' }, /one of ES256/],
    ['a key id that is none', { clientId: 'api', privateKey: privateJwk, keyId: 7 }, /keyId must be/],
    ['plain http', { ...good, endpoint: 'http://idp.example.com/introspect' }, /https URL/],
    ['an endpoint with credentials', { ...good, endpoint: 'https://a:b@idp.example.com/' }, /without credentials/],
    ['too long a lifetime', { ...good, lifetimeSeconds: 601 }, /from 1 to 600/],
    ['no lifetime', { ...good, lifetimeSeconds: 0 }, /from 1 to 600/],
    ['too long a no', { ...good, inactiveSeconds: 301 }, /from 0 to 300/],
    ['no time', { ...good, timeoutSeconds: 0 }, /from 0.01 to 30/],
    ['a flag that is none', { ...good, signed: 'yes' }, /signed must be true or false/],
    ['another', { ...good, dangerouslyAllowMissingAudience: 1 }, /Audience must be true or false/],
    ['a third', { clientId: 'api', mutualTls: 1 }, /mutualTls must be true or false/],
  ])('does not build with %s', (_, options, message) => {
    expect(() => build(options)).toThrow(ConfigurationError)
    expect(() => build(options)).toThrow(message)
  })

  it('needs an endpoint where there is no metadata', async () => {
    expect(() => build(good, { issuer: 'internal' })).toThrow(/has no `endpoint` of `introspection`/)
    await build({ ...good, endpoint: 'https://idp.example.com/introspect' }, { issuer: 'internal' }).close()
  })

  it('is that of one issuer: nothing in a token says whose it is', async () => {
    const other = { issuer: 'https://other.example.com', audience: 'api', jwks }
    const both = (introspection?: object) =>
      createVerifier({
        issuers: [
          { issuer, audience: 'api', jwks, introspection: good },
          { ...other, ...(introspection && { introspection }) },
        ],
      } as Parameters<typeof createVerifier>[0])
    expect(() => both(good)).toThrow(/one issuer of a verifier may have `introspection`/)
    await both().close()
    const tenants = { issuer: 'https://idp.example.com/{tenant}', tenants: ['a', 'b'] }
    expect(() => build(good, tenants)).toThrow(/one issuer of a verifier/)
  })
})
