// The door for tests of an application under protection: a real issuer on loopback, its keys, a clock, and test tables for
// its policies.

export { type TestPoliciesOptions, testPolicies } from './policy/tables/test-policies.js'
export type { TestCase, TestFacts, TestTable } from './policy/tables/test-table.js'
export { createTestClock, type TestClock } from './testing/test-clock.js'
export {
  createTestIssuer,
  type TestClaims,
  TestIssuer,
  type TestIssuerOptions,
  type TestIssuerRequests,
  type TestTokenOptions,
} from './testing/test-issuer.js'
export { createTestKey, type TestKey } from './testing/test-keys.js'
