// What is written as a document is read as what was written.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPolicyDocument, parsePolicyDocument } from '../../packages/core/src/policy/document/policy-document.js'
import { arbitraryPolicies } from './arbitrary-policy.js'

describe('documents', () => {
  it.each(['yaml', 'json'] as const)('say every policy in %s, and are read as the same', (format) => {
    fc.assert(
      fc.property(arbitraryPolicies, (policies) => {
        const text = formatPolicyDocument(policies, { format })
        const { policies: read } = parsePolicyDocument(text)
        expect(read).toEqual(policies)
        expect(formatPolicyDocument(read, { format })).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  it('are read as the same with a byte order mark and the line ends of Windows', () => {
    fc.assert(
      fc.property(arbitraryPolicies, (policies) => {
        const text = formatPolicyDocument(policies).replaceAll('\n', '\r\n')
        expect(parsePolicyDocument(`\ufeff${text}`).policies).toEqual(policies)
      }),
    )
  })
})
