// The messages of microservices: where their credential is, and how a refusal is worded for them.

import type { ExecutionContext } from '@nestjs/common'
import type { Denied, VerifiableRequest } from '@sallyport/core'
import { DeniedException } from './denied.exception.js'
import { type AnyClass, isClass, methodsOf } from './methods.js'
import { fromMessage, type MessageHeaders } from './shown-request.js'

/** Whether a method answers messages: the marks of `@MessagePattern`, `@SubscribeMessage` and their like. */
export function isMessageHandler(method: object): boolean {
  return isPatternHandler(method) || Reflect.hasMetadata('websockets:message_mapping', method)
}

function isPatternHandler(method: object): boolean {
  return Reflect.hasMetadata('microservices:pattern', method)
}

/** Whether a class has a handler for the messages of microservices. */
export function handlesMessages(type: unknown): type is AnyClass {
  return isClass(type) && methodsOf(type).some(({ method }) => isPatternHandler(method))
}

/** Of the gRPC status codes, what our HTTP statuses are: INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE. */
const grpcCodes = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [503, 14],
])

/** What the guard needs to know of messages. */
export class Messages {
  readonly #headers: MessageHeaders
  readonly #Exception: (new (error: object) => Error) | undefined

  constructor(headers: MessageHeaders, Exception?: new (error: object) => Error) {
    this.#headers = headers
    this.#Exception = Exception
  }

  requestOf(context: ExecutionContext): VerifiableRequest {
    return fromMessage(context, this.#headers)
  }

  toException(denied: Denied, context: ExecutionContext): Error {
    if (this.#Exception === undefined) return new DeniedException(denied)
    const transport = context.switchToRpc().getContext<{ readonly getMap?: unknown } | undefined>()
    const { status, body } = denied
    const isGrpc = typeof transport?.getMap === 'function'
    return new this.#Exception(isGrpc ? { code: grpcCodes.get(status), message: body.title, details: body.code } : body)
  }
}
