// The front door: the names that users type.
export type { FailedAttemptsOptions } from './attempts/attempt-limit.js'
export { type BackChannelLogoutOptions, backChannelLogout } from './back-channel-logout.js'
export type {
  CertificateHeader,
  ClientCertificateSource,
  ForwardedClientCertOptions,
} from './binding/client-certificate.js'
export type { DpopProofOptions, ProofNonceOptions } from './binding/proof-options.js'
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
export type {
  DecisionEvent,
  IntrospectionEvent,
  KeysEvent,
  PoliciesEvent,
  PolicyServiceEvent,
  ReceiverEvent,
  StateEvent,
} from './events.js'
export type { ExplainedCheck, Explanation } from './explain.js'
export type { CheckName } from './explained-checks.js'
export type { DpopMode } from './holders.js'
export type { IntrospectionOptions } from './introspection-options.js'
export type { InlineJwks } from './issuer-keys.js'
export type { TrustedIssuerOptions } from './issuer-record.js'
export type { Algorithm } from './jose/algorithms.js'
export type { JwsHeader } from './jose/compact-jws.js'
export type { DecryptionOptions } from './jose/nested-jwe.js'
export { type VerifiedCompactJws, type VerifyCompactJwsOptions, verifyCompactJws } from './jose/verify-compact-jws.js'
export type { Fetch } from './keys/fetch-document.js'
export type { KeyLifetimeOptions } from './keys/key-lifetimes.js'
export type { EndConnection, Judge } from './open-connections.js'
export {
  type CheckPoliciesOptions,
  checkPolicies,
  type PolicyFinding,
  type PolicyRule,
} from './policy/analysis/check-policies.js'
export { diffPolicies, type PolicyDifference } from './policy/analysis/diff-policies.js'
export { type AskedDetails, authorizationDetails, type DetailFields } from './policy/authorization-details-word.js'
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
export type { BindingMethod, PolicyTrace, RequestFacts, TokenFacts, WorkloadFacts } from './policy/facts.js'
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
export { type SharedPoliciesOptions, sharedPolicies } from './policy/live/begin-shared-policies.js'
export type { OfferOutcome, ShadowOptions, ShadowState } from './policy/live/live-policies.js'
export { type ParsePoliciesOptions, parsePolicies } from './policy/live/load-policies.js'
export { type LoadPoliciesOptions, loadPolicies, type PolicyFile } from './policy/live/policy-file.js'
export { type PublishPoliciesOptions, publishPolicies } from './policy/live/publish-policies.js'
export type { SharedPolicies } from './policy/live/shared-policies.js'
export type {
  CustomFacts,
  CustomReads,
  CustomTest,
  Expression,
  NamedPolicy,
  Policy,
} from './policy/policy.js'
export { type PolicySet, type PolicySource, policySet } from './policy/policy-set.js'
export type { BetweenOptions } from './policy/request-words.js'
export { between, req, spiffe } from './policy/request-words.js'
export type { AuthzenQuestion, AuthzenText } from './policy/services/authzen.js'
export type { JsonValue } from './policy/services/canonical-json.js'
export type { QuestionObject, QuestionReference, QuestionValue } from './policy/services/question-words.js'
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
export type { HttpServiceOptions, PolicyServiceOptions } from './policy-service-options.js'
export {
  type AuthzenOptions,
  type AuthzenService,
  authzen,
  type OpaOptions,
  type OpaService,
  type OwnPolicyService,
  opa,
  type PolicyServiceFunction,
  policyService,
} from './policy-services.js'
export type { AnswerableResponse, EventReceiver, ReadableRequest } from './receivers/event-receiver.js'
export type { ReceivedRequest } from './receivers/received-request.js'
export type { ReceiverAnswer } from './receivers/receiver-answer.js'
export type { CredentialSource } from './request/extract-credential.js'
export type { PublicUrl } from './request/public-url.js'
export type {
  ObservableCertificate,
  ObservableSocket,
  RequestHeaders,
  VerifiableRequest,
} from './request/verifiable-request.js'
export type { MetadataAnswer, ResourceMetadata, ResourceOptions } from './resource-metadata.js'
export type { SubjectLookUp, SubjectsOptions, SubjectToLookUp } from './revocation/subject-options.js'
export { type SecurityEvent, type SecurityEventsOptions, securityEvents } from './security-events.js'
export type { AttemptCounters } from './state/attempt-counters.js'
export type {
  KeySetDocument,
  KeySetDocuments,
  KeySetSource,
  SharedDocument,
  SharedFetch,
  SharedFetchOptions,
} from './state/key-set-documents.js'
export { createMemoryState, type MemoryStateOptions } from './state/memory-state.js'
export type { PolicyDocument, PolicyDocuments } from './state/policy-documents.js'
export type { ReplayGuard, SingleUse } from './state/replay-guard.js'
export type { Revocation, RevocationOptions } from './state/revocation.js'
export type { RegionHealth, RevocationReceipt, State, StateHealth } from './state/state.js'
export type { Answer, Question, VerdictCache } from './state/verdict-cache.js'
export type { StatusListOptions, StatusListSignerOptions } from './status-lists.js'
export type { TransmitterOptions } from './transmitters.js'
export type { SpiffeOptions, TrustDomainOptions } from './trust-domains.js'
export { createVerifier, type RouteRule, type Verifier } from './verifier.js'
export type { AuthOf, VerifierOptions } from './verifier-options.js'
