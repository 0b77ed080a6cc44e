// Runs the tests on every Node line that is supported, oldest first: `npm run test:nodes`, or `npm run test:nodes -- 22 24`.
// npm brings the binaries, as the packages that npm's package `node` picks from; nothing of them is executed on install.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, runTests, temporaryFolder } from './run.mjs'
import { ensureServers } from './servers.mjs'

const lines = process.argv.length > 2 ? process.argv.slice(2) : ['20.19', '22', '24', '26']

const { platform, arch } = process
const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'
const binaries = `${prefix}-${platform === 'win32' ? 'win' : platform}-${arch}`
const executable = platform === 'win32' ? 'bin/node.exe' : 'bin/node'

const folder = temporaryFolder()
const aliases = lines.map((line) => `node-${line}@npm:${binaries}@${line}`)
const installed =
  ensureServers() && (await npm(['install', '--prefix', folder, '--ignore-scripts', '--loglevel=error', ...aliases]))

const total = { passed: 0, failed: installed ? 0 : 1 }
for (const line of installed ? lines : []) {
  const node = join(folder, 'node_modules', `node-${line}`, executable)
  const log = join(folder, `${line}.log`)
  const { passed, failed } = await runTests({ node, log })
  if (failed > 0) console.log(readFileSync(log, 'utf8'))
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`node ${version}: ${passed} passed, ${failed} failed`)
  total.passed += passed
  total.failed += failed
}

process.exitCode = total.failed > 0 ? 1 : 0
console.log(`${total.passed} passed, ${total.failed} failed`)
