// What goes wrong with a call to another service, before that service has answered. Few codes, each of which tells an
// operator another place to look at; docs/client.md says what each means. An answer of the service, a 500 as well, is no
// error: it is the response.

/**
 * `token_unavailable`: the authorization server could not be reached, or answered nothing that is a token ·
 * `token_refused`: it has refused, and will again until something is changed · `endpoint_refused`: we do not send there: no
 * TLS, an origin that is not listed, or a redirect to be followed with credentials · `service_unavailable`: no connection to
 * the service, or no answer in time · `client_closed`: the client was closed.
 */
export type DownstreamCode =
  | 'token_unavailable'
  | 'token_refused'
  | 'endpoint_refused'
  | 'service_unavailable'
  | 'client_closed'

/** What a {@link DownstreamError} may say beyond its code. None of it is a token, a key or a secret. */
export interface DownstreamErrorDetails {
  /** The `error` of the authorization server (RFC 6749 §5.2, RFC 8693 §2.2.2), where it is one that a standard names. */
  readonly oauthError?: string | undefined
  /** The error below this one: of the connection, never one that holds an answer. */
  readonly cause?: unknown
}

/**
 * A call that did not reach its service.
 *
 * The `message` is one lower-case sentence for the operator. Neither it nor the `cause` holds a token, a key or a secret.
 */
export class DownstreamError extends Error {
  override readonly name = 'DownstreamError'
  readonly code: DownstreamCode
  readonly oauthError: string | undefined

  constructor(code: DownstreamCode, message: string, details: DownstreamErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.oauthError = details.oauthError
  }
}
