// Real servers that end TLS themselves and ask for the certificate of the client, one of each framework; and clients with SVIDs.
import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Controller, Get } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { VerifierOptions } from '@sallyport/core'
import { auth, requires, spiffe } from '@sallyport/express'
import sallyport from '@sallyport/fastify'
import { Auth, AuthModule, CurrentAuth } from '@sallyport/nestjs'
import express from 'express'
import fastify from 'fastify'
import { createTestAuthority as createServerAuthority } from '../fixtures/certificates.js'
import {
  createTestAuthority,
  createTestCertificate,
  svidExtensions,
  type TestCertificate,
} from '../fixtures/der-certificates.js'
import { moduleOf } from '../nestjs/served-nest.js'

export const orders = 'spiffe://prod.example/ns/shop/sa/orders'
export const billing = 'spiffe://prod.example/ns/shop/sa/billing'

/** In force for an hour around now: TLS looks at the clock of the machine. */
const hour = { notBefore: Math.floor(Date.now() / 1000) - 3_600, notAfter: Math.floor(Date.now() / 1000) + 3_600 }

export function authorityOf(subject: string, issuer?: TestCertificate): TestCertificate {
  return createTestAuthority({ subject, ...hour, ...(issuer && { issuer }) })
}

export function svidOf(issuer: TestCertificate, spiffeId: string, more: object = {}): TestCertificate {
  return createTestCertificate({ subject: 'workload', issuer, extensions: svidExtensions(spiffeId), ...hour, ...more })
}

const serverAuthority = createServerAuthority('the authority of the server')
/** Who the servers are. */
export const own = serverAuthority.issue('localhost')

/** A server that says at `/who` which workload calls, and lets orders alone come to `/orders`. */
export interface TlsServer {
  readonly port: number
  readonly server: Server
  close(): Promise<unknown>
}

const tls = { ...own, requestCert: true, rejectUnauthorized: false }
const policy = spiffe('spiffe://prod.example/ns/*/sa/orders')

@Controller()
class Who {
  @Get('who')
  who(@CurrentAuth() caller: { workload?: string }) {
    return { workload: caller.workload }
  }

  @Auth(policy)
  @Get('orders')
  orders(@CurrentAuth() caller: { workload?: string }) {
    return { workload: caller.workload }
  }
}

async function listening(server: Server, close: () => unknown): Promise<TlsServer> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.closeAllConnections()
      await close()
    },
  }
}

/** By framework. */
export const frameworks: Readonly<Record<string, (options: VerifierOptions, more?: object) => Promise<TlsServer>>> = {
  async Express(options, more) {
    const guard = auth(options)
    const app = express()
    app.use(guard)
    app.get('/who', (req, res) => void res.json({ workload: req.auth.workload }))
    app.get('/orders', requires(policy), (req, res) => void res.json({ workload: req.auth.workload }))
    const server = createServer({ ...tls, ...more }, app)
    return listening(server, async () => {
      server.close()
      await guard.verifier.close()
    })
  },
  async Fastify(options, more) {
    const app = fastify({ https: { ...tls, ...more } })
    await app.register(sallyport, options)
    app.get('/who', async (req) => ({ workload: req.auth.workload }))
    app.get('/orders', { config: { auth: policy } }, async (req) => ({ workload: req.auth.workload }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return listening(app.server as unknown as Server, () => app.close())
  },
  'Nest on Express': (options, more) => nest(new ExpressAdapter(), options, more),
  'Nest on Fastify': (options, more) => nest(new FastifyAdapter({ https: { ...tls, ...more } } as object), options),
}

async function nest(adapter: ExpressAdapter | FastifyAdapter, options: VerifierOptions, more: object = {}) {
  const module = moduleOf({ imports: [AuthModule.forRoot(options)], controllers: [Who] })
  const httpsOptions = { ...tls, ...more }
  const app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false, httpsOptions })
  await app.listen(0, '127.0.0.1')
  return listening(app.getHttpServer() as Server, () => app.close())
}

/** What came back. */
export interface Answer {
  readonly status: number | undefined
  /** Who it was, or the code of the refusal. */
  readonly body: string | undefined
  readonly socket: TLSSocket
  /** A ticket to come again with, where the server has sent one. */
  readonly session: Buffer | undefined
}

/** Who asks: a certificate, and what it sends along. */
export function clientOf(certificate: TestCertificate, ...along: readonly TestCertificate[]): object {
  return { key: certificate.key.pem, cert: [certificate, ...along].map(({ pem }) => pem).join('') }
}

/** Asks over a new connection, unless `more` has an agent. */
export async function ask(port: number, path: string, client: object = {}, more: object = {}): Promise<Answer> {
  let session: Buffer | undefined
  const sent = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path,
    ca: serverAuthority.ca,
    agent: false,
    ...client,
    ...more,
  })
  const keep = (ticket: Buffer): void => {
    session = ticket
  }
  const used = once(sent, 'socket')
  const answered = once(sent.end(), 'response')
  const [socket] = (await used) as [TLSSocket]
  socket.on('session', keep)
  const [response] = await answered
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  socket.off('session', keep)
  const { workload, code } = JSON.parse(text) as { workload?: string; code?: string }
  return { status: response.statusCode, body: workload ?? code, socket, session }
}
