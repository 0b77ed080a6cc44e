// X.509 certificates (RFC 5280) as they travel: DER, or PEM around it (RFC 7468). Here is what of them a binding needs: the
// bytes, that they are a certificate at all, and their thumbprint (RFC 8705 §3.1). What a certificate says of its holder is
// read in `x509-svid.ts`; who vouches for it is judged in `certificate-path.ts`.
import { createHash, X509Certificate } from 'node:crypto'

export type { X509Certificate }

/** Bound of one certificate in DER, in bytes: four times the size of one with a key and a signature of ML-DSA-87. */
const greatestCertificateBytes = 32_768

/**
 * `x5t#S256` of a certificate (RFC 8705 §3.1): base64url of the SHA-256 of its DER.
 *
 * It is a digest of any bytes: that they are a certificate is for {@link readCertificate} to say.
 */
export function certificateThumbprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url')
}

/** The same SHA-256 digest in base64url, out of 64 hexadecimal digits of either case; `undefined` for anything else. */
export function hexThumbprintToBase64Url(hex: string): string | undefined {
  return /^[0-9A-Fa-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex').toString('base64url') : undefined
}

/**
 * Reads a certificate; `undefined` where the bytes are none, or are more or other than its DER.
 *
 * Nothing is judged: neither its dates, nor who signed it.
 */
export function readCertificate(der: Uint8Array): X509Certificate | undefined {
  if (der.length > greatestCertificateBytes) return undefined
  try {
    const certificate = new X509Certificate(der)
    // INVARIANT: Node takes PEM as well, and DER with anything after it, so what it read is compared. With a second spelling,
    // one certificate would have two thumbprints.
    return certificate.raw.equals(der) ? certificate : undefined
  } catch {
    return undefined
  }
}

/** The one certificate that a text is, as {@link dersOfPem} reads it; `undefined` for none, for several, for anything else. */
export function derOfPem(text: string): Uint8Array | undefined {
  const [der, ...more] = dersOfPem(text) ?? []
  return more.length > 0 ? undefined : der
}

/**
 * The certificates that a text is, in its order, as DER; `undefined` where it is anything beside certificates in the strict form
 * of PEM (RFC 7468 §3, §5.1): its label, lines of 64 characters of canonical base64, LF or CR LF at the end of a line.
 *
 * The caller bounds the length of the text.
 */
export function dersOfPem(text: string): readonly Uint8Array[] | undefined {
  const lines = text.replaceAll('\r\n', '\n')
  const found = [...lines.matchAll(/-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----/g)]
  const ders = found.map(([, base64 = '']) => Buffer.from(base64, 'base64')) // lenient, so what it read is written again
  if (ders.length === 0 || ders.some((der) => readCertificate(der) === undefined)) return undefined
  const written = ders.map(pemOfDer).join('')
  return written === lines || written === `${lines}\n` ? ders : undefined
}

function pemOfDer(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`
}
