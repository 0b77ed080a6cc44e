// The examples on NestJS as a user has them: made like `nest new` makes an application, installed with the packed packages,
// built, tested by their own tests, and run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleApiContract, originOf } from '../examples/example-api.contract.js'
import { createPackedExample, type PackedExample } from './packed-example.js'

describe.each([
  ['nestjs-api', 'NestJS 12, ES modules, Vitest'],
  ['nestjs-api-cjs', 'NestJS 11, CommonJS, Jest'],
])('examples/%s (%s)', (name) => {
  let example: PackedExample

  beforeAll(async () => {
    example = await createPackedExample(name)
  }, 300_000)

  afterAll(() => example?.remove())

  it('asks for the package in the version that it has', async () => {
    const installed = join(example.folder, 'node_modules/@sallyport/nestjs/package.json')
    const { version } = JSON.parse(await readFile(installed, 'utf8'))
    expect(example.manifest.dependencies['@sallyport/nestjs']).toBe(version)
  })

  it.each(['build', 'test', 'test:e2e'])('passes its own `npm run %s`', { timeout: 300_000 }, async (script) => {
    await example.script(script)
  })

  it('is up with `npm start`, and ends with Ctrl-C', { timeout: 120_000 }, async () => {
    const trust = { SALLYPORT_ISSUER: 'https://idp.example.com', SALLYPORT_AUDIENCE: 'https://orders.example' }
    const env = { ...process.env, ...trust, PORT: '0' }
    const app = spawn('npm', ['start'], { cwd: example.folder, env, detached: true })
    try {
      const origin = await originOf(app)
      expect((await fetch(`${origin}/health`)).status).toBe(200)
      expect((await fetch(`${origin}/menu`)).status).toBe(401)
    } finally {
      // As a terminal does: to the whole group. What is left of it would keep `close` from coming.
      if (app.exitCode === null) process.kill(-(app.pid as number), 'SIGINT')
    }
    await once(app, 'close')
  })

  exampleApiContract('run by `npm run start:prod`', () => {
    const [node, ...args] = example.manifest.scripts['start:prod']?.split(' ') ?? []
    expect(node).toBe('node')
    return { folder: example.folder, args }
  })
})
