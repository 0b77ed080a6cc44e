// One POST of a question in JSON to somebody who decides, bounded in time and size. It may carry what we prove ourselves with, so
// it follows no redirect. What the question and the answer mean is left to who asks.
import { JsonError, type JsonObject, parseJsonObject } from '../jose/strict-json.js'
import { DocumentError, type FetchContext, readBounded, withinDeadline } from './fetch-document.js'

/** What is sent, and how much may come back. */
export interface JsonPost {
  readonly body: string
  /** Lines beside `Accept` and `Content-Type`, in lower case: what we prove ourselves with. */
  readonly headers: Readonly<Record<string, string>>
  readonly greatestBytes: number
}

/** What came back. */
export interface JsonReply {
  readonly document: JsonObject
  readonly headers: Headers
}

/**
 * Sends a question, and answers the JSON object that comes back.
 *
 * @throws DocumentError for everything but an answer of 200 with a strict JSON object
 */
export function postJson(url: URL, context: FetchContext, post: JsonPost): Promise<JsonReply> {
  return withinDeadline(url, context, (signal) => send(url, context, signal, post))
}

async function send(url: URL, { fetch }: FetchContext, signal: AbortSignal, post: JsonPost): Promise<JsonReply> {
  const headers = { ...post.headers, accept: media, 'content-type': media }
  const init = { method: 'POST', headers, body: post.body, redirect: 'manual', signal } as const
  const response = await fetch(url.href, init)
  const problem = signal.aborted ? 'answered too late' : problemOf(response)
  if (problem !== undefined) {
    await response.body?.cancel()
    const isAnswered = !exhausted.includes(response.status)
    throw new DocumentError(`${url.href}: ${problem}`, { isAbsent: [404, 410].includes(response.status), isAnswered })
  }
  try {
    return {
      document: parseJsonObject(await readBounded(response, url, post.greatestBytes)),
      headers: response.headers,
    }
  } catch (cause) {
    if (cause instanceof DocumentError) throw new DocumentError(cause.message, { cause, isAnswered: true }) // too much of it
    if (!(cause instanceof JsonError)) throw cause
    throw new DocumentError(`${url.href}: ${cause.message}`, { cause, isAnswered: true })
  }
}

const media = 'application/json'

/** Says that it can't, whatever is asked: RFC 6585 §4, RFC 9110 §15.6. With 500, it may be this question that it chokes on. */
const exhausted = [429, 502, 503, 504]

function problemOf({ status, headers }: Response): string | undefined {
  // INVARIANT: nothing but 200 is an answer, so a redirect is none: questions and credentials go to the place that was named.
  if (status === 401 || status === 403) return `answered ${status}: it does not accept who we say we are`
  if (status !== 200) return `answered ${status}`
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return type.trim().toLowerCase() === media ? undefined : `did not answer with ${media}`
}
