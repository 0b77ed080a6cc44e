// The certificate of a client as a proxy passes it on in PEM, made fit for a header: URL-encoded as `$ssl_client_escaped_cert`
// of nginx is, or with white space in place of line ends, which is what is left of `$ssl_client_cert`. PEM has neither `%` nor
// a tab, and spaces only in its labels, so there is one reading of each. From whom a header is taken is judged before.
import { VerificationError } from '../errors.js'
import { derOfPem, dersOfPem } from '../jose/certificate.js'

/** Bound of a header that holds certificates, in characters. */
export const greatestHeaderLength = 65_536

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'

/**
 * Reads the value of such a header, `ssl-client-cert` by habit, to the DER of the one certificate that it holds.
 *
 * Who signed it, and when it holds, is not judged: for a binding its digest is the proof (RFC 8705 §3).
 *
 * @throws VerificationError `binding_mismatch`
 */
export function parseEscapedCertificate(value: string): Uint8Array {
  const isBounded = value.length <= greatestHeaderLength
  const pem = isBounded ? (value.includes('%') ? decodePercents(value) : withLineEnds(value)) : undefined
  const der = pem === undefined ? undefined : derOfPem(pem)
  if (der !== undefined) return der
  throw new VerificationError('binding_mismatch', 'the header of the client certificate does not hold exactly one')
}

/** The certificates of URL-encoded PEM, in its order; `undefined` where it holds anything else. The caller bounds its length. */
export function readEscapedCertificates(value: string): readonly Uint8Array[] | undefined {
  const pem = decodePercents(value)
  return pem === undefined ? undefined : dersOfPem(pem)
}

/** RFC 3986 §2.1. `+` means itself, as in base64: this is no form. */
function decodePercents(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/** INVARIANT: lines stay lines. Where a `+` had become a space, one would be shorter than PEM allows, and is refused. */
function withLineEnds(value: string): string | undefined {
  if (!value.startsWith(begin) || !value.endsWith(end)) return undefined
  return begin + value.slice(begin.length, -end.length).replace(/[ \t]+/g, '\n') + end
}
