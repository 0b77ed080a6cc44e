// The URI of a request as its client wrote it. What stands in `Host` is whatever the client says, so it is never asked: our
// names are those of the options, or those that a trusted proxy tells.
import { type AddressRanges, parseAddress } from '../addresses.js'
import { ConfigurationError } from '../errors.js'
import { headerValues, type VerifiableRequest } from './verifiable-request.js'

/** Where we are reached: one or more URLs, or whatever the `trustedProxies` say in `X-Forwarded-Proto` and `-Host`. */
export type PublicUrl = string | readonly string[] | 'forwarded'

/** {@link PublicUrl}, judged: URLs without a slash at the end. */
export type PublicOrigins = readonly string[] | 'forwarded'

/**
 * Judges where we are reached.
 *
 * @throws ConfigurationError
 */
export function judgePublicUrl(option: PublicUrl, isTrustedProxy: AddressRanges | undefined): PublicOrigins {
  if (option === 'forwarded') {
    if (isTrustedProxy !== undefined) return option
    throw new ConfigurationError("`publicUrl: 'forwarded'` needs `trustedProxies`: those whose word is believed")
  }
  const urls: readonly unknown[] = Array.isArray(option) ? option : [option]
  if (urls.length === 0) throw new ConfigurationError('`publicUrl` must hold at least one URL')
  return Object.freeze(urls.map(requirePublicUrl))
}

function requirePublicUrl(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isPublic =
    url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === ''
  if (isPublic) return `${url.origin}${url.pathname.replace(/\/$/, '')}`
  throw new ConfigurationError("`publicUrl` takes URLs such as 'https://api.example.com', without query and fragment")
}

/** The URI of a request, without query and fragment, under every name that we have; none where nobody can tell. */
export function publicUris(
  request: VerifiableRequest,
  origins: PublicOrigins,
  isTrustedProxy: AddressRanges | undefined,
): readonly string[] {
  const path = pathOf(request.url)
  if (path === undefined) return []
  if (origins !== 'forwarded') return origins.map((origin) => origin + path)
  const origin = forwardedOrigin(request, isTrustedProxy)
  return origin === undefined ? [] : [origin + path]
}

/** Of the target of a request, in origin form or absolute form (RFC 9112 §3.2). */
function pathOf(target: string | undefined): string | undefined {
  return /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?(\/[^?#]*|(?=[?#]|$))/i.exec(target ?? '*')?.[1]
}

/** What the nearest proxy says, and it alone. */
function forwardedOrigin(request: VerifiableRequest, isTrustedProxy: AddressRanges | undefined): string | undefined {
  const address = parseAddress(request.remoteAddress ?? request.socket?.remoteAddress)
  if (address === undefined || isTrustedProxy?.(address) !== true) return undefined
  const protocol = nearest(request, 'x-forwarded-proto')
  const host = nearest(request, 'x-forwarded-host')
  if (protocol === undefined || host === undefined) return undefined
  return /^https?$/i.test(protocol) && /^[\w.:[\]-]+$/.test(host) ? `${protocol}://${host}` : undefined
}

/** Of several values the last: it was written by whoever is nearest. */
function nearest(request: VerifiableRequest, name: string): string | undefined {
  return headerValues(request, name)
    .flatMap((value) => value.split(','))
    .at(-1)
    ?.trim()
}
