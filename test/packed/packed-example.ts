// An example that is a project of its own, outside of this workspace, as its user has it: copied to a folder out of reach
// of ours, with our packages from their tarballs and all else from the registry.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, pack } from './packed-project.js'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

/** A copy of an example, installed. */
export interface PackedExample {
  readonly folder: string
  readonly manifest: ExampleManifest
  /** Runs a script of its own. @throws where it fails, with what it said */
  script(name: string): Promise<void>
  remove(): Promise<void>
}

interface ExampleManifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** Copies and installs. Needs `npm run build` to have run. */
export async function createPackedExample(name: string): Promise<PackedExample> {
  const folder = await mkdtemp(join(tmpdir(), `sallyport-${name}-`))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const isSource = (path: string): boolean => !['node_modules', 'dist'].includes(basename(path))
    await cp(join(examples, name), folder, { recursive: true, filter: isSource })
    const tarballs = await Promise.all(['core', 'nestjs'].map((each) => pack(each, folder)))
    const ours = tarballs.map(({ tarball }) => `./${tarball}`)
    await npm(
      folder,
      'install',
      '--no-save',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      ...ours,
    )
    const manifest: ExampleManifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const script = async (script: string): Promise<void> => {
      await npm(folder, 'run', script)
    }
    return { folder, manifest, script, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
