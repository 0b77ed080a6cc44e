// The side door, for whoever writes an adapter: five gestures are all it takes. Build a `VerifiableRequest`, call
// `verifier.verify`, write a refusal with `writeDenied`, attach `auth`, declare the types.
export type { StandardSchemaV1 } from '@standard-schema/spec'
export { requirePolicyNode } from './policy/policy.js'
export { type WritableHeaders, type WritableResponse, writeDenied, writeHeaders } from './response/node-response.js'
export { toResponse } from './response/web-response.js'
