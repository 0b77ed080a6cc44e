import { CompactEncrypt, generateKeyPair, generateSecret } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createDecrypter, type DecryptionOptions, looksEncrypted } from './nested-jwe.js'

type Key = Exclude<DecryptionOptions['key'], Uint8Array>
type Pair = { readonly publicKey: Key; readonly privateKey: Key }

const inner = 'header.payload.signature'
const header = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' }

let ours: Pair
let theirs: Pair
let good: string

function encrypt(change: object = {}, key = ours.publicKey, plaintext: string | Uint8Array = inner): Promise<string> {
  const crit = { 'https://example.com/x': true } // which we do not understand
  const bytes = typeof plaintext === 'string' ? new TextEncoder().encode(plaintext) : plaintext
  return new CompactEncrypt(bytes).setProtectedHeader({ ...header, ...change }).encrypt(key, { crit })
}

beforeAll(async () => {
  ours = await generateKeyPair('ECDH-ES', { crv: 'P-256' })
  theirs = await generateKeyPair('ECDH-ES', { crv: 'P-256' })
  good = await encrypt()
})

const open = (jwe: string, options: Partial<DecryptionOptions> = {}, maxTokenBytes?: number) =>
  createDecrypter({ key: ours.privateKey, ...options }, maxTokenBytes)(jwe)

const malformed = (reason: RegExp, cause?: unknown) =>
  expect.objectContaining({
    code: 'token_malformed',
    message: expect.stringMatching(reason),
    ...(cause === undefined ? {} : { cause }),
  })

describe('RFC 7516 §3.1: a compact JWE has five segments', () => {
  it.each(['....', 'a.b.c.d.e'])('which %j has', (token) => {
    expect(looksEncrypted(token)).toBe(true)
  })

  it.each(['', 'a', 'a.b.c', 'a.b.c.d', 'a.b.c.d.e.f', '.....', '.'.repeat(16_384)])('which %j has not', (token) => {
    expect(looksEncrypted(token)).toBe(false)
  })
})

describe('RFC 7519 §5.2: the JWS in a JWE', () => {
  it('comes out as it went in', async () => {
    expect(looksEncrypted(good)).toBe(true)
    expect(await open(good)).toBe(inner)
  })

  it('comes out byte by byte, for the form of a JWS is judged elsewhere', async () => {
    expect(await open(await encrypt({}, ours.publicKey, Uint8Array.of(0, 0x7f, 0x80, 0xff)))).toBe('\0\x7f\x80\xff')
  })

  it.each(['JWT', 'jwt', 'Jwt'])('is announced by cty %j', async (cty) => {
    expect(await open(await encrypt({ cty }))).toBe(inner)
  })

  it.each(['JWE', '', 'JWT;x=1', 'json'])('is not announced by cty %j', async (cty) => {
    await expect(open(await encrypt({ cty }))).rejects.toEqual(malformed(/holds no signed one$/))
  })

  it('is not announced where cty is missing, or no text', async () => {
    for (const cty of [undefined, null, ['JWT']]) {
      await expect(open(await encrypt({ cty }))).rejects.toEqual(malformed(/holds no signed one$/))
    }
  })
})

describe('RFC 8725 §3.1: accepted algorithms', () => {
  it.each([
    ['ECDH-ES', 'A256GCM'],
    ['ECDH-ES', 'A256CBC-HS512'],
    ['ECDH-ES+A256KW', 'A256GCM'],
  ])('are %s with %s', async (alg, enc) => {
    expect(await open(await encrypt({ alg, enc }))).toBe(inner)
  })

  it('are RSA-OAEP-256, and not RSA-OAEP', async () => {
    for (const alg of ['RSA-OAEP-256', 'RSA-OAEP']) {
      const { publicKey, privateKey } = await generateKeyPair(alg)
      const opened = open(await encrypt({ alg }, publicKey), { key: privateKey })
      if (alg === 'RSA-OAEP-256') expect(await opened).toBe(inner)
      else await expect(opened).rejects.toEqual(malformed(/^the token cannot be decrypted$/, expect.any(Error)))
    }
  }, 30_000)

  it.each([
    ['ECDH-ES+A128KW', 'A256GCM'],
    ['ECDH-ES', 'A128GCM'],
    ['ECDH-ES', 'A128CBC-HS256'],
  ])('are %s with %s only where the caller says so', async (alg, enc) => {
    const jwe = await encrypt({ alg, enc })
    await expect(open(jwe)).rejects.toEqual(malformed(/^the token cannot be decrypted$/, expect.any(Error)))
    expect(await open(jwe, { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] })).toBe(inner)
  })

  it('are those of the caller and no others', async () => {
    await expect(open(good, { keyManagementAlgorithms: ['ECDH-ES+A256KW'] })).rejects.toEqual(
      malformed(/decrypted$/, expect.any(Error)),
    )
    await expect(open(good, { contentEncryptionAlgorithms: ['A256CBC-HS512'] })).rejects.toEqual(
      malformed(/decrypted$/, expect.any(Error)),
    )
  })

  it('are as the caller wrote them when it built the verifier', async () => {
    const keyManagementAlgorithms = ['ECDH-ES']
    const decrypt = createDecrypter({ key: ours.privateKey, keyManagementAlgorithms })
    keyManagementAlgorithms[0] = 'ECDH-ES+A256KW'
    expect(await decrypt(good)).toBe(inner)
  })

  it('are those of a shared key only where the caller says so', async () => {
    const key = (await generateSecret('A256GCM')) as Key
    const jwe = await encrypt({ alg: 'dir' }, key)
    await expect(open(jwe, { key })).rejects.toEqual(malformed(/decrypted$/, expect.any(Error)))
    expect(await open(jwe, { key, keyManagementAlgorithms: ['dir'] })).toBe(inner)
  })

  // Documented so, and not done: `createDecrypter` takes any list.
  it.each(['PBES2-HS256+A128KW', 'PBES2-HS512+A256KW', 'RSA1_5'])('are never %s (§3.4)', (alg) => {
    const build = () => createDecrypter({ key: ours.privateKey, keyManagementAlgorithms: ['ECDH-ES', alg] })
    expect(build).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})

describe('a JWE that is refused before it is opened', () => {
  it('is longer than a token may be', async () => {
    expect(await open(good, {}, good.length)).toBe(inner)
    await expect(open(good, {}, good.length - 1)).rejects.toEqual(
      malformed(new RegExp(`longer than ${good.length - 1} bytes$`)),
    )
  })

  it('is longer than 16,384 bytes where nobody says otherwise', async () => {
    const jwe = await encrypt({}, ours.publicKey, 'a'.repeat(12_287))
    expect(jwe.length).toBeGreaterThan(16_384)
    await expect(open(jwe)).rejects.toEqual(malformed(/longer than 16384 bytes$/))
    expect(await open(jwe, {}, jwe.length)).toHaveLength(12_287)
  })

  it.each([0, 1, 2, 3, 4])('has a segment %i that is not canonical base64url', async (index) => {
    for (const spoil of [(text: string) => `${text}=`, (text: string) => ` ${text}`, () => 'Zh']) {
      const segments = good.split('.')
      segments[index] = spoil(segments[index] ?? '')
      await expect(open(segments.join('.'))).rejects.toEqual(malformed(/canonical base64url$/))
    }
  })

  it.each(['[]', '{"cty":"JWT","cty":"JWT"}', '{"cty":"JWT"} ,', ''])('has the header %j', async (text) => {
    const jwe = [Buffer.from(text).toString('base64url'), ...good.split('.').slice(1)].join('.')
    await expect(open(jwe)).rejects.toEqual(
      malformed(/strict JSON object$/, expect.objectContaining({ name: 'JsonError' })),
    )
  })

  it('is compressed (RFC 8725 §3.6)', async () => {
    await expect(open(await encrypt({ zip: 'DEF' }))).rejects.toEqual(malformed(/^the token is compressed$/))
  })

  it('has a critical extension (RFC 7516 §4.1.13)', async () => {
    const crit = { crit: ['https://example.com/x'], 'https://example.com/x': 1 }
    await expect(open(await encrypt(crit))).rejects.toEqual(malformed(/^`crit`/))
  })
})

describe('a JWE that cannot be opened', () => {
  it('was made for somebody else', async () => {
    await expect(open(await encrypt({}, theirs.publicKey))).rejects.toEqual(malformed(/decrypted$/, expect.any(Error)))
  })

  it('was changed by one character, in any segment', async () => {
    for (const index of [2, 3, 4]) {
      const segments = good.split('.')
      segments[index] = (segments[index] ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
      await expect(open(segments.join('.'))).rejects.toEqual(malformed(/decrypted$/, expect.any(Error)))
    }
  })
})
