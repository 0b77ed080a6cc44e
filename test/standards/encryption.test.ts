// Encrypted tokens, which are a transport and prove nothing (RFC 7516, 8725bis).
import { CompactEncrypt, type CryptoKey, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AnyVerifier, answer, claims, createSigner, encode, verdict, verifierFor } from '../fixtures/signer.js'

const signer = createSigner('ES256')
const good = signer.token()

let publicKey: CryptoKey
let privateKey: CryptoKey
let opener: AnyVerifier

beforeAll(async () => {
  const pair = await generateKeyPair('ECDH-ES')
  publicKey = pair.publicKey
  privateKey = pair.privateKey
  opener = verifierFor(signer, { decryption: { key: privateKey } })
})

function encrypt(plaintext: string, header: object = {}, key: CryptoKey | Uint8Array = publicKey): Promise<string> {
  const protectedHeader = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', ...header }
  return new CompactEncrypt(Buffer.from(plaintext)).setProtectedHeader(protectedHeader).encrypt(key)
}

it('R-ALG-14 opens a JWE only where it is asked to', async () => {
  const jwe = await encrypt(good)
  expect(await verdict(opener, jwe)).toBe('accepted')
  expect(await answer(opener, jwe)).toEqual({ status: 200, code: 'accepted' })
  expect(await verdict(verifierFor(signer), jwe)).toBe('token_malformed')
})

describe('R-ALG-14: what is decrypted is verified', () => {
  it('R-ALG-14 refuses a JWE around anything but a JWS that holds', async () => {
    const unsecured = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims)}.`
    expect(await verdict(opener, await encrypt(JSON.stringify(claims)))).toBe('token_malformed')
    expect(await verdict(opener, await encrypt(unsecured))).toBe('algorithm_rejected')
    expect(await verdict(opener, await encrypt(createSigner('ES256').token()))).toBe('signature_invalid')
    expect(await verdict(opener, await encrypt(signer.token({}, { aud: 'other' })))).toBe('audience_mismatch')
    expect(await verdict(opener, await encrypt(await encrypt(good)))).toBe('token_malformed')
  })

  it('R-ALG-14 refuses it every time, whatever was accepted before', async () => {
    const jwe = await encrypt(good)
    const forged = await encrypt(createSigner('ES256').token())
    for (let time = 0; time < 3; time++) {
      expect(await verdict(opener, jwe)).toBe('accepted')
      expect(await verdict(opener, forged)).toBe('signature_invalid')
      expect(await verdict(opener, `${jwe.slice(0, -4)}AAAA`)).toBe('token_malformed')
    }
  })
})

describe('R-ALG-14: bounds', () => {
  it('R-ALG-14 opens no JWE that is keyed by a password', async () => {
    const password = Buffer.from('correct horse battery staple')
    const jwe = await encrypt(good, { alg: 'PBES2-HS256+A128KW' }, password)
    expect(await verdict(verifierFor(signer, { decryption: { key: password } }), jwe)).toBe('token_malformed')
  })

  // `DecryptionOptions` promises it, and nobody does it.
  it('R-ALG-14 builds no verifier that opens such', () => {
    const decryption = { key: privateKey, keyManagementAlgorithms: ['PBES2-HS256+A128KW'] }
    expect(() => verifierFor(signer, { decryption })).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })

  it('R-ALG-14 inflates nothing', async () => {
    const bomb = await encrypt(signer.token({}, { pad: 'p'.repeat(300_000) }), { zip: 'DEF' })
    expect(bomb.length).toBeLessThan(16_384)
    expect(await verdict(opener, bomb)).toBe('token_malformed')
    expect(await verdict(opener, await encrypt(good, { zip: 'DEF' }))).toBe('token_malformed')
  })

  it('R-ALG-14 takes zip in the header of a JWS for what it is there: nothing', async () => {
    expect(await verdict(verifierFor(signer), signer.token({ zip: 'DEF' }))).toBe('accepted')
  })

  it('R-ALG-14 bounds what is opened as any token', async () => {
    const jwe = await encrypt(good)
    const bounded = (maxTokenBytes: number) => verifierFor(signer, { decryption: { key: privateKey }, maxTokenBytes })
    expect(await verdict(bounded(jwe.length), jwe)).toBe('accepted')
    expect(await verdict(bounded(jwe.length - 1), jwe)).toBe('token_malformed')
  })
})

it.each([[{}], [{ key: undefined }], [{ kee: 1 }]])('R-ALG-14 builds nothing with the options %j', (decryption) => {
  expect(() => verifierFor(signer, { decryption })).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
})

// `createDecrypter` asks for a key and not for which; it asks nothing of lists; and `null` is read before it is asked about.
it.each([
  [null],
  [{ key: 'text' }],
  [{ key: Buffer.alloc(32), keyManagementAlgorithms: 'dir' }],
  [{ key: Buffer.alloc(32), keyManagementAlgorithms: [7] }],
  [{ key: Buffer.alloc(32), contentEncryptionAlgorithms: [] }],
])('R-ALG-14 builds nothing with the odd options %j', (decryption) => {
  expect(() => verifierFor(signer, { decryption })).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
})
