import { describe, expect, it } from 'vitest'
import { asymmetricAlgorithms, secretAlgorithms, supportedAlgorithms } from './algorithms.js'

const pkcs1 = (digest: string) => ({ kty: 'RSA', digest, signatureBytes: 'modulus' })
const pss = (digest: string, saltLength: number) => ({ ...pkcs1(digest), parameters: { padding: 6, saltLength } })
const ecdsa = (digest: string, curve: string, signatureBytes: number) => ({
  kty: 'EC',
  curve,
  digest,
  parameters: { dsaEncoding: 'ieee-p1363' },
  signatureBytes,
})
const ed25519 = { kty: 'OKP', curve: 'Ed25519', digest: null, signatureBytes: 64 }
const mlDsa = (signatureBytes: number) => ({ kty: 'AKP', digest: null, signatureBytes })

describe('the table of algorithms', () => {
  it('has a row for each of RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2 and RFC 9964 §3, and for no other', () => {
    expect(Object.fromEntries(asymmetricAlgorithms)).toEqual({
      RS256: pkcs1('sha256'),
      RS384: pkcs1('sha384'),
      RS512: pkcs1('sha512'),
      PS256: pss('sha256', 32),
      PS384: pss('sha384', 48),
      PS512: pss('sha512', 64),
      ES256: ecdsa('sha256', 'P-256', 64),
      ES384: ecdsa('sha384', 'P-384', 96),
      ES512: ecdsa('sha512', 'P-521', 132),
      EdDSA: ed25519,
      Ed25519: ed25519,
      'ML-DSA-44': mlDsa(2_420),
      'ML-DSA-65': mlDsa(3_309),
      'ML-DSA-87': mlDsa(4_627),
    })
  })

  it('keeps the shared secrets in a table of their own', () => {
    expect(Object.fromEntries(secretAlgorithms)).toEqual({
      HS256: { digest: 'sha256', signatureBytes: 32 },
      HS384: { digest: 'sha384', signatureBytes: 48 },
      HS512: { digest: 'sha512', signatureBytes: 64 },
    })
  })

  it.each(['none', 'None', 'NONE', '', 'ES256K', 'HS1', 'RS1', 'RSA-OAEP', '__proto__', 'constructor'])(
    'has no row for %j',
    (name) => {
      expect(asymmetricAlgorithms.has(name)).toBe(false)
      expect(secretAlgorithms.has(name)).toBe(false)
    },
  )
})

describe('the algorithms that this Node runs', () => {
  it('are all of them from Node 24 on, and all but ML-DSA before', () => {
    const runsMlDsa = Number.parseInt(process.versions.node, 10) >= 24
    const expected = [...asymmetricAlgorithms.keys()].filter((name) => runsMlDsa || !name.startsWith('ML-DSA'))
    expect(supportedAlgorithms()).toEqual(expected)
    expect(expected).toHaveLength(runsMlDsa ? 14 : 11)
  })
})
