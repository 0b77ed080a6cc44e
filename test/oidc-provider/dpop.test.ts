// RFC 9449 between parties that we have not written: oidc-provider binds tokens, oauth4webapi makes the proofs and answers to
// nonces. The API is known to its clients by another name than the socket that it listens on.
import { Controller, Get, Module, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { auth, requires } from '@sallyport/express'
import sallyport from '@sallyport/fastify'
import { Auth, AuthModule, allOf, boundBy, scope } from '@sallyport/nestjs'
import express from 'express'
import fastify from 'fastify'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  createSigningKey,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'

const policy = { read: scope('read:orders'), bound: boundBy('dpop') }
const nonces = { secret: 'a secret of the whole fleet, 32 bytes' }
const insecure = { [oauth.allowInsecureRequests]: true }

let idp: AuthorizationServer
let server: oauth.AuthorizationServer
const client: oauth.Client = { client_id: 'machine' }
beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  const issuer = new URL(idp.issuer)
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
})
afterAll(() => idp.close())

/** A token that is bound to the key of these proofs. */
async function boundToken(DPoP: oauth.DPoPHandle): Promise<string> {
  const secret = oauth.ClientSecretBasic('secret of the machine')
  const parameters = new URLSearchParams({ scope: 'read:orders', resource })
  const ask = async (): Promise<oauth.TokenEndpointResponse> => {
    const response = await oauth.clientCredentialsGrantRequest(server, client, secret, parameters, {
      DPoP,
      ...insecure,
    })
    return oauth.processClientCredentialsResponse(server, client, response)
  }
  const tokens = await ask().catch((error: unknown) => {
    if (oauth.isDPoPNonceError(error)) return ask() // the server hands out nonces of its own
    throw error
  })
  expect(tokens.token_type).toBe('dpop')
  return tokens.access_token
}

const newProofs = async (): Promise<oauth.DPoPHandle> => oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

interface Api {
  readonly url: string
  close(): Promise<unknown>
}

const optionsOf = (withNonces: boolean) => ({
  issuer: idp.issuer,
  audience: resource,
  publicUrl: resource,
  ...(withNonces && { dpopProofs: { nonces } }),
})

const frameworks: Readonly<Record<string, (withNonces: boolean) => Promise<Api>>> = {
  async Express(withNonces) {
    const guard = auth(optionsOf(withNonces))
    const app = express()
    app.use(guard)
    app.get('/orders', requires(policy.read), requires(policy.bound), (req, res) => void res.send(req.auth.clientId))
    const listening = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => listening.once('listening', resolve))
    const close = async () => {
      await guard.verifier.close()
      listening.closeAllConnections()
      listening.close()
    }
    return { url: `http://127.0.0.1:${(listening.address() as { port: number }).port}`, close }
  },
  async Fastify(withNonces) {
    const app = fastify()
    await app.register(sallyport, optionsOf(withNonces))
    app.get('/orders', { config: { auth: policy.bound } }, async (request) => request.auth.clientId)
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
  },
  async Nest(withNonces) {
    const app = await NestFactory.create(nestApp(withNonces), { logger: false })
    await app.listen(0, '127.0.0.1')
    return { url: await app.getUrl(), close: () => app.close() }
  },
}

function nestApp(withNonces: boolean): Type<unknown> {
  class Orders {
    list(): string {
      return client.client_id
    }
  }
  Get()(Orders.prototype, 'list', Object.getOwnPropertyDescriptor(Orders.prototype, 'list') as PropertyDescriptor)
  Auth(allOf(policy.read, policy.bound))(Orders)
  Controller('orders')(Orders)
  class App {}
  Module({ imports: [AuthModule.forRoot(optionsOf(withNonces))], controllers: [Orders] })(App)
  return App
}

describe.each(Object.entries(frameworks))('%s', (_, start) => {
  /** Asks the API under the name that clients know. */
  const ask = (api: Api, token: string, DPoP?: oauth.DPoPHandle, method = 'GET'): Promise<Response> =>
    oauth.protectedResourceRequest(token, method, new URL(`${resource}/orders?page=2`), undefined, undefined, {
      ...(DPoP && { DPoP }),
      [oauth.customFetch]: (url, init) => fetch(url.replace(resource, api.url), init as RequestInit),
    })

  it('lets the holder pass, again and again', async () => {
    const api = await start(false)
    const DPoP = await newProofs()
    const token = await boundToken(DPoP)
    for (let time = 0; time < 3; time++) {
      const response = await ask(api, token, DPoP)
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('machine')
    }
    await api.close()
  })

  it('hands out a nonce to whoever has none, and takes it', async () => {
    const api = await start(true)
    const DPoP = await newProofs()
    const token = await boundToken(DPoP)
    const refusal = await ask(api, token, DPoP).catch((error: unknown) => error)
    expect(oauth.isDPoPNonceError(refusal)).toBe(true)
    for (let time = 0; time < 3; time++) expect((await ask(api, token, DPoP)).status).toBe(200)
    await api.close()
  })

  it('lets nobody else pass who has the token', async () => {
    const api = await start(false)
    const DPoP = await newProofs()
    const token = await boundToken(DPoP)
    expect((await ask(api, token, DPoP)).status).toBe(200)
    const [asBearer, asThief] = await Promise.all(
      [undefined, await newProofs()].map((proofs) => ask(api, token, proofs).catch((error: unknown) => error)),
    )
    for (const refusal of [asBearer, asThief]) {
      expect(refusal).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
      const { cause, status } = refusal as oauth.WWWAuthenticateChallengeError
      expect(status).toBe(401)
      expect(cause.map(({ scheme }) => scheme).sort()).toEqual(['bearer', 'dpop'])
      expect(cause.some(({ parameters }) => parameters.error === 'invalid_token')).toBe(true)
      expect(cause.find(({ scheme }) => scheme === 'dpop')?.parameters['algs']).toContain('ES256')
    }
    await api.close()
  })
})
