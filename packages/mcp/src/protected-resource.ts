// RFC 9728: where a client that knows only our URL reads which authorization server to ask for a token.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigurationError, createVerifier, type VerifierOptions } from '@sallyport/core'
import {
  type ProtectedResourceOptions,
  requireList,
  type Trust,
  type TrustOfEnvironment,
  trustOf,
  verifierOptions,
} from './options.js'

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
  const trust = verifierOptions(options)
  void createVerifier(trust).close() // judges them
  return metadataHandler(options, trustOf(trust))
}

/** @throws ConfigurationError */
export function metadataHandler(options: ProtectedResourceOptions, trust: Trust): MetadataHandler {
  const resource = requireResource(options.resource ?? onlyUrl(trust.audiences))
  const { origin, pathname } = new URL(resource)
  const path = `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}` // §3.1
  const scopes = requireList(options.scopesSupported ?? [], 'scopesSupported')
  const document = JSON.stringify({
    resource, // to the letter (§3.3); `new URL(…).href` may differ
    authorization_servers: requireServers(options.authorizationServers ?? trust.issuers.filter(isHttpUrl)),
    ...(scopes.length > 0 && { scopes_supported: scopes }), // §3.2: never `[]`
    bearer_methods_supported: ['header'],
    resource_name: options.resourceName,
    resource_documentation: options.resourceDocumentation,
  })
  const handler: McpHandler = (request, response, next) => {
    const { method, originalUrl = request.url } = request
    const isRead = method === 'GET' || method === 'HEAD'
    if (!(isRead || method === 'OPTIONS') || originalUrl?.split('?', 1)[0] !== path) return next()
    // For browsers: a client asks first, as it sends MCP-Protocol-Version with the request.
    response.setHeader('Access-Control-Allow-Origin', '*')
    if (!isRead) return void response.writeHead(204, { 'Access-Control-Allow-Headers': '*' }).end()
    response.setHeader('Content-Type', 'application/json')
    response.end(document)
  }
  return Object.assign(handler, { url: origin + path })
}

/** RFC 9728 §1.2, but for the loopback host, where there is no https while developing. */
function requireResource(resource: string): string {
  const url = URL.canParse(resource) ? new URL(resource) : undefined
  const isLoopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === undefined || !(isLoopback || url.protocol === 'https:') || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('`resource` must be an https URL, the one that clients of this MCP server write')
  }
  if (/[?#]/.test(resource)) throw new ConfigurationError('`resource` must be a URL without a query and a fragment')
  return resource
}

function onlyUrl(audiences: readonly string[]): string {
  const [url, ...more] = audiences.filter(isHttpUrl)
  if (url !== undefined && more.length === 0) return url
  throw new ConfigurationError(
    'no audience, or more than one, is a URL: say which URL this MCP server has as `resource`',
  )
}

function requireServers(servers: readonly string[]): readonly string[] {
  if (requireList(servers, 'authorizationServers').length > 0 && servers.every(isHttpUrl)) return servers
  throw new ConfigurationError('no issuer is a URL: say who grants tokens as `authorizationServers`')
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}
