// How the authorization server is asked: only where nobody can read along, without following a redirect, with a bound on the
// answer. What comes back is whole, so that reading it can't hang.
import { isConfidential } from '../destination.js'
import { DownstreamError } from '../downstream-error.js'

type Fetch = typeof globalThis.fetch

/** Bound of an answer of an authorization server, in bytes. */
const greatestBytes = 262_144

/** A `fetch` for metadata and tokens. @throws DownstreamError `endpoint_refused`, `token_unavailable` */
export function boundedFetch(fetch: Fetch, timeoutSeconds: number): (url: string, init: object) => Promise<Response> {
  return async (url, init) => {
    // INVARIANT: metadata name the token endpoint, so every URL is judged, not the issuer alone.
    if (!isConfidential(new URL(url)))
      throw new DownstreamError('endpoint_refused', 'the endpoint of the authorization server is not reached over TLS')
    try {
      const signal = AbortSignal.timeout(timeoutSeconds * 1000)
      const answer = await fetch(url, { ...(init as RequestInit), redirect: 'manual', signal })
      return await readWhole(answer)
    } catch (error) {
      if (error instanceof DownstreamError) throw error
      throw new DownstreamError('token_unavailable', 'the authorization server could not be reached', { cause: error })
    }
  }
}

async function readWhole(answer: Response): Promise<Response> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of answer.body ?? []) {
    size += part.byteLength
    if (size > greatestBytes)
      throw new DownstreamError('token_unavailable', 'the answer of the authorization server is too long')
    parts.push(part)
  }
  const headers = [...answer.headers] as [string, string][]
  const hasBody = ![204, 205, 304].includes(answer.status)
  return new Response(hasBody ? Buffer.concat(parts) : null, { status: answer.status, headers })
}
