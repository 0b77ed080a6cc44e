// What a developer writes to build a verifier: everything that is not about one issuer. It is judged in `options.ts`.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { FailedAttemptsOptions } from './attempts/attempt-limit.js'
import type { ClientCertificateSource } from './binding/client-certificate.js'
import type { DpopProofOptions } from './binding/proof-options.js'
import type { Clock } from './clock.js'
import type { Principal } from './decision.js'
import type { TrustedIssuerOptions } from './issuer-record.js'
import type { DecryptionOptions } from './jose/nested-jwe.js'
import type { Fetch } from './keys/fetch-document.js'
import type { Policy } from './policy/policy.js'
import type { PolicySource } from './policy/policy-set.js'
import type { CredentialSource } from './request/extract-credential.js'
import type { PublicUrl } from './request/public-url.js'
import type { ResourceOptions } from './resource-metadata.js'
import type { SubjectsOptions } from './revocation/subject-options.js'
import type { State } from './state/state.js'
import type { SpiffeOptions } from './trust-domains.js'

/** The options that are not about one issuer. */
export interface VerifierSettings<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  Optional extends boolean = boolean,
> {
  /** Validates and types `auth.claims`: any Standard Schema (zod, valibot, arktype, …). */
  readonly claims?: Schema
  /** What every request must satisfy, unless its route says something else. */
  readonly policy?: Policy
  /** What `use('orders.read')` finds: a set of named policies, or a file of them. */
  readonly policies?: PolicySource
  /**
   * Addresses and ranges (CIDR) of the proxies before us, whose `X-Forwarded-For` is believed; `[]` where there are none.
   * Without it the client's address is not known.
   */
  readonly trustedProxies?: readonly string[]
  /**
   * Makes wait who sends bad tokens again and again: 429 from so many on, for an address (an IPv6 address: its /64) or for a
   * client with the subject it acts for. Tokens that were verified before pass all the same. Needs {@link trustedProxies}.
   * @defaultValue false: many may share one address, and only you know how many
   */
  readonly failedAttempts?: FailedAttemptsOptions | false
  /** A request without a credential passes as anonymous; a bad credential never does. @defaultValue false */
  readonly optional?: Optional
  /** Where a token may come from. @defaultValue `'authorization'` */
  readonly credentials?: CredentialSource | readonly CredentialSource[]
  /** Opens encrypted tokens (RFC 7519 §5.2). Off by default. */
  readonly decryption?: DecryptionOptions
  /** Bound of a token, in bytes. @defaultValue 16384 */
  readonly maxTokenBytes?: number
  /** Bound of the verified-token cache, in bytes; 0 turns it off. @defaultValue 33554432 (32 MiB) */
  readonly tokenCacheBytes?: number
  /** What is remembered beyond one request: what was revoked. @defaultValue a state of its own, in this process */
  readonly state?: State
  /** Whether the subject of a token still exists, in the user store of the application: asked for every token. Off by default. */
  readonly subjects?: SubjectsOptions
  /**
   * Where clients reach us, as they write it: `'https://api.example.com'`, with the path that a proxy takes away; or several; or
   * `'forwarded'`, for what {@link trustedProxies} say in `X-Forwarded-Proto` and `X-Forwarded-Host`. The proofs of holders are made
   * for it (RFC 9449 §4.3), and `Host` is whatever a client says.
   */
  readonly publicUrl?: PublicUrl
  /** What is asked of the proofs of holders, where an issuer's `dpop` asks for them. */
  readonly dpopProofs?: DpopProofOptions
  /**
   * Where the certificate of the client is read, for tokens that are bound to one (RFC 8705 §3): `'tls'` of our own server, or a
   * header of {@link trustedProxies}. Without it such tokens are refused.
   */
  readonly clientCertificate?: ClientCertificateSource
  /**
   * Workloads that are known by their SPIFFE IDs: by the certificate of the connection, where {@link clientCertificate} says where it
   * is read, and by JWT-SVIDs. Off by default.
   */
  readonly spiffe?: SpiffeOptions
  /**
   * Says what this API is, and who grants tokens for it, in metadata (RFC 9728) that adapters serve and challenges name. Off by
   * default; `{}` where the options say it all.
   */
  readonly resource?: ResourceOptions
  /** `realm` of challenges (RFC 9110 §11.5). @defaultValue `'api'` */
  readonly realm?: string
  /** The time, in seconds since the epoch. @defaultValue the clock of the machine */
  readonly clock?: Clock
  /** Gets metadata and keys. @defaultValue the `fetch` of Node */
  readonly fetch?: Fetch
}

type NoIssuer = { readonly [Name in keyof TrustedIssuerOptions]?: never }

/** Either one issuer, said at the top, or several, each with a record of its own; or none, where {@link VerifierSettings.spiffe} will do. */
export type VerifierOptions<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  Optional extends boolean = boolean,
> = VerifierSettings<Schema, Optional> &
  (
    | TrustedIssuerOptions
    | ({ readonly issuers: readonly TrustedIssuerOptions[] } & NoIssuer)
    | ({ readonly spiffe: SpiffeOptions; readonly issuers?: never } & NoIssuer)
  )

/** What a verifier with such options answers as `auth`. */
export type AuthOf<Schema extends StandardSchemaV1 | undefined, Optional extends boolean> =
  | (Schema extends StandardSchemaV1 ? Principal<StandardSchemaV1.InferOutput<Schema>> : Principal)
  | (Optional extends true ? undefined : never)

/** Names of the options that are not about one issuer. */
export const settingNames: readonly (keyof VerifierSettings)[] = [
  'claims',
  'policy',
  'policies',
  'trustedProxies',
  'failedAttempts',
  'optional',
  'credentials',
  'decryption',
  'maxTokenBytes',
  'tokenCacheBytes',
  'state',
  'subjects',
  'publicUrl',
  'dpopProofs',
  'clientCertificate',
  'spiffe',
  'resource',
  'realm',
  'clock',
  'fetch',
]
