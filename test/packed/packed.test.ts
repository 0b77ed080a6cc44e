// The packages as they are published: what is in the tarballs, what can be reached in them, and that they hold the gate
// for ES modules, for CommonJS and for the compiler.
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, posix } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPackedProject, type PackedProject } from './packed-project.js'

let project: PackedProject

beforeAll(async () => {
  project = await createPackedProject()
}, 120_000)

afterAll(() => project?.remove())

describe('a tarball', () => {
  it('holds what was built, the manifest, the readme, the licence, and the schema of policies, and nothing else', () => {
    for (const { name, files } of project.packages) {
      const others = files.filter((file) => !/^dist\/.+\.(js|d\.ts)$/.test(file))
      expect(others.toSorted(), name).toEqual([
        'LICENSE',
        'README.md',
        'package.json',
        ...(name === '@sallyport/core' ? ['schema/policy.schema.json'] : []),
      ])
      const tests = files.filter((file) => file.includes('.test.'))
      expect(tests, name).toEqual([])
    }
  })

  it('points at no source map, for none is shipped', async () => {
    for (const { name, files } of project.packages) {
      for (const file of files.filter((each) => each.startsWith('dist/'))) {
        const text = await readFile(join(project.folder, 'node_modules', name, file), 'utf8')
        expect(text, `${name}/${file}`).not.toContain('sourceMappingURL')
      }
    }
  })
})

describe('the exports map', () => {
  const doors = {
    '@sallyport/core': ['.', './adapter', './state', './testing', './policy.schema.json', './package.json'],
    '@sallyport/express': ['.', './package.json'],
    '@sallyport/fastify': ['.', './package.json'],
  }

  it.each(Object.entries(doors))('of %s opens its doors', async (name, expected) => {
    const require = createRequire(join(project.folder, 'esm.js'))
    const manifest = JSON.parse(await readFile(require.resolve(`${name}/package.json`), 'utf8'))
    expect(Object.keys(manifest.exports)).toEqual(expected)
    for (const door of expected) expect(require.resolve(posix.join(name, door))).toContain(project.folder)
  })

  it.each(Object.entries(doors))('of %s is a wall everywhere else', async (name, open) => {
    const require = createRequire(join(project.folder, 'esm.js'))
    const inside = await readdir(join(project.folder, 'node_modules', name, 'dist'), { recursive: true })
    const files = inside
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [`dist/${file}`, file, file.slice(0, -3)])
    const walls = files.filter((file) => !open.includes(`./${file}`))
    expect(walls.length).toBeGreaterThan(0)
    for (const file of walls) {
      expect(() => require.resolve(`${name}/${file}`), file).toThrow(
        expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }),
      )
    }
  })
})

describe('the published code', () => {
  const gate = {
    subject: 'ann',
    forged: 'signature_invalid',
    altered: 'signature_invalid',
    http: {
      good: [200, 'ann'],
      remembered: [200, 'ann'],
      missing: [401, 'credential_missing'],
      forged: [401, 'signature_invalid'],
      altered: [401, 'signature_invalid'],
      tooFew: [403, 'scope_insufficient'],
    },
    fastify: { good: [200, 'ann'], missing: [401, 'credential_missing'], tooFew: [403, 'scope_insufficient'] },
  }

  it('lets the good pass and refuses the forged when it is imported', async () => {
    const { code, stdout, stderr } = await project.node('esm.js')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(gate)
  }, 120_000)

  it('lets the good pass and refuses the forged when it is required', async () => {
    const { code, stdout, stderr } = await project.node('commonjs.cjs')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(gate)
  }, 120_000)

  it('is one and the same for a program that imports and requires it', async () => {
    expect(await project.node('both.cjs')).toEqual({ code: 0, stdout: 'true\n', stderr: '' })
  }, 120_000)
})

describe('the published types', () => {
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
  const whole = ['--skipLibCheck', 'false', '--target', 'es2023', '--lib', 'es2023', '--types', 'node']
  const compile = async (...args: string[]) => {
    const { code, stdout } = await project.tsc(...strict, ...whole, ...args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  }

  it('hold with moduleResolution node16', async () => {
    await compile('--module', 'node16', '--moduleResolution', 'node16', '--declaration', 'app.ts')
  }, 120_000)

  it('hold with moduleResolution bundler', async () => {
    await compile('--module', 'esnext', '--moduleResolution', 'bundler', 'app.ts')
  }, 120_000)

  it('hold for CommonJS, and take the claims that an application registers', async () => {
    await compile('--module', 'node20', 'app.cts', 'registered.ts')
  }, 120_000)
})
