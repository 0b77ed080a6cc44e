// Whom a server of a SPIFFE mesh must be. Its certificate (an X509-SVID, §2: exactly one URI among the alternative names) says
// its SPIFFE ID and often no host name, so the ID is compared in place of it. The chain was verified before, by Node.
import type { PeerCertificate } from 'node:tls'
import { ConfigurationError } from '@sallyport/core'

/** Judges the certificate of a server, as `checkServerIdentity` of Node does: the error, or nothing. */
export type ServerCheck = (hostname: string, certificate: PeerCertificate) => Error | undefined

/** A check that takes these SPIFFE IDs, to the letter, and no other. */
export function serverMustBe(ids: readonly string[]): ServerCheck {
  return (_hostname, { subjectaltname }) => {
    const names = uriNamesOf(subjectaltname ?? '')
    const [id] = names
    if (names.length === 1 && id !== undefined && ids.includes(id)) return undefined
    return new Error('the server has not shown one of the SPIFFE IDs that were asked for')
  }
}

/** SPIFFE-ID §2: a trust domain of lower-case letters, digits, dots, dashes, underscores; a path without empty segments. */
export function requireSpiffeId(value: string): string {
  if (
    value.length <= 2048 &&
    /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/.test(value) &&
    !/\/\.\.?(\/|$)/.test(value)
  )
    return value
  throw new ConfigurationError('`serverIds` must be SPIFFE IDs such as spiffe://prod.example/orders')
}

/** Node joins the names with commas, and quotes as JSON what could be mistaken for several. */
function uriNamesOf(names: string): readonly string[] {
  const entries = [...names.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g)]
  // INVARIANT: what is not understood to the last character names nobody.
  if (entries.map(([whole]) => whole).join('') !== names) return []
  return entries.filter(([, kind]) => kind === 'URI').map(([, , name = '']) => name)
}
