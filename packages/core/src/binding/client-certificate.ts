// The certificate of the client's connection (RFC 8705 §3), wherever TLS ends: at us, or at a proxy that passes on what it saw. A
// header that says so is believed from a trusted proxy and from nobody else; from others it says nothing.
import { type AddressRanges, parseAddress } from '../addresses.js'
import { ConfigurationError } from '../errors.js'
import { certificateThumbprint } from '../jose/certificate.js'
import { requireKnownOptions } from '../option-checks.js'
import { headerValues, type VerifiableRequest } from '../request/verifiable-request.js'
import { parseClientCertField } from './client-cert-field.js'
import { parseEscapedCertificate } from './escaped-certificate.js'
import { parseForwardedClientCert } from './forwarded-client-cert.js'

/**
 * A header in which proxies pass on the certificate of their client: Envoy's, that of RFC 9440, that of nginx
 * (`proxy_set_header ssl-client-cert $ssl_client_escaped_cert`).
 */
export type CertificateHeader = 'x-forwarded-client-cert' | 'client-cert' | 'ssl-client-cert'

/** Where the certificate of the client is read: of our own TLS server, or of a header. */
export type ClientCertificateSource = 'tls' | CertificateHeader | ForwardedClientCertOptions

/** For several Envoys in a row, each of which adds an element. */
export interface ForwardedClientCertOptions {
  readonly header: 'x-forwarded-client-cert'
  /** How many of our proxies add an element; the client's is the first of theirs. 1 to 16. @defaultValue 1 */
  readonly hops?: number
}

/** {@link ClientCertificateSource}, judged. */
export interface CertificatePlace {
  readonly header: CertificateHeader | undefined
  readonly hops: number
  readonly isTrustedProxy: AddressRanges | undefined
}

const headers: readonly unknown[] = ['x-forwarded-client-cert', 'client-cert', 'ssl-client-cert']

/**
 * Judges where the certificate of the client is read.
 *
 * @throws ConfigurationError
 */
export function judgeCertificateSource(
  source: ClientCertificateSource,
  isTrustedProxy: AddressRanges | undefined,
): CertificatePlace {
  if (source === 'tls') return { header: undefined, hops: 0, isTrustedProxy }
  const { header, hops = 1 } = typeof source === 'object' && source !== null ? source : { header: source }
  if (typeof source === 'object' && source !== null)
    requireKnownOptions(source, ['header', 'hops'], '`clientCertificate`')
  const isForwarded = header === 'x-forwarded-client-cert'
  if (!headers.includes(header) || (typeof source === 'object' && !isForwarded))
    throw new ConfigurationError(
      "`clientCertificate` must be 'tls', 'x-forwarded-client-cert', 'client-cert', 'ssl-client-cert', or { header: 'x-forwarded-client-cert', hops }",
    )
  if (!Number.isInteger(hops) || hops < 1 || hops > 16)
    throw new ConfigurationError('`hops` of `clientCertificate` must be a whole number from 1 to 16')
  if (isTrustedProxy === undefined)
    throw new ConfigurationError('`clientCertificate` in a header needs `trustedProxies`: those whose word is believed')
  return { header, hops, isTrustedProxy }
}

/**
 * `x5t#S256` of the client's certificate (RFC 8705 §3.1); `undefined` where there is none, or nobody who may say so.
 *
 * @throws VerificationError `binding_mismatch` for a header of a trusted proxy that is not in its grammar
 */
export function clientCertificate(request: VerifiableRequest, place: CertificatePlace): string | undefined {
  const { header, hops, isTrustedProxy } = place
  if (header === undefined) {
    const der = request.socket?.getPeerX509Certificate?.()?.raw
    return der && certificateThumbprint(der)
  }
  const address = parseAddress(request.remoteAddress ?? request.socket?.remoteAddress)
  if (address === undefined || isTrustedProxy?.(address) !== true) return undefined
  const lines = headerValues(request, header)
  if (lines.length === 0) return undefined
  const value = lines.join(',') // one line, but for Envoy's: the others refuse the comma
  if (header === 'client-cert') return certificateThumbprint(parseClientCertField(value))
  if (header === 'ssl-client-cert') return certificateThumbprint(parseEscapedCertificate(value))
  // INVARIANT: from the right, one element for each of our proxies. What stands before is what the client wrote.
  const element = parseForwardedClientCert(value).at(-hops)
  if (element === undefined) return undefined
  return element.hash ?? (element.cert && certificateThumbprint(element.cert))
}
