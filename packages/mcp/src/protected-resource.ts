// RFC 9728: where a client that knows only our URL reads which authorization server to ask for a token. What is said there is
// the core's; here it is served as MCP servers are, by Connect and Express.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createVerifier, type ResourceMetadata, type Verifier, type VerifierOptions } from '@sallyport/core'
import { type ProtectedResourceOptions, type TrustOfEnvironment, verifierOptions, withResource } from './options.js'

/** A request as Connect and Express hand it on. */
export type McpRequest = IncomingMessage & {
  readonly originalUrl?: string
  readonly body?: unknown
  readonly params?: Readonly<Record<string, unknown>>
}

/** Middleware of Express 4 and 5, and of whatever else speaks Connect. */
export type McpHandler = (request: McpRequest, response: ServerResponse, next: (error?: unknown) => void) => void

/** Answers with the metadata, and hands on every other request. */
export interface MetadataHandler extends McpHandler {
  /** Where the metadata are: the `resourceMetadataUrl` of `requireBearerAuth`. */
  readonly url: string
}

/**
 * Serves the metadata of this MCP server to everybody. Goes before what asks for a token.
 *
 * @param options - those of the verifier, and what there is to say beyond them
 * @example
 * ```ts
 * const metadata = protectedResourceMetadata({ issuer, audience: 'https://mcp.example.com/mcp' })
 * app.use(metadata)
 * ```
 * @throws ConfigurationError while building
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-3
 */
export function protectedResourceMetadata(
  options: ProtectedResourceOptions & (VerifierOptions | TrustOfEnvironment) = {},
): MetadataHandler {
  const verifier: Verifier<unknown> = createVerifier(withResource(verifierOptions(options), options))
  void verifier.close() // it has judged the options, and is asked for no more than what they say
  return metadataHandler(verifier.resourceMetadata as ResourceMetadata)
}

export function metadataHandler(metadata: ResourceMetadata): MetadataHandler {
  const handler: McpHandler = ({ method, originalUrl, url }, response, next) => {
    const answer = metadata.answer(method, originalUrl ?? url)
    if (answer === undefined) return next()
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
  return Object.assign(handler, { url: metadata.url })
}
