// The ways to a gateway that are not the usual one: namespaces, ports of their own, the token of socket.io's handshake, servers
// that have a word of their own to say, connections that skip the judge.
import 'reflect-metadata'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { type INestApplication, Module, type Type, type WebSocketAdapter } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { IoAdapter } from '@nestjs/platform-socket.io'
import { WsAdapter } from '@nestjs/platform-ws'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import type { Verifier, VerifierOptions } from '@sallyport/core'
import { createTestIssuer } from '@sallyport/core/testing'
import { Auth, AuthModule, claim, Public, param, scope, VERIFIER } from '@sallyport/nestjs'
import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const idp = await createTestIssuer()
afterAll(() => idp.close())

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close()
})

interface Served {
  readonly app: INestApplication
  readonly url: string
}

async function serve(
  gateways: readonly Type[],
  adapter: (app: INestApplication) => WebSocketAdapter,
  more: Partial<VerifierOptions> = {},
): Promise<Served> {
  const options = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, ...more } as VerifierOptions
  @Module({ imports: [AuthModule.forRoot(options)], providers: [...gateways] })
  class App {}
  const app = await NestFactory.create(App, { logger: false, abortOnError: false })
  app.useWebSocketAdapter(adapter(app))
  running.push(app)
  await app.listen(0, '127.0.0.1')
  return { app, url: `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}` }
}

/** `'open'`, or the code of the refusal. */
function tryIo(url: string, options: Partial<ManagerOptions & SocketOptions>): Promise<string> {
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true, ...options })
  running.push(socket)
  return new Promise((resolve) => {
    socket.once('connect_error', (error: Error & { data?: { code?: string } }) =>
      resolve(error.data?.code ?? error.message),
    )
    socket.once('connect', () => resolve('open'))
  })
}

function tryWs(url: string, headers: Record<string, string>, protocols: string[] = []): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocols, { headers })
  running.push({ close: () => socket.terminate() })
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
    socket.once('error', () => undefined)
    socket.once('open', () => resolve(101))
  })
}

const token = async (claims = {}): Promise<string> => idp.issue(claims)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

class Answering {
  @SubscribeMessage('ask')
  answer() {
    return { event: 'answer', data: true }
  }
}

describe('socket.io', () => {
  @Auth(scope('staff'))
  @WebSocketGateway({ namespace: 'staff' })
  class StaffGateway extends Answering {}

  @Public()
  @WebSocketGateway({ namespace: '/lobby' })
  class LobbyGateway extends Answering {}

  const onIo = (app: INestApplication) => new IoAdapter(app)

  it('has a rule for each namespace, and asks for a good token on one that no gateway has', async () => {
    const { url } = await serve([StaffGateway, LobbyGateway], onIo)
    expect(await tryIo(`${url}/lobby`, {})).toBe('open')
    expect(await tryIo(`${url}/staff`, {})).toBe('credential_missing')
    expect(await tryIo(`${url}/staff`, { auth: { token: await token() } })).toBe('scope_insufficient')
    expect(await tryIo(`${url}/staff`, { auth: { token: await token({ scope: 'staff' }) } })).toBe('open')
    expect(await tryIo(url, {})).toBe('credential_missing')
    expect(await tryIo(`${url}/nowhere`, { auth: { token: await token() } })).toBe('Invalid namespace')
  })

  it('takes the token of the handshake, and one alone', async () => {
    const { url } = await serve([StaffGateway], onIo)
    const [good, other] = [await token({ scope: 'staff' }), await token({ scope: 'staff' })]
    const extraHeaders = { authorization: `Bearer ${other}` }
    expect(await tryIo(`${url}/staff`, { extraHeaders })).toBe('open')
    expect(await tryIo(`${url}/staff`, { auth: { token: good }, extraHeaders })).toBe('credential_ambiguous')
    expect(await tryIo(`${url}/staff`, { auth: { token: { toString: 'x' } } })).toBe('credential_malformed')
    expect(await tryIo(`${url}/staff`, { auth: { token: '' } })).toBe('credential_malformed')
  })

  it('judges a connection that begins by polling alike', async () => {
    const { url } = await serve([StaffGateway], onIo)
    expect(await tryIo(`${url}/staff`, { transports: ['polling'] })).toBe('credential_missing')
    const auth = { token: await token({ scope: 'staff' }) }
    expect(await tryIo(`${url}/staff`, { transports: ['polling'], auth })).toBe('open')
  })

  it('lets no connection stay that came round the judge', async () => {
    let skipped = 0
    class Recovering extends IoAdapter {
      override createIOServer(port: number, options?: Parameters<IoAdapter['createIOServer']>[1]) {
        const server = super.createIOServer(port, options)
        // What connectionStateRecovery does with `skipMiddlewares`.
        const run = (_socket: unknown, next: () => void): void => {
          skipped += 1
          next()
        }
        Object.assign(server.of('/staff'), { run })
        return server
      }
    }
    const { url } = await serve([StaffGateway], (app) => new Recovering(app))
    const socket = io(`${url}/staff`, { transports: ['websocket'], reconnection: false, forceNew: true })
    running.push(socket)
    const reason = await new Promise((resolve) => socket.once('disconnect', resolve))
    expect([skipped, reason]).toEqual([1, 'io server disconnect'])
  })

  it('is judged on a port of its own', async () => {
    const port = await freePort()
    @WebSocketGateway(port)
    class Elsewhere extends Answering {}
    await serve([Elsewhere], onIo)
    expect(await tryIo(`http://127.0.0.1:${port}`, {})).toBe('credential_missing')
    expect(await tryIo(`http://127.0.0.1:${port}`, { auth: { token: await token() } })).toBe('open')
  })

  it('answers a fault of ours with no more than that, and lets nobody in', async () => {
    const { app, url } = await serve([StaffGateway], onIo)
    await app.get<Verifier>(VERIFIER).close()
    expect(await tryIo(`${url}/staff`, { auth: { token: await token({ scope: 'staff' }) } })).toBe(
      'internal server error',
    )
  })
})

describe('ws', () => {
  @WebSocketGateway({ path: '/events' })
  class EventsGateway extends Answering {}

  const onWs = (app: INestApplication) => new WsAdapter(app)
  const bearer = async (claims = {}) => ({ authorization: `Bearer ${await token(claims)}` })

  it('is judged on a port of its own, with a path and without', async () => {
    const [one, two] = [await freePort(), await freePort()]
    @WebSocketGateway(one, { path: '/events' })
    class WithPath extends Answering {}
    @WebSocketGateway(two)
    class WithoutPath extends Answering {}
    await serve([WithPath, WithoutPath], onWs)
    for (const url of [`http://127.0.0.1:${one}/events`, `http://127.0.0.1:${two}`]) {
      expect(await tryWs(url, {})).toBe(401)
      expect(await tryWs(url, await bearer())).toBe(101)
    }
  })

  it.each<[string, (...args: never[]) => unknown]>([
    ['answers', ({ origin }: { origin: string }) => origin === 'https://app.example'],
    [
      'calls back',
      ({ origin }: { origin: string }, admit: (ok: boolean, code?: number) => void) =>
        admit(origin === 'https://app.example', 418),
    ],
  ])('asks the `verifyClient` of the gateway too, which %s', async (_, verifyClient) => {
    @WebSocketGateway({ path: '/own', verifyClient })
    class Own extends Answering {}
    const { url } = await serve([Own], onWs)
    expect(await tryWs(`${url}/own`, { origin: 'https://app.example' })).toBe(401)
    expect(await tryWs(`${url}/own`, { ...(await bearer()), origin: 'https://evil.example' })).toBe(
      verifyClient.length === 2 ? 418 : 401,
    )
    expect(await tryWs(`${url}/own`, { ...(await bearer()), origin: 'https://app.example' })).toBe(101)
  })

  it('takes the token out of the protocols where the options say so', async () => {
    const { url } = await serve([EventsGateway], onWs, { credentials: { webSocketProtocol: 'access_token' } })
    expect(await tryWs(`${url}/events`, {}, ['access_token', await token()])).toBe(101)
    expect(await tryWs(`${url}/events`, {}, ['access_token', 'x'])).toBe(401)
    expect(await tryWs(`${url}/events`, {})).toBe(401)
  })

  it('answers a fault of ours with 500, and lets nobody in', async () => {
    const { app, url } = await serve([EventsGateway], onWs)
    await app.get<Verifier>(VERIFIER).close()
    expect(await tryWs(`${url}/events`, await bearer())).toBe(500)
  })

  it('lets no connection stay that came round the upgrade', async () => {
    class Careless extends WsAdapter {
      override create(port: number, options: Record<string, unknown>) {
        const server = super.create(port, options)
        server.handleUpgrade = (...[request, socket, head, done]: [never, never, never, (client: WebSocket) => void]) =>
          server.completeUpgrade('', request['headers']['sec-websocket-key'], new Set(), request, socket, head, done)
        return server
      }
    }
    const { url } = await serve([EventsGateway], (app) => new Careless(app))
    const socket = new WebSocket(`${url.replace('http', 'ws')}/events`)
    running.push({ close: () => socket.terminate() })
    const code = await new Promise((resolve) => socket.once('close', resolve))
    expect(code).toBe(1008)
  })
})

it('an adapter whose server is not known stops the start', async () => {
  class Unknown extends IoAdapter {
    override create(): never {
      return { on: () => undefined } as never
    }
  }
  @WebSocketGateway()
  class AnyGateway extends Answering {}
  await expect(serve([AnyGateway], (app) => new Unknown(app))).rejects.toThrow(
    'this WebSocket adapter makes another server',
  )
})

it('two applications judge the same gateway each by its own issuer, whichever starts first', async () => {
  @WebSocketGateway()
  class SharedGateway extends Answering {}
  const other = await createTestIssuer()
  running.push(other)
  const create = async (issuer: typeof idp): Promise<INestApplication> => {
    @Module({
      imports: [AuthModule.forRoot({ issuer: issuer.issuer, audience: issuer.audience, jwks: issuer.jwks })],
      providers: [SharedGateway],
    })
    class App {}
    const app = await NestFactory.create(App, { logger: false, abortOnError: false })
    app.useWebSocketAdapter(new WsAdapter(app))
    running.push(app)
    return app
  }
  const apps = [await create(idp), await create(other)] // both are made before one of them starts
  const urls: string[] = []
  for (const app of apps) {
    await app.listen(0, '127.0.0.1')
    urls.push(`http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}/`)
  }
  const answers = await Promise.all(
    [idp, other].flatMap((issuer) => urls.map(async (url) => tryWs(url, await issuer.asUser()))),
  )
  expect(answers).toEqual([101, 401, 401, 101])
})

it.each<[string, ClassDecorator, MethodDecorator]>([
  ['a gateway', Auth(claim('tenant').equals(param('tenantId'))), Auth()],
  ['a message', Auth(), Auth(claim('tenant').equals(param('tenantId')))],
])('a policy of %s that reads a route parameter stops the start', async (_, ofClass, ofMethod) => {
  @ofClass
  @WebSocketGateway()
  class Reading {
    @ofMethod
    @SubscribeMessage('ask')
    answer() {
      return true
    }
  }
  await expect(serve([Reading], (app) => new WsAdapter(app))).rejects.toThrow(
    /Reading.*: the policy reads :tenantId, which a message lacks/,
  )
})
