// The door for tests of an application under protection: a real issuer on loopback, its keys, and a clock.
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
