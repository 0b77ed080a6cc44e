// Several issuers in one verifier: each is trusted with its own keys, for its own audience, by its own rules.
import { createVerifier, type VerifierOptions } from '@sallyport/core'
import { createTestClock, createTestIssuer, type TestIssuer } from '@sallyport/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AnyVerifier, createMacSigner, createSigner, encode, verdict } from '../fixtures/signer.js'
import { createWeb } from '../fixtures/web.js'

const clock = createTestClock()
let ours: TestIssuer
let partner: TestIssuer
const built: AnyVerifier[] = []

beforeEach(async () => {
  ours = await createTestIssuer({ clock, algorithm: 'ES256', audience: 'https://api.example.com' })
  partner = await createTestIssuer({ clock, algorithm: 'Ed25519', audience: 'partner-api' })
})
afterEach(async () => {
  for (const verifier of built.splice(0)) await verifier.close()
  await Promise.all([ours.close(), partner.close()])
})

function protect(issuers: readonly object[], changed: object = {}): AnyVerifier {
  const verifier = createVerifier({ issuers, clock, ...changed } as unknown as VerifierOptions) as AnyVerifier
  built.push(verifier)
  return verifier
}

const recordOf = ({ issuer, audience }: TestIssuer, changed: object = {}) => ({ issuer, audience, ...changed })
const both = () => protect([recordOf(ours), recordOf(partner)])

describe('trust is per issuer', () => {
  it('accepts the tokens of each', async () => {
    const verifier = both()
    for (const each of [ours, partner]) {
      expect(await verifier.verifyToken(await each.issue())).toMatchObject({ issuer: each.issuer })
    }
  })

  it('takes no key of one for a token of the other, though both call it key-1', async () => {
    const twin = await createTestIssuer({ clock, audience: ours.audience })
    const verifier = protect([recordOf(ours), recordOf(twin)])
    for (const [named, signing] of [
      [ours, twin],
      [twin, ours],
    ] as const) {
      expect(signing.key.kid).toBe(named.key.kid)
      for (let sight = 0; sight < 2; sight++) expect(await verdict(verifier, await signing.issue())).toBe('accepted')
      const forged = await signing.issue({ iss: named.issuer })
      for (let sight = 0; sight < 2; sight++) expect(await verdict(verifier, forged)).toBe('signature_invalid')
    }
    await twin.close()
  })

  it('does not look for a key at the other issuer', async () => {
    const verifier = both()
    await verdict(verifier, await partner.issue())
    const { kid } = await partner.rotate()
    expect(await verdict(verifier, await partner.issue({ iss: ours.issuer }))).toBe('key_unknown')
    expect(ours.key.kid).not.toBe(kid)
    expect(partner.requests.jwks).toBe(1)
  })

  it('knows an audience of one from an audience of the other', async () => {
    const verifier = both()
    for (const [each, other] of [
      [ours, partner],
      [partner, ours],
    ] as const) {
      expect(await verdict(verifier, await each.issue({ aud: other.audience }))).toBe('audience_mismatch')
      expect(await verdict(verifier, await each.issue({ aud: [other.audience, each.audience] }))).toBe('accepted')
    }
  })

  it('lets each sign with its own algorithms alone', async () => {
    const verifier = protect([
      recordOf(ours, { algorithms: ['ES256'] }),
      recordOf(partner, { algorithms: ['EdDSA', 'Ed25519'] }),
    ])
    for (const each of [ours, partner]) expect(await verdict(verifier, await each.issue())).toBe('accepted')
    await ours.rotate('Ed25519')
    await partner.rotate('ES256')
    for (const each of [ours, partner]) expect(await verdict(verifier, await each.issue())).toBe('algorithm_rejected')
  })

  it('judges each by its own profile, tolerance and required claims', async () => {
    const verifier = protect([
      recordOf(ours, { clockToleranceSeconds: 0, requiredClaims: ['tenant'] }),
      recordOf(partner, { profile: 'jwt', clockToleranceSeconds: 300 }),
    ])
    const plain = { header: { typ: 'JWT' } }
    expect(await verdict(verifier, await ours.issue({ tenant: 'a' }, plain))).toBe('token_type_rejected')
    expect(await verdict(verifier, await partner.issue({}, plain))).toBe('accepted')
    expect(await verdict(verifier, await ours.issue())).toBe('claim_missing')
    const late = { expiresInSeconds: -1 }
    expect(await verdict(verifier, await ours.issue({ tenant: 'a', iat: undefined }, late))).toBe('token_expired')
    expect(await verdict(verifier, await partner.issue({ iat: undefined }, late))).toBe('accepted')
  })
})

describe('a secret beside keys', () => {
  const secret = 'a secret of forty bytes, as random as 8Kq'
  const self = { issuer: 'self', audience: 'api', secret, algorithms: ['HS256'] }
  const claims = (iss: string) => ({ iss, aud: ['api', ours.audience], exp: clock() + 60 })

  it('signs for its own issuer', async () => {
    const token = createMacSigner('HS256', secret).token({}, claims('self'))
    expect(await verdict(protect([recordOf(ours), self]), token)).toBe('accepted')
  })

  it('signs for no other, nor does a public key as a secret', async () => {
    const verifier = protect([recordOf(ours), self])
    const publicKey = JSON.stringify(ours.key.publicJwk)
    for (const each of [secret, publicKey]) {
      const token = createMacSigner('HS256', each).token({}, claims(ours.issuer))
      expect(await verdict(verifier, token)).toBe('algorithm_rejected')
    }
    expect(await verdict(verifier, createMacSigner('HS256', publicKey).token({}, claims('self')))).toBe(
      'signature_invalid',
    )
  })

  it('lets no key sign for its issuer', async () => {
    expect(await verdict(protect([recordOf(ours), self]), await ours.issue(claims('self')))).toBe('algorithm_rejected')
  })
})

describe('one issuer in trouble', () => {
  it('is no trouble for the other', async () => {
    partner.hang()
    const verifier = both()
    expect(await verdict(verifier, await ours.issue())).toBe('accepted')
  })

  it('may be flooded with unknown key ids without a fetch from the other', async () => {
    const verifier = both()
    for (const each of [ours, partner]) expect(await verdict(verifier, await each.issue())).toBe('accepted')
    const flood = await Promise.all(
      Array.from({ length: 50 }, (_, i) => partner.issue({}, { header: { kid: `random-${i}` } })),
    )
    await Promise.all(flood.map((token) => verdict(verifier, token)))
    expect(ours.requests.jwks).toBe(1)
    await ours.rotate()
    expect(await verdict(verifier, await ours.issue())).toBe('accepted')
  })
})

describe('many issuers', () => {
  it('are asked for their keys when their token comes, all but the first sixteen', async () => {
    const signer = createSigner('ES256')
    const names = Array.from({ length: 20 }, (_, i) => `https://idp-${i}.example.com`)
    const { fetch, asked } = createWeb(
      Object.fromEntries(names.map((name) => [`${name}/jwks`, { keys: [signer.publicJwk] }])),
    )
    const records = names.map((issuer) => ({ issuer, audience: 'api', jwksUri: `${issuer}/jwks` }))
    const verifier = protect(records, { fetch })
    const token = signer.token({}, { iss: names[19], aud: 'api', iat: clock(), exp: clock() + 60 })
    expect(await verdict(verifier, token)).toBe('accepted')
    expect(asked.sort()).toEqual([...names.slice(0, 16), names[19]].map((name) => `${name}/jwks`).sort())
  })
})

describe('two records of one issuer', () => {
  const jwks = { keys: [createSigner('ES256').publicJwk] }
  const record = { issuer: 'https://idp.example.com/a', audience: 'api', jwks }
  const template = { issuer: 'https://idp.example.com/{tenant}', tenants: ['a', 'b'], audience: 'api', jwks }

  it.each<[string, object[]]>([
    ['two of the same', [record, { ...record, audience: 'other' }]],
    ['a template that comes to the same', [record, template]],
    ['a tenant twice', [{ ...template, tenants: ['a', 'a'] }]],
  ])('do not build: %s', (_, issuers) => {
    expect(() => protect(issuers)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringContaining('https://idp.example.com/a'),
      }),
    )
  })

  it('are none that differ by a single character', () => {
    expect(() => protect([record, { ...record, issuer: `${record.issuer}/` }])).not.toThrow()
  })
})

describe('the issuer of a token', () => {
  it('is what it claims, and nothing in its header says otherwise', async () => {
    const token = await partner.issue({}, { header: { iss: ours.issuer } })
    expect(await verdict(both(), token)).toBe('claim_invalid')
    const [, claims, signature] = (await partner.issue()).split('.')
    const headed = encode({ alg: 'Ed25519', kid: 'key-1', typ: 'at+jwt', iss: ours.issuer })
    expect(await verdict(both(), `${headed}.${claims}.${signature}`)).toBe('signature_invalid')
  })
})
