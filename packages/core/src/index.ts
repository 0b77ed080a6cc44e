// The front door: the names that users type.
export type { ClaimPath } from './claims/claim-path.js'
export type { TokenProfileName } from './claims/token-profile.js'
export type { Clock } from './clock.js'
export type {
  AccessTokenClaims,
  Allowed,
  Decision,
  Denied,
  Principal,
  Problem,
  Register,
  RegisteredAuth,
  RegisteredClaims,
} from './decision.js'
export { ConfigurationError, type ErrorCode, errorCodes, VerificationError } from './errors.js'
export type { DecisionEvent, KeysEvent } from './events.js'
export type { CheckName, ExplainedCheck, Explanation } from './explain.js'
export type { InlineJwks } from './issuer-keys.js'
export type { TrustedIssuerOptions } from './issuer-record.js'
export type { Algorithm } from './jose/algorithms.js'
export type { JwsHeader } from './jose/compact-jws.js'
export type { DecryptionOptions } from './jose/nested-jwe.js'
export { type VerifiedCompactJws, type VerifyCompactJwsOptions, verifyCompactJws } from './jose/verify-compact-jws.js'
export type { Fetch } from './keys/fetch-document.js'
export type { KeyLifetimeOptions } from './keys/remote-jwk-set.js'
export type { AuthOf, VerifierOptions } from './options.js'
export { type Policy, scope } from './policy/policy.js'
export type { CredentialSource } from './request/extract-credential.js'
export type { RequestHeaders, VerifiableRequest } from './request/verifiable-request.js'
export { createVerifier, type Verifier } from './verifier.js'
