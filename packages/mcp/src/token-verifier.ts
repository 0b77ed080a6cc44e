// The verifier for SDK 1, @modelcontextprotocol/sdk.
import {
  AccessDeniedError,
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  ServerError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import type { Principal, Verifier, VerifierOptions } from '@sallyport/core'
import type { TrustOfEnvironment } from './options.js'
import { createTokenVerifier, type TokenVerifier } from './verify-access-token.js'

const errors = {
  invalid_token: InvalidTokenError,
  insufficient_scope: InsufficientScopeError,
  invalid_request: InvalidRequestError,
  access_denied: AccessDeniedError,
  server_error: ServerError,
}

/**
 * An `OAuthTokenVerifier` for the `requireBearerAuth` of `@modelcontextprotocol/sdk`.
 *
 * @param trust - as `createVerifier` takes it, or what `createVerifier` has made; without it, `SALLYPORT_ISSUER` and
 * `SALLYPORT_AUDIENCE`
 * @example
 * ```ts
 * app.use(requireBearerAuth({ verifier: tokenVerifier({ issuer, audience }), resourceMetadataUrl: metadata.url }))
 * ```
 * @throws ConfigurationError while building
 */
export function tokenVerifier(trust: VerifierOptions | TrustOfEnvironment | Verifier<Principal> = {}): TokenVerifier {
  return createTokenVerifier(trust, (code, message) => new errors[code](message))
}
