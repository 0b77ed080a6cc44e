// Revocations, and tokens of which none or all were revoked. Made out of numbers, the same in every process.

const issuers = Array.from({ length: 5 }, (_, i) => `https://idp-${i}.example.com`)
const issuedAt = 1_800_000_000
const firstEnd = 1_900_000_000
/** When half of the revocations may be forgotten. */
export const middleEnd = firstEnd + 500

/** Tokens and sessions, and now and then something of each other kind: no name of a token goes unasked. */
export function revocation(i) {
  const others = { 1: 'subject', 2: 'client', 3: 'keyId', 4: 'issuer' }
  const kind = others[i % 10_000] ?? (i % 10 === 0 ? 'session' : 'jti')
  const comesBack = kind === 'subject' || kind === 'client' || kind === 'issuer'
  return {
    kind,
    value: `revoked ${kind} ${i}`,
    issuer: i % 2 === 0 || kind === 'issuer' ? undefined : issuerOf(i),
    before: comesBack ? issuedAt : Number.POSITIVE_INFINITY,
    until: firstEnd + ((i * 7) % 1_000),
  }
}

/** The facts of a token with six names, as a verifier remembers them. */
export function token(i, { issuer = issuerOf(i), jti = `9c3f0f7e-${i}-good` } = {}) {
  const issuedClaims = Object.freeze({
    iss: issuer,
    sub: `user-${i % 4_000}`,
    aud: 'https://api.example.com',
    iat: issuedAt + (i % 600),
    exp: issuedAt + 3_600,
    jti,
    sid: `session-${i}`,
    client_id: `web-${i % 7}`,
    azp: `web-${i % 7}`,
    scope: 'read:orders write:orders',
  })
  const grants = { scopes: ['read:orders', 'write:orders'], scopesAreKnown: true, roles: [], rolesAreKnown: true }
  return Object.freeze({ issuedClaims, issuer, keyId: `key-${i % 3}`, ...grants })
}

/** A token that was revoked by itself, each another one. */
export function revokedToken(i) {
  const { value, issuer } = revocation(10 * i + 5)
  return token(i, { issuer, jti: value })
}

function issuerOf(i) {
  return issuers[(i >> 1) % issuers.length]
}
