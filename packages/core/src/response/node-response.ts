// A refusal written to Node's response, as Express, Fastify and NestJS all hand it out.
import type { Allowed, Denied } from '../decision.js'

/** The part of `http.ServerResponse` that headers are written to. */
export interface WritableHeaders {
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string): unknown
}

/** The part of `http.ServerResponse` that is used. */
export interface WritableResponse extends WritableHeaders {
  statusCode: number
  end(body: string): unknown
}

/** Answers with a refusal. Header names that other middleware has exposed already stay exposed. */
export function writeDenied(response: WritableResponse, denied: Denied): void {
  response.statusCode = denied.status
  writeHeaders(response, denied)
  response.end(JSON.stringify(denied.body))
}

/** Sets the header lines of a decision, whatever it is. Header names that other middleware has exposed already stay exposed. */
export function writeHeaders(response: WritableHeaders, { headers = {} }: Allowed<unknown> | Denied): void {
  for (const [name, value] of Object.entries(headers)) {
    const exposed = name === 'Access-Control-Expose-Headers' ? response.getHeader(name) : undefined
    response.setHeader(name, exposed === undefined ? value : `${exposed}, ${value}`)
  }
}
