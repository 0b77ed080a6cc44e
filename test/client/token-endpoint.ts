// A token endpoint made by hand, for what oidc-provider has not: it exchanges tokens (RFC 8693), and answers as it is told.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { JWK } from 'jose'
import { startPlainService } from './services.js'

/** A request for a token, as it arrived. */
export interface TokenRequest {
  readonly path: string
  readonly authorization: string | undefined
  /** Every parameter, in its order. */
  readonly parameters: readonly (readonly [string, string])[]
}

export type TokenAnswer = (request: TokenRequest, response: ServerResponse) => void

export interface HandMadeServer {
  readonly issuer: string
  readonly requests: TokenRequest[]
  /** How the token endpoint answers from now on. */
  answer: TokenAnswer
}

/** Answers with a token, a new one each time. */
export function tokens(more: object = {}): TokenAnswer {
  let count = 0
  return (_, response) => {
    count += 1
    json(response, 200, { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 600, ...more })
  }
}

export const refusal =
  (status: number, body: object): TokenAnswer =>
  (_, response) =>
    json(response, status, body)

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** An authorization server on the loopback host, with metadata (RFC 8414). */
export async function startHandMadeServer(metadata: object = {}): Promise<HandMadeServer> {
  const requests: TokenRequest[] = []
  const service = await startPlainService(async (request, response) => {
    if (request.url === '/.well-known/oauth-authorization-server')
      return json(response, 200, { issuer: server.issuer, token_endpoint: `${server.issuer}/token`, ...metadata })
    if (request.url !== '/token') return void response.writeHead(404).end()
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { url: path, headers } = request
    const parameters = [...new URLSearchParams(Buffer.concat(parts).toString())]
    const asked = { path, authorization: headers.authorization, parameters }
    requests.push(asked)
    return server.answer(asked, response)
  })
  const server: HandMadeServer = { issuer: service.url, requests, answer: tokens() }
  return server
}

/** A key pair of a client: the private key for it, the public one for the authorization server. */
export function clientKey(kid: string): { readonly privateKey: KeyObject; readonly publicJwk: JWK } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicJwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, alg: 'ES256', use: 'sig' } }
}
