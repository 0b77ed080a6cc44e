// One GET of a small document from an issuer, bounded in time, size and redirects. What it means is left to
// `issuer-metadata.ts` (RFC 8414), `remote-jwk-set.ts` (RFC 7517), and to who asks for bytes. A POST is in `post-form.ts`.
import CachePolicy from 'http-cache-semantics'
import { type JsonObject, parseJsonObject } from '../jose/strict-json.js'

/** The part of the Web's `fetch` that is used; give your own for a proxy or a private CA. */
export type Fetch = (
  url: string,
  init: {
    readonly headers: Record<string, string>
    readonly redirect: 'manual'
    readonly signal: AbortSignal
    /** Where a question is asked: introspection (RFC 7662 §2.1). Absent for a GET. */
    readonly method?: 'POST'
    readonly body?: string
  },
) => Promise<Response>

/** A document that came, or the word that the last one still holds. */
export type FetchedDocument = {
  /** `undefined`: not modified since the given entity tag (RFC 9110 §15.4.5). */
  readonly document: JsonObject | undefined
  readonly etag: string | undefined
  /** How long the server lets it be kept (RFC 9111 §4.2), in seconds; `undefined` where it does not say. */
  readonly lifetimeSeconds: number | undefined
}

/** The same of any document, as it came. */
export type FetchedBytes = Omit<FetchedDocument, 'document'> & { readonly bytes: Buffer | undefined }

/** What a document is asked for with, and how large it may be. */
export interface BytesRequest {
  /** Media type for `Accept` (RFC 9110 §12.5.1). */
  readonly accept: string
  readonly greatestBytes: number
  /** Entity tag of the document we hold. */
  readonly etag?: string | undefined
}

/** A document that could not be had. The message names the URL of the issuer, never what came back. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  /** Whether the server said that there is no such document, as against not answering. */
  readonly isAbsent: boolean
  /** Whether the server is there and well, and has answered something else than was asked for. */
  readonly isAnswered: boolean

  constructor(message: string, options: { cause?: unknown; isAbsent?: boolean; isAnswered?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isAbsent = options.isAbsent ?? false
    this.isAnswered = options.isAnswered ?? false
  }
}

/** Bound of a document, in bytes. */
export const greatestBytes = 262_144
const greatestRedirects = 3

/** What a {@link fetchDocument} call needs from around it. */
export interface FetchContext {
  readonly fetch: Fetch
  readonly timeoutSeconds: number
  /** Aborts the fetch from outside, when the verifier closes. */
  readonly signal: AbortSignal
}

/**
 * Gets one JSON object.
 *
 * @param etag - entity tag of the document we hold
 * @throws DocumentError
 */
export async function fetchDocument(url: URL, context: FetchContext, etag?: string): Promise<FetchedDocument> {
  const { bytes, ...facts } = await fetchBytes(url, context, { accept: 'application/json', greatestBytes, etag })
  try {
    return { document: bytes && parseJsonObject(bytes), ...facts }
  } catch (cause) {
    throw new DocumentError(`${url.href}: ${describe(cause)}`, { cause })
  }
}

/**
 * Gets the bytes of a document.
 *
 * @throws DocumentError
 */
export function fetchBytes(url: URL, context: FetchContext, request: BytesRequest): Promise<FetchedBytes> {
  return withinDeadline(url, context, (signal) => getBytes(url, context.fetch, signal, request))
}

/**
 * Does what is asked of a server within the time there is for it.
 *
 * @param ask - heeds the signal if it can
 * @throws DocumentError whatever it was that failed
 */
export async function withinDeadline<T>(
  url: URL,
  context: FetchContext,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const abort = (reason: string): void => deadline.abort(new DocumentError(`${url.href}: ${reason}`))
  const timer = setTimeout(() => abort(`no answer within ${context.timeoutSeconds} s`), context.timeoutSeconds * 1000)
  const onClose = (): void => abort('the verifier was closed')
  context.signal.addEventListener('abort', onClose, { once: true })
  try {
    if (context.signal.aborted) onClose()
    // A fetch of the user's own may not heed the signal: the deadline holds all the same.
    return await Promise.race([ask(deadline.signal), rejection(deadline.signal)])
  } catch (cause) {
    throw cause instanceof DocumentError ? cause : new DocumentError(`${url.href}: ${describe(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', onClose)
  }
}

async function getBytes(
  url: URL,
  fetch: Fetch,
  signal: AbortSignal,
  { accept, greatestBytes, etag }: BytesRequest,
): Promise<FetchedBytes> {
  const headers: Record<string, string> = { accept }
  if (etag !== undefined) headers['if-none-match'] = etag
  const response = await follow(url, (target) => fetch(target, { headers, redirect: 'manual', signal }))
  const facts = { etag: response.headers.get('etag') ?? undefined, lifetimeSeconds: lifetimeOf(response) }
  if (response.status === 304 && etag !== undefined) return { bytes: undefined, ...facts, etag: facts.etag ?? etag }
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new DocumentError(`${url.href}: answered ${response.status}`, {
      isAbsent: [404, 410].includes(response.status),
    })
  }
  return { bytes: await readBounded(response, url, greatestBytes), ...facts }
}

/** Redirects stay on the origin that was configured: another origin was never trusted. */
async function follow(url: URL, get: (target: string) => Promise<Response>): Promise<Response> {
  let target = url
  for (let redirects = 0; redirects <= greatestRedirects; redirects++) {
    const response = await get(target.href)
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response
    await response.body?.cancel()
    target = new URL(location, target)
    if (target.origin !== url.origin) throw new DocumentError(`${url.href}: redirects to another origin`)
  }
  throw new DocumentError(`${url.href}: redirects more than ${greatestRedirects} times`)
}

/** The body, up to a bound. @throws DocumentError */
export async function readBounded(response: Response, url: URL, greatestBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > greatestBytes) throw new DocumentError(`${url.href}: is larger than ${greatestBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** RFC 9111 §4.2, as a private cache reads it. */
function lifetimeOf(response: Response): number | undefined {
  const { headers } = response
  if (!headers.has('cache-control') && !headers.has('expires')) return undefined
  const request = { method: 'GET', headers: {} }
  const policy = new CachePolicy(request, { status: 200, headers: Object.fromEntries(headers) }, { shared: false })
  return Math.max(0, policy.maxAge() - policy.age()) // not `timeToLive`, which counts what may be served stale as well
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** undici says only "fetch failed"; what happened is in its cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the fetch failed'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  return code === undefined ? error.message : `${error.message} (${code})`
}
