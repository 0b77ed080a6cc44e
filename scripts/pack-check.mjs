// What npm would publish, judged as a user will get it: packed, its files listed, then read by publint and by Are The
// Types Wrong. Nothing they say is waived. Their profile `esm-only` leaves out the two resolutions that predate what we
// support: `node10`, which knows no exports map, and CommonJS on a Node that can't `require()` ESM yet.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { npm, packages, temporaryFolder } from './run.mjs'

const destination = temporaryFolder()

for (const { name, folder } of packages) {
  const { filename, files } = await pack(name)
  const tarball = join(destination, filename)
  const checks = [
    comesFromSource(files, expectedFiles(folder)),
    await judge('publint', tarball, '--strict'),
    await judge('attw', tarball, '--profile=esm-only', '--no-definitely-typed', '--format=ascii'),
  ]
  const fit = !checks.includes(false)
  if (!fit) process.exitCode = 1
  console.log(`${filename}: ${files.length} files, ${fit ? 'fit' : 'not fit'} to publish`)
}

async function pack(name) {
  const log = join(destination, 'packed.json')
  const args = ['pack', `./packages/${name}`, '--json', '--ignore-scripts', `--pack-destination=${destination}`]
  await npm([...args, '--loglevel=silent'], { log })
  const [{ filename, files }] = Object.values(JSON.parse(readFileSync(log, 'utf8')))
  return { filename, files: files.map(({ path }) => path) }
}

/** One file in, one file out; and the schemas, which are written by hand. */
function expectedFiles(folder) {
  const schemas = existsSync(join(folder, 'schema')) ? readdirSync(join(folder, 'schema')) : []
  const sources = readdirSync(join(folder, 'src'), { recursive: true }).filter((file) => /(?<!\.test)\.ts$/.test(file))
  const modules = sources.map((file) => `dist/${file.split(sep).join('/').slice(0, -'.ts'.length)}`)
  const made = modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`])
  return ['LICENSE', 'README.md', 'package.json', ...schemas.map((file) => `schema/${file}`), ...made]
}

function comesFromSource(files, expected) {
  const leftOver = files.filter((file) => !expected.includes(file))
  const missing = expected.filter((file) => !files.includes(file))
  for (const file of leftOver) console.error(`${file} is packed, but nothing in src makes it`)
  for (const file of missing) console.error(`${file} is not packed`)
  return leftOver.length + missing.length === 0
}

/** Both tools say much when all is well; it is shown when it isn't. */
async function judge(tool, tarball, ...options) {
  const log = join(destination, `${tool}.log`)
  const passed = await npm(['exec', '--', tool, tarball, ...options], { log })
  if (!passed) console.error(readFileSync(log, 'utf8'))
  return passed
}
