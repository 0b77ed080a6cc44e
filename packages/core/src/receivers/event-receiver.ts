// The doors of a receiver: one for whoever has read the body already, one for Node's own request and response, which Express and
// Nest hand out as well, one for the Web's. All of them come to the same answer.
import { greatestBodyBytes, type ReceivedRequest, ReceivingError } from './received-request.js'
import type { ReceiverAnswer } from './receiver-answer.js'

/** Node's request, with `body` where a parser has been at it. */
export interface ReadableRequest extends ReceivedRequest {
  readonly readableDidRead?: boolean
  readonly httpVersionMajor?: number
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  once(event: 'end' | 'error' | 'close', listener: () => void): unknown
  pause(): unknown
}

/** Node's response, as far as it is used. */
export interface AnswerableResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** Takes what an issuer or a transmitter sends. Its route is public to `auth()`: what is sent carries its own proof. */
export interface EventReceiver {
  /** Judges a request whose `body` was read, as text, bytes or a parsed form. For Fastify, and any framework not named here. */
  handle(request: ReceivedRequest): Promise<ReceiverAnswer>
  /** A handler for Node, Express and Nest. Reads the body itself, unless a parser has. */
  readonly node: (request: ReadableRequest, response: AnswerableResponse, next?: (error: unknown) => void) => void
  /** A handler for the Web's `Request`. Reads the body itself. */
  readonly web: (request: Request) => Promise<Response>
}

/** Makes the doors. @param answer - to what went wrong before there was anything to judge */
export function createEventReceiver(
  handle: (request: ReceivedRequest) => Promise<ReceiverAnswer>,
  answer: (error: ReceivingError) => ReceiverAnswer,
): EventReceiver {
  const handleNode = async (request: ReadableRequest): Promise<ReceiverAnswer | undefined> => {
    if (request.readableDidRead === true) return handle(request)
    const body = await readNode(request)
    if (body === 'gone') return undefined
    if (body === 'too long') return closing(answer(tooLong()), request)
    const { method, headers, rawHeaders } = request
    return handle({ method, headers, rawHeaders, body })
  }
  return Object.freeze({
    handle,
    node(request: ReadableRequest, response: AnswerableResponse, next?: (error: unknown) => void): void {
      handleNode(request)
        .then((answered) => answered !== undefined && write(response, answered))
        .catch((error: unknown) => {
          if (next !== undefined) return next(error)
          write(response, { status: 500, headers: {}, body: '' })
        })
    },
    async web(request: Request): Promise<Response> {
      const { method, headers } = request
      const body = await readWeb(request)
      const {
        status,
        headers: written,
        body: text,
      } = body === undefined ? answer(tooLong()) : await handle({ method, headers, body })
      return new Response(text === '' ? null : text, { status, headers: written })
    },
  })
}

function write(response: AnswerableResponse, { status, headers, body }: ReceiverAnswer): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

/** What is left of a body would be taken for the next request; over HTTP/2 it ends with its stream (RFC 9113 §8.2.2). */
function closing(answered: ReceiverAnswer, { httpVersionMajor }: ReadableRequest): ReceiverAnswer {
  return httpVersionMajor === 1 ? { ...answered, headers: { ...answered.headers, Connection: 'close' } } : answered
}

const tooLong = () => new ReceivingError(413, 'The body is too long')

/** Stops reading where it is enough: what is left is not worth it, and the connection is closed after the answer. */
function readNode(request: ReadableRequest): Promise<Uint8Array | 'too long' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let length = 0
    request.on('data', (chunk) => {
      length += chunk.length
      if (length <= greatestBodyBytes) return void chunks.push(chunk)
      request.pause()
      resolve('too long')
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', () => resolve('gone'))
    request.once('close', () => resolve('gone'))
  })
}

async function readWeb(request: Request): Promise<Uint8Array | undefined> {
  const reader = request.body?.getReader()
  const chunks: Uint8Array[] = []
  for (let length = 0; reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length <= greatestBodyBytes) chunks.push(value)
    else {
      await reader.cancel()
      return undefined
    }
  }
  return Buffer.concat(chunks)
}
