// RFC 9728: where a client that knows only our URL reads whom to ask for a token, and how it may be presented. Made of the options of
// the verifier, so that nothing is written twice; challenges name where it is.
import { ConfigurationError } from './errors.js'
import { requireKnownOptions } from './option-checks.js'

/** What this API says of itself (RFC 9728 §2). */
export interface ResourceOptions {
  /** The URL of this API, as clients write it. @defaultValue the one audience that is a URL */
  readonly url?: string
  /** Who grants tokens for it. @defaultValue the issuers that are URLs */
  readonly authorizationServers?: readonly string[]
  /** The scopes that a client may ask for. Not said by default. */
  readonly scopesSupported?: readonly string[]
  /** What people call it. */
  readonly name?: string
  /** The URL of a page for developers. */
  readonly documentation?: string
}

/** What the verifier knows by itself. */
export interface ResourceFacts {
  readonly issuers: readonly string[]
  readonly audiences: readonly string[]
  /** `bearer_methods_supported`: `'header'`, `'query'`. */
  readonly bearerMethods: readonly string[]
  /** How proofs may be signed; empty where none are taken. */
  readonly proofAlgorithms: readonly string[]
  readonly proofsAreRequired: boolean
  readonly takesCertificates: boolean
}

/** An answer with the metadata, or to a browser that asks whether it may ask. */
export interface MetadataAnswer {
  readonly status: 200 | 204
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The metadata of this API. Open to everybody. */
export class ResourceMetadata {
  /** Where they are (RFC 9728 §3.1): `https://api.example.com/.well-known/oauth-protected-resource`. */
  readonly url: string
  /** The path of that. */
  readonly path: string
  readonly document: Readonly<Record<string, unknown>>

  /** @internal */
  constructor(resource: string, document: Readonly<Record<string, unknown>>) {
    const { origin, pathname } = new URL(resource)
    this.path = `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
    this.url = origin + this.path
    this.document = Object.freeze(document)
  }

  /**
   * What to answer to a request, if it asks for the metadata; `undefined` for every other.
   *
   * @param target - path and query, or the absolute URL
   */
  answer(method: string | undefined, target: string | undefined): MetadataAnswer | undefined {
    if (pathOf(target) !== this.path) return undefined
    // For browsers: a client asks first where it sends headers of its own.
    const headers = { 'Access-Control-Allow-Origin': '*' }
    if (method === 'OPTIONS')
      return { status: 204, headers: { ...headers, 'Access-Control-Allow-Headers': '*' }, body: '' }
    if (method !== 'GET' && method !== 'HEAD') return undefined
    const body = JSON.stringify(this.document)
    return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body }
  }
}

const optionNames = ['url', 'authorizationServers', 'scopesSupported', 'name', 'documentation'] as const

/**
 * Makes the metadata.
 *
 * @throws ConfigurationError
 */
export function createResourceMetadata(options: ResourceOptions, facts: ResourceFacts): ResourceMetadata {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ConfigurationError('`resource` must be an object')
  requireKnownOptions(options, optionNames, '`resource`')
  const resource = requireResource(options.url ?? onlyUrl(facts.audiences))
  const servers = options.authorizationServers ?? facts.issuers.filter(isHttpUrl)
  return new ResourceMetadata(
    resource,
    withoutNothing({
      resource, // to the letter (§3.3); `new URL(…).href` may differ
      authorization_servers: requireServers(servers),
      scopes_supported: requireList(options.scopesSupported ?? [], '`resource.scopesSupported`'),
      bearer_methods_supported: facts.bearerMethods,
      resource_name: optionalText(options.name, '`resource.name`'),
      resource_documentation: optionalText(options.documentation, '`resource.documentation`'),
      tls_client_certificate_bound_access_tokens: facts.takesCertificates || undefined,
      dpop_signing_alg_values_supported: facts.proofAlgorithms,
      dpop_bound_access_tokens_required: facts.proofsAreRequired || undefined,
    }),
  )
}

/** §3.2: a member without a value is left out, never `[]`. */
function withoutNothing(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const said = Object.entries(document).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined,
  )
  return Object.fromEntries(said)
}

/** §1.2, but for the loopback host, where there is no https while developing. */
function requireResource(resource: unknown): string {
  const url = typeof resource === 'string' && URL.canParse(resource) ? new URL(resource) : undefined
  const isLoopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === undefined || !(isLoopback || url.protocol === 'https:') || url.username !== '' || url.password !== '')
    throw new ConfigurationError('`resource` must have an https URL, the one that clients of this API write')
  if (/[?#]/.test(resource as string))
    throw new ConfigurationError('`resource` must have a URL without a query and a fragment')
  return resource as string
}

function onlyUrl(audiences: readonly string[]): string {
  const [url, ...more] = [...new Set(audiences)].filter(isHttpUrl)
  if (url !== undefined && more.length === 0) return url
  throw new ConfigurationError('no audience, or more than one, is a URL: say which URL this API has as `resource.url`')
}

function requireServers(servers: unknown): readonly string[] {
  const list = requireList(servers, '`resource.authorizationServers`')
  if (list.length > 0 && list.every(isHttpUrl)) return list
  throw new ConfigurationError('no issuer is a URL: say who grants tokens as `resource.authorizationServers`')
}

function requireList(value: unknown, what: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value
  throw new ConfigurationError(`${what} must be an array of strings`)
}

function optionalText(value: unknown, what: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new ConfigurationError(`${what} must be a string, and not empty`)
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}

function pathOf(target: string | undefined): string | undefined {
  return target === undefined ? undefined : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0]
}
