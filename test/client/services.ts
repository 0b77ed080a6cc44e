// Services that a client calls: real TLS servers that ask for a certificate, and the files that a client has of its own.
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { ClientEvent } from '@sallyport/client'
import { onTestFinished } from 'vitest'
import { createTestAuthority, type TestAuthority, type TestCertificate } from '../fixtures/certificates.js'

export interface Service {
  readonly url: string
  /** Connections that were ever made. */
  readonly connections: () => number
}

export interface ServiceOptions {
  readonly identity: TestCertificate
  /** Authorities of clients; whoever comes without a certificate of theirs gets no connection. */
  readonly clientCa: string | readonly string[]
}

/** A service on the loopback host that answers with the name in the certificate of its client. */
export async function startService(
  { identity, clientCa }: ServiceOptions,
  listener: RequestListener = (request, response) => response.end(clientOf(request)),
): Promise<Service> {
  const ca = [clientCa].flat() as string[]
  const server = createServer({ ...identity, ca, requestCert: true, rejectUnauthorized: true }, listener)
  return listening(server, 'https')
}

/** A service without TLS, as a sidecar is. */
export async function startPlainService(listener: RequestListener): Promise<Service> {
  return listening(createPlainServer(listener), 'http')
}

async function listening(server: Server, scheme: string): Promise<Service> {
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return { url: `${scheme}://localhost:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

export function clientOf(request: IncomingMessage): string {
  return String((request.socket as TLSSocket).getPeerCertificate().subject?.CN)
}

/** The files of a client, and how they are replaced. */
export interface CertificateFolder {
  readonly folder: string
  readonly paths: { readonly certFile: string; readonly keyFile: string; readonly caFile: string }
  /** Each file is replaced by renaming another over it, as spiffe-helper does. */
  write(files: Partial<TestCertificate & { readonly ca: string }>): Promise<void>
}

/** Files by the names that spiffe-helper gives them. */
export async function certificateFolder(files: TestCertificate & { readonly ca: string }): Promise<CertificateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'client-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const names = { cert: 'svid.pem', key: 'svid_key.pem', ca: 'bundle.pem' }
  const write: CertificateFolder['write'] = async (given) => {
    for (const kind of ['cert', 'key', 'ca'] as const) {
      const text = given[kind]
      if (text === undefined) continue
      await writeFile(join(folder, 'new'), text)
      await rename(join(folder, 'new'), join(folder, names[kind]))
    }
  }
  await write(files)
  const [certFile, keyFile, caFile] = [names.cert, names.key, names.ca].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  return { folder, paths: { certFile, keyFile, caFile }, write }
}

/** A mesh: an authority, a service of it, and the files of a client of it. */
export async function createMesh(): Promise<{
  readonly authority: TestAuthority
  readonly service: Service
  readonly files: CertificateFolder
}> {
  const authority = createTestAuthority('mesh')
  const service = await startService({ identity: authority.issue('localhost'), clientCa: authority.ca })
  const files = await certificateFolder({ ...authority.issue('client-1'), ca: authority.ca })
  return { authority, service, files }
}

/** What the channel says until the test ends. */
export function clientEvents(): ClientEvent[] {
  const events: ClientEvent[] = []
  const listener: ChannelListener = (message) => void events.push(message as ClientEvent)
  subscribe('sallyport:client', listener)
  onTestFinished(() => void unsubscribe('sallyport:client', listener))
  return events
}
