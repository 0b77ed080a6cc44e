// Who vouches for a certificate: a path from it to one of some roots (RFC 5280 §6), each signed by the next, each within its
// dates, each issuer allowed to issue. What the leaf says of itself is not judged here (`x509-svid.ts`), nor whether it was
// revoked: an SVID lives too briefly for that. Names are matched, never constrained: an authority with nameConstraints vouches
// for nobody, because what it may name is not understood here.
import { readCertificate, type X509Certificate } from './certificate.js'
import { type CertificateFields, readCertificateFields } from './certificate-fields.js'

/** Most certificates in a path, leaf and root included. */
const greatestPathLength = 5
/** Most intermediates that a client may send along; with more, nothing is looked at. */
const greatestIntermediates = 8

interface Candidate extends CertificateFields {
  readonly x509: X509Certificate
}

/**
 * Whether a root vouches for a certificate, directly or through intermediates.
 *
 * @param leaf - DER. One that is itself a root is never vouched for: what signs does not authenticate.
 * @param intermediates - DER, in any order, from whoever showed the leaf: trusted in nothing
 * @param roots - DER, of the trust domain of the leaf and of no other
 * @param now - seconds since the epoch
 */
export function chainsTo(
  leaf: Uint8Array,
  intermediates: readonly Uint8Array[],
  roots: readonly Uint8Array[],
  now: number,
): boolean {
  if (intermediates.length > greatestIntermediates || roots.some((root) => Buffer.compare(root, leaf) === 0))
    return false
  const first = readValid(leaf, now)
  const anchors = roots.flatMap((root) => readValid(root, now) ?? [])
  let unseen = intermediates.flatMap((intermediate) => readValid(intermediate, now) ?? [])
  let reached = first === undefined ? [] : [first]
  // Level by level, so that each intermediate is met with as few as possible below it, which is when it may issue most, and is
  // looked at once: crossed certificates cost no more than straight ones. `below` counts what lies between issuer and leaf.
  for (let below = 0; below <= greatestPathLength - 2 && reached.length > 0; below++) {
    if (reached.some((issued) => anchors.some((root) => hasIssued(root, issued, below)))) return true
    const issuers = unseen.filter((issuer) => reached.some((issued) => hasIssued(issuer, issued, below)))
    unseen = unseen.filter((issuer) => !issuers.includes(issuer))
    reached = issuers
  }
  return false
}

function hasIssued(issuer: Candidate, issued: Candidate, below: number): boolean {
  const { isCa, keyUsage, pathLength, hasNameConstraints, x509 } = issuer
  if (!isCa || keyUsage?.keyCertSign !== true || hasNameConstraints) return false // RFC 5280 §6.1.4 (k), (n), (b)
  if (below > pathLength) return false // RFC 5280 §4.2.1.9
  // INVARIANT: `checkIssued` compares names and key identifiers, which anybody can write, and answers false
  // for a key that does not fit the signature, or is unknown; only the signature proves anything.
  return issued.x509.checkIssued(x509) && issued.x509.verify(x509.publicKey)
}

/** A certificate that can be understood and is within its dates. */
function readValid(der: Uint8Array, now: number): Candidate | undefined {
  const x509 = readCertificate(der)
  if (x509 === undefined) return undefined
  try {
    const fields = readCertificateFields(der)
    // INVARIANT: a good certificate makes both comparisons true, so a clock that answers NaN lets nobody pass.
    return fields.notBefore <= now && now <= fields.notAfter ? { ...fields, x509 } : undefined
  } catch {
    return undefined // RFC 5280 §4.2: what cannot be understood vouches for nothing
  }
}
