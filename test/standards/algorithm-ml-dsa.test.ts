// ML-DSA (RFC 9964), which Node has from 24 on.
import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createPrivate, createSigner, encode, type Signer, verdict, verifierFor } from '../fixtures/signer.js'
import { rfcVectors } from '../vectors/vectors.js'

const ec = createSigner('ES256')
const runsMlDsa = Number.parseInt(process.versions.node, 10) >= 24
const mlDsaNames = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']

const judge = (signer: Signer, token: string) => verdict(verifierFor(signer), token)

/** The good token with another signature. */
const signedText = (token: string) => token.slice(0, token.lastIndexOf('.'))
const resigned = (token: string, signature: Uint8Array) => `${signedText(token)}.${encode(signature)}`

/** A key that RFC 9964 prints, for a Node that cannot make one. */
const rfcKey = (alg: string) => rfcVectors.find(({ algorithm }) => algorithm === alg)?.key ?? {}

const mistake = expect.objectContaining({ name: 'ConfigurationError' })

describe('R-ALG-11: ML-DSA', () => {
  it.each([
    ['ML-DSA-44', 2_420],
    ['ML-DSA-65', 3_309],
    ['ML-DSA-87', 4_627],
  ])(
    'R-ALG-11 takes a token of %s with %i bytes of signature, of its own key only, where the Node has it',
    async (alg, bytes) => {
      if (!runsMlDsa) return expect(() => verifierFor({ ...ec, publicJwk: rfcKey(alg) })).toThrow(mistake)
      const privateKey = createPrivate(alg)
      const signer = createSigner(alg, privateKey)
      const marked = (mark: string | undefined) => () =>
        verifierFor({ ...signer, publicJwk: { ...signer.publicJwk, alg: mark } })
      expect(signer.publicJwk).toMatchObject({ kty: 'AKP', alg })
      const token = signer.token()
      expect(await judge(signer, token)).toBe('accepted')
      expect(Buffer.from(token.split('.')[2] ?? '', 'base64url')).toHaveLength(bytes)
      expect(await judge(signer, resigned(token, Buffer.alloc(bytes)))).toBe('signature_invalid')
      expect(await judge(signer, resigned(token, Buffer.alloc(bytes + 1)))).toBe('signature_invalid')
      const inContext = { key: privateKey, context: Buffer.from('jose') }
      expect(await judge(signer, resigned(token, sign(null, Buffer.from(signedText(token)), inContext)))).toBe(
        'signature_invalid',
      )
      expect(marked(alg)).not.toThrow()
      expect(marked(undefined)).toThrow(mistake)
      for (const other of mlDsaNames.filter((name) => name !== alg)) {
        expect(await judge(signer, signer.token({ alg: other }))).toBe('key_unknown')
        expect(marked(other)).toThrow(mistake)
      }
    },
  )
})

describe('R-ALG-12: ML-DSA where the running Node has it', () => {
  it.each(mlDsaNames)('R-ALG-12 lists %s from Node 24 on, and not before', async (alg) => {
    const listed = () => verifierFor(ec, { algorithms: [alg] })
    if (runsMlDsa) expect(listed).not.toThrow()
    else expect(listed).toThrow(mistake)
    expect(await judge(ec, ec.token({ alg }))).toBe(runsMlDsa ? 'key_unknown' : 'algorithm_rejected')
  })

  it('R-ALG-12 leaves room for its tokens in the bounds', async () => {
    const longest = encode(Buffer.alloc(4_627)).length
    const token = resigned(ec.token({}, { pad: 'p'.repeat(6_000) }), Buffer.alloc(4_627))
    expect(token.length).toBeGreaterThan(longest + 8_000)
    expect(await judge(ec, token)).toBe('signature_invalid')
  })
})
