// A refusal as the Web's Response, for whatever speaks Request and Response: Hono, Next.js, H3, Bun, Deno.
import type { Denied } from '../decision.js'

/** Answers with a refusal. */
export function toResponse({ status, headers, body }: Denied): Response {
  return new Response(JSON.stringify(body), { status, headers })
}
