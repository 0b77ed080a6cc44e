// RFC 9449 §4.3: a good proof, spoiled in exactly one place. How it is refused on the wire and through a verifier is in
// `verifier-holders.test.ts`.
import { describe, expect, it } from 'vitest'
import { supportedAlgorithms } from '../jose/algorithms.js'
import { sha256Base64Url } from '../jose/sha256.js'
import { TimeStamps } from '../jose/time-stamp.js'
import { createTestHolder, type TestProofParts } from '../testing/test-holder.js'
import { createTestKey } from '../testing/test-keys.js'
import { DpopProofs, type ProofRules, type ProofTarget } from './dpop-proof.js'
import { ProofNonces } from './proof-nonces.js'

const now = 1_800_000_000
const url = 'https://api.example.com/orders'
const token = 'a-token'
const holder = await createTestHolder({ clock: () => now })

const rules: ProofRules = {
  algorithms: new Set(['ES256', 'RS256', 'EdDSA']),
  maxAgeSeconds: 60,
  clockToleranceSeconds: 10,
  nonces: undefined,
}
const target: ProofTarget = {
  method: 'GET',
  uris: [url],
  tokenHash: sha256Base64Url(token),
  jkt: holder.confirmation.jkt,
}

const prove = (parts: TestProofParts = {}, by = holder) => by.prove(token, { url }, parts)
const check = (lines: readonly string[], changes: Partial<ProofTarget> = {}, at = now) =>
  new DpopProofs(rules).check(lines, { ...target, ...changes }, at)
const refused = (words: RegExp, code = 'proof_invalid') =>
  expect.objectContaining({ code, message: expect.stringMatching(words) })

/** A proof by this holder in which claims or header are spoiled is refused for that. */
async function refuses(parts: TestProofParts, words: RegExp, code?: string): Promise<void> {
  const good = await prove()
  const bad = await prove(parts)
  const proofs = new DpopProofs(rules)
  expect(() => proofs.check([bad], target, now)).toThrow(refused(words, code))
  expect(proofs.check([good], target, now)).toMatchObject({ uri: url }) // nothing of the bad one stays
}

const claims = (spoiled: object): TestProofParts => ({ claims: { ...spoiled } })
const header = (spoiled: object): TestProofParts => ({ header: { ...spoiled } })

describe('a good proof', () => {
  it('says what is used up, and until when', async () => {
    const proof = await prove(claims({ jti: 'one' }))
    expect(check([proof])).toEqual({ jti: 'one', uri: url, notAfter: now + 70, needsNonce: false })
  })

  it.each(supportedAlgorithms())('may be signed with %s', async (algorithm) => {
    const by = await createTestHolder({ algorithm, clock: () => now })
    const proofs = new DpopProofs({ ...rules, algorithms: new Set([algorithm]) })
    const proof = await by.prove(token, { url })
    expect(proofs.check([proof], { ...target, jkt: by.confirmation.jkt }, now)).toMatchObject({ uri: url })
  })

  it('R-9449-18: may say more than is known', async () => {
    const proof = await prove({
      claims: { 'x-claim': 1, nonce: 'of-an-authorization-server' },
      header: { 'x-header': 1 },
    })
    expect(check([proof])).toMatchObject({ uri: url })
  })
})

describe('R-9449-1: one DPoP header', () => {
  it('is asked for', () => {
    expect(() => check([])).toThrow(refused(/no proof/))
  })

  it('is not two, nor two that Node has joined', async () => {
    const proof = await prove()
    expect(() => check([proof, proof])).toThrow(refused(/more than one/))
    expect(() => check([`${proof}, ${proof}`])).toThrow(refused(/more than one/))
    expect(() => check([`${proof},`])).toThrow(refused(/more than one/))
  })
})

describe('R-9449-1: one well-formed JWT', () => {
  it.each(['', 'a', 'a.b', 'a.b.c', 'a.b.c.d', ' '])('is not %j', (line) => {
    expect(() => check([line])).toThrow(refused(/not a JWT/))
  })

  it('is of bounded length', async () => {
    await refuses(claims({ 'x-long': 'x'.repeat(9_000) }), /not a JWT/)
  })

  it('has claims that are one object, and none twice', async () => {
    const key = await createTestKey('ES256', 'k')
    const { kid: _, use: __, alg: ___, ...jwk } = key.publicJwk
    for (const payload of ['[]', '{"jti":"a","jti":"b"}', 'x', '']) {
      const proof = await key.sign(payload, { typ: 'dpop+jwt', kid: undefined, jwk })
      expect(() => check([proof])).toThrow(refused(/strict JSON/))
    }
  })
})

describe('R-9449-2: the claims', () => {
  it.each(['jti', 'htm', 'htu', 'iat', 'ath'])('are refused without %s', async (name) => {
    await refuses(claims({ [name]: undefined }), new RegExp(name))
  })

  it.each<[string, unknown]>([
    ['jti', ''],
    ['jti', 7],
    ['jti', 'x'.repeat(513)],
    ['htm', 7],
    ['htu', 7],
    ['htu', [url]],
    ['iat', String(now)],
    ['iat', null],
    ['ath', 7],
  ])('are refused with a %s of %j', async (name, value) => {
    await refuses(claims({ [name]: value }), new RegExp(name))
  })

  it('may have a long jti', async () => {
    expect(check([await prove(claims({ jti: 'x'.repeat(512) }))])).toMatchObject({ uri: url })
  })
})

describe('R-9449-3: typ', () => {
  it.each([undefined, 'JWT', 'DPOP+JWT', 'application/dpop+jwt', 'at+jwt', ''])('is not %j', async (typ) => {
    await refuses(header({ typ }), /`typ`/)
  })
})

describe('R-9449-4: alg', () => {
  it('is one of the accepted ones', async () => {
    const by = await createTestHolder({ algorithm: 'ES384', clock: () => now })
    const proof = await by.prove(token, { url })
    expect(() => check([proof], { jkt: by.confirmation.jkt })).toThrow(refused(/algorithm/))
  })

  it('is neither none nor symmetric', async () => {
    const [head, ...rest] = (await prove()).split('.')
    for (const alg of ['none', 'HS256']) {
      const text = JSON.stringify({ ...JSON.parse(Buffer.from(head as string, 'base64url').toString()), alg })
      const proof = [Buffer.from(text).toString('base64url'), ...rest].join('.')
      expect(() => check([proof])).toThrow(refused(/algorithm/))
      const unsigned = [Buffer.from(text).toString('base64url'), rest[0], ''].join('.')
      expect(() => check([unsigned])).toThrow(refused(/algorithm/))
    }
  })

  it('goes with the key', async () => {
    const rsa = await createTestHolder({ algorithm: 'RS256', clock: () => now })
    const proof = await prove(header({ jwk: rsa.publicJwk }))
    expect(() => check([proof], { jkt: rsa.confirmation.jkt })).toThrow(refused(/signature/))
  })
})

describe('R-9449-5: the signature', () => {
  it('is of the key that the proof brings', async () => {
    const other = await createTestHolder({ clock: () => now })
    const proof = await prove(header({ jwk: other.publicJwk }))
    expect(() => check([proof], { jkt: other.confirmation.jkt })).toThrow(refused(/signature/))
  })

  it('is over these claims', async () => {
    const [head, , signature] = (await prove()).split('.')
    const [, payload] = (await prove(claims({ jti: 'other' }))).split('.')
    expect(() => check([[head, payload, signature].join('.')])).toThrow(refused(/signature/))
  })

  it('is of a strong key', async () => {
    const weak = {
      kty: 'RSA',
      e: 'AQAB',
      n: Buffer.alloc(128, 0xc5).toString('base64url'),
    }
    await refuses(header({ alg: 'ES256', jwk: weak }), /2048 bits/)
  })
})

describe('R-9449-6: the key', () => {
  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['text', 'x'],
    ['a list', []],
    ['empty', {}],
    ['a secret', { kty: 'oct', k: 'AAAA' }],
    ['a private one', { ...holder.publicJwk, d: 'AAAA' }],
    ['with a secret in it', { ...holder.publicJwk, k: 'AAAA' }],
    ['of no curve', { ...holder.publicJwk, crv: 'P-999' }],
    ['not on its curve', { ...holder.publicJwk, x: holder.publicJwk['y'] }],
  ])('is not %s', async (_what, jwk) => {
    await refuses(header({ jwk }), /key/)
  })
})

describe('R-9449-7: htm', () => {
  it.each(['POST', 'get', '', 'GET '])('is not %j', async (htm) => {
    await refuses(claims({ htm }), /`htm`/)
  })

  it('is refused where the request has no method', async () => {
    const proof = await prove()
    expect(() => check([proof], { method: undefined })).toThrow(refused(/`htm`/))
  })
})

describe('R-9449-8: htu', () => {
  it.each([`${url}?a=b`, `${url}#a`, 'HTTPS://API.EXAMPLE.COM:443/%6frders'])('may be %j', async (htu) => {
    expect(check([await prove(claims({ htu }))])).toMatchObject({ uri: url })
  })

  it.each([
    `${url}/`,
    'https://api.example.com/',
    'http://api.example.com/orders',
    'https://evil.example/orders',
    '/orders',
    '',
  ])('is not %j', async (htu) => {
    await refuses(claims({ htu }), /`htu`/)
  })

  it('may be any name of ours, and none where we know none', async () => {
    const proof = await prove()
    expect(check([proof], { uris: ['https://b.example/orders', url] })).toMatchObject({ uri: url })
    expect(() => check([proof], { uris: [] })).toThrow(refused(/`htu`/))
  })
})

describe('R-9449-10: the age of a proof', () => {
  it.each([
    [-69, true],
    [-70, false],
    [10, true],
    [11, false],
    [-3_600, false],
    [3_600, false],
  ])('made %i seconds from now: passes: %s', async (seconds, passes) => {
    const proof = await prove(claims({ iat: now + seconds }))
    if (passes) expect(check([proof])).toMatchObject({ notAfter: now + seconds + 70 })
    else expect(() => check([proof])).toThrow(refused(/too old|in the future/))
  })

  it('is not known with a clock that answers nothing', async () => {
    const proof = await prove()
    expect(() => check([proof], {}, Number.NaN)).toThrow(refused(/future/))
  })

  it.each<[string, unknown, boolean]>([
    ['exp', now - 9, true],
    ['exp', now - 10, false],
    ['exp', 'soon', false],
    ['nbf', now + 10, true],
    ['nbf', now + 11, false],
    ['nbf', null, false],
  ])('R-9449-18: %s of %j holds: %s', async (name, value, passes) => {
    const proof = await prove(claims({ [name]: value }))
    if (passes) expect(check([proof])).toMatchObject({ uri: url })
    else expect(() => check([proof])).toThrow(refused(/expired|not active/))
  })

  it('was judged before, where a request is judged again', async () => {
    const proof = await prove(claims({ iat: now - 3_600 }))
    expect(new DpopProofs(rules).check([proof], target, now, true)).toMatchObject({ uri: url })
    const foreign = await prove({ claims: { iat: now - 3_600, ath: 'x' } })
    expect(() => new DpopProofs(rules).check([foreign], target, now, true)).toThrow(refused(/`ath`/))
  })
})

describe('R-9449-9: nonces', () => {
  const secret = 's'.repeat(32)
  const nonces = new ProofNonces(new TimeStamps([secret], 'it'), 300, 10)
  const withNonces = new DpopProofs({ ...rules, nonces })
  const checkAt = async (nonce: unknown, at = now) =>
    withNonces.check([await prove(claims({ nonce, iat: 0 }))], target, at) // the clock of the client does not matter

  it('are asked for', async () => {
    await expect(checkAt(undefined)).rejects.toThrow(refused(/nonce/, 'proof_nonce_required'))
  })

  it('are ours, and of this purpose', async () => {
    expect(await checkAt(nonces.make(now))).toEqual({
      jti: expect.any(String),
      uri: url,
      notAfter: now + 310,
      needsNonce: false,
    })
    const foreign = new ProofNonces(new TimeStamps(['x'.repeat(32)], 'it'), 300, 10)
    const otherPurpose = new ProofNonces(new TimeStamps([secret], 'else'), 300, 10)
    const good = nonces.make(now)
    for (const bad of [
      foreign.make(now),
      otherPurpose.make(now),
      `${good}A`,
      good.slice(1),
      `${good.slice(0, -1)}=`,
      '',
      7,
    ])
      await expect(checkAt(bad), String(bad)).rejects.toThrow(refused(/nonce/, 'proof_nonce_required'))
  })

  it('are good for a while, and old in the second half of it', async () => {
    const nonce = nonces.make(now)
    expect(await checkAt(nonce, now + 150)).toMatchObject({ needsNonce: false })
    expect(await checkAt(nonce, now + 151)).toMatchObject({ needsNonce: true, notAfter: now + 310 })
    expect(await checkAt(nonce, now + 309)).toMatchObject({ needsNonce: true })
    await expect(checkAt(nonce, now + 310)).rejects.toThrow(refused(/nonce/, 'proof_nonce_required'))
  })

  it('may come from a node whose clock is a little ahead', async () => {
    expect(await checkAt(nonces.make(now + 10))).toMatchObject({ uri: url })
    await expect(checkAt(nonces.make(now + 11))).rejects.toThrow(refused(/nonce/, 'proof_nonce_required'))
  })

  it('of an older secret are taken, and made with the newest', async () => {
    const rotated = new ProofNonces(new TimeStamps(['n'.repeat(32), secret], 'it'), 300, 10)
    expect(rotated.endOf(nonces.make(now), now)).toBe(now + 310)
    expect(nonces.endOf(rotated.make(now), now)).toBeUndefined()
  })

  it('R-9449-9: hold nothing but characters that may stand there', () => {
    expect(nonces.make(now)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})

describe('R-9449-11: ath', () => {
  it('is the hash of the token that was presented', async () => {
    await refuses(claims({ ath: sha256Base64Url('another') }), /`ath`/)
    await refuses(claims({ ath: `${sha256Base64Url(token)}=` }), /`ath`/)
  })
})

describe('R-9449-12: the key that the token is bound to', () => {
  it('is the key of the proof', async () => {
    const other = await createTestHolder({ clock: () => now })
    expect(() => check([])).toThrow()
    const proof = await other.prove(token, { url })
    expect(() => check([proof])).toThrow(refused(/bound to/, 'binding_mismatch'))
  })

  it('has the thumbprint of RFC 7638, whatever stands beside its members', async () => {
    const proof = await prove(header({ jwk: { use: 'sig', ...holder.publicJwk, kid: 'x', alg: 'ES256' } }))
    expect(check([proof])).toMatchObject({ uri: url })
  })
})

describe('R-9449-18: crit', () => {
  it('names nothing that is understood', async () => {
    const [head, ...rest] = (await prove()).split('.')
    const text = { ...JSON.parse(Buffer.from(head as string, 'base64url').toString()), crit: ['x'], x: 1 }
    const proof = [Buffer.from(JSON.stringify(text)).toString('base64url'), ...rest].join('.')
    expect(() => check([proof])).toThrow(refused(/not a JWT/))
  })
})

describe('RFC 9449 §7.1', () => {
  const published =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy' +
    'VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJl' +
    'MWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlh' +
    'dCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EO' +
    'ptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
  const its: ProofTarget = {
    method: 'GET',
    uris: ['https://resource.example.org/protectedresource'],
    tokenHash: sha256Base64Url('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'),
    jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
  }

  it('holds for the proof that is printed there', () => {
    const proof = new DpopProofs(rules).check([published], its, 1_562_262_620)
    expect(proof).toMatchObject({ jti: 'e1j3V_bKic8-LAEB', notAfter: 1_562_262_688 })
  })
})
