// Who passed which request, message or connection. Kept by what the framework hands to handlers, where whatever writes to
// `request.auth` does not reach: on a request of HTTP itself, which costs least, and beside everything else.

import type { ExecutionContext } from '@nestjs/common'
import type { RegisteredAuth } from '@sallyport/core'

const passedRequest: unique symbol = Symbol('passed')
const passed = new WeakMap<object, RegisteredAuth | undefined>()
const judged: unique symbol = Symbol('judged')

/** Handlers that asked nobody. Others share what they were called with: in one operation of GraphQL, and on one socket. */
const open = new WeakMap<object, Set<unknown>>()

/** What lives as long as the request: Nest makes a new context for the guard, for each parameter, for each filter. */
function carrierOf(context: ExecutionContext): object | undefined {
  const type = context.getType<string>()
  const place = type === 'graphql' ? 2 : type === 'rpc' ? 1 : 0
  const carrier: unknown = context.getArgByIndex(place)
  return typeof carrier === 'object' && carrier !== null ? carrier : undefined
}

type HttpRequest = { auth?: unknown; [passedRequest]?: RegisteredAuth | undefined }
type JudgedContext = ExecutionContext & { [judged]?: true }

/** Notes who passed; `undefined` for nobody, or anybody. */
export function noteAuth(context: ExecutionContext, auth: RegisteredAuth | undefined): void {
  if (context.getType() !== 'http') {
    const carrier = carrierOf(context)
    if (carrier !== undefined) passed.set(carrier, auth)
    return
  }
  const request: HttpRequest = context.getArgByIndex(0)
  if (typeof request !== 'object' || request === null) return // libraries say `http` of calls that have no request
  request[passedRequest] = auth
  request.auth = auth // for middleware, interceptors and loggers
}

/** Notes that the handler is public: nobody is known there, though somebody may be beside it. */
export function noteNobody(context: ExecutionContext): void {
  const carrier = carrierOf(context)
  if (carrier === undefined) return
  const handlers = open.get(carrier) ?? new Set()
  open.set(carrier, handlers.add(context.getHandler()))
}

/** Who passed. */
export function authOf(context: ExecutionContext): RegisteredAuth | undefined {
  if (context.getType() === 'http') return context.getArgByIndex<HttpRequest | undefined>(0)?.[passedRequest]
  const carrier = carrierOf(context)
  if (carrier === undefined || open.get(carrier)?.has(context.getHandler())) return undefined
  return passed.get(carrier)
}

/** Notes that the guard has let a call pass. Nest makes another guard of it, and asks both, where `@UseGuards(AuthGuard)` stands. */
export function noteJudged(context: JudgedContext): true {
  context[judged] = true
  return true
}

/** Whether the guard has let this very call pass. */
export function isJudged(context: JudgedContext): boolean {
  return context[judged] === true
}
