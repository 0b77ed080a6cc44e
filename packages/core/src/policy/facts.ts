// What a policy may ask about: what the issuer has signed, and what the request shows. Facts, normalised once; no fact is a
// decision. And what came of asking.

/** What a policy may ask about a token. Every verified token has these. */
export interface TokenFacts {
  /** The claims set as its issuer signed it, frozen. What the application's schema makes of it is no fact of the issuer's. */
  readonly issuedClaims: Readonly<Record<string, unknown>>
  readonly issuer: string
  /** `kid` of the key that has proven it; absent where the key has none. */
  readonly keyId?: string | undefined
  readonly scopes: readonly string[]
  /** Whether a scope that is not among the scopes is certainly not granted. */
  readonly scopesAreKnown: boolean
  readonly roles: readonly string[]
  /** Whether a role that is not among the roles is certainly not held. */
  readonly rolesAreKnown: boolean
  /** The audiences of ours that the token is for; absent where nobody has said which are ours. */
  readonly audiences?: readonly string[] | undefined
}

/** How a bearer proves to be the holder of a token: RFC 9449, RFC 8705. */
export type BindingMethod = 'dpop' | 'mtls'

/** A workload that has proven who it is (SPIFFE). */
export interface WorkloadFacts {
  /** `spiffe://prod.example/ns/shop/sa/orders` */
  readonly spiffeId: string
  /** Up to when that is proven, in seconds since the epoch. */
  readonly expiresAt: number
}

/** What a policy may ask about a request. All strings; what is missing or ambiguous is `undefined`. */
export interface RequestFacts {
  readonly method: string | undefined
  /** Parameters of the matched route. */
  readonly params: Readonly<Record<string, unknown>>
  /** The value of a header that came exactly once. @param name - in lower case */
  header(name: string): string | undefined
  /** The client's address, where the way to it is trusted. */
  readonly clientAddress: string | undefined
  /** How the bearer has proven to be the holder of the token. */
  readonly binding: BindingMethod | undefined
  /** The workload that calls: of its JWT-SVID, or of the certificate of the connection. */
  readonly workload: WorkloadFacts | undefined
}

/** What came of one part of a policy. */
export type PartOutcome = 'true' | 'false' | 'undetermined'

/** One part of a policy, what came of it, and of the parts below. For the operator; it holds no value of the token. */
export interface PolicyTrace {
  /** What the policy asks: `claim tenant equals param tenantId`. */
  readonly text: string
  readonly outcome: PartOutcome
  /** What it would have to be for the request to pass: `false` below a `not`, and for what is forbidden. */
  readonly wanted: 'true' | 'false'
  /** Why it is undetermined: `claim auth_time is missing`; or how old the answer is that it rests on. Absent otherwise. */
  readonly reason?: string
  /** The message of a named policy. */
  readonly message?: string
  readonly parts: readonly PolicyTrace[]
}
