import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const source = (name: string) => path(`packages/${name}.ts`)

/** What runs on every major of NestJS that is supported. */
const onNest = ['test/contracts/nestjs*.test.ts', 'test/nestjs/**/*.test.ts']

export default defineConfig({
  resolve: {
    // Sources in place of dist, so that nothing has to be built first. tsconfig.json says the same.
    alias: [
      { find: /^@sallyport\/core\/(adapter|state|testing)$/, replacement: source('core/src/$1') },
      { find: /^@sallyport\/nestjs\/testing$/, replacement: source('nestjs/src/testing') },
      { find: /^@sallyport\/(client|core|express|fastify|mcp|nestjs|redis)$/, replacement: source('$1/src/index') },
    ],
  },
  test: {
    // Machines that run the tests may have much else to do.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { interval: 10, timeout: 20_000 } },
    // Those on real servers mostly wait, and a machine with two cores would have one at a time.
    maxWorkers: Math.max(4, availableParallelism()),
    // A forgotten `.only` would pass a suite that hardly ran.
    allowOnly: false,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'] },
      },
      {
        extends: true,
        // Ours are sources here, and so find the Nest that this says; what is Nest's finds its own.
        resolve: { alias: [{ find: /^@nestjs\//, replacement: path('test/nestjs-11/node_modules/@nestjs/') }] },
        test: { name: 'nest 11', include: onNest, env: { NEST_MAJOR: '11' } },
      },
    ],
  },
})
