import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`packages/${path}.ts`, import.meta.url))

export default defineConfig({
  resolve: {
    // Sources in place of dist, so that nothing has to be built first. tsconfig.json says the same.
    alias: [
      { find: /^@sallyport\/core\/(adapter|testing)$/, replacement: source('core/src/$1') },
      { find: /^@sallyport\/(core|express|fastify)$/, replacement: source('$1/src/index') },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Machines that run the tests may have much else to do.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A forgotten `.only` would pass a suite that hardly ran.
    allowOnly: false,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
})
