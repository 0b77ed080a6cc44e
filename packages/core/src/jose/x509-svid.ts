// An X.509-SVID (SPIFFE X509-SVID §2, §4): a certificate whose holder has a SPIFFE ID. What is judged is what it says of
// itself; whether the trust domain vouches for it is for `certificate-path.ts`, and whether whoever showed it has its key was
// for TLS.
import { readCertificate } from './certificate.js'
import { type CertificateFields, type KeyUsage, readCertificateFields } from './certificate-fields.js'
import { parseSpiffeId } from './spiffe-id.js'

/** The leaf of an X.509-SVID, as it describes itself: nobody has vouched for it yet. */
export interface UnverifiedSvid {
  /** The whole SPIFFE ID; it has a path. */
  readonly spiffeId: string
  /** Whose bundle the certificate must chain to. */
  readonly trustDomain: string
  readonly path: string
  /** Seconds since the epoch. */
  readonly notBefore: number
  /** Seconds since the epoch. */
  readonly notAfter: number
}

/** A certificate that is no X.509-SVID of a workload. The message says why and holds nothing of the certificate. */
export class SvidError extends Error {
  override readonly name = 'SvidError'
}

/** Whether a certificate claims to be that of a workload, well or badly: a URI in it begins as a SPIFFE ID does. */
export function namesWorkload(der: Uint8Array): boolean {
  if (readCertificate(der) === undefined) return false
  try {
    return readCertificateFields(der).uris.some((uri) => /^spiffe:/i.test(uri))
  } catch {
    return false // what cannot be understood names nobody
  }
}

const clientAuth = '2b06010505070302' // id-kp-clientAuth, RFC 5280 §4.2.1.12

/**
 * Reads the SPIFFE ID of a client out of its certificate.
 *
 * Its dates and its issuer are not judged: see `chainsTo`.
 *
 * @throws SvidError
 */
export function readSvid(der: Uint8Array): UnverifiedSvid {
  const { isCa, keyUsage, purposes, uris, notBefore, notAfter } = readFields(der)
  // INVARIANT: a certificate that may sign others never authenticates (§5.2), whichever of the two ways it says so.
  if (isCa) throw new SvidError('it is a certificate of an authority')
  requireLeafUsage(keyUsage)
  if (purposes !== undefined && !purposes.includes(clientAuth)) throw new SvidError('it is not meant for clients')
  const [spiffeId, ...more] = uris
  if (spiffeId === undefined || more.length > 0) throw new SvidError('it does not have exactly one URI') // §2
  const id = parseSpiffeId(spiffeId)
  if (id === undefined || id.path === '') throw new SvidError('its URI is not the SPIFFE ID of a workload') // §2
  return { spiffeId, ...id, notBefore, notAfter }
}

/** §4.3 */
function requireLeafUsage(keyUsage: KeyUsage | undefined): void {
  if (keyUsage?.isCritical !== true) throw new SvidError('its keyUsage is missing, or not critical')
  if (!keyUsage.digitalSignature) throw new SvidError('its keyUsage lacks digitalSignature')
  if (keyUsage.keyCertSign || keyUsage.crlSign) throw new SvidError('its keyUsage is that of an authority')
}

function readFields(der: Uint8Array): CertificateFields {
  if (readCertificate(der) === undefined) throw new SvidError('it is not a certificate')
  try {
    return readCertificateFields(der)
  } catch (cause) {
    throw new SvidError('it cannot be understood', { cause })
  }
}
