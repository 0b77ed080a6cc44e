// RFC 8705 between parties that we have not written: oidc-provider binds tokens to the certificate of the client; TLS is ended
// by Node, or by nginx, which passes on what it saw.
import { once } from 'node:events'
import { createServer as createHttpServer, request as requestPlain } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ClientCertificateSource } from '@sallyport/core'
import { auth, boundBy, requires } from '@sallyport/express'
import express, { type Express } from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestAuthority, type TestCertificate } from '../fixtures/certificates.js'
import { startNginx } from '../fixtures/nginx.js'
import {
  type AuthorizationServer,
  certificateHeader,
  createSigningKey,
  resource,
  startAuthorizationServer,
} from './authorization-server.js'

const authority = createTestAuthority('the authority')
const own = authority.issue('localhost')
const [ann, bob] = [createTestAuthority('ann').issue('ann'), createTestAuthority('bob').issue('bob')]

let idp: AuthorizationServer
let token: string
beforeAll(async () => {
  idp = await startAuthorizationServer(await createSigningKey('key-1'))
  token = await tokenOf(ann)
})
afterAll(() => idp.close())

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** The token of a machine that has shown this certificate. */
async function tokenOf({ cert }: TestCertificate): Promise<string> {
  const secret = Buffer.from('bound+machine:secret+of+the+bound+machine').toString('base64')
  const answer = await fetch(`${idp.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${secret}`, [certificateHeader]: encodeURIComponent(cert) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:orders', resource }),
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  return access_token
}

function api(clientCertificate: ClientCertificateSource): Express {
  const guard = auth({ issuer: idp.issuer, audience: resource, trustedProxies: ['127.0.0.1'], clientCertificate })
  endings.push(() => guard.verifier.close())
  const app = express()
  app.use(guard)
  app.get('/orders', requires(boundBy('mtls')), (req, res) => void res.send(req.auth.binding))
  return app
}

interface Answer {
  readonly status: number | undefined
  readonly code: string
}

/** Asks by way of TLS, with this certificate or none. */
async function ask(port: number, certificate: TestCertificate | undefined, lines: object = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...lines }
  const options = {
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path: '/orders',
    ca: authority.ca,
    agent: false,
    headers,
  }
  return answerTo(request({ ...options, ...certificate }))
}

async function answerTo(sent: ReturnType<typeof request>): Promise<Answer> {
  const [response] = await once(sent.end(), 'response')
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, code: response.statusCode === 200 ? body : JSON.parse(body).code }
}

const passed = { status: 200, code: 'mtls' }
const missing = { status: 401, code: 'binding_missing' }
const mismatch = { status: 401, code: 'binding_mismatch' }

/** Cold, remembered once, and from the cache. */
async function expectBound(port: number): Promise<void> {
  expect(await ask(port, undefined)).toEqual(missing)
  expect(await ask(port, bob)).toEqual(mismatch)
  for (let time = 0; time < 3; time++) {
    expect(await ask(port, ann)).toEqual(passed)
    expect(await ask(port, undefined)).toEqual(missing)
    expect(await ask(port, bob)).toEqual(mismatch)
  }
}

it('R-8705-1, R-8705-2, R-8705-3: where TLS is ended by Node', async () => {
  const server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, api('tls')).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await expectBound((server.address() as AddressInfo).port)
})

describe.each<[ClientCertificateSource & string, string, string]>([
  ['ssl-client-cert', '', 'proxy_set_header ssl-client-cert $ssl_client_escaped_cert;'],
  [
    'x-forwarded-client-cert',
    `map $ssl_client_escaped_cert $xfcc { "" ""; default 'Cert="$ssl_client_escaped_cert";Subject="$ssl_client_s_dn"'; }`,
    'proxy_set_header x-forwarded-client-cert $xfcc;',
  ],
])('where TLS is ended by nginx, which writes %s', (header, http, location) => {
  async function start(): Promise<{ readonly behind: number; readonly nginx: number }> {
    const server = createHttpServer(api(header)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const nginx = await startNginx({ target: port, server: own, http, location })
    endings.push(() => {
      server.closeAllConnections()
      server.close()
    }, nginx.stop)
    return { behind: port, nginx: nginx.port }
  }

  const forged = {
    [header]: header === 'ssl-client-cert' ? encodeURIComponent(ann.cert) : `Cert="${encodeURIComponent(ann.cert)}"`,
  }

  it('R-8705-1, R-8705-2: a bound token is bound', async () => {
    await expectBound((await start()).nginx)
  })

  it('R-9700-3: what a client writes there changes nothing', async () => {
    const { nginx, behind } = await start()
    expect(await ask(nginx, undefined, forged)).toEqual(missing)
    expect(await ask(nginx, bob, forged)).toEqual(mismatch)
    // Past the proxy, from an address that nobody trusts, and from the one that is the proxy's.
    const past = {
      host: '127.0.0.1',
      port: behind,
      path: '/orders',
      headers: { authorization: `Bearer ${token}`, ...forged },
    }
    expect(await answerTo(requestPlain({ ...past, localAddress: '127.0.0.2' }))).toEqual(missing)
    expect(await answerTo(requestPlain({ ...past, localAddress: '127.0.0.1' }))).toEqual(passed)
  })
})
