// The door: Nest's module, guard and decorators, and the policy words, so that one import line serves a controller.
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
  authorizationDetails,
  authzen,
  between,
  boundBy,
  cel,
  claim,
  client,
  custom,
  denyAll,
  issuer,
  loadPolicies,
  not,
  opa,
  type Principal,
  param,
  policy,
  policyKit,
  policyService,
  policySet,
  req,
  role,
  scope,
  spiffe,
  subject,
  use,
  type Verifier,
} from '@sallyport/core'
export { Auth, type AuthOptions, Claim, CurrentAuth, OptionalAuth, Public } from './auth.decorators.js'
export { AuthGuard } from './auth.guard.js'
export { AuthModule } from './auth.module.js'
export type { AuthModuleAsyncOptions, AuthModuleSettings, AuthOptionsFactory } from './auth-module-options.js'
export { DeniedException } from './denied.exception.js'
export type { MessageHeaders } from './shown-request.js'
export { VERIFIER } from './tokens.js'
