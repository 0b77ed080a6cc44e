// A user logs out at a real authorization server, which tells the API by itself: what the session was given is refused then.
import { backChannelLogout, type EventReceiver } from '@sallyport/core'
import { auth } from '@sallyport/express'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApp, serve } from '../fixtures/served-app.js'
import {
  type AuthorizationServer,
  createSigningKey,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'
import { logOut, machineToken, openBrowser, userTokens } from './client.js'

let idp: AuthorizationServer
let app: ServedApp
const told: number[] = []

beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  const guard = auth({ issuer: idp.issuer, audience: resource })
  const receiver: EventReceiver = backChannelLogout(guard.verifier, { clientId: 'app', tokenLifetimeSeconds: 3_600 })
  const api = express()
  api.post('/logout', (request, response, next) => {
    response.once('finish', () => told.push(response.statusCode))
    receiver.node(request, response, next)
  })
  api.use(guard, (_, response) => void response.json({}))
  app = await serve(api, () => guard.verifier.close())
})
afterAll(() => Promise.all([app.close(), idp.close()]))

async function codeOf(token: string): Promise<string> {
  const response = await fetch(app.url, { headers: { authorization: `Bearer ${token}` } })
  const { code = 'allowed' } = (await response.json()) as { code?: string }
  return code
}

describe.each([false, true])('a user who logs out (session in the logout token: %s)', (isSessionRequired) => {
  it('is refused with what the session was given, and nobody else is; and is let in after the next login', async () => {
    idp.tellLogoutsTo(`${app.url}/logout`, { isSessionRequired })
    told.length = 0
    const browser = openBrowser(idp.issuer)
    // The same user as in the round before, whose logout takes back what was issued in the second after it, too.
    await expect
      .poll(async () => codeOf((await userTokens(idp.issuer)).accessToken), { timeout: 10_000 })
      .toBe('allowed')
    const { accessToken, idToken } = await userTokens(idp.issuer, undefined, browser)
    const machine = await machineToken(idp.issuer)
    expect([await codeOf(accessToken), await codeOf(machine)]).toEqual(['allowed', 'allowed'])
    await logOut(browser, idToken)
    expect(told).toEqual([200])
    expect([await codeOf(accessToken), await codeOf(machine)]).toEqual(['token_revoked', 'allowed'])
    const again = async () => codeOf((await userTokens(idp.issuer, undefined, browser)).accessToken)
    await expect.poll(again, { timeout: 10_000 }).toBe('allowed')
    expect(await codeOf(accessToken)).toBe('token_revoked')
  })
})
