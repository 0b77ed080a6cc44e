import { checkPolicies, diffPolicies, policySet } from '@sallyport/core'
import { expect, it } from 'vitest'
import { twelve } from './twelve.js'

it('the checks find nothing in the twelve policies', () => {
  expect(checkPolicies(policySet(...twelve))).toEqual([])
})

it('the twelve policies do not differ from themselves', () => {
  expect(diffPolicies(policySet(...twelve), policySet(...twelve))).toEqual([])
})
