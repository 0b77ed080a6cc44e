// The words all rooms share: what a good token comes to, who passed, and what is answered.
import type { ErrorCode } from './errors.js'
import type { BindingMethod, TokenFacts, WorkloadFacts } from './policy/facts.js'

/**
 * For an application to say once what its handlers see: `claims` types `req.auth.claims`, and `optional: true` makes
 * `req.auth` possibly `undefined`, as it is behind an optional guard.
 *
 * ```ts
 * declare module '@sallyport/core' {
 *   interface Register { claims: { sub: string; tenant: string } }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it exists to be added to by the application
export interface Register {}

/** A claims set as it came: registered claims with their types (RFC 7519 §4.1), everything else unknown. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud?: string | readonly string[]
  readonly exp: number
  readonly sub?: string
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [claim: string]: unknown
}

/** The claims of the application: what {@link Register} says, or any. */
export type RegisteredClaims = Register extends { readonly claims: infer Claims } ? Claims : AccessTokenClaims

/** A token that is genuine, for us, and for now. Facts only: whether it suffices is decided on every request. */
export interface AccessToken<Claims = RegisteredClaims> extends TokenFacts {
  /** The claims set, or what the application's schema made of it. */
  readonly claims: Claims
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** `cnf` (RFC 7800 §3.1), as it came. A fact of its own: the application's schema may not know the claim. */
  readonly confirmation: unknown
  /** The workload that a JWT-SVID speaks for; absent for every other token. */
  readonly workload?: WorkloadFacts | undefined
}

declare const vouched: unique symbol

/**
 * What an issuer has answered about a token that is active (RFC 7662 §2.2). The issuer has vouched for it by answering; nothing of
 * it is judged yet. Only `introspection/introspection-answer.ts` says so of an object.
 */
export type ActiveClaims = Readonly<Record<string, unknown>> & { readonly [vouched]: true }

/** What has been proven beside a token. */
export interface ProvenBeside {
  readonly binding?: BindingMethod | undefined
  /** By the certificate of the connection. */
  readonly workload?: WorkloadFacts | undefined
}

/** Who passed the gate: `auth` of an allowed {@link Decision}, `req.auth` of a protected route. Made anew for every request. */
export class Principal<Claims = RegisteredClaims> {
  /** The claims set, deeply frozen; typed by `claims` of the options or by {@link Register}. */
  readonly claims: Claims
  /** `sub`: who or what the token speaks for. */
  readonly subject: string | undefined
  /** The trusted issuer, as it is written in the options. */
  readonly issuer: string
  /** `client_id`, or `azp`: the client that was given the token. */
  readonly clientId: string | undefined
  /** What was granted, out of the claims that the issuer's record names. */
  readonly scopes: readonly string[]
  /** Roles, out of the claims that the issuer's record names. */
  readonly roles: readonly string[]
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
  /** `cnf`: the key or certificate that the token is bound to (RFC 7800 §3.1), as it came. */
  readonly confirmation: unknown
  /** How the caller has proven to be the holder of the token; `undefined` for a token that is bound to nobody. */
  readonly binding: BindingMethod | undefined
  /**
   * The SPIFFE ID of the workload that calls: of its JWT-SVID, or of the certificate of the connection. `undefined` where none has
   * proven who it is.
   */
  readonly workload: string | undefined
  readonly #token: string
  readonly #accessToken: AccessToken<Claims>
  readonly #workload: WorkloadFacts | undefined

  constructor(accessToken: AccessToken<Claims>, token: string, proven: ProvenBeside = {}) {
    this.claims = accessToken.claims
    this.subject = accessToken.subject
    this.issuer = accessToken.issuer
    this.clientId = accessToken.clientId
    this.scopes = accessToken.scopes
    this.roles = accessToken.roles
    this.expiresAt = accessToken.expiresAt
    this.confirmation = accessToken.confirmation
    this.binding = proven.binding
    this.#workload = accessToken.workload ?? proven.workload
    this.workload = this.#workload?.spiffeId
    this.#token = token
    this.#accessToken = accessToken
  }

  /** @internal for the engine: what a policy is judged by */
  static accessTokenOf<Claims>(principal: Principal<Claims>): AccessToken<Claims> {
    return principal.#accessToken
  }

  /** @internal for the engine: until when the workload is known */
  static workloadOf(principal: Principal<unknown>): WorkloadFacts | undefined {
    return principal.#workload
  }

  /** The token as it was presented; empty for a workload that came without one. Logging or serializing a principal does not show it. */
  get token(): string {
    return this.#token
  }
}

/** What a request carries behind a guard: a principal, or `undefined` too where {@link Register} says `optional`. */
export type RegisteredAuth = Register extends { readonly optional: true } ? Principal | undefined : Principal

/** RFC 9457 §3: the body of a refusal. It says no more about the cause than the title of the code. */
export interface Problem {
  /** `urn:sallyport:problem:` and the code. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
}

/** The request may pass. */
export interface Allowed<Auth = Principal> {
  readonly allowed: true
  readonly auth: Auth
  /**
   * Up to when the decision holds, in seconds since the epoch: the token expires, or a condition of the policy does. For
   * whoever keeps a connection open on the strength of it. `Infinity` for anonymous.
   */
  readonly validUntil: number
  /** Header lines for the answer, whatever it is; absent where there are none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The request may not pass; what to answer. */
export interface Denied {
  readonly allowed: false
  readonly code: ErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Problem
}

/** What {@link Verifier.verify} answers. */
export type Decision<Auth = Principal> = Allowed<Auth> | Denied
