// RFC 7519 §5.2: a signed token inside an encrypted one, off unless it is switched on.
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { createTestClock, createTestIssuer } from './testing.js'
import { createVerifier, type Verifier } from './verifier.js'

const clock = createTestClock()
const idp = await createTestIssuer({ clock })
afterAll(() => idp.close())

const { privateKey, publicKey } = await generateKeyPair('ECDH-ES', { extractable: true })
const inline = { issuer: idp.issuer, audience: idp.audience, jwks: idp.jwks, clock }
const decryption = { key: await exportJWK(privateKey) }
const opening = createVerifier({ ...inline, decryption })

async function encrypt(content: string, header: object = {}, key = publicKey): Promise<string> {
  const protectedHeader = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', ...header }
  return new CompactEncrypt(new TextEncoder().encode(content)).setProtectedHeader(protectedHeader).encrypt(key)
}

async function verdict(token: string, by: Verifier<unknown> = opening): Promise<string> {
  return by.verifyToken(token).then(
    () => 'allowed',
    ({ code }: { code: string }) => code,
  )
}

describe('a verifier without a decryption key', () => {
  it('refuses an encrypted token', async () => {
    expect(await verdict(await encrypt(await idp.issue()), createVerifier(inline))).toBe('token_malformed')
  })
})

describe('a verifier with a decryption key', () => {
  it('lets the signed token inside pass, on every sight', async () => {
    const token = await encrypt(await idp.issue({ sub: 'ann' }))
    for (let sight = 0; sight < 4; sight++)
      expect(await opening.verifyToken(token)).toMatchObject({ subject: 'ann', token })
  })

  it('lets a token that is only signed pass', async () => {
    expect(await verdict(await idp.issue())).toBe('allowed')
  })

  it('asks of the token inside all that it asks of any', async () => {
    const spoilt = { exp: 'token_expired', aud: 'audience_mismatch', cnf: 'binding_missing' } as const
    expect(await verdict(await encrypt(await idp.issue({}, { expiresInSeconds: -31 })))).toBe(spoilt.exp)
    expect(await verdict(await encrypt(await idp.issue({ aud: 'other' })))).toBe(spoilt.aud)
    expect(await verdict(await encrypt(await idp.issue({ cnf: { jkt: 'x' } })))).toBe(spoilt.cnf)
  })

  it('takes decryption for no proof: what is inside must be signed', async () => {
    const claims = JSON.stringify({ iss: idp.issuer, aud: idp.audience, exp: clock() + 60 })
    const [header, payload] = (await idp.issue()).split('.')
    expect(await verdict(await encrypt(claims))).toBe('token_malformed')
    expect(await verdict(await encrypt(`${header}.${payload}.`))).toBe('signature_invalid')
  })

  it('refuses a token that was encrypted for somebody else', async () => {
    const stranger = await generateKeyPair('ECDH-ES')
    expect(await verdict(await encrypt(await idp.issue(), {}, stranger.publicKey))).toBe('token_malformed')
  })

  it('refuses a token that was encrypted twice', async () => {
    expect(await verdict(await encrypt(await encrypt(await idp.issue())))).toBe('token_malformed')
  })

  it.each<[string, object]>([
    ['holds no `cty: JWT`', { cty: undefined }],
    ['is encrypted by an algorithm that is not accepted', { enc: 'A128GCM' }],
    ['wraps its key by an algorithm that is not accepted', { alg: 'ECDH-ES+A128KW' }],
  ])('refuses a token that %s', async (_, header) => {
    expect(await verdict(await encrypt(await idp.issue(), header))).toBe('token_malformed')
  })

  it('accepts the algorithms that it is told to', async () => {
    const contentEncryptionAlgorithms = ['A128GCM']
    const told = createVerifier({ ...inline, decryption: { ...decryption, contentEncryptionAlgorithms } })
    expect(await verdict(await encrypt(await idp.issue(), { enc: 'A128GCM' }), told)).toBe('allowed')
    expect(await verdict(await encrypt(await idp.issue()), told)).toBe('token_malformed')
  })

  it('refuses an encrypted token that is longer than a token may be', async () => {
    const token = await encrypt(await idp.issue())
    const exactly = createVerifier({ ...inline, decryption, maxTokenBytes: token.length })
    const shorter = createVerifier({ ...inline, decryption, maxTokenBytes: token.length - 1 })
    expect(await verdict(token, exactly)).toBe('allowed')
    expect(await verdict(token, shorter)).toBe('token_malformed')
  })

  it('explains a refusal by what is inside', async () => {
    const headers = { authorization: `Bearer ${await encrypt(await idp.issue({ aud: 'other' }))}` }
    const { checks } = await opening.explain({ headers })
    expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({ check: 'audience', got: '"other"' })
  })
})
