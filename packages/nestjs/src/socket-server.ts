// Where the two WebSocket servers that Nest speaks let somebody say no before a connection opens: a namespace of socket.io,
// and the upgrade of ws.
import type { IncomingMessage } from 'node:http'
import { Logger } from '@nestjs/common'
import { ConfigurationError, type Decision, type VerifiableRequest } from '@sallyport/core'
import { withHeaders } from './shown-request.js'
import type { ClosableSocket, IoSocket } from './socket.js'

/** Who decides, and who keeps what was opened. */
export interface Doorkeeper {
  judge(request: VerifiableRequest): Promise<Decision<unknown>>
  open(client: ClosableSocket | IoSocket, request: VerifiableRequest, auth: unknown): void
}

interface IoClient extends IoSocket {
  readonly request: IncomingMessage
  readonly handshake: { readonly auth?: { readonly token?: unknown } }
}

interface IoServer {
  readonly sockets: unknown
  use(middleware: (client: IoClient, next: (error?: Error) => void) => void): unknown
  on(event: 'connection', listener: (client: IoClient) => void): unknown
}

type AdmitClient = (admit: boolean, status?: number, body?: string, headers?: Readonly<Record<string, string>>) => void
type VerifyClient = (info: { readonly req: IncomingMessage }, admit: AdmitClient) => unknown

interface WsServer {
  readonly options: { verifyClient?: VerifyClient | null }
  handleUpgrade: unknown
  on(event: 'connection', listener: (client: ClosableSocket, request: IncomingMessage) => void): unknown
}

interface Admitted {
  readonly request: VerifiableRequest
  readonly auth: unknown
}

const guarded = new WeakSet<object>()
const logger = new Logger('Sallyport')

/** Judges whoever connects. @throws ConfigurationError for a server that is neither socket.io's nor that of ws */
export function guardServer(server: object, keeper: Doorkeeper): void {
  if (guarded.has(server)) return
  guarded.add(server)
  if ('use' in server && 'sockets' in server) guardIo(server as IoServer, keeper)
  else if ('handleUpgrade' in server && 'options' in server) guardWs(server as WsServer, keeper)
  else
    throw new ConfigurationError(
      'connections are judged on socket.io and on ws; this WebSocket adapter makes another server',
    )
}

function guardIo(server: IoServer, keeper: Doorkeeper): void {
  const admitted = new WeakMap<object, Admitted>()
  server.use((client, next) => {
    const request = shownHandshake(client)
    const answer = keeper.judge(request).then((decision) => {
      if (!decision.allowed) return next(Object.assign(new Error(decision.body.title), { data: decision.body }))
      admitted.set(client, { request, auth: decision.auth })
      next()
    })
    answer.catch((error: unknown) => {
      logger.error(error)
      next(new Error('internal server error'))
    })
  })
  server.on('connection', (client) => {
    const known = admitted.get(client)
    // A recovered connection can come without having been judged (`skipMiddlewares`).
    if (known === undefined) return void client.disconnect(true)
    keeper.open(client, known.request, known.auth)
  })
}

/** What the client said when it connected: the header, or `auth: { token }` of its options. */
function shownHandshake({ request, handshake }: IoClient): VerifiableRequest {
  const shown = shownUpgrade(request)
  const token = handshake.auth?.token
  if (token === undefined) return shown
  return withHeaders(shown, { authorization: `Bearer ${typeof token === 'string' ? token : ''}` })
}

function shownUpgrade(request: IncomingMessage): VerifiableRequest {
  const { headers, rawHeaders, method, url, socket } = request
  return { headers, rawHeaders, method, url, socket, identity: request }
}

function guardWs(server: WsServer, keeper: Doorkeeper): void {
  const admitted = new WeakMap<object, Admitted>()
  const own = server.options.verifyClient
  server.options.verifyClient = (info, admit) => {
    const request = shownUpgrade(info.req)
    const answer = keeper.judge(request).then((decision) => {
      if (!decision.allowed) return admit(false, decision.status, JSON.stringify(decision.body), decision.headers)
      admitted.set(info.req, { request, auth: decision.auth })
      if (typeof own !== 'function') admit(true)
      else if (own.length === 2) own(info, admit)
      else admit(Boolean((own as (info: unknown) => unknown)(info)))
    })
    answer.catch((error: unknown) => {
      logger.error(error)
      admit(false, 500)
    })
  }
  server.on('connection', (client, request) => {
    const known = admitted.get(request)
    if (known === undefined) return void client.close(1008, '')
    keeper.open(client, known.request, known.auth)
  })
}
