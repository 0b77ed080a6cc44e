// One POST of a form to an endpoint of an issuer (RFC 7662 §2.1), bounded in time and size. It carries a token and what we
// prove ourselves with, so it follows no redirect. What the answer means is left to who asks.
import { DocumentError, type FetchContext, readBounded, withinDeadline } from './fetch-document.js'

/** What is sent, and what may come back. */
export interface FormPost {
  readonly form: URLSearchParams
  /** Lines beside `Accept` and `Content-Type`: what we prove ourselves with. */
  readonly headers: Readonly<Record<string, string>>
  /** Media type for `Accept` (RFC 9110 §12.5.1): an answer of another one is none. */
  readonly accept: string
  readonly greatestBytes: number
}

/**
 * Sends a form, and answers the bytes that come back.
 *
 * @throws DocumentError for everything but an answer of 200 and of the media type that was asked for
 */
export function postForm(url: URL, context: FetchContext, post: FormPost): Promise<Buffer> {
  return withinDeadline(url, context, (signal) => send(url, context, signal, post))
}

async function send(url: URL, { fetch }: FetchContext, signal: AbortSignal, post: FormPost): Promise<Buffer> {
  const { form, headers, accept, greatestBytes } = post
  const lines = { ...headers, accept, 'content-type': 'application/x-www-form-urlencoded' }
  const init = { method: 'POST', headers: lines, body: form.toString(), redirect: 'manual', signal } as const
  const response = await fetch(url.href, init)
  const problem = problemOf(response, accept)
  if (problem === undefined) return readBounded(response, url, greatestBytes)
  await response.body?.cancel()
  const { status } = response
  throw new DocumentError(`${url.href}: ${problem}`, {
    isAbsent: status === 404 || status === 410,
    isAnswered: status < 500 && status !== 429, // which says, as 5xx do, that it has had enough (RFC 6585 §4)
  })
}

function problemOf({ status, headers }: Response, accept: string): string | undefined {
  // INVARIANT: nothing but 200 is an answer, so a redirect is none: credentials go to the place that was named.
  if (status === 401 || status === 403) return `answered ${status}: it does not accept who we say we are`
  if (status !== 200) return `answered ${status}`
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return type.trim().toLowerCase() === accept ? undefined : `did not answer with ${accept}`
}
