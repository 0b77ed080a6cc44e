// The one table of everything that can go wrong with a request, and the two errors this package throws.
// A code is a promise: stable, documented in docs/errors.md, never reused. An error knows no HTTP header;
// `response/` turns a code into a status line, a challenge and a problem body.

/** One row of the table: whose fault it is, what goes on the wire, and the title that everyone may read. */
interface CodeRow {
  /** HTTP status of the answer. */
  readonly status: 400 | 401 | 403 | 429 | 503
  /** The `error` of the challenge (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3), absent where the RFC wants none. */
  readonly oauthError?:
    | 'invalid_request'
    | 'invalid_token'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'insufficient_scope'
    | 'insufficient_user_authentication'
  /** The title of the problem (RFC 9457 §3.1.3): the same text for every occurrence, nothing of the token in it. */
  readonly title: string
}

const codes = {
  credential_missing: { status: 401, title: 'No credential was presented' },
  credential_malformed: { status: 400, oauthError: 'invalid_request', title: 'The credential is malformed' },
  credential_ambiguous: { status: 400, oauthError: 'invalid_request', title: 'More than one credential was presented' },
  certificate_rejected: { status: 401, oauthError: 'invalid_token', title: 'The client certificate is not accepted' },
  attempts_exceeded: { status: 429, title: 'Too many failed attempts' },
  token_malformed: { status: 401, oauthError: 'invalid_token', title: 'The token is malformed' },
  token_type_rejected: { status: 401, oauthError: 'invalid_token', title: 'The token is not of the accepted type' },
  algorithm_rejected: { status: 401, oauthError: 'invalid_token', title: 'The algorithm of the token is not accepted' },
  issuer_untrusted: { status: 401, oauthError: 'invalid_token', title: 'The issuer of the token is not trusted' },
  token_inactive: { status: 401, oauthError: 'invalid_token', title: 'The token is not active at its issuer' },
  key_unknown: { status: 401, oauthError: 'invalid_token', title: 'The token names no key of its issuer' },
  signature_invalid: { status: 401, oauthError: 'invalid_token', title: 'The signature of the token is invalid' },
  token_expired: { status: 401, oauthError: 'invalid_token', title: 'The token has expired' },
  token_not_active: { status: 401, oauthError: 'invalid_token', title: 'The token is not active yet' },
  token_too_old: { status: 401, oauthError: 'invalid_token', title: 'The token is too old' },
  audience_mismatch: { status: 401, oauthError: 'invalid_token', title: 'The token is meant for another audience' },
  claim_missing: { status: 401, oauthError: 'invalid_token', title: 'The token lacks a required claim' },
  claim_invalid: { status: 401, oauthError: 'invalid_token', title: 'A claim of the token is invalid' },
  binding_missing: { status: 401, oauthError: 'invalid_token', title: 'The token is bound and its proof is missing' },
  binding_mismatch: { status: 401, oauthError: 'invalid_token', title: 'The token is bound to another holder' },
  token_revoked: { status: 401, oauthError: 'invalid_token', title: 'The token was revoked' },
  subject_unknown: { status: 401, oauthError: 'invalid_token', title: 'The subject of the token no longer exists' },
  proof_invalid: { status: 401, oauthError: 'invalid_dpop_proof', title: 'The proof of possession is invalid' },
  proof_nonce_required: { status: 401, oauthError: 'use_dpop_nonce', title: 'The proof needs a nonce of this server' },
  proof_replayed: { status: 401, oauthError: 'invalid_dpop_proof', title: 'The proof of possession was used before' },
  scope_insufficient: { status: 403, oauthError: 'insufficient_scope', title: 'The token lacks a required scope' },
  step_up_required: {
    status: 401,
    oauthError: 'insufficient_user_authentication',
    title: 'A stronger or more recent authentication is required',
  },
  policy_denied: { status: 403, title: 'The policy denies this request' },
  keys_unavailable: { status: 503, title: 'The keys of the issuer are unavailable' },
  introspection_unavailable: { status: 503, title: 'The issuer cannot be asked about the token' },
  state_unavailable: { status: 503, title: 'What was revoked or used cannot be told' },
  subject_unavailable: { status: 503, title: 'The subject of the token cannot be looked up' },
  policy_service_unavailable: { status: 503, title: 'A policy service has not decided' },
} as const

codes satisfies Readonly<Record<string, CodeRow>>

/** Every code a {@link Decision} or a {@link VerificationError} can carry. */
export type ErrorCode = keyof typeof codes

/** The codes, in the order in which a request can meet them. */
export const errorCodes: readonly ErrorCode[] = Object.freeze(Object.keys(codes) as ErrorCode[])

/** Looks up status, OAuth error and public title of a code. */
export function describeCode(code: ErrorCode): CodeRow {
  return codes[code]
}

/** What a {@link VerificationError} may say beyond its code. None of it is a value of the token. */
export interface VerificationErrorDetails {
  /** Name of the claim that was judged, never its value. */
  readonly claim?: string
  /** Name of the header member that was judged, never its value. */
  readonly header?: string
  /** Whether it was the schema of the application that refused the claim. */
  readonly bySchema?: boolean
  /** Whether it is about the certificate of the connection, and the token was not looked at. */
  readonly isOfConnection?: boolean
  /** Whether nobody looked, because too many others had asked for the same: it says nothing about whoever asks now. */
  readonly isUnexamined?: boolean
  /** Scopes that the policy asks for: all of them, held or not. */
  readonly requiredScopes?: readonly string[]
  /** Authentication context classes that the policy accepts, best first (RFC 9470 §3). */
  readonly acrValues?: readonly string[]
  /** How long ago the user may have authenticated (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined
  /** Seconds after which asking again can help; for the codes whose fault is ours, and for `attempts_exceeded`. */
  readonly retryAfterSeconds?: number
  /** The error below this one, for the operator. */
  readonly cause?: unknown
}

/**
 * A request or token that does not pass, or an outage of ours.
 *
 * The `message` is one lower-case sentence for the operator. It holds no token, key, proof or claim value.
 */
export class VerificationError extends Error {
  override readonly name = 'VerificationError'
  readonly code: ErrorCode
  readonly claim: string | undefined
  readonly header: string | undefined
  readonly bySchema: boolean
  readonly isOfConnection: boolean
  readonly isUnexamined: boolean
  readonly requiredScopes: readonly string[] | undefined
  readonly acrValues: readonly string[] | undefined
  readonly maxAgeSeconds: number | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, details: VerificationErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.claim = details.claim
    this.header = details.header
    this.bySchema = details.bySchema ?? false
    this.isOfConnection = details.isOfConnection ?? false
    this.isUnexamined = details.isUnexamined ?? false
    this.requiredScopes = details.requiredScopes
    this.acrValues = details.acrValues
    this.maxAgeSeconds = details.maxAgeSeconds
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}

/** A mistake in the options of this package, or a revocation that is none or does not fit. Never thrown for what a request holds. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}
