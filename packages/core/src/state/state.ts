// What a verifier remembers beyond one request, by meaning: an implementation may keep it in this process or share it
// between many.
import type { TokenFacts } from '../policy/facts.js'

/**
 * What is taken back: one token, every token of a session, or every token of a subject, a client or an issuer that was
 * issued up to a moment. Values are compared to the letter.
 */
export type Revocation =
  | {
      /** `jti` (RFC 7519 §4.1.7). */
      readonly jti: string
      /** Whose token it is. @defaultValue every trusted issuer's */
      readonly issuer?: string
    }
  | {
      /** `sid` (OpenID Connect Front-Channel Logout §3). */
      readonly session: string
      readonly issuer?: string
    }
  | {
      /** `sub`. */
      readonly subject: string
      /** Tokens that were issued later are good. Seconds since the epoch. @defaultValue now */
      readonly before?: number
      readonly issuer?: string
    }
  | {
      /** `client_id`, `azp`, or what the issuer has for it. */
      readonly client: string
      readonly before?: number
      readonly issuer?: string
    }
  | {
      readonly issuer: string
      readonly before?: number
    }

/** How long a revocation has to be remembered. */
export interface RevocationOptions {
  /**
   * `exp` of the last token it is about, in seconds since the epoch: some time after it, when no tolerance of clocks can make
   * the token valid any more, the revocation may be forgotten. @defaultValue never
   */
  readonly until?: number
}

/** The state behind a verifier. Several verifiers may share one. */
export interface State {
  /**
   * Takes tokens back, from now on and everywhere this state reaches.
   *
   * @throws ConfigurationError for what is no revocation
   */
  revoke(revocation: Revocation, options?: RevocationOptions): Promise<void>
  /** Whether a verified token was taken back. Answers at once: nobody waits for it on the way of a request. */
  isRevoked(token: TokenFacts): boolean
  /** Calls back after every revocation. Answers a function that ends it. */
  onRevoked(listener: () => void): () => void
}
