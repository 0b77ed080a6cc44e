// That the tests of NestJS run on the Nest that they say.
import manifest from '@nestjs/core/package.json' with { type: 'json' }
import { expect, it } from 'vitest'
import { nestMajor } from '../fixtures/nest.js'

it('is the major that the project of the tests is named after', () => {
  expect(manifest.version.split('.')[0]).toBe(nestMajor)
})
