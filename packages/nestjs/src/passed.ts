// Who passed which request, message or connection. Keyed by what the framework hands to handlers, out of reach of whatever
// writes to `request.auth`.

import type { ExecutionContext } from '@nestjs/common'
import type { RegisteredAuth } from '@sallyport/core'

const passed = new WeakMap<object, RegisteredAuth | undefined>()

/** Handlers that asked nobody. Others share what they were called with: in one operation of GraphQL, and on one socket. */
const open = new WeakMap<object, Set<unknown>>()

/** What lives as long as the request: Nest makes a new context for the guard, for each parameter, for each filter. */
function carrierOf(context: ExecutionContext): object | undefined {
  const type = context.getType<string>()
  const place = type === 'graphql' ? 2 : type === 'rpc' ? 1 : 0
  const carrier: unknown = context.getArgByIndex(place)
  return typeof carrier === 'object' && carrier !== null ? carrier : undefined
}

/** Notes who passed; `undefined` for nobody, or anybody. */
export function noteAuth(context: ExecutionContext, auth: RegisteredAuth | undefined): void {
  const carrier = carrierOf(context)
  if (carrier === undefined) return
  passed.set(carrier, auth)
  if (context.getType() === 'http') Object.assign(carrier, { auth }) // for middleware, interceptors and loggers
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
  const carrier = carrierOf(context)
  if (carrier === undefined || open.get(carrier)?.has(context.getHandler())) return undefined
  return passed.get(carrier)
}
