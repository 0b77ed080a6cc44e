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
export type { DecisionEvent, KeysEvent, PoliciesEvent } from './events.js'
export type { CheckName, ExplainedCheck, Explanation } from './explain.js'
export type { InlineJwks } from './issuer-keys.js'
export type { TrustedIssuerOptions } from './issuer-record.js'
export type { Algorithm } from './jose/algorithms.js'
export type { JwsHeader } from './jose/compact-jws.js'
export type { DecryptionOptions } from './jose/nested-jwe.js'
export { type VerifiedCompactJws, type VerifyCompactJwsOptions, verifyCompactJws } from './jose/verify-compact-jws.js'
export type { Fetch } from './keys/fetch-document.js'
export type { KeyLifetimeOptions } from './keys/remote-jwk-set.js'
export type { EndConnection, Judge } from './open-connections.js'
export type { AuthOf, VerifierOptions } from './options.js'
export {
  type CheckPoliciesOptions,
  checkPolicies,
  type PolicyFinding,
  type PolicyRule,
} from './policy/analysis/check-policies.js'
export { diffPolicies, type PolicyDifference } from './policy/analysis/diff-policies.js'
export { cel } from './policy/cel/cel.js'
export { type ClaimSubject, claim, param, type Subject } from './policy/comparison.js'
export type { PolicyFacts } from './policy/compiled.js'
export { formatPolicyDocument, type PolicyFormat } from './policy/document/policy-document.js'
export type { Duration } from './policy/duration.js'
export {
  evaluatePolicy,
  explainPolicy,
  isSatisfied,
  type PolicyCode,
  type PolicyExplanation,
  type PolicyFactsInput,
  type PolicyOutcome,
  policyFacts,
} from './policy/evaluate.js'
export type { PolicyTrace, RequestFacts, TokenFacts } from './policy/facts.js'
export type { ClaimDeclarations, ClaimType } from './policy/kit/claim-declarations.js'
export type {
  BooleanClaim,
  BooleanValue,
  DeclaredClaim,
  DigitsClaim,
  NumberClaim,
  NumberValue,
  ObjectClaim,
  Presence,
  RequestHeader,
  RouteParam,
  StringClaim,
  StringListClaim,
  StringValue,
  WordsClaim,
} from './policy/kit/kit-claims.js'
export type { DeclaredReads, PolicyKit } from './policy/kit/kit-words.js'
export { policyKit } from './policy/kit/policy-kit.js'
export type { PolicyVocabulary, ScopeVocabulary } from './policy/kit/vocabulary.js'
export type { OfferOutcome, ShadowOptions, ShadowState } from './policy/live/live-policies.js'
export { type ParsePoliciesOptions, parsePolicies } from './policy/live/load-policies.js'
export { type LoadPoliciesOptions, loadPolicies, type PolicyFile } from './policy/live/policy-file.js'
export type {
  BindingMethod,
  CustomFacts,
  CustomReads,
  CustomTest,
  Expression,
  NamedPolicy,
  Policy,
} from './policy/policy.js'
export { type PolicySet, type PolicySource, policySet } from './policy/policy-set.js'
export type { BetweenOptions } from './policy/request-words.js'
export { between, req } from './policy/request-words.js'
export { formatTrace } from './policy/trace.js'
export type { PolicyParts } from './policy/words.js'
export {
  acrAtLeast,
  actor,
  allOf,
  allow,
  amr,
  anyOf,
  anyScope,
  atLeast,
  audience,
  authenticatedWithin,
  boundBy,
  client,
  custom,
  denyAll,
  issuer,
  not,
  policy,
  role,
  scope,
  subject,
  use,
} from './policy/words.js'
export type { CredentialSource } from './request/extract-credential.js'
export type { RequestHeaders, VerifiableRequest } from './request/verifiable-request.js'
export { createMemoryState, type MemoryStateOptions } from './state/memory-state.js'
export type { Revocation, RevocationOptions, State } from './state/state.js'
export { createVerifier, type Verifier } from './verifier.js'
