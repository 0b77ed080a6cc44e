// What a receiver is shown of an HTTP request, and how the one token in it is found: in a form (OpenID Connect Back-Channel
// Logout §2.5) or as the whole body (RFC 8935 §2.1). Nothing here is proven.
import { headerValues, type RequestHeaders } from '../request/verifiable-request.js'

/** A request for a receiver. Express's, Fastify's and Nest's requests fit this shape once a parser has read the body. */
export interface ReceivedRequest {
  readonly method?: string | undefined
  readonly headers: RequestHeaders
  readonly rawHeaders?: readonly string[] | undefined
  /** As it came, or what a parser made of it: the members of a form, or text. */
  readonly body?: unknown
}

/** Bound of a body: a token of 16 KiB and what a form wraps around it. */
export const greatestBodyBytes = 65_536

/** A request in which no token can be looked for. The message is for the other end, and holds nothing of the request. */
export class ReceivingError extends Error {
  override readonly name = 'ReceivingError'
  readonly status: 400 | 405 | 413
  /** Whether it is about who sent it (RFC 8935 §2.4: `authentication_failed`). */
  readonly isAboutSender: boolean

  constructor(status: 400 | 405 | 413, message: string, isAboutSender = false) {
    super(message)
    this.status = status
    this.isAboutSender = isAboutSender
  }
}

/**
 * The token in one field of a form that was posted. Other fields are ignored (Back-Channel Logout §2.5).
 *
 * @throws ReceivingError
 */
export function formToken(request: ReceivedRequest, field: string): string {
  requirePosted(request, 'application/x-www-form-urlencoded')
  const { body } = request
  const values = isText(body) ? new URLSearchParams(textOf(body)).getAll(field) : memberOf(body, field)
  const [token, ...more] = values
  if (typeof token === 'string' && token !== '' && more.length === 0) return token
  throw new ReceivingError(400, `The form has no single ${field}`)
}

/**
 * The token that is the whole body.
 *
 * @throws ReceivingError
 */
export function bodyToken(request: ReceivedRequest, mediaType: string): string {
  requirePosted(request, mediaType)
  const token = isText(request.body) ? textOf(request.body).trim() : ''
  if (token !== '') return token
  throw new ReceivingError(400, 'The body is not a token')
}

/** The one value of a header; `undefined` where it has none, or several. */
export function singleHeader(request: ReceivedRequest, name: string): string | undefined {
  const [value, ...more] = headerValues(request, name)
  return more.length === 0 ? value : undefined
}

function requirePosted(request: ReceivedRequest, mediaType: string): void {
  if (request.method !== 'POST') throw new ReceivingError(405, 'Only POST is accepted')
  const type = singleHeader(request, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase() // RFC 9110 §8.3.1
  if (type !== mediaType) throw new ReceivingError(400, `The content is not ${mediaType}`)
}

function isText(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}

function textOf(body: string | Uint8Array): string {
  if (body.length > greatestBodyBytes) throw new ReceivingError(413, 'The body is too long')
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

/** A field that came twice is an array in what parsers make of a form. */
function memberOf(body: unknown, field: string): readonly unknown[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, field)) return []
  return [(body as Readonly<Record<string, unknown>>)[field]].flat()
}
