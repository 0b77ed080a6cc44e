// Receivers on real sockets, in every framework: before or behind a parser, on a route that needs no token.
import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { serve as serveHono } from '@hono/node-server'
import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common'
import { backChannelLogout, createVerifier, type EventReceiver, securityEvents, type Verifier } from '@sallyport/core'
import { auth } from '@sallyport/express'
import sallyport from '@sallyport/fastify'
import { AuthModule, Public, VERIFIER } from '@sallyport/nestjs'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, describe, expect, it } from 'vitest'
import { expressMajors } from '../fixtures/express.js'
import { type ServedApp, serve, serveOn } from '../fixtures/served-app.js'
import { createNest, moduleOf, platforms } from '../nestjs/served-nest.js'
import { caep, clientId, createSenders, streamAudience } from './senders.js'

const world = await createSenders()
afterAll(() => world[Symbol.asyncDispose]())
const { clock, idp, logoutToken, eventToken } = world
const { issuer, audience, jwks } = idp
const trust = { issuer, audience, jwks, clock }

const receiversOf = (verifier: Verifier<unknown>) => ({
  logout: backChannelLogout(verifier, { clientId }),
  events: securityEvents(verifier, { audience: streamAudience }),
})

/** An app with the routes `/logout` and `/events`, and `/` that needs a token. */
type Mount = () => Promise<ServedApp>

const mounts: [string, Mount][] = [
  ...expressMajors.flatMap(([name, express]): [string, Mount][] =>
    [false, true].map((isParsed) => [
      `${name}, ${isParsed ? 'behind its parsers' : 'without a parser'}`,
      async () => {
        const guard = auth(trust)
        const { logout, events } = receiversOf(guard.verifier)
        const app = express()
        if (isParsed) app.use(express.json(), express.urlencoded({ extended: true }), express.text({ type: '*/*+jwt' }))
        app.post('/logout', logout.node)
        app.post('/events', events.node)
        app.use(guard)
        app.get('/', (_, response) => void response.send('in'))
        return serve(app, () => guard.verifier.close())
      },
    ]),
  ),
  [
    'Fastify',
    async () => {
      const app = fastify()
      await app.register(sallyport, trust)
      const { logout, events } = receiversOf(app.verifier)
      const types = ['application/x-www-form-urlencoded', 'application/secevent+jwt']
      app.addContentTypeParser(types, { parseAs: 'string' }, (_, body, done) => done(null, body))
      const isPublic = { config: { auth: false as const } }
      const mount = (path: string, receiver: EventReceiver) =>
        app.post(path, isPublic, async (request, reply) => {
          const { status, headers, body } = await receiver.handle(request)
          return reply.code(status).headers(headers).send(body)
        })
      mount('/logout', logout)
      mount('/events', events)
      app.get('/', async () => 'in')
      await app.listen({ host: '127.0.0.1', port: 0 })
      return serveOn(app.server, () => app.close())
    },
  ],
  ...platforms.map(([name, platform]): [string, Mount] => [
    `Nest on ${name}`,
    async () => {
      @Controller()
      class ReceiversController {
        readonly #logout: EventReceiver
        readonly #events: EventReceiver

        constructor(@Inject(VERIFIER) verifier: Verifier) {
          const { logout, events } = receiversOf(verifier)
          this.#logout = logout
          this.#events = events
        }

        @Public()
        @Post('logout')
        logout(@Req() request: never, @Res() response: never): Promise<void> {
          return answer(this.#logout, request, response)
        }

        @Public()
        @Post('events')
        events(@Req() request: never, @Res() response: never): Promise<void> {
          return answer(this.#events, request, response)
        }

        @Get()
        needsToken(): string {
          return 'in'
        }
      }
      const module = moduleOf({ imports: [AuthModule.forRoot(trust)], controllers: [ReceiversController] })
      const app = await createNest(module, platform)
      if (name === 'Fastify')
        (app.getHttpAdapter().getInstance() as ReturnType<typeof fastify>).addContentTypeParser(
          'application/secevent+jwt',
          { parseAs: 'string' },
          (_request: unknown, body: string, done: (error: null, body: string) => void) => done(null, body),
        )
      await app.listen(0, '127.0.0.1')
      return serveOn(app.getHttpServer() as Server, () => app.close())

      async function answer(receiver: EventReceiver, request: never, response: NestResponse): Promise<void> {
        if (name === 'Express') return receiver.node(request, response)
        const { status, headers, body } = await receiver.handle(request)
        response.code(status).headers(headers).send(body)
      }
    },
  ]),
  [
    'Hono',
    async () => {
      const verifier = createVerifier(trust)
      const { logout, events } = receiversOf(verifier)
      const app = new Hono()
      app.post('/logout', (context) => logout.web(context.req.raw))
      app.post('/events', (context) => events.web(context.req.raw))
      app.use(async (context, next) => {
        const { url, method, headers } = context.req.raw
        return (await verifier.verify({ url, method, headers })).allowed ? next() : context.text('', 401)
      })
      app.get('/', (context) => context.text('in'))
      const server = serveHono({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
      if (!server.listening) await once(server, 'listening')
      return serveOn(server, () => verifier.close())
    },
  ],
  [
    'Node alone',
    async () => {
      const verifier = createVerifier(trust)
      const { logout, events } = receiversOf(verifier)
      const server = createServer(async (request, response) => {
        if (request.url === '/logout') return logout.node(request, response)
        if (request.url === '/events') return events.node(request, response)
        const { allowed } = await verifier.verify(request)
        response.writeHead(allowed ? 200 : 401).end()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return serveOn(server, () => verifier.close())
    },
  ],
]

interface NestResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
  code(status: number): NestResponse
  headers(headers: object): NestResponse
  send(body: string): void
}

const formType = 'application/x-www-form-urlencoded'
const eventType = 'application/secevent+jwt'
const formLine = `Content-Type: ${formType}`

/** What comes back for a body of this type. */
async function post(app: ServedApp, path: string, type: string, body: string) {
  const response = await fetch(app.url + path, { method: 'POST', headers: { 'content-type': type }, body })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

describe.each(mounts)('%s', (_, mount) => {
  it('logs out by a form, and the API refuses the tokens of the session', async () => {
    await using app = await mount()
    const access = await idp.asUser({ sub: 'ann', sid: 'one' })
    const statusOf = async () => (await fetch(app.url, { headers: access })).status
    expect(await statusOf()).toBe(200)
    const answer = await post(app, '/logout', formType, `logout_token=${await logoutToken({ sid: 'one' })}`)
    expect([answer.status, answer.headers.get('cache-control'), answer.body]).toEqual([200, 'no-store', ''])
    expect(await statusOf()).toBe(401)
  })

  it('takes a security event', async () => {
    await using app = await mount()
    const { status, body } = await post(app, '/events', eventType, await eventToken(`${caep}session-revoked`))
    expect([status, body]).toEqual([202, ''])
  })

  it('refuses what is not good, in the words of each specification', async () => {
    await using app = await mount()
    const logout = await post(app, '/logout', formType, `logout_token=${await logoutToken({ nonce: 'n' })}`)
    const forOthers = await eventToken(`${caep}session-revoked`, { aud: 'other' })
    const event = await post(app, '/events', eventType, forOthers)
    expect([logout.status, JSON.parse(logout.body).error]).toEqual([400, 'invalid_request'])
    expect([event.status, JSON.parse(event.body).err]).toEqual([400, 'invalid_audience'])
    expect(event.headers.get('content-type')).toMatch(/^application\/json/)
  })

  it('takes no form with two tokens, and no body that is too long', async () => {
    await using app = await mount()
    const token = await logoutToken()
    const twice = await post(app, '/logout', formType, `logout_token=${token}&logout_token=${token}`)
    expect(twice.status).toBe(400)
    expect((await post(app, '/events', eventType, 'x'.repeat(65_537))).status).toBe(413)
    expect((await post(app, '/events', eventType, 'x'.repeat(65_536))).status).toBe(400)
  })
})

describe('a body', () => {
  const withReceiver = async () => {
    const { logout } = receiversOf(world.verifier)
    return serve((request, response) => logout.node(request, response))
  }

  it('that never ends is not read for ever', async () => {
    await using app = await withReceiver()
    const socket = connect(app.port, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\n${formLine}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    let received = ''
    socket.on('data', (chunk) => {
      received += String(chunk)
    })
    socket.on('error', () => undefined)
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const closed = once(socket, 'close')
    for (let sent = 0; sent < 64 && !socket.destroyed; sent++)
      await new Promise((resolve) => socket.write(chunk, resolve))
    await closed
    expect(received).toMatch(/^HTTP\/1.1 413 /)
  })

  it('whose sender goes away is nobody any more, and the next is answered', async () => {
    await using app = await withReceiver()
    const leave = await app.begin('a head and half a body', ['POST /', [formLine]])
    await leave()
    const answer = await app.send('POST /', [formLine], `logout_token=${await logoutToken()}`)
    expect(answer.status).toBe(200)
  })

  it('that comes in pieces is read', async () => {
    await using app = await withReceiver()
    const body = `logout_token=${await logoutToken()}`
    const socket = connect(app.port, '127.0.0.1')
    socket.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${formLine}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    for (const piece of [body.slice(0, 50), body.slice(50)])
      await new Promise((resolve) => socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`, resolve))
    socket.write('0\r\n\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  })
})
