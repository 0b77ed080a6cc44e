import { defineConfig } from 'vitest/config'
import config from './vitest.config.js'

// What Stryker runs for each of its mutants: the tests of the three rooms that it mutates, which take seconds.
export default defineConfig({ ...config, test: { include: ['packages/core/src/{jose,keys,claims}/**/*.test.ts'] } })
