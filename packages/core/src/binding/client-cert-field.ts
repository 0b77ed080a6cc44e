// RFC 9440 §2.2: the `Client-Cert` field, in which a proxy that ends TLS passes on the certificate of its client: one byte sequence
// (RFC 8941 §3.3.5) without parameters; and `Client-Cert-Chain`, a list of them. From whom the field is taken is judged before (RFC 9440 §4).
import { VerificationError } from '../errors.js'
import { readCertificate } from '../jose/certificate.js'
import { greatestHeaderLength } from './escaped-certificate.js'

/**
 * Reads the value of `Client-Cert` to the DER of the certificate.
 *
 * Only canonical base64 passes (RFC 4648 §3.5): RFC 8941 §4.2.7 lets a parser be lenient here, and a proxy has no need of it.
 * Who signed the certificate, and when it holds, is not judged: for a binding its digest is the proof (RFC 8705 §3).
 *
 * @throws VerificationError `binding_mismatch`
 */
export function parseClientCertField(value: string): Uint8Array {
  if (value.length > greatestHeaderLength) throw mismatch('is too long')
  return parseByteSequence(value)
}

/**
 * Reads the value of `Client-Cert-Chain` (§2.3): a list of byte sequences, in the order in which TLS had them.
 *
 * @throws VerificationError `binding_mismatch`
 */
export function parseClientCertChain(value: string): readonly Uint8Array[] {
  if (value.length > greatestHeaderLength) throw mismatch('is too long')
  return value.split(',').map((item) => parseByteSequence(item.replaceAll('\t', ' '))) // RFC 8941 §4.2.1: a tab may stand around a comma
}

function parseByteSequence(value: string): Uint8Array {
  const base64 = /^ *:([A-Za-z0-9+/=]+): *$/.exec(value)?.[1] // RFC 8941 §4.2: spaces around it are not part of it
  if (base64 === undefined) throw mismatch('is not exactly one byte sequence')
  const der = Buffer.from(base64, 'base64') // lenient, so what it read is written again
  if (der.toString('base64') !== base64) throw mismatch('is not canonical base64')
  if (readCertificate(der) === undefined) throw mismatch('holds no certificate')
  return der
}

function mismatch(reason: string): VerificationError {
  return new VerificationError('binding_mismatch', `the field \`Client-Cert\` ${reason}`)
}
