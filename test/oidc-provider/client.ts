// The other two parties: a machine and an app that get their tokens with openid-client, and a user with a browser.
import * as openid from 'openid-client'
import request from 'supertest'
import { redirectUri, resource } from './authorization-server.js'

/** A client of the authorization server. `clientId` and its secret are those of its configuration. */
function discover(issuer: string, clientId: 'machine' | 'app'): Promise<openid.Configuration> {
  const secret = `secret of the ${clientId}`
  return openid.discovery(new URL(issuer), clientId, secret, undefined, { execute: [openid.allowInsecureRequests] })
}

/** RFC 6749 §4.4, RFC 8707: the access token of a machine. */
export async function machineToken(issuer: string, scope = 'read:orders', audience = resource): Promise<string> {
  const config = await discover(issuer, 'machine')
  const { access_token } = await openid.clientCredentialsGrant(config, { scope, resource: audience })
  return access_token
}

/** RFC 6749 §4.1, RFC 7636: the tokens of a user who logged in. */
export async function userTokens(
  issuer: string,
  scope = 'openid read:orders',
  browser: Browser = openBrowser(issuer),
  more: Readonly<Record<string, string>> = {},
) {
  const config = await discover(issuer, 'app')
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const expectedState = openid.randomState()
  const start = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    resource,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  })
  const callback = await browse(browser, start)
  const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true }
  const { access_token, id_token = '' } = await openid.authorizationCodeGrant(config, callback, checks, { resource })
  return { accessToken: access_token, idToken: id_token }
}

/** Keeps the cookies of a user at the issuer. */
export type Browser = ReturnType<typeof request.agent>

export function openBrowser(issuer: string): Browser {
  return request.agent(issuer)
}

/** OpenID Connect RP-Initiated Logout §2: asks the issuer to end the session, and confirms it. */
export async function logOut(browser: Browser, idToken: string): Promise<void> {
  const page = await browser.get('/session/end').query({ id_token_hint: idToken })
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1]
  const { status, text } = await browser.post('/session/end/confirm').type('form').send({ xsrf, logout: 'yes' })
  if (status >= 400) throw new Error(`the logout answered ${status} ${text}`)
}

/** Follows redirects with cookies until they lead back to the app. */
async function browse(browser: Browser, start: URL): Promise<URL> {
  let url = start
  while (url.origin === start.origin) {
    const { headers, status, text } = await browser.get(url.pathname + url.search).redirects(0)
    if (headers['location'] === undefined) throw new Error(`${url.pathname} answered ${status} ${text}`)
    url = new URL(headers['location'], url)
  }
  return url
}
