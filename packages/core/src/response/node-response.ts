// A refusal written to Node's response, as Express, Fastify and NestJS all hand it out.
import type { Denied } from '../decision.js'

/** The part of `http.ServerResponse` that is used. */
export interface WritableResponse {
  statusCode: number
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** Answers with a refusal. Header names that other middleware has exposed already stay exposed. */
export function writeDenied(response: WritableResponse, denied: Denied): void {
  response.statusCode = denied.status
  for (const [name, value] of Object.entries(denied.headers)) {
    const exposed = name === 'Access-Control-Expose-Headers' ? response.getHeader(name) : undefined
    response.setHeader(name, exposed === undefined ? value : `${exposed}, ${value}`)
  }
  response.end(JSON.stringify(denied.body))
}
