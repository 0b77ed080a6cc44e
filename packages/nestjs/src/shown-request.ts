// What a handler was called with, as a request that the engine can judge. A kind of context that is not known here is
// refused.

import type { ExecutionContext } from '@nestjs/common'
import { ConfigurationError, type VerifiableRequest } from '@sallyport/core'
import type { ClosableSocket } from './socket.js'

/**
 * The metadata of a message, as header lines by name: `{ authorization: 'Bearer …' }`.
 *
 * @param data - the payload of the message
 * @param context - what the transport says of it: `NatsContext`, `KafkaContext`, the `Metadata` of gRPC, …
 */
export type MessageHeaders = (data: unknown, context: unknown) => Readonly<Record<string, unknown>> | undefined

/** The request behind an HTTP or GraphQL call. @throws ConfigurationError for any other context */
export function shownRequest(context: ExecutionContext): VerifiableRequest {
  const type = context.getType<string>()
  if (type === 'http') return fromHttp(context.switchToHttp().getRequest())
  if (type === 'graphql') return fromGraphql(context.getArgByIndex(2), context.getArgByIndex(1))
  throw new ConfigurationError(`a context of the kind ${JSON.stringify(type)} is not known here, so nobody passes`)
}

interface AnyRequest extends VerifiableRequest {
  readonly originalUrl?: string
  /** Node's own request, behind that of Fastify. */
  readonly raw?: { readonly rawHeaders?: readonly string[] }
}

function fromHttp(request: AnyRequest): VerifiableRequest {
  const { method, originalUrl, headers, rawHeaders, raw, body, params, socket } = request
  return {
    method,
    url: originalUrl ?? request.url,
    headers,
    rawHeaders: raw?.rawHeaders ?? rawHeaders,
    body,
    params,
    socket,
    identity: request,
  }
}

/** The HTTP request of a query or a mutation, or the WebSocket of a subscription (graphql-ws). */
interface GraphqlContext {
  readonly req?: GraphqlContext & Partial<AnyRequest>
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined
  readonly extra?: { readonly request?: AnyRequest; readonly socket?: ClosableSocket }
}

function fromGraphql(context: GraphqlContext | undefined, args: Readonly<Record<string, unknown>>): VerifiableRequest {
  const source = context?.req ?? context
  const upgrade = source?.extra?.request
  const request = upgrade ?? (source as AnyRequest | undefined)
  if (request?.headers === undefined)
    throw new ConfigurationError('the context of GraphQL holds no request: let its `context` function hand over `req`')
  // What a resolver is called with stands where a route has its parameters.
  const shown = { ...fromHttp(request), body: undefined, params: args }
  return upgrade === undefined ? shown : withHeaders(shown, source?.connectionParams)
}

/** The socket that a subscription lives on. */
export function socketOf(context: ExecutionContext): ClosableSocket | undefined {
  const graphql = context.getArgByIndex<GraphqlContext | undefined>(2)
  return (graphql?.req ?? graphql)?.extra?.socket
}

/** Adds the `authorization` that came after the handshake; beside another one it is one too many, as ever. */
export function withHeaders(
  request: VerifiableRequest,
  later: Readonly<Record<string, unknown>> | undefined,
): VerifiableRequest {
  const found = Object.entries(later ?? {}).filter(([name]) => name.toLowerCase() === 'authorization')
  if (found.length === 0) return request
  const rawHeaders = [
    ...(request.rawHeaders ?? []),
    ...found.flatMap(([name, value]) => [name, typeof value === 'string' ? value : '']),
  ]
  return { ...request, rawHeaders }
}

/** A message of a microservice, which has nothing but its metadata. */
export function fromMessage(context: ExecutionContext, messageHeaders: MessageHeaders): VerifiableRequest {
  const rpc = context.switchToRpc()
  return { headers: toText(messageHeaders(rpc.getData(), rpc.getContext()) ?? {}) }
}

/** Values as they come over the wire: text, bytes, or several of either. */
function toText(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, readonly string[]>> {
  const text = Object.entries(headers).map(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return [name, values.filter((each) => typeof each === 'string' || Buffer.isBuffer(each)).map(String)] as const
  })
  return Object.fromEntries(text)
}

interface AnyMessageContext {
  getMap?(): unknown
  get?(name: string): unknown
  getHeaders?(): Iterable<readonly [name: string, values: unknown]> | undefined
  getMessage?(): { readonly headers?: object; readonly properties?: { readonly headers?: object } } | undefined
  getPacket?(): { readonly properties?: { readonly userProperties?: object } } | undefined
  getMetadata?(): object | undefined
}

/** Where the transports have their metadata: gRPC, NATS, Kafka, RabbitMQ, MQTT 5; since Nest 12, TCP and Redis too. */
export const headersOfTransport: MessageHeaders = (_, context) => {
  if (typeof context !== 'object' || context === null) return undefined
  const transport = context as AnyMessageContext
  if (transport.getMap !== undefined) return { authorization: transport.get?.('authorization') }
  const message = transport.getMessage?.()
  const headers =
    transport.getHeaders?.() ??
    message?.headers ??
    message?.properties?.headers ??
    transport.getPacket?.()?.properties?.userProperties ??
    transport.getMetadata?.()
  if (typeof headers !== 'object' || headers === null) return undefined
  return Symbol.iterator in headers
    ? Object.fromEntries(headers as Iterable<readonly [string, unknown]>)
    : { ...headers }
}
