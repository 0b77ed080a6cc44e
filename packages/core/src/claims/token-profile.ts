// What tells an access token from the other tokens of an issuer (RFC 8725 §3.12). RFC 9068 says it with `typ: at+jwt`;
// issuers that do not set it have a profile here that knows how theirs look. ID tokens pass none of them.
import type { ClaimPath } from './claim-path.js'

/**
 * - `rfc9068` (default): `typ` is `at+jwt`.
 * - `rfc9068-strict`: and every claim that RFC 9068 §2.2 requires is there.
 * - `jwt`: plain `JWT` or no `typ`, with `scope`, `scp` or `client_id`, which ID tokens do not have; the marks of an ID
 *   token, logout token or security event are refused.
 * - `auth0`, `cognito`, `entra`, `keycloak`, `okta`: plain access tokens of these issuers, told apart by the claims they set.
 */
export type TokenProfileName =
  | 'rfc9068'
  | 'rfc9068-strict'
  | 'jwt'
  | 'auth0'
  | 'cognito'
  | 'entra'
  | 'keycloak'
  | 'okta'

/** How the access tokens of an issuer look. */
export interface TokenProfile {
  /** Accepted `typ`, in lower case and without `application/`; `''` is a token without one. */
  readonly tokenTypes: readonly string[]
  /** Claims that must be there, beside `iss`, `exp` and the audience. */
  readonly requiredClaims: readonly string[]
  /** Claims that only another kind of token has. */
  readonly foreignClaims: readonly string[]
  /** A claim that only an access token has, and its value where the value tells. */
  readonly markedBy?: { readonly anyOf: readonly string[]; readonly value?: string }
  /** Whether `sub` is the SPIFFE ID of a workload. */
  readonly namesWorkload?: boolean
  /** The claims that name the audience: the first one present counts. */
  readonly audienceClaims: readonly string[]
  readonly scopes: readonly ClaimPath[]
  readonly roles: readonly ClaimPath[]
}

const rfc9068: TokenProfile = {
  tokenTypes: ['at+jwt'],
  requiredClaims: [],
  foreignClaims: [],
  audienceClaims: ['aud'],
  scopes: [['scope'], ['scp']],
  roles: [['roles']],
}

/** OpenID Connect Core §2, §3.1.3.6, §3.3.2.11; Back-Channel Logout §2.4 and RFC 8417 §2.2 for `events`. */
export const marksOfOtherTokens: readonly string[] = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

/** An ID token need not bear a mark of its own, so an access token that is not typed as one must: RFC 9068 §2.2, §2.2.3. */
const plain: TokenProfile = {
  ...rfc9068,
  tokenTypes: ['at+jwt', 'jwt', ''],
  foreignClaims: marksOfOtherTokens,
  markedBy: { anyOf: ['scope', 'scp', 'client_id'] },
}

/** SPIFFE JWT-SVID §2, §3: neither `scope` nor roles, and nothing but its `sub` says who it is. */
export const jwtSvidProfile: TokenProfile = {
  ...rfc9068,
  tokenTypes: ['jwt', 'jose', ''],
  requiredClaims: ['sub'],
  namesWorkload: true,
  scopes: [],
  roles: [],
}

export const tokenProfiles: ReadonlyMap<string, TokenProfile> = new Map<TokenProfileName, TokenProfile>([
  ['rfc9068', rfc9068],
  ['rfc9068-strict', { ...rfc9068, requiredClaims: ['sub', 'client_id', 'iat', 'jti'] }],
  ['jwt', plain],
  // Auth0's access tokens name the client they were given to; its ID tokens have it as their audience alone.
  [
    'auth0',
    {
      ...plain,
      tokenTypes: ['at+jwt', 'jwt'],
      markedBy: { anyOf: ['azp', 'client_id'] },
      scopes: [['scope'], ['permissions']],
    },
  ],
  // Cognito's access tokens have no `aud`: the client stands for it. `token_use` tells them from ID tokens.
  ['cognito', { ...plain, markedBy: { anyOf: ['token_use'], value: 'access' }, audienceClaims: ['aud', 'client_id'] }],
  // Entra's access tokens name the client they were given to (`azp` in v2.0, `appid` in v1.0); its ID tokens do not.
  ['entra', { ...plain, markedBy: { anyOf: ['azp', 'appid'] }, scopes: [['scp']] }],
  // Keycloak writes the kind of a token into a claim, and before version 24 a `nonce` into access tokens too.
  [
    'keycloak',
    {
      ...plain,
      foreignClaims: ['at_hash', 'c_hash', 's_hash', 'events'],
      markedBy: { anyOf: ['typ'], value: 'Bearer' },
      roles: [['realm_access', 'roles']],
    },
  ],
  ['okta', { ...plain, markedBy: { anyOf: ['cid'] }, scopes: [['scp']] }],
])
