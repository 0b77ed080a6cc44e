// The whole gate: `npm test`. Cheap steps first; it stops at the first that fails. The last line counts every test, and
// every other step as one.

import { npm, runTests } from './run.mjs'
import { ensureServers } from './servers.mjs'

const step = (name) => async () =>
  (await npm(['run', '--silent', name])) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }

const gate = {
  servers: async () => (ensureServers() ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
  lint: step('lint'),
  typecheck: step('typecheck'),
  build: step('build'),
  test: runTests,
  'api:check': step('api:check'),
  'pack:check': step('pack:check'),
}

const total = { passed: 0, failed: 0 }
for (const [name, check] of Object.entries(gate)) {
  console.log(`\n── ${name}`)
  const { passed, failed } = await check().catch((error) => {
    console.error(error)
    return { passed: 0, failed: 1 }
  })
  total.passed += passed
  total.failed += failed
  if (failed > 0) break
}

process.exitCode = total.failed > 0 ? 1 : 0
console.log(`\n${total.passed} passed, ${total.failed} failed`)
