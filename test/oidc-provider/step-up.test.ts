// RFC 9470 between parties that we have not written: the API says how a user has to log in, the client asks for that, and the new
// token passes.
import { acrAtLeast, allOf, auth, authenticatedWithin, requires, scope } from '@sallyport/express'
import express from 'express'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'
import {
  type AuthorizationServer,
  createSigningKey,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'
import { openBrowser, userTokens } from './client.js'

let idp: AuthorizationServer
let app: ServedApp
beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  const guard = auth({ issuer: idp.issuer, audience: resource })
  const api = express()
  const strong = allOf(
    scope('read:orders'),
    acrAtLeast('loa:2', ['loa:1', 'loa:2', 'loa:3']),
    authenticatedWithin('5m'),
  )
  api.use(guard)
  api.get('/orders', (_, response) => void response.send('orders'))
  api.get('/payments', requires(strong), (_, response) => void response.send('payments'))
  app = await serve(api, () => guard.verifier.close())
})
afterAll(async () => {
  await Promise.all([app.close(), idp.close()])
})

const ask = (path: string, token: string): Promise<Response> =>
  oauth.protectedResourceRequest(token, 'GET', new URL(app.url + path), undefined, undefined, {
    [oauth.allowInsecureRequests]: true,
  })

it('R-9470-1, R-9470-2: a user logs in again, as well as the challenge asks for', async () => {
  const weak = await userTokens(idp.issuer)
  expect(await (await ask('/orders', weak.accessToken)).text()).toBe('orders')
  const refusal = await ask('/payments', weak.accessToken).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
  const [challenge] = (refusal as oauth.WWWAuthenticateChallengeError).cause
  expect(challenge?.scheme).toBe('bearer')
  const { error, acr_values, max_age = '' } = challenge?.parameters ?? {}
  expect({ error, acr_values, max_age }).toEqual({
    error: 'insufficient_user_authentication',
    acr_values: 'loa:2 loa:3',
    max_age: '300',
  })
  const asked = { acr_values: String(acr_values), max_age }
  const strong = await userTokens(idp.issuer, 'openid read:orders', openBrowser(idp.issuer), asked)
  expect(await (await ask('/payments', strong.accessToken)).text()).toBe('payments')
})
