// What comes in: the least an HTTP request must show to be judged. Node's `IncomingMessage`, Express's and Fastify's
// requests and the Web's `Request` all fit this shape as they are.
import { IncomingMessage } from 'node:http'

/** Header lines by name, as Node (`req.headers`) or the Web (`Headers`) holds them. */
export type RequestHeaders =
  | { readonly [name: string]: string | readonly string[] | undefined }
  | { get(name: string): string | null }

/** What is asked of the connection: that of Node, plain or with TLS. */
export interface ObservableSocket {
  readonly remoteAddress?: string | undefined
  /** Of TLS: the certificate of the client. */
  getPeerX509Certificate?(): ObservableCertificate | undefined
}

/** A certificate of TLS, with the one behind it that came along. */
export interface ObservableCertificate {
  /** DER. */
  readonly raw: Uint8Array
  readonly issuerCertificate?: ObservableCertificate | undefined
}

/** A request as the engine sees it. Adapters build it; nothing of it is trusted. */
export interface VerifiableRequest {
  readonly headers: RequestHeaders
  /**
   * Name, value, name, value, … as they came off the wire (`IncomingMessage.rawHeaders`). Node keeps only the first of
   * several `Authorization` lines in `headers`, so a second one is seen only here.
   */
  readonly rawHeaders?: readonly string[] | undefined
  readonly method?: string | undefined
  /** Path and query, or the absolute URL. Needed to see a token in the query. */
  readonly url?: string | undefined
  /** A form that the framework has parsed already. Needed to see a token in the form. */
  readonly body?: unknown
  /** Parameters of the matched route, decoded. Needed by policies that name them. */
  readonly params?: Readonly<Record<string, unknown>> | undefined
  /** Address of the other end of the connection. Needed by policies that ask for the client's address. @defaultValue that of `socket` */
  readonly remoteAddress?: string | undefined
  readonly socket?: ObservableSocket | undefined
  /**
   * The request of the framework, where one request may be judged more than once, as behind a WebSocket: the proof that came with it
   * is used up once for this object. INVARIANT: it stands for one request, and is never used for another.
   *
   * @defaultValue the request itself where it is Node's; otherwise each judgement uses up a proof
   */
  readonly identity?: object | undefined
}

/** What stands for one request, however often it is judged; `undefined` where nobody can tell. */
export function identityOf(request: VerifiableRequest): object | undefined {
  return request.identity ?? (request instanceof IncomingMessage ? request : undefined)
}

/**
 * Every value that a header came with.
 *
 * @param name - in lower case
 */
export function headerValues(request: VerifiableRequest, name: string): readonly string[] {
  const raw = rawHeaderValues(request.rawHeaders, name)
  const { headers } = request
  if (typeof headers.get === 'function') {
    const joined = (headers as { get(name: string): string | null }).get(name)
    return joined === null ? raw : union(raw, [joined])
  }
  return union(raw, plainHeaderValues(headers as PlainHeaders, name))
}

type PlainHeaders = Exclude<RequestHeaders, { get(name: string): string | null }>

function rawHeaderValues(rawHeaders: readonly string[] | undefined, name: string): readonly string[] {
  if (rawHeaders === undefined) return none
  let values = none
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values = added(values, rawHeaders[i + 1] as string)
  }
  return values
}

const none: readonly string[] = Object.freeze([])

/** Most lists here are empty or of one value. */
function added(values: readonly string[], value: string): readonly string[] {
  return values.length === 0 ? [value] : [...values, value]
}

function plainHeaderValues(headers: PlainHeaders, name: string): readonly string[] {
  const values: string[] = []
  for (const key of Object.keys(headers)) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue
    const found = headers[key]
    if (typeof found === 'string') values.push(found)
    else if (found !== undefined) values.push(...found)
  }
  return values
}

/**
 * Two views of one request: what a server parsed is what came off the wire, one line of it, or all of its lines joined
 * (RFC 9110 §5.3; with `; ` for cookies). Anything else was written by somebody since, and counts as one more value.
 */
function union(raw: readonly string[], parsed: readonly string[]): readonly string[] {
  if (raw.length === 0) return parsed
  if (raw.length === 1 && parsed.length === 1 && raw[0] === parsed[0]) return raw
  const rewritten = parsed.filter(
    (value) => !raw.includes(value) && value !== raw.join(', ') && value !== raw.join('; '),
  )
  return rewritten.length === 0 ? raw : [...raw, ...rewritten]
}
