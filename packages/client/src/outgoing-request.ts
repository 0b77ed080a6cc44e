// What `fetch` was called with, as one thing that can be sent again: the arguments of `fetch` come in many shapes, and those of
// Node's own (Request, FormData) are strangers to the undici of this package.
import { Headers as UndiciHeaders, type RequestInit as UndiciInit } from 'undici'

type Input = Parameters<typeof globalThis.fetch>[0]
type Init = NonNullable<Parameters<typeof globalThis.fetch>[1]>

/** A request as it will be sent. */
export interface OutgoingRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
  /** Whether its body is there for a second time. */
  readonly isReplayable: boolean
  /** All that `fetch` is told besides. */
  readonly init: UndiciInit
}

/** @throws TypeError where the URL is none */
export async function outgoingRequest(input: Input, given: Init = {}): Promise<OutgoingRequest> {
  const request = typeof input === 'object' && 'url' in input ? input : undefined
  const url = new URL(request?.url ?? String(input))
  const headers = new Headers(given.headers ?? request?.headers)
  const { body, contentType } = await plainBody(given.body ?? request?.body)
  if (contentType !== undefined) headers.set('content-type', contentType)
  const isReplayable = !isStream(body)
  const { dispatcher: _, headers: __, signal, ...rest } = given as unknown as UndiciInit
  return {
    url,
    method: normalMethod(given.method ?? request?.method ?? 'GET'),
    headers,
    signal: (signal as AbortSignal | null | undefined) ?? request?.signal ?? undefined,
    isReplayable,
    init: { ...rest, body: body as NonNullable<UndiciInit['body']>, ...(isReplayable ? {} : { duplex: 'half' }) },
  }
}

/** A form of Node's own would be sent as the text `[object FormData]`. */
async function plainBody(body: unknown): Promise<{ readonly body: unknown; readonly contentType?: string }> {
  if (!(body instanceof FormData)) return { body: body ?? null }
  const whole = new Response(body)
  const contentType = whole.headers.get('content-type') ?? ''
  return { body: new Uint8Array(await whole.arrayBuffer()), contentType }
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** Fetch Standard, "normalize a method"; a proof of possession is made for what is sent. */
function normalMethod(method: string): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method
}

/** Headers for undici, which takes its own. */
export function forUndici(headers: Headers | Record<string, string>): UndiciHeaders {
  return new UndiciHeaders(headers instanceof Headers ? [...headers] : headers)
}
