// A good access token (RFC 9068), unless told otherwise.
import type { TestKey } from './test-keys.js'

/** What a token of a test issuer may say beyond the defaults. `undefined` takes a default away. */
export interface TestTokenOptions {
  /** Header members, over `alg`, `kid` and `typ: at+jwt`. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Seconds from now to `exp`. @defaultValue 300 */
  readonly expiresInSeconds?: number
  /** Signs with this key in place of the current one. */
  readonly key?: TestKey
}

/** Claims over the defaults `iss`, `aud`, `sub`, `client_id`, `iat`, `exp`, `jti`. `undefined` takes a default away. */
export type TestClaims = Readonly<Record<string, unknown>>

/** Who issues it, and when. */
export interface TokenSource {
  readonly issuer: string
  readonly audience: string
  /** Seconds since the epoch. */
  readonly now: number
  /** Makes its `jti` one of a kind. */
  readonly serial: number
  readonly key: TestKey
}

export async function issueToken(source: TokenSource, claims: TestClaims, options: TestTokenOptions): Promise<string> {
  const now = Math.floor(source.now)
  const defaults = {
    iss: source.issuer,
    aud: source.audience,
    sub: 'user-1',
    client_id: 'client-1',
    iat: now,
    exp: now + (options.expiresInSeconds ?? 300),
    jti: `token-${source.serial}`,
  }
  const payload = JSON.stringify({ ...defaults, ...claims }) // leaves out what is undefined
  return (options.key ?? source.key).sign(payload, { typ: 'at+jwt', ...options.header })
}
