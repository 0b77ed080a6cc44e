// A question to a policy service by HTTP: AuthZEN 1.0, or the data API of OPA. Put together here, because it takes what is asked
// and how it is sent.
import { DocumentError, type FetchContext } from './keys/fetch-document.js'
import { postJson } from './keys/post-json.js'
import { NoDecisionError } from './policy/services/service-answer.js'
import type { HttpServiceSettings } from './policy-service-options.js'

/** What is sent, and what it means. */
export interface HttpQuestion {
  /** Where to. May have to be found first. */
  readonly endpoint: (how: FetchContext) => URL | Promise<URL>
  readonly body: string
  /** What an answer, of which nothing is known but that it is JSON, has decided. @throws NoDecisionError */
  readonly read: (answer: Readonly<Record<string, unknown>>) => boolean
  /** Goes along as `X-Request-ID`, and an answer to another is none (AuthZEN Authorization API 1.0 §10.1). */
  readonly requestId?: string
}

const greatestBytes = 65_536

/** @throws NoDecisionError whatever it was that failed */
export async function askByHttp(
  { fetch, timeoutSeconds, headers }: HttpServiceSettings,
  { endpoint, body, read, requestId }: HttpQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  const how: FetchContext = { fetch, timeoutSeconds, signal }
  try {
    const url = await endpoint(how)
    const lines = linesOf(await headers())
    if (requestId !== undefined) lines['x-request-id'] = requestId
    const answer = await postJson(url, how, { body, headers: lines, greatestBytes })
    const named = answer.headers.get('x-request-id') ?? requestId
    if (requestId !== undefined && named !== requestId)
      throw new NoDecisionError(`${url.href}: answers another question, by its X-Request-ID`)
    return read(answer.document)
  } catch (cause) {
    if (cause instanceof NoDecisionError) throw cause
    if (cause instanceof DocumentError)
      throw new NoDecisionError(cause.message, { cause, isSilence: !cause.isAnswered })
    throw new NoDecisionError('its question could not be made: `headers` has failed', { cause })
  }
}

/** In lower case, so that none stands beside one of ours. What is no header is not sent: an error of `fetch` would quote it. */
function linesOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
        throw new TypeError('no header') // RFC 9110 §5.1, §5.5
      return [name.toLowerCase(), value]
    }),
  )
}
