// Every compact JWS that an RFC prints. Left out are those in another serialization, which a token never has: RFC 7515
// appendix A.6, A.7 and RFC 7520 §4.6 to §4.8 are JSON, RFC 7520 §4.5 and RFC 7797 §4 have a detached or unencoded payload.
import { type Algorithm, VerificationError, verifyCompactJws } from '@sallyport/core'
import { compactVerify, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { rfcVectors } from './vectors.js'

const runsMlDsa = Number.parseInt(process.versions.node, 10) >= 24
const verifiable = rfcVectors.filter(({ algorithm }) => runsMlDsa || !algorithm.startsWith('ML-DSA'))

const verify = (jws: string, key: object, algorithm: string) => () =>
  verifyCompactJws(jws, key, { algorithms: [algorithm as Algorithm] })

const refused = expect.objectContaining({ name: 'VerificationError' })

/** Thousands are asked, and `expect` takes its time. */
function isRefused(verify: () => unknown): boolean {
  try {
    verify()
    return false
  } catch (error) {
    if (error instanceof VerificationError) return true
    throw error
  }
}

/** The token with one bit flipped, at a hundred places of a segment from its first byte to its last. */
function* spoiled(jws: string, index: number): Generator<string> {
  const segments = jws.split('.')
  const bytes = Buffer.from(segments[index] ?? '', 'base64url')
  const places = Math.min(bytes.length, 100)
  for (let i = 0; i < places; i++) {
    const place = Math.round((i * (bytes.length - 1)) / (places - 1))
    const copy = Buffer.from(bytes)
    copy[place] = (copy[place] as number) ^ (1 << (i % 8))
    yield segments.with(index, copy.toString('base64url')).join('.')
  }
}

describe.each(verifiable)('$source, $algorithm', ({ algorithm, key, jws, payload }) => {
  it('is verified, and says what the RFC says', () => {
    const verified = verify(jws, key, algorithm)()
    expect(Buffer.from(verified.payload).toString()).toBe(payload)
    expect(verified.header.alg).toBe(algorithm)
  })

  it('is verified by jose too', async () => {
    const verified = await compactVerify(jws, await importJWK(key, algorithm), { algorithms: [algorithm] })
    expect(Buffer.from(verified.payload).toString()).toBe(payload)
  })

  it.each([
    ['header', 0],
    ['payload', 1],
    ['signature', 2],
  ])('is refused with one bit of its %s changed, wherever it is', (_, index) => {
    const others = [...spoiled(jws, index)]
    expect(others.length).toBeGreaterThan(5)
    expect(others.filter((other) => !isRefused(verify(other, key, algorithm)))).toEqual([])
  })

  it('is refused under every other key', () => {
    const isOneKey = (other: object) => 'n' in key && 'n' in other && key['n'] === other.n // of RFC 7520 §4.1 and §4.2
    for (const other of verifiable.filter((each) => each.key !== key && !isOneKey(each.key))) {
      if ((other.key['kty'] === 'oct') === (key['kty'] === 'oct'))
        expect(verify(jws, other.key, algorithm)).toThrow(refused)
    }
  })

  it('is refused where another algorithm is expected', () => {
    const other = key['kty'] === 'oct' ? 'RS256' : algorithm === 'ES256' ? 'ES384' : 'ES256'
    expect(verify(jws, key, other)).toThrow(expect.objectContaining({ code: 'algorithm_rejected' }))
  })
})

describe('RFC 7515 appendix A.5, an unsecured JWS', () => {
  const jws =
    'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.'

  it.each(verifiable)('is refused under the key of $source, $algorithm', ({ algorithm, key }) => {
    expect(verify(jws, key, algorithm)).toThrow(expect.objectContaining({ code: 'algorithm_rejected' }))
  })

  it('is nothing that a caller could ask for', () => {
    const { key } = rfcVectors[0] as (typeof rfcVectors)[0]
    expect(verify(jws, key, 'none')).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})

it('RFC 9964 appendix A.1 needs a Node with ML-DSA, and is a mistake of the caller on one without', () => {
  const mlDsa = rfcVectors.filter(({ algorithm }) => algorithm.startsWith('ML-DSA'))
  expect(mlDsa).toHaveLength(3)
  for (const { algorithm, key, jws } of mlDsa) {
    if (runsMlDsa) expect(verify(jws, key, algorithm)).not.toThrow()
    else expect(verify(jws, key, algorithm)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  }
})
