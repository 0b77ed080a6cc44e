// Opaque tokens of a real authorization server, at an Express app on a real socket: got by a real client, bound to its key where it
// has one, and asked about by each of the ways in which an API proves who it is.

import type { IntrospectionOptions } from '@sallyport/core'
import { createTestClock } from '@sallyport/core/testing'
import { auth, requires, scope } from '@sallyport/express'
import express from 'express'
import * as openid from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'
import {
  type AuthorizationServer,
  createSigningKey,
  opaqueResource,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'
import { machineToken } from './client.js'

const withSecret = { clientId: 'the api', clientSecret: 'secret: of the api%' }
const clock = createTestClock(Date.now() / 1000)
let idp: AuthorizationServer
beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
})
afterAll(() => idp.close())

let opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.reverse()) await each.close()
  opened = []
})

/** An API whose tokens are opaque, and how often the issuer was asked about one. */
async function serveApi(introspection: IntrospectionOptions): Promise<{ app: ServedApp; asked: () => number }> {
  let asked = 0
  const api = express()
  const app = await serve(api)
  const guard = auth({
    issuer: idp.issuer,
    audience: [opaqueResource, resource],
    introspection,
    publicUrl: app.url,
    clock,
    fetch: (url, init) => {
      if (url.endsWith('/introspection')) asked += 1
      return fetch(url, init)
    },
  })
  api.use(guard)
  api.get('/orders', requires(scope('read:orders')), ({ auth: { clientId, binding } }, response) => {
    response.json({ clientId, binding })
  })
  opened.push(app, guard.verifier)
  return { app, asked: () => asked }
}

async function get({ url }: ServedApp, authorization: string) {
  const response = await fetch(`${url}/orders`, { headers: { authorization } })
  const body = (await response.json()) as { code?: string; clientId?: string }
  return { status: response.status, said: body.code ?? body.clientId }
}

const discover = () =>
  openid.discovery(new URL(idp.issuer), 'machine', 'secret of the machine', undefined, {
    execute: [openid.allowInsecureRequests],
  })

describe.each<[string, () => IntrospectionOptions]>([
  ['a secret', () => withSecret],
  ['a secret, for signed answers', () => ({ ...withSecret, signed: true })],
  ['a key', () => ({ clientId: 'api-with-key', privateKey: idp.apiKey })],
  ['a key, for signed answers', () => ({ clientId: 'api-with-key', privateKey: idp.apiKey, signed: true })],
])('an API that proves who it is with %s', (_, options) => {
  it('lets an opaque token pass, and asks once', async () => {
    const { app, asked } = await serveApi(options())
    const token = await machineToken(idp.issuer, 'read:orders', opaqueResource)
    expect(token).not.toContain('.')
    for (let sight = 0; sight < 3; sight++)
      expect(await get(app, `Bearer ${token}`)).toEqual({ status: 200, said: 'machine' })
    expect(asked()).toBe(1)
  })

  it('refuses one that the issuer does not know, or has taken back', async () => {
    const { app } = await serveApi({ ...options(), lifetimeSeconds: 1 })
    expect(await get(app, 'Bearer made-up')).toEqual({ status: 401, said: 'token_inactive' })
    const token = await machineToken(idp.issuer, 'read:orders', opaqueResource)
    expect(await get(app, `Bearer ${token}`)).toMatchObject({ status: 200 })
    await openid.tokenRevocation(await discover(), token)
    clock.advance(1)
    expect(await get(app, `Bearer ${token}`)).toEqual({ status: 401, said: 'token_inactive' })
  })
})

describe('an API with opaque tokens', () => {
  it('lets JWTs of the same issuer pass, and asks nobody', async () => {
    const { app, asked } = await serveApi(withSecret)
    expect(await get(app, `Bearer ${await machineToken(idp.issuer)}`)).toEqual({ status: 200, said: 'machine' })
    expect(asked()).toBe(0)
  })

  it('refuses one without the scope of the route with 403', async () => {
    const { app } = await serveApi(withSecret)
    const token = await machineToken(idp.issuer, 'write:orders', opaqueResource)
    expect(await get(app, `Bearer ${token}`)).toEqual({ status: 403, said: 'scope_insufficient' })
  })

  it('is told nothing, and answers 503, where the issuer does not accept it', async () => {
    const { app } = await serveApi({ ...withSecret, clientSecret: 'wrong' })
    const token = await machineToken(idp.issuer, 'read:orders', opaqueResource)
    expect(await get(app, `Bearer ${token}`)).toEqual({ status: 503, said: 'introspection_unavailable' })
  })

  it('R-9449-17: lets one that is bound to a key pass with its proof alone, cold and from the cache', async () => {
    const { app, asked } = await serveApi(withSecret)
    const config = await discover()
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
    const { access_token: token, token_type: type } = await openid.clientCredentialsGrant(
      config,
      { scope: 'read:orders', resource: opaqueResource },
      { DPoP },
    )
    expect([type, token.includes('.')]).toEqual(['dpop', false])
    for (let sight = 0; sight < 2; sight++) {
      expect(await get(app, `Bearer ${token}`)).toEqual({ status: 401, said: 'binding_missing' })
      expect(await get(app, `DPoP ${token}`)).toEqual({ status: 401, said: 'proof_invalid' })
      const url = new URL(`${app.url}/orders`)
      const response = await openid.fetchProtectedResource(config, token, url, 'GET', null, undefined, { DPoP })
      expect([response.status, await response.json()]).toEqual([200, { clientId: 'machine', binding: 'dpop' }])
    }
    expect(asked()).toBe(1)
  })
})
