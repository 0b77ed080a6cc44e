// RFC 7638: what a key is known by, whoever wrote it down and with whatever else beside it.
import { createHash } from 'node:crypto'
import type { JsonObject } from './strict-json.js'

/** The members that make a key, in lexicographic order (RFC 7638 §3.2, RFC 8037 §2, RFC 9964 §6). */
const requiredMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['RSA', ['e', 'kty', 'n']],
  ['OKP', ['crv', 'kty', 'x']],
  ['AKP', ['alg', 'kty', 'pub']],
])

/**
 * The SHA-256 thumbprint of a public key, in base64url: `jkt` of a confirmation (RFC 9449 §6.1).
 *
 * @param jwk - one that `importPublicKey` took: its members are strings, written in one way only
 */
export function jwkThumbprint(jwk: JsonObject): string {
  const members = requiredMembers.get(jwk['kty']) ?? []
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
  return createHash('sha256').update(canonical).digest('base64url')
}
