// What a stranger gets: the packages as npm packs them, installed into a project of their own, out of reach of this
// workspace. The other packages come in the versions of our own lock file, so that npm finds them in its cache.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

/** A package as it would be published. */
export interface PackedPackage {
  readonly name: string
  readonly tarball: string
  readonly files: readonly string[]
}

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a project is made of. */
export interface PackedProjectOptions {
  /** Those of ours that are packed, by their folders. */
  readonly packages?: readonly string[]
  /** What is installed beside them, in our own versions. */
  readonly others?: readonly string[]
  /** The folder of the programs, beside this file. */
  readonly programs?: string
}

/** A project with packed packages and programs in it. */
export interface PackedProject {
  readonly folder: string
  readonly packages: readonly PackedPackage[]
  node(...args: string[]): Promise<Ended>
  tsc(...args: string[]): Promise<Ended>
  remove(): Promise<void>
}

/** Packs, installs, and copies the programs. Needs `npm run build` to have run. */
export async function createPackedProject({
  packages: names = ['core', 'express', 'fastify'],
  others = ['express', '@types/express', '@types/node', 'fastify'],
  programs = 'project',
}: PackedProjectOptions = {}): Promise<PackedProject> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-packed-'))
  const project = {
    folder,
    node: (...args: string[]) => run(folder, [process.execPath, ...args]),
    tsc: (...args: string[]) => run(folder, [process.execPath, compiler, ...args]),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
  try {
    const packages = await Promise.all(names.map((name) => pack(name, folder)))
    await install(folder, packages, others)
    await cp(fileURLToPath(new URL(programs, import.meta.url)), folder, { recursive: true })
    return { ...project, packages }
  } catch (error) {
    await project.remove()
    throw error
  }
}

/** Packs one of ours into a folder. */
export async function pack(name: string, folder: string): Promise<PackedPackage> {
  const source = join(root, 'packages', name)
  if (!existsSync(join(source, 'dist/index.js')))
    throw new Error(`packages/${name} is not built: run \`npm run build\` first`)
  const { stdout } = await npm(folder, 'pack', source, '--json', '--ignore-scripts')
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, NpmPacked>)
  if (packed === undefined) throw new Error(`npm packed nothing of packages/${name}`)
  return { name: packed.name, tarball: packed.filename, files: packed.files.map(({ path }) => path) }
}

interface NpmPacked {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

async function install(
  folder: string,
  packages: readonly PackedPackage[],
  otherNames: readonly string[],
): Promise<void> {
  const ours = packages.map(({ name, tarball }) => [name, `file:${tarball}`])
  const { devDependencies } = await readJson<{ devDependencies: Record<string, string> }>('package.json')
  const others = otherNames.map((name) => [name, devDependencies[name]])
  const dependencies = Object.fromEntries([...ours, ...others])
  const manifest = { name: 'stranger', private: true, type: 'module', dependencies }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))

  const lock = await readJson<{ packages: Record<string, { link?: boolean }> }>('package-lock.json')
  const locked = Object.entries(lock.packages).filter(([path, { link }]) => path.startsWith('node_modules/') && !link)
  const lockfile = { lockfileVersion: 3, packages: { '': manifest, ...Object.fromEntries(locked) } }
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lockfile))
  await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts')
}

async function readJson<Json>(file: string): Promise<Json> {
  return JSON.parse(await readFile(join(root, file), 'utf8')) as Json
}

/** The npm that runs this test, where one does: on Windows `npm` alone is no program. */
export async function npm(folder: string, ...args: string[]): Promise<Ended> {
  const cli = process.env['npm_execpath']
  const ended = await run(folder, [...(cli ? [process.execPath, cli] : ['npm']), ...args, '--loglevel=error'])
  if (ended.code !== 0) throw new Error(`npm ${args[0]} failed: ${ended.stderr}${ended.stdout}`)
  return ended
}

/** Runs a program, and says how it ended. */
function run(cwd: string, [command = '', ...args]: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 }
    const child = execFile(command, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 1, stdout, stderr })
    })
  })
}
