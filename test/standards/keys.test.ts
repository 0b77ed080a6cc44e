// The keys themselves: which of them fits a token, and which is no key at all.
import { createPrivateKey } from 'node:crypto'
import { createVerifier } from '@sallyport/core'
import { describe, expect, it } from 'vitest'
import {
  audience,
  createPrivate,
  createSigner,
  issuer,
  now,
  type Signer,
  verdict,
  verifierFor,
} from '../fixtures/signer.js'
import { createWeb } from '../fixtures/web.js'

const signer = createSigner('ES256')
const stranger = createSigner('ES256')
const okp = createSigner('Ed25519')
const rsa = createSigner('RS256')

/** What becomes of a token when its issuer publishes these keys. */
async function published(token: string, ...keys: readonly unknown[]): Promise<string> {
  const jwksUri = `${issuer}/jwks`
  const { fetch } = createWeb({ [jwksUri]: { keys } })
  const verifier = createVerifier({ issuer, audience, jwksUri, fetch, clock: () => now })
  const code = await verdict(verifier as never, token)
  await verifier.close()
  return code
}

/** The JWK of a signer, otherwise. */
const jwk = ({ publicJwk }: Signer, changed: object = {}) => ({ ...publicJwk, ...changed })

describe('R-KEY-1: keys belong to their issuer', () => {
  const other = 'https://other.example.com'
  const trusted = (otherKeys: readonly object[]) => ({
    issuers: [
      { issuer, audience, jwks: { keys: [jwk(signer)] } },
      { issuer: other, audience, jwks: { keys: otherKeys } },
    ],
    clock: () => now,
  })

  it('R-KEY-1 refuses a token signed with the key of another issuer, though the `kid` is the same', async () => {
    const verifier = createVerifier(trusted([jwk(stranger)]))
    expect(await verdict(verifier as never, signer.token())).toBe('accepted')
    expect(await verdict(verifier as never, stranger.token({}, { iss: other }))).toBe('accepted')
    expect(await verdict(verifier as never, stranger.token())).toBe('signature_invalid')
    expect(await verdict(verifier as never, signer.token({}, { iss: other }))).toBe('signature_invalid')
  })

  it('R-KEY-1 does not look among the keys of another issuer for one that fits', async () => {
    const verifier = createVerifier(trusted([jwk(okp, { kid: 'key-2' })]))
    expect(await verdict(verifier as never, okp.token({ kid: 'key-2' }, { iss: other }))).toBe('accepted')
    for (const kid of ['key-1', 'key-2', undefined]) {
      expect(await verdict(verifier as never, okp.token({ kid }))).toBe('key_unknown')
    }
  })
})

describe('R-KEY-2: what a key says it is for', () => {
  it.each<[object, string]>([
    [{}, 'accepted'],
    [{ use: 'sig' }, 'accepted'],
    [{ use: 'enc' }, 'key_unknown'],
    [{ use: 'SIG' }, 'key_unknown'],
    [{ use: ['sig'] }, 'key_unknown'],
    [{ key_ops: ['verify'] }, 'accepted'],
    [{ key_ops: ['sign', 'verify'] }, 'accepted'],
    [{ key_ops: ['sign'] }, 'key_unknown'],
    [{ key_ops: [] }, 'key_unknown'],
    [{ key_ops: 'verify' }, 'key_unknown'],
    [{ use: 'enc', key_ops: ['verify'] }, 'key_unknown'],
    [{ alg: 'ES256' }, 'accepted'],
    [{ alg: 'ES384' }, 'key_unknown'],
    [{ alg: 'ECDH-ES' }, 'key_unknown'],
  ])('R-KEY-2 with %j is %s', async (changed, code) => {
    expect(await published(signer.token(), jwk(signer, changed))).toBe(code)
  })

  it('R-KEY-2 binds a key to its `alg` among those that its type allows', async () => {
    const ps256 = createSigner('PS256', createPrivate('PS256'))
    expect(await published(ps256.token(), jwk(ps256, { alg: 'PS256' }))).toBe('accepted')
    expect(await published(ps256.token(), jwk(ps256, { alg: 'RS256' }))).toBe('key_unknown')
  })
})

describe('R-KEY-3: entries that cannot be used', () => {
  it.each<[string, unknown]>([
    ['an unknown type', { kty: 'XYZ', kid: 'a' }],
    ['no type', { kid: 'a' }],
    ['missing members', { kty: 'EC', crv: 'P-256', kid: 'a' }],
    ['an unknown curve', { kty: 'EC', crv: 'P-0', x: 'AA', y: 'AA', kid: 'a' }],
    ['a bad value', { kty: 'RSA', n: '!', e: 'AQAB', kid: 'a' }],
    ['a value of another type', { kty: 'OKP', crv: 'Ed25519', x: 7, kid: 'a' }],
    ['a `kid` that is no string', { ...rsa.publicJwk, kid: 7 }],
    ['no object at all', 'key'],
  ])('R-KEY-3 skips one with %s, and uses the rest', async (_, entry) => {
    expect(await published(signer.token(), entry, jwk(signer))).toBe('accepted')
    expect(await published(signer.token(), entry)).toBe('key_unknown')
  })
})

describe('R-KEY-5: two entries with one `kid`', () => {
  it('R-KEY-5 are told apart by type and algorithm', async () => {
    for (const each of [signer, okp, rsa]) {
      expect(await published(each.token(), jwk(signer), jwk(okp), jwk(rsa))).toBe('accepted')
    }
    const [es256, es384] = [createSigner('ES256'), createSigner('ES384')]
    expect(await published(es384.token(), jwk(es256), jwk(es384))).toBe('accepted')
  })

  it('R-KEY-5 that both fit are refused, whichever signed', async () => {
    expect(await published(signer.token(), jwk(signer), jwk(stranger))).toBe('key_unknown')
    expect(await published(stranger.token(), jwk(signer), jwk(stranger))).toBe('key_unknown')
  })
})

describe('R-KEY-6: a token without `kid`', () => {
  const nameless = signer.token({ kid: undefined })

  it('R-KEY-6 is accepted where exactly one key fits', async () => {
    expect(await published(nameless, jwk(signer), jwk(okp), jwk(rsa))).toBe('accepted')
    expect(await published(nameless, jwk(signer, { kid: undefined }))).toBe('accepted')
  })

  it('R-KEY-6 is refused where several fit, or none', async () => {
    expect(await published(nameless, jwk(signer), jwk(stranger, { kid: 'key-2' }))).toBe('key_unknown')
    expect(await published(nameless, jwk(okp), jwk(rsa))).toBe('key_unknown')
  })

  it('R-KEY-6 is not one whose `kid` is empty', async () => {
    expect(await published(signer.token({ kid: '' }), jwk(signer))).toBe('key_unknown')
  })
})

describe('R-KEY-7: the members of a key', () => {
  const bytes = (key: object, name: string) => Buffer.from(String((key as Record<string, unknown>)[name]), 'base64url')
  const padded = (key: object, name: string) => Buffer.concat([Buffer.of(0), bytes(key, name)]).toString('base64url')

  it.each([
    ['EC', signer, 'x'],
    ['EC', signer, 'y'],
    ['OKP', okp, 'x'],
    ['RSA', rsa, 'n'],
    ['RSA', rsa, 'e'],
  ] as const)('R-KEY-7 of an %s key are as long as they must be', async (_, each, name) => {
    expect(await published(each.token(), jwk(each))).toBe('accepted')
    expect(await published(each.token(), jwk(each, { [name]: padded(each.publicJwk, name) }))).toBe('key_unknown')
  })

  it('R-KEY-7 of an EC key keep their leading zero octets', async () => {
    const short = ecKeyWithShortX()
    const trimmed = bytes(short.publicJwk, 'x').subarray(1).toString('base64url')
    expect(await published(short.token(), jwk(short))).toBe('accepted')
    expect(await published(short.token(), jwk(short, { x: trimmed }))).toBe('key_unknown')
  })

  it('R-KEY-7 of an EC key lie on its curve', async () => {
    const { x } = stranger.publicJwk
    expect(await published(signer.token(), jwk(signer, { x }))).toBe('key_unknown')
    expect(await published(signer.token(), jwk(signer, { crv: 'P-384' }))).toBe('key_unknown')
  })

  it('R-KEY-7 do not build a verifier when they are in its options', () => {
    const x = padded(signer.publicJwk, 'x')
    expect(() => verifierFor({ ...signer, publicJwk: jwk(signer, { x }) })).toThrow(/`x` is not 32 bytes/)
  })
})

/** One key in 256 has an `x` that begins with a zero octet. */
function ecKeyWithShortX(): Signer {
  for (;;) {
    const each = createSigner('ES256')
    if (Buffer.from(String(each.publicJwk['x']), 'base64url')[0] === 0) return each
  }
}

describe('R-KEY-13: certificates beside a key', () => {
  // A certificate for a key pair of its own, self-signed, good until 2126.
  const certificate =
    'MIIBcDCCARWgAwIBAgIUH6IS/On6MZA4pdrcJcaM+CVzf7QwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjMwODAzMTRaGA8yMTI2MTAzMDA4MDMxNFowDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBVe347jnWsLkv/edjyVro9/OFS3448v+fwITbJUR1Ov9QQf3tfUo9YMxJoAOsmrOtVyrW8fUCQ01KmQYVxpMwCjUzBRMB0GA1UdDgQWBBRHEG3zVFlXfgbGZtaurXgihjbeajAfBgNVHSMEGDAWgBRHEG3zVFlXfgbGZtaurXgihjbeajAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCXDbuoyJydA+RflRX8ROndTX0TpiyMiCrPSeKmP5KpvgIhAMdljbQZ65it0ebaxyoPDbvmqj4pAkuJZjyIkDJ0ySVA'
  const privateKey =
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwvD0fnhuwcGoFKsNsI1J7KiUOr5EmdiJG63rsKcIXDOhRANCAAQVXt+O451rC5L/3nY8la6PfzhUt+OPL/n8CE2yVEdTr/UEH97X1KPWDMSaADrJqzrVcq1vH1AkNNSpkGFcaTMA'
  const der = Buffer.from(privateKey, 'base64')
  const certified = createSigner('ES256', createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))

  it('R-KEY-13 are not what verifies: the members of the key are', async () => {
    const key = jwk(signer, { x5c: [certificate], x5u: 'https://evil.example.com/chain.pem' })
    expect(await published(signer.token(), key)).toBe('accepted')
    expect(await published(certified.token(), key)).toBe('signature_invalid')
  })

  it('R-KEY-13 do not stand in for a key', async () => {
    const key = { kty: 'EC', crv: 'P-256', kid: 'key-1', x5c: [certificate] }
    expect(await published(certified.token(), key)).toBe('key_unknown')
  })

  it('R-KEY-13 are not even read', async () => {
    expect(await published(signer.token(), jwk(signer, { x5c: ['nonsense'], x5t: 7 }))).toBe('accepted')
  })

  it('R-KEY-13 lend a key no name: a thumbprint in a token chooses nothing', async () => {
    const keys = [jwk(signer, { x5t: 'a' }), jwk(stranger, { kid: 'key-2', x5t: 'b' })]
    expect(await published(signer.token({ kid: undefined, x5t: 'a' }), ...keys)).toBe('key_unknown')
    expect(await published(signer.token({ kid: 'a', x5t: 'a' }), ...keys)).toBe('key_unknown')
    expect(await published(signer.token({ x5t: 'b' }), ...keys)).toBe('accepted')
  })
})
