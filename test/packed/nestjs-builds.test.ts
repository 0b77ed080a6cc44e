// One application on NestJS, built in every usual way against the packed packages, as ES modules and as CommonJS: whatever
// has made its JavaScript, with decorator metadata or without, the guard stands.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transformFile } from '@swc/core'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPackedProject, type PackedProject } from './packed-project.js'

type Format = 'module' | 'commonjs'
/** Puts JavaScript into a folder. */
type Build = (folder: string, format: Format) => Promise<unknown>

const sources = ['app.module', 'main']
let project: PackedProject

beforeAll(async () => {
  project = await createPackedProject({
    packages: ['core', 'nestjs'],
    others: ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', '@types/node', 'reflect-metadata', 'rxjs'],
    programs: 'nestjs-app',
  })
}, 300_000)

afterAll(() => project?.remove())

/** As `nest build` does, but for the options given. */
function tsc(...options: readonly string[]): Build {
  return async (folder, format) => {
    const target = ['--target', 'es2023', '--strict', '--skipLibCheck', '--types', 'node', '--isolatedModules']
    const module =
      format === 'module' ? ['--module', 'nodenext'] : ['--module', 'commonjs', '--moduleResolution', 'bundler']
    const files = sources.map((source) => `${source}.ts`)
    const args = [...target, ...module, '--experimentalDecorators', ...options, '--outDir', folder, ...files]
    const { code, stdout } = await project.tsc(...args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  }
}

/** As `nest build --builder swc` does, but for the metadata. */
function swc(decoratorMetadata: boolean): Build {
  return async (folder, format) => {
    for (const source of sources) {
      const { code } = await transformFile(join(project.folder, `${source}.ts`), {
        swcrc: false,
        module: { type: format === 'module' ? 'nodenext' : 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata },
        },
      })
      await writeFile(join(folder, `${source}.js`), code)
    }
  }
}

/** It never writes decorator metadata. */
function esbuild(options: BuildOptions = {}): Build {
  return async (folder, format) => {
    await build({
      absWorkingDir: project.folder,
      entryPoints: (options.bundle ? ['main'] : sources).map((source) => `${source}.ts`),
      outdir: folder,
      platform: 'node',
      target: 'node20.19',
      format: format === 'module' ? 'esm' : 'cjs',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
      // Express is CommonJS, and requires what is built into Node.
      ...(format === 'module' && {
        banner: { js: `import * as m from 'node:module'; const require = m.createRequire('/')` },
      }),
      ...options,
    })
  }
}

/** What Nest asks for only where it is there. */
const absent = ['@nestjs/microservices', '@nestjs/websockets', 'class-transformer', 'class-validator']

const bundled = { bundle: true, packages: 'external' } as const
const bundledWhole = { bundle: true, external: absent }

describe.each<[string, Build, hasMetadata?: boolean]>([
  ['tsc', tsc(), false],
  ['tsc with emitDecoratorMetadata', tsc('--emitDecoratorMetadata'), true],
  ['SWC', swc(false), false],
  ['SWC with decoratorMetadata', swc(true), true],
  ['esbuild, file by file', esbuild(), false],
  ['esbuild, as a bundle', esbuild(bundled)],
  ['esbuild, as a bundle with all packages', esbuild(bundledWhole)],
])('built by %s', (name, build, hasMetadata) => {
  it.each<Format>(['module', 'commonjs'])('is protected as a %s', { timeout: 120_000 }, async (format) => {
    const folder = join(project.folder, `${name.replaceAll(/\W+/g, '-')}-${format}`)
    await mkdir(folder)
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: format }))
    await build(folder, format)
    if (hasMetadata !== undefined) {
      const module = await readFile(join(folder, 'app.module.js'), 'utf8')
      expect(module.includes('design:paramtypes')).toBe(hasMetadata)
    }
    const { code, stdout, stderr } = await project.node(join(folder, 'main.js'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      public: [200, 'up'],
      unsaid: [401, 'credential_missing'],
      missing: [401, 'credential_missing'],
      good: [200, { order: '7 of ann', tenant: 'acme' }],
      tooFew: [403, 'scope_insufficient'],
    })
  })
})
