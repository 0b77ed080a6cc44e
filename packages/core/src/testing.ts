// The door for tests of an application under protection: a real issuer on loopback, its keys, a clock, and test tables for
// its policies.

export { type TestPoliciesOptions, testPolicies } from './policy/tables/test-policies.js'
export type { TestCase, TestFacts, TestTable } from './policy/tables/test-table.js'
export { createTestClock, type TestClock } from './testing/test-clock.js'
export {
  createTestHolder,
  TestHolder,
  type TestHolderOptions,
  type TestProofParts,
  type TestProofTarget,
} from './testing/test-holder.js'
export { createTestIssuer, TestIssuer, type TestIssuerOptions, type TestIssuerRequests } from './testing/test-issuer.js'
export { createTestKey, type TestKey } from './testing/test-keys.js'
export type { TestClaims, TestTokenOptions } from './testing/test-token.js'
export { createTestUsers, TestUsers, type TestUsersOptions } from './testing/test-users.js'
