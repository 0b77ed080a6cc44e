// Tokens of a real authorization server, in calls to an API that Sallyport guards: client credentials in each way in which a
// client can prove who it is, and bound to a key.
import { type ClientCredentialsOptions, clientCredentials, serviceClient } from '@sallyport/client'
import { ConfigurationError } from '@sallyport/core'
import { auth } from '@sallyport/express'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createTestAuthority } from '../fixtures/certificates.js'
import {
  type AuthorizationServer,
  createSigningKey,
  otherResource,
  resource,
  startAuthorizationServer,
} from '../oidc-provider/authorization-server.js'
import { certificateFolder, startPlainService, startService } from './services.js'
import { clientKey, json, startHandMadeServer } from './token-endpoint.js'

let idp: AuthorizationServer
const key = clientKey('of the assertion')
const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }

beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  const jwks = { keys: [key.publicJwk] }
  const signing = {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks,
  } as const
  idp.register({ ...client, client_id: 'signs', ...signing })
  idp.register({ ...client, client_id: 'a b:c', client_secret: 'p:ss w%rd' })
})
afterAll(() => idp.close())

/** An API that says who called it, and how. */
async function startApi(options: object = {}) {
  const app = express()
  const service = await startPlainService(app)
  const guard = auth({ issuer: idp.issuer, audience: resource, publicUrl: service.url, ...options })
  onTestFinished(() => guard.verifier.close())
  app.use(guard)
  app.all('/orders', ({ auth: { subject, scopes, binding } }, response) => {
    response.json({ subject, scopes, binding })
  })
  return service
}

function clientFor(options: Partial<ClientCredentialsOptions>) {
  const token = clientCredentials({
    issuer: idp.issuer,
    clientId: 'machine',
    scope: 'read:orders',
    resource,
    ...options,
  })
  const made = serviceClient({ dangerouslyAllowAnyOrigin: true, token })
  onTestFinished(() => made.close())
  return made
}

describe('RFC 6749 §4.4: client credentials', () => {
  const jwk = { ...key.privateKey.export({ format: 'jwk' }), kid: 'of the assertion', alg: 'ES256' }
  const toCryptoKey = () =>
    crypto.subtle.importKey(
      'jwk',
      key.privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )

  it.each<[string, () => Promise<Partial<ClientCredentialsOptions>>]>([
    ['a secret', async () => ({ clientSecret: 'secret of the machine' })],
    ['a secret with odd characters', async () => ({ clientId: 'a b:c', clientSecret: 'p:ss w%rd' })],
    ['a JWK', async () => ({ clientId: 'signs', privateKey: jwk })],
    ['a KeyObject', async () => ({ clientId: 'signs', privateKey: key.privateKey, keyId: 'of the assertion' })],
    ['a CryptoKey', async () => ({ clientId: 'signs', privateKey: await toCryptoKey() })],
  ])('with %s bring a token that passes', async (_, proof) => {
    const options = await proof()
    const api = await startApi()
    const response = await clientFor(options).fetch(`${api.url}/orders`)
    const subject = options.clientId ?? 'machine'
    expect(await response.json()).toEqual({ subject, scopes: ['read:orders'] })
  })

  it.each([
    ['a wrong secret', { clientSecret: 'another' }, 'invalid_client'],
    ['the key of somebody else', { clientId: 'signs', privateKey: clientKey('x').privateKey }, 'invalid_client'],
    ['a grant that is not theirs', { clientId: 'app', clientSecret: 'secret of the app' }, 'invalid_request'],
  ])('with %s are refused', async (_, options, oauthError) => {
    const api = await startApi()
    const call = clientFor(options).fetch(`${api.url}/orders`)
    await expect(call).rejects.toMatchObject({ name: 'DownstreamError', code: 'token_refused', oauthError })
  })

  it('for another resource do not pass, and are not asked for again', async () => {
    const api = await startApi()
    let count = 0
    const counting: typeof fetch = (...given) => {
      count += 1
      return fetch(...given)
    }
    const made = clientFor({ clientSecret: 'secret of the machine', resource: otherResource, fetch: counting })
    for (let call = 0; call < 3; call += 1) expect((await made.fetch(`${api.url}/orders`)).status).toBe(401)
    expect(count).toBe(2) // metadata, and one token
  })
})

describe('RFC 9449: tokens that are bound to a key', () => {
  const dpop = { clientSecret: 'secret of the machine', dpop: true }

  it('pass with the nonces of both servers', async () => {
    const api = await startApi({ dpop: 'required', dpopProofs: { nonces: { secret: 's'.repeat(32) } } })
    const made = clientFor(dpop)
    for (const method of ['GET', 'post', 'DELETE']) {
      const response = await made.fetch(`${api.url}/orders?page=2`, { method })
      expect(await response.json()).toEqual({ subject: 'machine', scopes: ['read:orders'], binding: 'dpop' })
    }
  })

  it('a body is sent again with the nonce', async () => {
    const bodies: string[] = []
    const service = await startPlainService(async (request, response) => {
      let body = ''
      for await (const part of request) body += String(part)
      bodies.push(body)
      if (bodies.length > 1) return void response.end('taken')
      return void response
        .writeHead(401, { 'dpop-nonce': 'n', 'www-authenticate': 'DPoP error="use_dpop_nonce"' })
        .end()
    })
    const response = await clientFor(dpop).fetch(service.url, { method: 'POST', body: 'an order' })
    expect([await response.text(), bodies]).toEqual(['taken', ['an order', 'an order']])
  })

  it('a service that wants a nonce for ever gets two requests', async () => {
    let count = 0
    const service = await startPlainService((_, response) => {
      count += 1
      response.writeHead(401, { 'dpop-nonce': String(count), 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
    })
    expect((await clientFor(dpop).fetch(service.url)).status).toBe(401)
    expect(count).toBe(2)
  })

  it('a token that came without a binding is thrown away', async () => {
    const server = await startHandMadeServer()
    const call = clientFor({ ...dpop, issuer: server.issuer }).fetch(server.issuer)
    await expect(call).rejects.toMatchObject({ code: 'token_unavailable' })
    expect(server.requests).toHaveLength(1)
  })
})

describe('RFC 8705 §2: a client that is its certificate', () => {
  it('asks at the endpoint of its kind, over its own connections', async () => {
    const mesh = createTestAuthority('mesh')
    const seen: unknown[] = []
    const service = await startService(
      { identity: mesh.issue('localhost'), clientCa: mesh.ca },
      async (request, response) => {
        const issuer = service.url
        if (request.url?.startsWith('/.well-known/'))
          return json(response, 200, {
            issuer,
            token_endpoint: `${issuer}/plain`,
            mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls` },
          })
        let body = ''
        for await (const part of request) body += String(part)
        seen.push([request.url, body, request.headers.authorization])
        if (request.url === '/orders') return void response.end('ok')
        return json(response, 200, { access_token: 'bound', token_type: 'Bearer', expires_in: 60 })
      },
    )
    const files = await certificateFolder({ ...mesh.issue('billing'), ca: mesh.ca })
    const token = clientCredentials({ issuer: service.url, clientId: 'billing' })
    const made = serviceClient({ dangerouslyAllowAnyOrigin: true, tls: files.paths, token })
    onTestFinished(() => made.close())
    expect(await (await made.fetch(`${service.url}/orders`)).text()).toBe('ok')
    expect(seen).toEqual([
      ['/mtls', 'grant_type=client_credentials&client_id=billing', undefined],
      ['/orders', '', 'Bearer bound'],
    ])
  })

  it('asks at the usual endpoint over connections that are not its own, where it has another proof', async () => {
    const server = await startHandMadeServer({ mtls_endpoint_aliases: { token_endpoint: 'https://mtls.example.com/' } })
    const mesh = createTestAuthority('mesh')
    const service = await startService({ identity: mesh.issue('localhost'), clientCa: mesh.ca })
    const files = await certificateFolder({ ...mesh.issue('billing'), ca: mesh.ca })
    const token = clientCredentials({ issuer: server.issuer, clientId: 'billing', clientSecret: 'secret', fetch })
    const made = serviceClient({ dangerouslyAllowAnyOrigin: true, tls: files.paths, token })
    onTestFinished(() => made.close())
    expect(await (await made.fetch(service.url)).text()).toBe('billing')
    expect(server.requests).toHaveLength(1)
  })

  it('needs a certificate', () => {
    const token = clientCredentials({ issuer: idp.issuer, clientId: 'billing' })
    expect(() => serviceClient({ dangerouslyAllowAnyOrigin: true, token })).toThrow(ConfigurationError)
  })
})
