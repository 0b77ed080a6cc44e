// SVIDs over real TLS, which nginx ends: it passes on what it saw, or what an Envoy would have written. Whose word that is.
import { once } from 'node:events'
import { createServer, type RequestListener, request as requestPlain } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientCertificateSource, VerifierOptions } from '@sallyport/core'
import { auth, requires, spiffe } from '@sallyport/express'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { startNginx } from '../fixtures/nginx.js'
import { bundleOf } from '../fixtures/svids.js'
import { ask, authorityOf, billing, clientOf, orders, own, svidOf } from './tls-servers.js'

const root = authorityOf('root')
const middle = authorityOf('middle', root)
const stranger = authorityOf('root')
const good = svidOf(root, orders)
const rejected = { status: 401, body: 'certificate_rejected' }
const missing = { status: 401, body: 'credential_missing' }
const passed = { status: 200, body: orders }

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

interface Started {
  /** Where TLS ends. */
  readonly nginx: number
  /** The API itself. */
  readonly behind: number
}

async function start(
  clientCertificate: ClientCertificateSource,
  domain: object,
  lines: { http?: string; location: string },
): Promise<Started> {
  const options = {
    issuer: 'https://idp.example.com',
    audience: 'https://api.example.com',
    clientCertificate,
    trustedProxies: ['127.0.0.1'],
    spiffe: { trustDomains: [{ trustDomain: 'prod.example', ...domain }], withoutToken: true },
  }
  const guard = auth({ ...options, fetch: async () => new Response(null, { status: 404 }) } as VerifierOptions)
  const app = express()
  app.use(guard)
  app.get('/orders', requires(spiffe(orders)), (req, res) => void res.json({ workload: req.auth.workload }))
  app.get('/who', (req, res) => void res.json({ workload: req.auth.workload }))
  const server = createServer(app as unknown as RequestListener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const nginx = await startNginx({ target: port, server: own, ...lines })
  endings.push(
    () => guard.verifier.close(),
    () => {
      server.closeAllConnections()
      server.close()
    },
    nginx.stop,
  )
  return { nginx: nginx.port, behind: port }
}

/** Asks past the proxy, from an address of this machine. */
async function askPast(port: number, localAddress: string, headers: Record<string, string>): Promise<object> {
  const sent = requestPlain({ host: '127.0.0.1', port, path: '/orders', localAddress, headers }).end()
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const { workload, code } = JSON.parse(text) as { workload?: string; code?: string }
  return { status: response.statusCode, body: workload ?? code }
}

describe('nginx that passes on the certificate in ssl-client-cert', () => {
  const lines = { location: 'proxy_set_header ssl-client-cert $ssl_client_escaped_cert;' }
  const started = (...authorities: readonly (typeof root)[]) =>
    start('ssl-client-cert', { bundle: bundleOf(authorities) }, lines)

  it('R-XSVID-1: lets a workload pass whose trust domain vouches for it', async () => {
    const { nginx } = await started(root)
    expect(await ask(nginx, '/orders', clientOf(good))).toMatchObject(passed)
    expect(await ask(nginx, '/orders', clientOf(svidOf(root, billing)))).toMatchObject({ body: 'policy_denied' })
    expect(await ask(nginx, '/orders', clientOf(svidOf(stranger, orders)))).toMatchObject(rejected)
    expect(await ask(nginx, '/orders')).toMatchObject(missing)
  })

  it('needs who has signed the certificate in the bundle: it passes on no intermediates', async () => {
    const [one, two] = [await started(root), await started(root, middle)]
    const client = clientOf(svidOf(middle, orders), middle)
    expect(await ask(one.nginx, '/orders', client)).toMatchObject(rejected)
    expect(await ask(two.nginx, '/orders', client)).toMatchObject(passed)
  })

  it('R-9700-3: lets nobody pass by what is written in the header', async () => {
    const { nginx, behind } = await started(root)
    const forged = { 'ssl-client-cert': encodeURIComponent(good.pem) }
    expect(await ask(nginx, '/orders', {}, { headers: forged })).toMatchObject(missing)
    expect(await ask(nginx, '/orders', clientOf(svidOf(stranger, orders)), { headers: forged })).toMatchObject(rejected)
    expect(await askPast(behind, '127.0.0.2', forged)).toEqual(missing)
    expect(await askPast(behind, '127.0.0.1', forged)).toEqual(passed)
  })
})

describe('a proxy that writes x-forwarded-client-cert', () => {
  const gate = 'spiffe://prod.example/ns/edge/sa/gate'
  const appended = 'proxy_set_header x-forwarded-client-cert "$http_x_forwarded_client_cert$comma$xfcc";'
  const map = `map $ssl_client_escaped_cert $xfcc {
      "" ""; default 'By=${gate};Cert="$ssl_client_escaped_cert";Subject="$ssl_client_s_dn"';
    }
    map $http_x_forwarded_client_cert $comma { "" ""; default ","; }`
  const source = { header: 'x-forwarded-client-cert', by: gate } as const
  const uris = { 'x-forwarded-client-cert': `By=${gate};URI=${orders}` }

  it('R-XSVID-1: is believed about the certificate as far as the bundle vouches for it', async () => {
    const { nginx } = await start(
      source,
      { bundle: bundleOf([root]) },
      {
        http: map,
        location: 'proxy_set_header x-forwarded-client-cert $xfcc;',
      },
    )
    expect(await ask(nginx, '/orders', clientOf(good))).toMatchObject(passed)
    expect(await ask(nginx, '/who', clientOf(svidOf(root, billing)))).toMatchObject({ status: 200, body: billing })
    expect(await ask(nginx, '/orders', clientOf(svidOf(stranger, orders)))).toMatchObject(rejected)
    expect(await ask(nginx, '/orders', {}, { headers: uris })).toMatchObject(missing)
  })

  it('R-XFCC-3: is not believed where the client has written an element before its own', async () => {
    const { nginx } = await start(source, { bundle: bundleOf([root]) }, { http: map, location: appended })
    for (const value of [`By=${gate};URI=${orders}`, 'garbage']) {
      const headers = { 'x-forwarded-client-cert': value }
      expect(await ask(nginx, '/who', clientOf(svidOf(root, billing)), { headers })).toMatchObject(rejected)
      expect(await ask(nginx, '/orders', clientOf(good), { headers })).toMatchObject(rejected)
    }
    expect(await ask(nginx, '/orders', clientOf(good))).toMatchObject(passed)
  })

  it('R-XFCC-3: from anywhere else changes nothing, and from there its identity reaches the policy', async () => {
    const { nginx, behind } = await start(
      source,
      {},
      {
        location: `proxy_set_header x-forwarded-client-cert "By=${gate};URI=${orders}";`,
      },
    )
    expect(await ask(nginx, '/orders', clientOf(good))).toMatchObject(passed)
    for (const address of ['127.0.0.2', '127.0.0.3']) {
      expect(await askPast(behind, address, uris)).toEqual(missing)
      expect(await askPast(behind, address, { ...uris, 'x-forwarded-for': '127.0.0.1' })).toEqual(missing)
    }
    expect(await askPast(behind, '127.0.0.1', uris)).toEqual(passed)
    expect(await askPast(behind, '127.0.0.1', { 'x-forwarded-client-cert': `URI=${orders}` })).toEqual(rejected)
  })
})
