// Project Wycheproof: tokens made to break verifiers. Its verdicts are ours, but for those named below.
import { type Algorithm, ConfigurationError, VerificationError, verifyCompactJws } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import { type VectorKey, type WycheproofTest, wycheproofGroups } from './vectors.js'

/** Where Wycheproof is wrong: what it says is not what its tokens are. */
const mistaken: Readonly<Record<number, string>> = {
  367: 'is labelled with padding that it does not have: it is the good token of 357',
  370: 'is labelled with padding that it does not have: it is the good token of 357',
  372: 'is labelled valid, with a question mark in its header',
  373: 'is labelled valid, with a question mark in its payload',
}

/** Keys that say another algorithm than their tokens, or one that does not exist. We hold a key to what it says. */
const misnamed: Readonly<Record<string, string>> = { PS256: 'PS384', ES521: 'ES512' }

function judge(verify: () => unknown): 'valid' | 'invalid' {
  try {
    verify()
    return 'valid'
  } catch (error) {
    if (error instanceof VerificationError || error instanceof ConfigurationError) return 'invalid'
    throw error
  }
}

function algorithmOf({ kty, alg }: VectorKey): Algorithm {
  return (alg ?? (kty === 'RSA' ? 'RS256' : 'ES256')) as Algorithm // those of the keys that are for encryption
}

const verify = (jws: string, key: VectorKey) => () => verifyCompactJws(jws, key, { algorithms: [algorithmOf(key)] })

const expected = ({ tcId, result }: WycheproofTest) =>
  tcId in mistaken ? (result === 'valid' ? 'invalid' : 'valid') : result

const isMisnamed = ({ alg }: VectorKey, comment: string) => comment.startsWith('rfc7520') && String(alg) in misnamed
const usual = wycheproofGroups.filter(({ comment, key }) => !isMisnamed(key, comment))

describe.each(usual)('Wycheproof $comment', ({ key, tests }) => {
  it.each(tests)('$tcId $comment is $result', (test) => {
    expect(judge(verify(test.jws, key))).toBe(expected(test))
  })
})

describe.each(wycheproofGroups.filter(({ comment, key }) => isMisnamed(key, comment)))(
  'Wycheproof $comment',
  ({ key, tests }) => {
    it.each(tests)('$tcId $comment is valid under the algorithm that it has, and under no other', ({ jws }) => {
      expect(judge(verify(jws, key))).toBe('invalid')
      expect(judge(verify(jws, { ...key, alg: misnamed[String(key['alg'])] }))).toBe('valid')
    })
  },
)

it('Wycheproof is here as a whole', () => {
  const ids = wycheproofGroups.flatMap(({ tests }) => tests.map(({ tcId }) => tcId))
  expect(ids).toEqual(Array.from({ length: 401 }, (_, index) => index + 1))
})
