// Gateways on socket.io and on ws: the connection is judged before it opens, again for every message, and it ends when it
// may not stay.
import 'reflect-metadata'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type INestApplication, Module, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { IoAdapter } from '@nestjs/platform-socket.io'
import { WsAdapter } from '@nestjs/platform-ws'
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import type { Principal, Verifier } from '@sallyport/core'
import {
  createTestClock,
  createTestIssuer,
  type TestClaims,
  type TestClock,
  type TestIssuer,
} from '@sallyport/core/testing'
import { Auth, AuthModule, Claim, CurrentAuth, OptionalAuth, Public, scope, VERIFIER } from '@sallyport/nestjs'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'

/** Who came as far as `handleConnection`. */
let opened: (Principal | undefined)[] = []

class Chat {
  handleConnection(client: { auth?: Principal }): void {
    opened.push(client.auth)
  }

  @SubscribeMessage('say')
  say(@MessageBody() text: string, @CurrentAuth() auth: Principal, @Claim('tenant') tenant: string) {
    return { event: 'said', data: { text, by: auth.subject, tenant } }
  }

  @Auth(scope('moderate'))
  @SubscribeMessage('ban')
  ban() {
    return { event: 'banned', data: true }
  }

  @Public()
  @SubscribeMessage('time')
  time(@ConnectedSocket() _client: object) {
    return { event: 'time', data: 'now' }
  }
}

@WebSocketGateway()
class ChatGateway extends Chat {}

@Auth(scope('chat'))
@WebSocketGateway({ path: '/scoped' })
class ScopedGateway extends Chat {}

@Public()
@WebSocketGateway({ path: '/public' })
class PublicGateway extends Chat {}

@OptionalAuth()
@WebSocketGateway({ path: '/optional' })
class OptionalGateway extends Chat {}

/** Shares its connections with another that asks for more. */
@Public()
@WebSocketGateway({ path: '/shared' })
class OpenHalf extends Chat {}

@WebSocketGateway({ path: '/shared' })
class GuardedHalf {
  @SubscribeMessage('whisper')
  whisper() {
    return { event: 'whispered', data: true }
  }
}

@Auth(scope('first'))
@WebSocketGateway({ path: '/both' })
class FirstHalf extends Chat {}

@Auth(scope('second'))
@WebSocketGateway({ path: '/both' })
class SecondHalf {}

const gateways = [
  ChatGateway,
  ScopedGateway,
  PublicGateway,
  OptionalGateway,
  OpenHalf,
  GuardedHalf,
  FirstHalf,
  SecondHalf,
]

/** What came of an attempt to connect. */
type Attempt = { readonly connection: Connection } | { readonly refused: unknown; readonly status?: number }

/** A client of either kind, once it is connected. */
interface Connection {
  /** Sends a message, and answers the event and the data that come back. */
  ask(event: string, data?: unknown): Promise<readonly [event: string, data: unknown]>
  /** Settles when the server has ended it, with what it said. */
  readonly ended: Promise<unknown>
  close(): void
}

interface Target {
  readonly name: string
  adapter(app: INestApplication): IoAdapter | WsAdapter
  connect(url: string, path: string, headers: Record<string, string>): Promise<Attempt>
  /** What a client hears when its connection is ended because of this code. */
  endedBy(code: string): unknown
}

const socketIo: Target = {
  name: 'socket.io',
  adapter: (app) => new IoAdapter(app),
  async connect(url, path, headers) {
    return ioAttempt(
      io(url, { path: path || '/socket.io', extraHeaders: headers, transports: ['websocket'], reconnection: false }),
    )
  },
  endedBy: (code) => ['io server disconnect', expect.objectContaining({ code })],
}

function ioAttempt(socket: Socket): Promise<Attempt> {
  return new Promise((resolve) => {
    socket.once('connect_error', (error: Error & { data?: unknown }) => {
      socket.close()
      resolve({ refused: error.data ?? error.message })
    })
    socket.once('connect', () => resolve({ connection: ioConnection(socket) }))
  })
}

function ioConnection(socket: Socket): Connection {
  let last: unknown
  socket.on('exception', (body) => {
    last = body
  })
  return {
    async ask(event, data) {
      const answer = new Promise<readonly [string, unknown]>((resolve) => {
        socket.onAny((name: string, value: unknown) => {
          socket.offAny()
          resolve([name, value])
        })
      })
      socket.emit(event, data)
      return answer
    },
    ended: new Promise((resolve) => socket.once('disconnect', (reason) => resolve([reason, last]))),
    close: () => void socket.close(),
  }
}

const ws: Target = {
  name: 'ws',
  adapter: (app) => new WsAdapter(app),
  connect(url, path, headers) {
    const socket = new WebSocket(url.replace('http', 'ws') + (path || '/'), { headers })
    return new Promise((resolve) => {
      socket.once('unexpected-response', (_, response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ refused: JSON.parse(body), status: response.statusCode ?? 0 }))
      })
      socket.once('error', () => undefined) // follows a refusal
      socket.once('open', () => resolve({ connection: wsConnection(socket) }))
    })
  },
  endedBy: (code) => [1008, code],
}

function wsConnection(socket: WebSocket): Connection {
  return {
    async ask(event, data) {
      socket.send(JSON.stringify({ event, data }))
      const [message] = await once(socket, 'message')
      const answer = JSON.parse(String(message))
      return [answer.event, answer.data]
    },
    ended: new Promise((resolve) => socket.once('close', (code, reason) => resolve([code, String(reason)]))),
    close: () => socket.terminate(),
  }
}

describe.each([socketIo, ws])('gateways on $name', (target) => {
  let clock: TestClock
  let idp: TestIssuer
  let app: INestApplication
  let url: string
  const connections: Connection[] = []

  beforeAll(async () => {
    clock = createTestClock()
    idp = await createTestIssuer({ clock })
  })
  afterAll(() => idp.close())

  beforeEach(async () => {
    opened = []
    app = await serve(gateways)
  })
  afterEach(async () => {
    vi.useRealTimers()
    for (const connection of connections.splice(0)) connection.close()
    await app.close()
  })

  async function serve(providers: readonly Type[]): Promise<INestApplication> {
    const options = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
    @Module({ imports: [AuthModule.forRoot(options)], providers: [...providers] })
    class App {}
    const nest = await NestFactory.create(App, { logger: false, abortOnError: false })
    nest.useWebSocketAdapter(target.adapter(nest))
    await nest.listen(0, '127.0.0.1')
    url = `http://127.0.0.1:${((nest.getHttpServer() as Server).address() as AddressInfo).port}`
    return nest
  }

  const attempt = (path: string, headers: Record<string, string> = {}) => target.connect(url, path, headers)

  async function connect(path: string, headers: Record<string, string> = {}): Promise<Connection> {
    const result = await attempt(path, headers)
    if (!('connection' in result)) throw new Error(JSON.stringify(result.refused))
    connections.push(result.connection)
    return result.connection
  }

  const connectAs = async (path: string, claims: TestClaims) => connect(path, await idp.asUser(claims))

  describe('a connection', () => {
    it('never opens without a token', async () => {
      expect(await attempt('')).toMatchObject({ refused: { code: 'credential_missing', status: 401 } })
      expect(opened).toEqual([])
    })

    it.each<[string, TestClaims, string]>([
      ['has expired', { iat: 1_767_225_000, exp: 1_767_225_600 - 31 }, 'token_expired'],
      ['is for another API', { aud: 'https://other.example' }, 'audience_mismatch'],
    ])('never opens with a token that %s', async (_, claims, code) => {
      expect(await attempt('', await idp.asUser(claims))).toMatchObject({ refused: { code } })
      expect(opened).toEqual([])
    })

    it('opens with a good one, and its gateway knows who it is', async () => {
      const connection = await connectAs('', { sub: 'ann', tenant: 'acme' })
      expect(opened.map((auth) => auth?.subject)).toEqual(['ann'])
      expect(await connection.ask('say', 'hi')).toEqual(['said', { text: 'hi', by: 'ann', tenant: 'acme' }])
    })

    it('satisfies the policy of its class', async () => {
      expect(await attempt('/scoped', await idp.asUser({ scope: 'read' }))).toMatchObject({
        refused: { code: 'scope_insufficient' },
      })
      expect(opened).toEqual([])
      await connectAs('/scoped', { scope: 'chat' })
      expect(opened).toHaveLength(1)
    })

    it('opens to everybody where its class is public', async () => {
      const connection = await connect('/public')
      expect(opened).toEqual([undefined])
      expect(await connection.ask('time')).toEqual(['time', 'now'])
    })

    it('opens to the anonymous where it is optional, and to nobody with a bad token', async () => {
      await connect('/optional')
      expect(opened).toEqual([undefined])
      expect(await attempt('/optional', { authorization: 'Bearer x' })).toMatchObject({
        refused: { code: 'token_malformed' },
      })
      await connectAs('/optional', { sub: 'ann' })
      expect(opened.map((auth) => auth?.subject)).toEqual([undefined, 'ann'])
    })

    it('that gateways share satisfies all of them', async () => {
      expect(await attempt('/shared')).toMatchObject({ refused: { code: 'credential_missing' } })
      await connectAs('/shared', {})
      for (const scope of ['first', 'second'])
        expect(await attempt('/both', await idp.asUser({ scope }))).toMatchObject({
          refused: { code: 'scope_insufficient' },
        })
      await connectAs('/both', { scope: 'first second' })
    })
  })

  describe('a message', () => {
    it('satisfies the policy of its method', async () => {
      const connection = await connectAs('', { scope: 'chat' })
      expect(await connection.ask('time')).toEqual(['time', 'now'])
      if (target === socketIo) {
        expect(await connection.ask('ban')).toEqual([
          'exception',
          expect.objectContaining({ code: 'scope_insufficient' }),
        ])
      }
      const moderator = await connectAs('', { scope: 'moderate' })
      expect(await moderator.ask('ban')).toEqual(['banned', true])
    })

    it('on a public connection is judged by its own method', async () => {
      const connection = await connect('/public')
      if (target === socketIo)
        expect(await connection.ask('ban')).toEqual([
          'exception',
          expect.objectContaining({ code: 'credential_missing' }),
        ])
      const moderator = await connectAs('/public', { scope: 'moderate' })
      expect(await moderator.ask('ban')).toEqual(['banned', true])
    })
  })

  describe('an open connection', () => {
    it('ends at the second at which its token has expired, and not one before', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const connection = await connectAs('', { exp: clock() + 5, iat: clock() })
      let ended: unknown
      void connection.ended.then((how) => {
        ended = how
      })
      const pass = async (seconds: number): Promise<void> => {
        clock.advance(seconds)
        await vi.advanceTimersByTimeAsync(seconds * 1_000 + 1)
      }
      // The tolerance of clocks is 30 seconds, and a token is good until it is over.
      for (let second = 0; second < 34; second++) await pass(1)
      expect(ended).toBeUndefined()
      expect(await connection.ask('time')).toEqual(['time', 'now'])
      await pass(1)
      vi.useRealTimers()
      expect(await connection.ended).toEqual(target.endedBy('token_expired'))
    })

    it('ends when its session is revoked, and no other does', async () => {
      const [ann, bob] = [
        await connectAs('', { sub: 'ann', sid: 's1' }),
        await connectAs('', { sub: 'bob', sid: 's2' }),
      ]
      await app.get<Verifier>(VERIFIER).revoke({ session: 's1' })
      expect(await ann.ended).toEqual(target.endedBy('token_revoked'))
      expect(await bob.ask('say', 'still here')).toMatchObject(['said', { by: 'bob' }])
    })

    it('ends when the verifier is closed', async () => {
      const connection = await connectAs('', {})
      await app.get<Verifier>(VERIFIER).close()
      expect(await connection.ended).toEqual(target === ws ? [1001, ''] : ['io server disconnect', undefined])
    })
  })
})
