// The certificate of the client's connection (RFC 8705 §3), wherever TLS ends: at us, or at a proxy that passes on what it saw. A
// header that says so is believed from a trusted proxy and from nobody else; from others it says nothing.
import { type AddressRanges, parseAddress } from '../addresses.js'
import { ConfigurationError, VerificationError } from '../errors.js'
import { certificateThumbprint } from '../jose/certificate.js'
import { requireKnownOptions, requireStrings } from '../option-checks.js'
import { headerValues, type ObservableSocket, type VerifiableRequest } from '../request/verifiable-request.js'
import { parseClientCertChain, parseClientCertField } from './client-cert-field.js'
import { parseEscapedCertificate } from './escaped-certificate.js'
import { type ForwardedClientCert, parseForwardedClientCert } from './forwarded-client-cert.js'

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
  /** How many of our proxies add an element; the client's is the first of theirs, and a header with more is refused. 1 to 16. @defaultValue 1 */
  readonly hops?: number
  /**
   * Identities of our proxies, any of them: the URI of its own certificate, which Envoy writes as `By`. An element that was written
   * by another is refused. @defaultValue not looked at
   */
  readonly by?: string | readonly string[]
}

/** {@link ClientCertificateSource}, judged. */
export interface CertificatePlace {
  readonly header: CertificateHeader | undefined
  readonly hops: number
  readonly by: ReadonlySet<string> | undefined
  readonly isTrustedProxy: AddressRanges | undefined
}

/** What a connection shows of its client. */
export interface ShownCertificate {
  /** The certificate, as DER; `undefined` where a proxy tells in its own words who it was. */
  readonly leaf: Uint8Array | undefined
  /**
   * What came along with it, as DER, in any order. Read when it is asked for.
   *
   * @throws VerificationError `binding_mismatch` for a header that is not in its grammar
   */
  readonly behind: () => readonly Uint8Array[]
  /** The URIs of the certificate, in the words of a trusted proxy that passes on no certificate. */
  readonly uris: readonly string[]
}

/** Certificates that are looked at behind the first. */
const greatestChain = 8
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
  if (source === 'tls') return { header: undefined, hops: 0, by: undefined, isTrustedProxy }
  const { header, hops = 1, by } = typeof source === 'object' && source !== null ? source : { header: source }
  if (typeof source === 'object' && source !== null)
    requireKnownOptions(source, ['header', 'hops', 'by'], '`clientCertificate`')
  const isForwarded = header === 'x-forwarded-client-cert'
  if (!headers.includes(header) || (typeof source === 'object' && !isForwarded))
    throw new ConfigurationError(
      "`clientCertificate` must be 'tls', 'x-forwarded-client-cert', 'client-cert', 'ssl-client-cert', or { header: 'x-forwarded-client-cert', hops, by }",
    )
  if (!Number.isInteger(hops) || hops < 1 || hops > 16)
    throw new ConfigurationError('`hops` of `clientCertificate` must be a whole number from 1 to 16')
  const identities = by === undefined ? undefined : new Set(requireStrings(by, '`by` of `clientCertificate`'))
  if (isTrustedProxy === undefined)
    throw new ConfigurationError('`clientCertificate` in a header needs `trustedProxies`: those whose word is believed')
  return { header, hops, by: identities, isTrustedProxy }
}

/**
 * `x5t#S256` of the client's certificate (RFC 8705 §3.1); `undefined` where there is none, or nobody who may say so.
 *
 * @throws VerificationError `binding_mismatch` for a header of a trusted proxy that is not in its grammar, or not of our proxies
 */
export function clientCertificate(request: VerifiableRequest, place: CertificatePlace): string | undefined {
  if (place.header === 'x-forwarded-client-cert') {
    const { hash, cert, chain } = forwardedElement(request, place) ?? {}
    const [leaf] = chain ?? []
    return hash ?? certificatePrint(cert ?? leaf)
  }
  return certificatePrint(leafCertificate(request, place))
}

/**
 * What is shown of the client; `undefined` where there is nothing, or nobody who may say so.
 *
 * @throws VerificationError `binding_mismatch` as {@link clientCertificate}
 */
export function shownCertificate(request: VerifiableRequest, place: CertificatePlace): ShownCertificate | undefined {
  if (place.header === 'x-forwarded-client-cert') {
    const element = forwardedElement(request, place)
    if (element === undefined) return undefined
    const { cert, chain: [first, ...rest] = [], uris } = element
    return { leaf: cert ?? first, behind: () => rest, uris }
  }
  if (place.header === undefined) {
    const [leaf, ...behind] = peerChain(request.socket)
    return leaf && { leaf, behind: () => behind, uris: [] }
  }
  const leaf = leafCertificate(request, place)
  if (leaf === undefined) return undefined
  const value = place.header === 'client-cert' ? trustedValue(request, 'client-cert-chain', place) : undefined
  return { leaf, behind: () => (value === undefined ? [] : parseClientCertChain(value)), uris: [] }
}

/** Of our own server, or of a header that holds nothing but the certificate. */
function leafCertificate(request: VerifiableRequest, place: CertificatePlace): Uint8Array | undefined {
  const { header } = place
  if (header === undefined) return peerChain(request.socket)[0]
  const value = trustedValue(request, header, place)
  if (value === undefined) return undefined
  return header === 'client-cert' ? parseClientCertField(value) : parseEscapedCertificate(value)
}

/** What came with the certificates of open connections. */
const chains = new WeakMap<ObservableSocket, readonly Uint8Array[]>()

/**
 * What TLS has of the client, its own certificate first.
 *
 * INVARIANT: Node hands out what came along with the first look at a connection, and never again: `getPeerX509Certificate` takes it out of
 * OpenSSL's list. So nobody here looks but by way of this, and it is kept for as long as the connection is.
 */
function peerChain(socket: ObservableSocket | undefined): readonly Uint8Array[] {
  const certificate = socket?.getPeerX509Certificate?.()
  if (socket === undefined || certificate === undefined) return []
  const shown = [certificate.raw]
  let issuer = certificate.issuerCertificate
  for (; issuer !== undefined && shown.length <= greatestChain; issuer = issuer.issuerCertificate)
    shown.push(issuer.raw)
  if (shown.length > 1) chains.set(socket, shown)
  const [first, ...behind] = chains.get(socket) ?? []
  const isOfIt = first !== undefined && Buffer.compare(first, certificate.raw) === 0 // TLS 1.2 may change it later on
  return isOfIt ? [certificate.raw, ...behind] : shown
}

/**
 * INVARIANT: from the right, one element for each of our proxies. What stands before is what a client wrote; and Envoy quotes no
 * names, so a client whose certificate has a comma in one could write an element that stands last. A header that holds more than
 * our proxies have written is not believed at all.
 */
function forwardedElement(request: VerifiableRequest, place: CertificatePlace): ForwardedClientCert | undefined {
  const value = trustedValue(request, 'x-forwarded-client-cert', place)
  const elements = value === undefined ? [] : parseForwardedClientCert(value)
  if (elements.length > place.hops) throw foreign('holds more elements than `hops` says that our proxies write')
  const element = elements.at(-place.hops)
  if (element === undefined || place.by === undefined || element.by.some((uri) => place.by?.has(uri))) return element
  throw foreign('was written by none of our proxies')
}

function foreign(reason: string): VerificationError {
  return new VerificationError('binding_mismatch', `the header \`x-forwarded-client-cert\` ${reason}`)
}

/** A header from a trusted proxy, and from nobody else. */
function trustedValue(request: VerifiableRequest, name: string, place: CertificatePlace): string | undefined {
  const address = parseAddress(request.remoteAddress ?? request.socket?.remoteAddress)
  if (address === undefined || place.isTrustedProxy?.(address) !== true) return undefined
  const lines = headerValues(request, name)
  return lines.length === 0 ? undefined : lines.join(',') // one line, but for lists: the others refuse the comma
}

function certificatePrint(der: Uint8Array | undefined): string | undefined {
  return der && certificateThumbprint(der)
}
