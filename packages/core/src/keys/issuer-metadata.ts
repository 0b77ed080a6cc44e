// RFC 8414 and OpenID Connect Discovery 1.0: where an issuer publishes its keys, and where it answers questions about
// tokens. A document that names another issuer than the configured one is not used (RFC 8414 §3.3), however small the
// difference.
import { DocumentError, type FetchContext, fetchDocument } from './fetch-document.js'

/** The members of metadata that are looked for (RFC 8414 §2). */
export type EndpointName = 'jwks_uri' | 'introspection_endpoint'

/**
 * Finds the `jwks_uri` of an issuer, as {@link discoverEndpoint} does.
 *
 * @throws DocumentError
 */
export function discoverJwksUri(issuer: string, discoveryUrl: URL | undefined, context: FetchContext): Promise<URL> {
  return discoverEndpoint('jwks_uri', issuer, discoveryUrl, context)
}

/**
 * Finds one of the places that the metadata of an issuer names.
 *
 * Tries OpenID Connect's URL, then RFC 8414's, then OpenID Connect's in the form of RFC 8414, unless `discoveryUrl` says it.
 *
 * @throws DocumentError
 */
export async function discoverEndpoint(
  name: EndpointName,
  issuer: string,
  discoveryUrl: URL | undefined,
  context: FetchContext,
): Promise<URL> {
  const candidates = discoveryUrl === undefined ? wellKnownUrls(issuer) : [discoveryUrl]
  let absent: DocumentError | undefined
  for (const url of candidates) {
    try {
      return await endpointOf(name, issuer, url, context)
    } catch (error) {
      if (!(error instanceof DocumentError) || !error.isAbsent) throw error
      absent ??= error
    }
  }
  throw absent ?? new DocumentError(`${issuer}: publishes no metadata`)
}

async function endpointOf(name: EndpointName, issuer: string, url: URL, context: FetchContext): Promise<URL> {
  const { document } = await fetchDocument(url, context)
  const named = document?.['issuer']
  if (named !== issuer) {
    const what = typeof named === 'string' ? `the issuer ${named.slice(0, 300)}` : 'no issuer'
    throw new DocumentError(`${url.href}: names ${what}, the options name ${issuer}`)
  }
  const endpoint = document?.[name]
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint))
    throw new DocumentError(`${url.href}: has no \`${name}\``, { isAbsent: name !== 'jwks_uri' }) // another form may
  const location = new URL(endpoint)
  // Plain http is for issuers on this very host: a remote document must not send us to a port of ours.
  if (!isFetchable(location) || (location.protocol === 'http:' && url.protocol !== 'http:')) {
    throw new DocumentError(`${url.href}: its \`${name}\` is not an https URL`)
  }
  return location
}

/** OIDC Discovery §4 appends to the path, RFC 8414 §3.1 inserts before it. */
function wellKnownUrls(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const urls = [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ]
  return [...new Set(urls)].map((url) => new URL(url))
}

/** https, or plain http to a loopback host. */
export function isFetchable(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
