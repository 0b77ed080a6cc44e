// SPIFFE trust bundles (SPIFFE Trust Domain and Bundle §4): what a trust domain vouches with. A JWK Set with two kinds of keys in it,
// each for one thing: certificates of authorities for X.509-SVIDs, keys for JWT-SVIDs. What is for neither is passed over.
import { readCertificate } from '../jose/certificate.js'
import { UnusableKeyError, type VerificationKey } from '../jose/jwk.js'
import type { JsonObject } from '../jose/strict-json.js'
import {
  entriesOf,
  importEntries,
  importPublishedKey,
  JwkSet,
  type KeySet,
  type KeysByText,
  type ParsedJwkSet,
  type SkippedKey,
} from './jwk-set.js'

/** What a trust domain vouches with: its keys for JWT-SVIDs, and the certificates of its authorities. */
export class TrustBundle extends JwkSet {
  /** Of its authorities, as DER. */
  readonly authorities: readonly Uint8Array[]

  constructor(keys: readonly VerificationKey[], authorities: readonly Uint8Array[], lifetimeSeconds?: number) {
    super(keys, lifetimeSeconds)
    this.authorities = Object.freeze([...authorities])
  }

  /** Bundles that differ in an authority differ. */
  override equals(other: JwkSet): boolean {
    if (!(other instanceof TrustBundle) || other.authorities.length !== this.authorities.length) return false
    return super.equals(other) && this.authorities.every((der, index) => same(der, other.authorities[index]))
  }

  current(): TrustBundle {
    return this
  }
}

/** The bundle of a trust domain, wherever it comes from. As a key set, it has the keys for JWT-SVIDs. */
export interface TrustBundleSource extends KeySet {
  /**
   * The bundle in force.
   *
   * @throws VerificationError `keys_unavailable`; as a rejection
   */
  current(): TrustBundle | Promise<TrustBundle>
}

/**
 * Reads a bundle. Entries that can't be used are skipped.
 *
 * @param previous - keys of the last document; an entry with the same text stays the same key object
 * @throws Error where the document is no bundle
 */
export function parseTrustBundle(document: JsonObject, previous: KeysByText = new Map()): ParsedJwkSet<TrustBundle> {
  const entries = entriesOf(document)
  const { keysByText, skipped } = importEntries(entries.filter(isFor('jwt-svid')), importJwtKey, previous)
  const unusable: SkippedKey[] = []
  const authorities = entries.filter(isFor('x509-svid')).flatMap((entry) => {
    const der = isPrivate(entry) ? undefined : authorityOf(entry)
    const reason = isPrivate(entry) ? 'it is a private key' : 'its `x5c` is not one certificate'
    if (der === undefined) unusable.push({ reason: `a key was skipped: ${reason}` })
    return der ?? []
  })
  const bundle = new TrustBundle([...keysByText.values()], authorities, refreshHint(document))
  return { set: bundle, keysByText, skipped: [...skipped, ...unusable] }
}

/** §4.2.2: `use` says which kind of SVID; without it, an entry is for none. */
function isFor(use: string): (entry: unknown) => boolean {
  return (entry) => typeof entry === 'object' && entry !== null && (entry as JsonObject)['use'] === use
}

/** JWT-SVID §4: a key for JWT-SVIDs has a `kid`. Its `use` is none that RFC 7517 knows. */
function importJwtKey(entry: unknown): VerificationKey {
  const { use: _use, ...jwk } = entry as JsonObject
  const key = importPublishedKey(jwk)
  if (key.kid === undefined) throw new UnusableKeyError('it has no `kid`')
  return key
}

/** An authority whose private key is published is anybody's. */
function isPrivate(entry: unknown): boolean {
  const { d, priv } = entry as JsonObject
  return d !== undefined || priv !== undefined
}

/** X509-SVID §6.1: exactly one certificate in `x5c` (RFC 7517 §4.7: base64, not base64url). */
function authorityOf(entry: unknown): Uint8Array | undefined {
  const { x5c } = entry as JsonObject
  const [text, ...more] = Array.isArray(x5c) ? (x5c as readonly unknown[]) : []
  if (typeof text !== 'string' || more.length > 0) return undefined
  const der = Buffer.from(text, 'base64') // lenient, so what it read is written again
  return der.toString('base64') === text && readCertificate(der) !== undefined ? der : undefined
}

/** §4.1.2: how long to wait before looking again, in seconds. */
function refreshHint({ spiffe_refresh_hint: seconds }: JsonObject): number | undefined {
  return typeof seconds === 'number' && seconds > 0 ? seconds : undefined
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0
}
