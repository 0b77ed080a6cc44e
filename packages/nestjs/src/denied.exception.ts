// A refusal as Nest throws it, with the engine's own status and body.

import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { Decision, Denied } from '@sallyport/core'

/** As Apollo Server names them; what has no name there has the one of its status. */
const graphqlCodes = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  503: 'SERVICE_UNAVAILABLE',
} as const

/** A request that may not pass. The headers of the answer are on the response already when a filter catches it. */
export class DeniedException extends HttpException {
  readonly denied: Denied
  /** What a GraphQL server says beside the message. */
  readonly extensions: { readonly code: string; readonly problem: Denied['body'] }

  constructor(denied: Denied) {
    super(denied.body, denied.status)
    this.message = denied.body.title
    this.denied = denied
    this.extensions = { code: graphqlCodes[denied.status as keyof typeof graphqlCodes], problem: denied.body }
  }
}

interface AnyResponse {
  readonly raw?: unknown
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
  /** Both Express's and Fastify's. */
  status(code: number): { end?(body: string): unknown; send(body: Buffer): unknown }
}

/** Sets the headers of a decision. Header names that something else has exposed already stay exposed. */
export function setHeaders(response: unknown, { headers = {} }: Decision<unknown>): void {
  const { getHeader, header } = response as AnyResponse
  for (const [name, value] of Object.entries(headers)) {
    const exposed = name === 'Access-Control-Expose-Headers' ? getHeader.call(response, name) : undefined
    header.call(response, name, exposed === undefined ? value : `${String(exposed)}, ${value}`)
  }
}

/** Answers as the engine words it, where the application has no filter of its own for it. */
@Catch(DeniedException)
export class DeniedFilter implements ExceptionFilter<DeniedException> {
  catch(exception: DeniedException, host: ArgumentsHost): void {
    if (host.getType() !== 'http') return // undefined: not handled, so that GraphQL gets the exception itself
    const { status, body } = exception.denied
    const response = host.switchToHttp().getResponse<AnyResponse>()
    const text = JSON.stringify(body)
    if (response.raw === undefined) response.status(status).end?.(text)
    else response.status(status).send(Buffer.from(text)) // Fastify would name a charset for text
  }
}
