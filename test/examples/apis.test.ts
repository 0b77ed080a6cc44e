// The examples on Fastify and Hono as a user runs them, on what `npm run build` has made of the packages. They are the same
// API, so they pass the same tests; those on NestJS, which have to be installed first, do so in test/packed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe } from 'vitest'
import { exampleApiContract } from './example-api.contract.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe.each(['fastify-api', 'hono-api'])('examples/%s', (name) => {
  beforeAll(() => {
    if (!existsSync(join(root, 'packages/fastify/dist'))) throw new Error('run `npm run build` first')
  })

  exampleApiContract('run by its command', () => ({ folder: join(root, 'examples', name), args: ['app.js'] }))
})
