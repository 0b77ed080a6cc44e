// What the scripts share: the packages, running a command, a folder that goes away, running the tests and counting them.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The packages that are published. A folder without a manifest is what another branch left behind. */
export const packages = readdirSync(join(root, 'packages'))
  .map((name) => ({ name, folder: join(root, 'packages', name) }))
  .filter(({ folder }) => existsSync(join(folder, 'package.json')))
  .map((entry) => ({ ...entry, manifest: JSON.parse(readFileSync(join(entry.folder, 'package.json'), 'utf8')) }))

/** Runs a command in the repository; answers whether it exited with 0. With `log`, its output goes to that file. */
function run(command, args, { env, log } = {}) {
  return new Promise((resolve, reject) => {
    const output = log === undefined ? 'inherit' : openSync(log, 'w')
    const stdio = ['ignore', output, output]
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio })
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0))
  })
}

/** Runs npm: the one that runs this script, where there is one, because on Windows `npm` alone is no program. */
export function npm(args, options) {
  const cli = process.env.npm_execpath
  return cli ? run(process.execPath, [cli, ...args], options) : run('npm', args, options)
}

/** A folder outside the repository that is gone when the process is. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  return folder
}

/** Runs every test on the given Node. A run that fails without a failed test to show for it counts as one. */
export async function runTests({ node = process.execPath, log } = {}) {
  const report = join(temporaryFolder(), 'tests.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  // Programs that the tests start find the same Node.
  const env = { PATH: dirname(node) + delimiter + process.env.PATH }
  const succeeded = await run(node, [vitest, 'run', ...reporters], { env, log })
  const { passed, failed } = countTests(report)
  return { passed, failed: succeeded && passed > 0 ? failed : Math.max(failed, 1) }
}

function countTests(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0 }
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return { passed: numPassedTests, failed: numFailedTests }
}
