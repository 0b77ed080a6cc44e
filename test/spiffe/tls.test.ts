// SVIDs over real TLS, which Node ends: what a certificate shows there, with what comes along, and on a connection that is resumed.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VerifierOptions } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bundleOf } from '../fixtures/svids.js'
import { ask, authorityOf, billing, clientOf, frameworks, orders, svidOf, type TlsServer } from './tls-servers.js'

const idp = await createTestIssuer()
const root = authorityOf('root')
const middle = authorityOf('middle', root)
const stranger = authorityOf('root')
const [own, deep] = [svidOf(root, orders), svidOf(middle, orders)]

const folder = await mkdtemp(join(tmpdir(), 'svids-'))
const bundleFile = join(folder, 'bundle.pem')
afterAll(async () => {
  await idp.close()
  await rm(folder, { recursive: true })
})

function optionsWith(domain: object = { bundle: bundleOf([root]) }, withoutToken = true): VerifierOptions {
  return {
    issuer: idp.issuer,
    audience: idp.audience,
    jwks: idp.jwks,
    clientCertificate: 'tls',
    spiffe: { trustDomains: [{ trustDomain: 'prod.example', ...domain }], withoutToken },
  } as VerifierOptions
}

/** The servers of one test. */
const running: TlsServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})
async function start(framework: string, options = optionsWith(), more: object = {}): Promise<TlsServer> {
  const server = await (frameworks[framework] as NonNullable<(typeof frameworks)[string]>)(options, more)
  running.push(server)
  return server
}

const rejected = { status: 401, body: 'certificate_rejected' }

describe.each(Object.keys(frameworks))('%s', (framework) => {
  let server: TlsServer
  beforeAll(async () => {
    server = await start(framework)
    running.splice(0)
  })
  afterAll(() => server.close())

  it('R-XSVID-1: lets a workload pass that shows its certificate, and no token', async () => {
    expect(await ask(server.port, '/who', clientOf(own))).toMatchObject({ status: 200, body: orders })
    expect(await ask(server.port, '/orders', clientOf(own))).toMatchObject({ status: 200, body: orders })
  })

  it('R-XSVID-1: lets one pass by way of an intermediate, and not without it', async () => {
    expect(await ask(server.port, '/who', clientOf(svidOf(middle, orders)))).toMatchObject(rejected)
    expect(await ask(server.port, '/orders', clientOf(deep, middle))).toMatchObject({ status: 200, body: orders })
    expect(await ask(server.port, '/orders', clientOf(deep, middle, root))).toMatchObject({ status: 200, body: orders })
  })

  it('R-XSVID-1: refuses one that another root has signed, and one that has expired', async () => {
    const past = { notBefore: 0, notAfter: Math.floor(Date.now() / 1000) - 1 }
    for (const bad of [svidOf(stranger, orders), svidOf(root, orders, past)]) {
      expect(await ask(server.port, '/who', clientOf(bad))).toMatchObject(rejected)
      expect(await ask(server.port, '/who', clientOf(bad, stranger))).toMatchObject(rejected)
      const { authorization } = await idp.asUser()
      expect(await ask(server.port, '/who', clientOf(bad), { headers: { authorization } })).toMatchObject(rejected)
    }
  })

  it('tells workloads apart, and asks who shows none for a token', async () => {
    const other = clientOf(svidOf(root, billing))
    expect(await ask(server.port, '/who', other)).toMatchObject({ status: 200, body: billing })
    expect(await ask(server.port, '/orders', other)).toMatchObject({ status: 403, body: 'policy_denied' })
    expect(await ask(server.port, '/who')).toMatchObject({ status: 401, body: 'credential_missing' })
  })

  it('knows the workload beside a token', async () => {
    const headers = await idp.asUser()
    expect(await ask(server.port, '/orders', clientOf(own), { headers })).toMatchObject({ status: 200, body: orders })
    expect(await ask(server.port, '/orders', {}, { headers })).toMatchObject({ status: 403, body: 'policy_denied' })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('lets a connection of %s be resumed', async (version) => {
    const client = { ...clientOf(deep, middle), minVersion: version, maxVersion: version }
    const first = await ask(server.port, '/orders', client)
    expect([first.status, first.socket.isSessionReused()]).toEqual([200, false])
    const again = await ask(server.port, '/orders', client, { session: first.session })
    expect(again.socket.isSessionReused()).toBe(true)
    expect(again).toMatchObject({ status: 200, body: orders })
  })
})

describe('a connection that is resumed', () => {
  const client = { ...clientOf(deep, middle), minVersion: 'TLSv1.3' }

  it('at a server that has never seen the intermediates is refused: there, only a new one has them', async () => {
    const more = { sessionIdContext: 'orders' }
    const [one, two] = [await start('Express', optionsWith(), more), await start('Express', optionsWith(), more)]
    two.server.setTicketKeys(one.server.getTicketKeys())
    const { session } = await ask(one.port, '/orders', client)
    const again = await ask(two.port, '/orders', client, { session })
    expect(again.socket.isSessionReused()).toBe(true)
    expect(again).toMatchObject(rejected)
    expect(await ask(two.port, '/orders', client)).toMatchObject({ status: 200 })
    expect(await ask(two.port, '/orders', client, { session })).toMatchObject({ status: 200, body: orders })
  })

  it('is that of its certificate, whatever the client would show now', async () => {
    const { port } = await start('Express')
    const { session } = await ask(port, '/orders', client)
    const other = { ...clientOf(svidOf(root, billing)), minVersion: 'TLSv1.3' }
    expect(await ask(port, '/who', other, { session })).toMatchObject({ status: 200, body: orders })
  })
})

describe('a bundle file that is replaced', () => {
  it('ends what an open connection may do with its next request, once the authority is gone', async () => {
    await writeFile(bundleFile, root.pem)
    const { port } = await start('Express', optionsWith({ bundleFile }))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const again = async () => ask(port, '/orders', clientOf(deep, middle), { agent })
    const first = await again()
    expect(first).toMatchObject({ status: 200, body: orders })
    expect((await again()).socket).toBe(first.socket)
    const next = authorityOf('next')
    await writeFile(`${bundleFile}.new`, next.pem)
    await rename(`${bundleFile}.new`, bundleFile)
    await expect.poll(async () => (await again()).status).toBe(401)
    const refused = await again()
    expect(refused).toMatchObject(rejected)
    expect(refused.socket).toBe(first.socket)
    expect(await ask(port, '/orders', clientOf(svidOf(next, orders)))).toMatchObject({ status: 200, body: orders })
    await rm(bundleFile)
    await expect.poll(async () => (await ask(port, '/orders', clientOf(svidOf(next, orders)))).status).toBe(503)
    agent.destroy()
  })
})

describe('a server that lets TLS verify as well', () => {
  it('lets the same workloads pass, where it has the authorities of the bundle', async () => {
    const { port } = await start('Express', optionsWith(), { ca: [root.pem], rejectUnauthorized: true })
    expect(await ask(port, '/orders', clientOf(own))).toMatchObject({ status: 200, body: orders })
    // Node 24 forgets what came along with a certificate that it has verified itself.
    if (!process.version.startsWith('v24.'))
      expect(await ask(port, '/orders', clientOf(deep, middle))).toMatchObject({ status: 200, body: orders })
    await expect(ask(port, '/orders', clientOf(svidOf(stranger, orders)))).rejects.toThrow()
  })
})
