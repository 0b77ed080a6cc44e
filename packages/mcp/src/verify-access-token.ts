// The SDK hands over a bare token and knows a refusal by its class. Which error it is, is said here; of which class it
// is, the door of each SDK.
import { createVerifier, type Denied, type Principal, type Verifier, type VerifierOptions } from '@sallyport/core'
import { type AuthInfo, toAuthInfo } from './auth-info.js'
import { audiencesOf, type TrustOfEnvironment, verifierOptions } from './options.js'

/** Codes that both majors of the SDK have an error for. */
export type SdkErrorCode = 'invalid_token' | 'insufficient_scope' | 'invalid_request' | 'access_denied' | 'server_error'

/** What `requireBearerAuth` asks. */
export interface TokenVerifier {
  verifyAccessToken(token: string): Promise<AuthInfo>
}

/**
 * @param toError - makes an error that the SDK knows by `instanceof`. Any other is a 500 to it: so nobody passes, and a
 * fault of ours is told as one.
 */
export function createTokenVerifier(
  trust: VerifierOptions | TrustOfEnvironment | Verifier<Principal>,
  toError: (code: SdkErrorCode, message: string) => Error,
): TokenVerifier {
  const options = isVerifier(trust) ? undefined : verifierOptions(trust)
  const verifier = isVerifier(trust) ? trust : createVerifier(options)
  const audiences = isVerifier(trust) ? [] : audiencesOf(options)
  return {
    async verifyAccessToken(token) {
      // As a request, so that the policy of the options is asked too.
      const decision = await verifier.verify({ headers: { authorization: `Bearer ${token}` } })
      if (!decision.allowed) throw toError(sdkErrorCode(decision), decision.body.title)
      return toAuthInfo(decision.auth as Principal<unknown>, audiences)
    },
  }
}

function isVerifier(trust: object): trust is Verifier {
  return 'verifyToken' in trust
}

/** What the SDK makes of it: 401, 403, 400, 400, and 500, the nearest that it has to 503. */
function sdkErrorCode({ status, code }: Denied): SdkErrorCode {
  if (status === 401) return 'invalid_token'
  if (status === 400) return 'invalid_request'
  if (status === 503) return 'server_error'
  return code === 'scope_insufficient' ? 'insufficient_scope' : 'access_denied'
}
