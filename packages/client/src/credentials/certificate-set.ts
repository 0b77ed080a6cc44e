// A certificate, its key and the authorities that vouch for servers, judged as one (RFC 5280 §4.1.2.5; X509-SVID §4): the key
// must belong to the certificate, and the certificate must be in force. Who signed the certificate is judged by the servers
// that it is shown to.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** What the files hold. The key and the certificate come together or not at all. */
export interface CertificateTexts {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

/** A set that fits together. Dates are in seconds since the epoch. */
export interface CertificateSet extends CertificateTexts {
  readonly notBefore?: number
  readonly expiresAt?: number
}

/** Why a set is not taken: one sentence, without anything of the files. */
export class UnfitCertificates extends Error {
  override readonly name = 'UnfitCertificates'
}

/** Judges a set at a moment, in seconds since the epoch. @throws UnfitCertificates */
export function judgeCertificates(texts: CertificateTexts, now: number): CertificateSet {
  const { cert, key, ca } = texts
  if (ca !== undefined) requireAuthorityInForce(ca, now)
  if (cert === undefined || key === undefined) return texts
  const leaf = readCertificates(cert, 'the certificate')[0] as X509Certificate
  if (!leaf.checkPrivateKey(readKey(key))) throw new UnfitCertificates('the key does not belong to the certificate')
  const [notBefore, expiresAt] = datesOf(leaf)
  if (now < notBefore) throw new UnfitCertificates('the certificate is not in force yet')
  if (now >= expiresAt) throw new UnfitCertificates('the certificate has expired')
  try {
    // What a connection will be made of; it reads the whole chain.
    createSecureContext(ca === undefined ? { cert, key } : { cert, key, ca })
  } catch {
    throw new UnfitCertificates('the certificates cannot be used for a connection')
  }
  return { ...texts, notBefore, expiresAt }
}

/** While authorities are replaced, old and new stand side by side; one that is in force is enough. */
function requireAuthorityInForce(ca: string, now: number): void {
  const dates = readCertificates(ca, 'the bundle of authorities').map(datesOf)
  if (dates.some(([from, until]) => from <= now && now < until)) return
  throw new UnfitCertificates('no authority of the bundle is in force')
}

/** The certificates of a text. A text that ends in the middle of one is half written. */
function readCertificates(pem: string, what: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const begun = pem.split('-----BEGIN').length - 1
  if (blocks.length === 0 || blocks.length !== begun) throw new UnfitCertificates(`${what} is not whole`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    throw new UnfitCertificates(`${what} is not whole`)
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new UnfitCertificates('the key is not whole, or is encrypted')
  }
}

function datesOf({ validFrom, validTo }: X509Certificate): readonly [number, number] {
  return [Date.parse(validFrom) / 1000, Date.parse(validTo) / 1000]
}
