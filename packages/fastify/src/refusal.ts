// A refusal on its way out: through the error handler of the application, if it has one, and as the engine words it otherwise.
import type { Denied } from '@sallyport/core'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'

/** A refusal, for an error handler of the application. Status and headers of the answer are on the reply already. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError'
  readonly code: Denied['code']
  readonly statusCode: Denied['status']
  readonly body: Denied['body']

  constructor({ code, status, body }: Denied) {
    super(body.title)
    this.code = code
    this.statusCode = status
    this.body = body
  }
}

/** On the configuration of a route with an error handler of its own; at the time of a request, Fastify shows it nowhere. */
const handlesErrors = Symbol('sallyport.handlesErrors')

/** Remembers that a route has one. */
export function noteErrorHandler(route: RouteOptions): void {
  if (route.errorHandler !== undefined) route.config = Object.assign({}, route.config, { [handlesErrors]: true })
}

/** @param done - of the hook, for the error handler; not called where the reply is sent */
export function refuse(
  { server, routeOptions }: FastifyRequest,
  reply: FastifyReply,
  denied: Denied,
  done: (error: Error) => void,
): void {
  reply.code(denied.status).headers(denied.headers)
  if (handlesErrors in routeOptions.config || hasOwnErrorHandler(server)) done(new DeniedError(denied))
  else reply.send(Buffer.from(JSON.stringify(denied.body)))
}

/** `setErrorHandler` binds what it is given, and Fastify's own handler is bound to nothing, whatever a bundler calls it. */
function hasOwnErrorHandler({ errorHandler }: FastifyInstance): boolean {
  return errorHandler.name.startsWith('bound ')
}
