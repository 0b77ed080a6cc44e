// The door: the words for MCP, and the policy words, so that one import line serves a server.
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
} from '@sallyport/core'
export type { AuthInfo } from './auth-info.js'
export { type McpAuthHandler, type McpAuthOptions, mcpAuth } from './mcp-auth.js'
export type { ProtectedResourceOptions, TrustOfEnvironment } from './options.js'
export {
  type McpHandler,
  type McpRequest,
  type MetadataHandler,
  protectedResourceMetadata,
} from './protected-resource.js'
export { tokenVerifier } from './token-verifier.js'
export type { TokenVerifier } from './verify-access-token.js'
